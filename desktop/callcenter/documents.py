"""A service's description as kept on this computer, so that a start needs no network and no wait for one.

One folder per service address. The documents are named after their content, and an index that is replaced as a whole says which
belongs to which address: whoever reads sees the old set or the new one, never a mixture. Nothing kept here may fail a shift.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from desktop import files

log = logging.getLogger(__name__)

_INDEX = "index.json"


class KeptDocuments:
    """The documents of the service at `address`, in a folder of their own below `place`."""

    def __init__(self, place: Path, address: str) -> None:
        host = re.sub(r"[^a-z0-9.-]", "-", urlsplit(address).netloc.lower())[:60].strip(".") or "service"
        self.folder = place / f"{host}-{sha256(address.encode()).hexdigest()[:12]}"
        self._address = address

    def read(self) -> dict[str, bytes]:
        """Each document by its address; empty if nothing is kept, or if what is kept is not what was written."""
        try:
            index = json.loads((self.folder / _INDEX).read_text("utf-8"))
            if index["service"] != self._address:
                return {}
            documents = {address: (self.folder / name).read_bytes() for address, name in dict(index["documents"]).items()}
            if all(_name(document) == index["documents"][address] for address, document in documents.items()):
                return documents
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError) as failure:
            log.info("the kept description of the service cannot be read: %s", type(failure).__name__)
            return {}
        log.info("the kept description of the service is damaged")
        return {}

    def write(self, documents: Mapping[str, bytes]) -> None:
        """Keep `documents` instead of what was kept. Raises OSError; what was kept is then still kept."""
        self.folder.mkdir(parents=True, exist_ok=True)
        names = {address: _name(document) for address, document in documents.items()}
        for address, name in names.items():
            files.write(self.folder / name, documents[address])
        index = {"service": self._address, "documents": names}
        files.write(self.folder / _INDEX, json.dumps(index, indent=1).encode())
        for path in self.folder.iterdir():
            if path.name not in {_INDEX, *names.values()}:
                path.unlink(missing_ok=True)


def _name(document: bytes) -> str:
    return f"{sha256(document).hexdigest()[:32]}.xml"
