"""What a service can be asked for: the functions that the document names, and whatever else its description (WSDL) has.

Only the names of functions and parameters are known beforehand; which places a request has for them comes from wsdl.py. All
functions are asked in one way: values are put into places, and the request is built. This module opens no connection; it is given
`fetch`.
"""

from __future__ import annotations

from collections.abc import Mapping

from desktop.callcenter import wsdl
from desktop.callcenter.forms import Form, NoForm
from desktop.callcenter.model import Account, Described, Function, Wanted, plain
from desktop.callcenter.reply import told
from desktop.callcenter.request import SPELLINGS, Operation, Parameter, Request, Shape, Slot, Value, missing, written
from desktop.callcenter.wsdl import Fetch
from desktop.errors import ContractError, NotOffered

_ASKED = {
    Function.SEND_AGENT_CALL_BACK: (Parameter.KEY, Parameter.CAMPAIGN_ID, Parameter.PHONE_NUMBER),
    Function.LOGIN_AGENT: (Parameter.KEY, Parameter.CAMPAIGN_ID, Parameter.AGENT_ID),
    Function.GET_CONNECTION_FOR_AGENT: (Parameter.KEY, Parameter.CAMPAIGN_ID, Parameter.AGENT_ID),
    Function.STORE_AGENT_RESPONSE: tuple(parameter for parameter in Parameter if parameter is not Parameter.PHONE_NUMBER),
    Function.KICK_AGENT: (Parameter.KEY, Parameter.CAMPAIGN_ID, Parameter.AGENT_ID),
    Function.START_CAMPAIGN: (Parameter.KEY, Parameter.CAMPAIGN_ID),
    Function.STOP_CAMPAIGN: (Parameter.KEY, Parameter.CAMPAIGN_ID),
}
_CAMPAIGN_MAY_BE_MISSING = frozenset(
    {Function.SEND_AGENT_CALL_BACK, Function.LOGIN_AGENT, Function.GET_CONNECTION_FOR_AGENT, Function.KICK_AGENT}
)
"""Their parameters are assumed, not documented (api-facts.md): a service that does not ask them for the campaign knows it."""

SHIFT_FUNCTIONS = frozenset({Function.LOGIN_AGENT, Function.GET_CONNECTION_FOR_AGENT, Function.STORE_AGENT_RESPONSE})
"""Without these no shift: a contract in which one of them cannot be asked is refused at once, not with somebody on the line."""


class Contract:
    """What one WSDL offers."""

    def __init__(self, documented: Mapping[Function, Operation], others: Mapping[str, Operation]) -> None:
        self._documented = documented
        self._others = others
        self._forms: dict[str, Form] = {}
        without: list[str] = []
        for name, operation in others.items():
            try:
                self._forms[name] = Form(operation)
            except NoForm as reason:
                without.append(f"{told(name, longest=80)}: {reason}")
        self.without_form = tuple(without)
        """The functions that are neither documented nor can be described, each with the reason."""

    @property
    def described(self) -> tuple[Described, ...]:
        """The functions that the document does not name, in the order of the WSDL."""
        return tuple(form.described for form in self._forms.values())

    def offers(self, function: Function) -> bool:
        """Whether the WSDL has this function."""
        return function in self._documented

    def request(self, function: Function, values: Mapping[Parameter, Value]) -> Request:
        """The request that asks `function` with `values`, which must hold all its documented parameters.

        Raises NotOffered if the WSDL lacks the function, and ContractError if it wants what nobody here knows.
        """
        operation = self._documented.get(function)
        if operation is None:
            raise NotOffered(f"The service does not offer {function}.")
        if operation.flaw:
            raise ContractError(operation.flaw)
        return operation.request(_placed(operation.shape, values, function))

    def request_of(self, described: Described, account: Account, values: Mapping[Wanted, str]) -> Request:
        """The request that asks a described function with `values`.

        Raises NotOffered if the WSDL lacks it, WrongValues if `values` are not what it wants, and ContractError if they are of an
        older description.
        """
        form = self._forms.get(described.name)
        if form is None:
            raise NotOffered(f"The service does not offer {told(described.name, longest=80)}.")
        return self._others[described.name].request(form.placed(account, values))


def load(address: str, fetch: Fetch) -> Contract:
    """The contract at `address`, with the documents it imports. Slow (a second or so): not for the event loop's thread.

    Raises ContractError for everything that is wrong with the description, and what `fetch` raises.
    """
    documented: dict[Function, Operation] = {}
    others: dict[str, Operation] = {}
    unusable: list[ContractError] = []
    by_name = {plain(function): function for function in Function}
    for operation in wsdl.read(address, fetch):
        if isinstance(operation, ContractError):
            unusable.append(operation)
        elif function := by_name.get(plain(operation.name)):
            documented.setdefault(function, operation)
        else:
            others.setdefault(operation.name, operation)
    if not documented:
        raise unusable[0] if unusable else ContractError("The description names none of a call center's functions over SOAP.")
    contract = Contract(documented, others)
    for function in sorted(SHIFT_FUNCTIONS & documented.keys()):
        # A request of nothing, to learn in time what cannot be built.
        contract.request(function, {one: True if one is Parameter.LAST_CALL else "1" for one in _ASKED[function]})
    return contract


def _placed(shape: Shape, values: Mapping[Parameter, Value], function: Function) -> dict[Slot, str]:
    """Which slot holds what. Raises ContractError naming what cannot be placed, or what is wanted and not known."""
    placed: dict[Slot, str] = {}
    known: dict[str, Value] = {}
    for parameter, value in values.items():
        known |= dict.fromkeys(SPELLINGS[parameter], value)
        fitting = shape.fitting(parameter)
        if fitting:
            placed[fitting[0]] = written(fitting[0], value)
        elif parameter is not Parameter.CAMPAIGN_ID or function not in _CAMPAIGN_MAY_BE_MISSING:
            raise ContractError(f"The description of {function} has no parameter that could be {parameter}.")
    for slot in list(missing(shape, placed)):
        if plain(slot.name) not in known:
            raise ContractError(f"{function} requires {told(slot.name, longest=80)}, which NextCall does not know.")
        placed[slot] = written(slot, known[plain(slot.name)])  # the same thing is wanted in two places
    return placed
