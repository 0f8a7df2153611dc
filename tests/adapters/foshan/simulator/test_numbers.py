"""The numbers of people."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.foshan.simulator import numbers
from tests.adapters.foshan.simulator.serving import REGISTER


@given(st.sampled_from(REGISTER.people), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_a_changed_sign_of_a_number_is_noticed(person: Any, place: int, sign: str) -> None:
    changed = person.number[:place] + sign + person.number[place + 1 :]
    assert (numbers.resident(changed) is not None) == (changed == person.number)
