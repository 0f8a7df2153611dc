"""InvalidIdentifier: a constant of kind and fault, sayable, copyable."""

import copy
import pickle

import pytest

from gateway.model.identifiers import Fault, InvalidIdentifier
from gateway.model.identifiers.fault import Rule

RULE = Rule("sample number", {Fault.CHECK: "the check is wrong; compare it with the card"})


def test_it_says_the_kind_what_is_wrong_and_what_to_do() -> None:
    error = RULE.broken(Fault.CHECK)
    assert str(error) == "sample number: the check is wrong; compare it with the card"
    assert (error.what, error.fault) == ("sample number", Fault.CHECK)


def test_it_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="sample number"):
        raise RULE.broken(Fault.CHECK)


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_it_survives_copying(clone: object) -> None:
    assert callable(clone)
    twin = clone(RULE.broken(Fault.CHECK))
    assert isinstance(twin, InvalidIdentifier)
    assert (twin.what, twin.fault, twin.advice) == (
        "sample number",
        Fault.CHECK,
        "the check is wrong; compare it with the card",
    )


def test_fault_names_are_their_values() -> None:
    assert [fault.value for fault in Fault] == [fault.name for fault in Fault]
