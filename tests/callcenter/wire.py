"""The other side of the wire: descriptions, answers, and a server that does on a real socket exactly what it is told to."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Self
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from desktop.callcenter.model import Account
from desktop.callcenter.soap import SoapCallCenter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

KEY = "sEcReT-<&>-0123456789abcdef"
ACCOUNT = Account(KEY, 77)

Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"

Parameters = tuple[tuple[str, str], ...]
"""The name and the XML Schema type of each."""
FUNCTIONS: dict[str, Parameters] = {
    "sendAgentCallBack": (("key", "string"), ("campaignId", "long"), ("phonenumber", "string")),
    "loginAgent": (("key", "string"), ("campaignId", "long"), ("agentId", "string")),
    "getConnectionForAgent": (("key", "string"), ("campaignId", "long"), ("agentId", "string")),
    "storeAgentResponse": (
        ("key", "string"),
        ("campaignId", "long"),
        ("agentId", "string"),
        ("callId", "string"),
        ("agentResponse", "string"),
        ("agentNotes", "string"),
        ("lastcall", "boolean"),
    ),
    "kickAgent": (("key", "string"), ("campaignId", "long"), ("agentId", "string")),
}
BROADCAST = dict.fromkeys(("startCampaign", "stopCampaign"), (("key", "string"), ("campaignId", "long")))


def without(*names: str) -> dict[str, Parameters]:
    return {name: parameters for name, parameters in FUNCTIONS.items() if name not in names}


def wsdl(
    address: str,
    functions: Mapping[str, Parameters] = FUNCTIONS,
    *,
    namespace: str = "urn:calls",
    soap: str = "http://schemas.xmlsoap.org/wsdl/soap/",
    more: str = "",
    elements: Mapping[str, str] | None = None,
) -> bytes:
    """A document/literal wrapped WSDL. `more` stands at the head of the schema; `elements` replaces the content of requests."""
    requests = {
        name: "".join(f'<xs:element name="{parameter}" type="xs:{kind}"/>' for parameter, kind in parameters)
        for name, parameters in functions.items()
    } | dict(elements or {})
    schema = "".join(
        f'<xs:element name="{name}"><xs:complexType><xs:sequence>{inside}</xs:sequence></xs:complexType></xs:element>'
        f'<xs:element name="{name}Response"><xs:complexType/></xs:element>'
        for name, inside in requests.items()
    )
    messages = "".join(
        f'<message name="{name}In"><part name="parameters" element="tns:{name}"/></message>'
        f'<message name="{name}Out"><part name="parameters" element="tns:{name}Response"/></message>'
        for name in requests
    )
    operations = "".join(
        f'<operation name="{name}"><input message="tns:{name}In"/><output message="tns:{name}Out"/></operation>'
        for name in requests
    )
    bound = "".join(
        f'<operation name="{name}"><soap:operation soapAction="urn:do-{name}"/><input><soap:body use="literal"/></input>'
        '<output><soap:body use="literal"/></output></operation>'
        for name in requests
    )
    return (
        f'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="{soap}" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
        f' xmlns:tns="{namespace}" targetNamespace="{namespace}">'
        f'<types><xs:schema targetNamespace="{namespace}" elementFormDefault="qualified">{more}{schema}</xs:schema></types>'
        f'{messages}<portType name="P">{operations}</portType><binding name="B" type="tns:P">'
        f'<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>{bound}</binding>'
        f'<service name="S"><port name="p" binding="tns:B"><soap:address location="{escape(address)}"/></port></service>'
        "</definitions>"
    ).encode()


def envelope(body: str, namespace: str = SOAP_11) -> bytes:
    return f'<?xml version="1.0"?><e:Envelope xmlns:e="{namespace}"><e:Header/><e:Body>{body}</e:Body></e:Envelope>'.encode()


def done(function: str) -> bytes:
    return envelope(f'<n:{function}Response xmlns:n="urn:calls"/>')


def connected(inside: str = "<id>4711</id><phonenumber>15551234567</phonenumber>") -> bytes:
    return envelope(
        f'<n:getConnectionForAgentResponse xmlns:n="urn:calls"><call>{inside}</call></n:getConnectionForAgentResponse>'
    )


def fault(text: str, code: str = "e:Server", detail: str = "") -> bytes:
    return envelope(f"<e:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring>{detail}</e:Fault>")


def http(content: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    size = len(content) if length is None else length
    head = [f"HTTP/1.1 {status}", "Content-Type: text/xml; charset=utf-8", f"Content-Length: {size}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content


# --------------------------------------------------------------------------------------------------------------------- acts


def answers(reply: bytes) -> Act:
    async def act(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        writer.write(reply)
        await writer.drain()

    return act


def drips(reply: bytes) -> Act:
    async def act(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        for at in range(0, len(reply), 7):
            writer.write(reply[at : at + 7])
            await writer.drain()
            await asyncio.sleep(0)

    return act


async def hangs_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _request: bytes) -> None:
    """Has read the whole request, and closes."""


async def never_answers(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _request: bytes) -> None:
    await reader.read()  # until the other side goes


class Server:
    """Serves `documents` to GET and does `act` to every POST, one request per connection."""

    def __init__(self, act: Act = hangs_up, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.act = act
        self.documents: dict[str, bytes] = {}
        self.requests: list[bytes] = []
        self.connections = 0
        self.gone = asyncio.Event()
        self.deaf = False  # closes before it has read anything
        self._tls = tls
        self._host = host
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._on_connection, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def posts(self) -> list[bytes]:
        return [request for request in self.requests if request.startswith(b"POST")]

    def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer), name="a server's connection")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                if not self.deaf:
                    await self._answer(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()
            self.gone.set()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        self.requests.append(request)
        if request.startswith(b"GET"):
            document = self.documents.get(request.split()[1].decode())
            writer.write(http(document) if document is not None else http(b"<html>not here</html>", "404 Not Found"))
            await writer.drain()
        else:
            await self.act(reader, writer, request)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    sizes = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + (await reader.readexactly(int(sizes[0])) if sizes else b"")


@asynccontextmanager
async def center(
    act: Act = hangs_up, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", kept_in: Path | None = None
) -> AsyncIterator[tuple[SoapCallCenter, Server]]:
    """A client that knows its contract, and the server at its other end."""
    async with Server(act, tls=tls, host=host) as server:
        server.documents["/s?wsdl"] = wsdl(f"{server.url}/s")
        client = SoapCallCenter(f"{server.url}/s?wsdl", kept_in=kept_in)
        try:
            await client.open()
            yield client, server
        finally:
            await client.close()


def chain(error: BaseException) -> list[BaseException]:
    """Everything that a report of `error` would show besides it."""
    return [one for one in (error.__cause__, error.__context__) if one is not None]


# ---------------------------------------------------------------------------------------------------------------- certificates


class Authority:
    """Makes certificates, and a file with its own for those who shall trust them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority for tests")])
        self.file = folder / "authority.pem"
        certificate = self._certificate(self._name, self._key, x509.BasicConstraints(ca=True, path_length=None))
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server_context(self, *names: str, days: int = 1, whole: bool = False) -> ssl.SSLContext:
        """What a server for `names` listens with; valid until in `days`. The `whole` shows the authority's certificate, too."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        kinds = [x509.IPAddress(ipaddress.ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names]
        certificate = self._certificate(name, key, x509.SubjectAlternativeName(kinds), days)
        path = self._folder / f"{names[0]}.pem"
        pem = serialization.Encoding.PEM
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.write_bytes(secret + certificate.public_bytes(pem) + (self.file.read_bytes() if whole else b""))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _certificate(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType, days: int = 1
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=30))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
            .sign(self._key, hashes.SHA256())
        )
