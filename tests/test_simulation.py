"""The simulated call center offers what the protocol asks for, with the very same signatures; so does the real one."""

from __future__ import annotations

import inspect

import pytest

from desktop.callcenter.service import HostedCallCenter
from desktop.callcenter.soap import SoapCallCenter
from tests.simulation import SimulatedCallCenter

METHODS = sorted(name for name, member in vars(HostedCallCenter).items() if inspect.isfunction(member) and name[0] != "_")


def _shape(function: object) -> tuple[object, ...]:
    signature = inspect.signature(function)  # type: ignore[arg-type]
    parameters = [(one.name, one.kind, one.annotation, one.default is one.empty) for one in signature.parameters.values()]
    return inspect.iscoroutinefunction(function), parameters, signature.return_annotation


def test_the_protocol_has_the_documents_functions_and_asks_for_others():
    assert len(METHODS) == 12


@pytest.mark.parametrize("center", [SimulatedCallCenter, SoapCallCenter])
@pytest.mark.parametrize("name", METHODS)
def test_a_call_center_satisfies_the_protocol(center: type, name: str):
    assert _shape(getattr(center, name)) == _shape(getattr(HostedCallCenter, name))
