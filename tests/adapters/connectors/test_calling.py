"""Stamps and deadlines."""

from typing import Any

import pytest

from adapters.connectors.calling import Deadline, Stamper
from gateway.model.refusal import Reason, Refusal


def test_a_stamp_is_the_moment_and_fresh_chance(clock: Any) -> None:
    chance = iter((bytes(range(16)), bytes(16)))
    stamper = Stamper(clock, lambda _: next(chance))
    assert (stamper.stamp().moment, stamper.stamp().nonce) == (clock.now(), "0" * 32)


def test_a_deadline_is_for_all_calls_together(clock: Any) -> None:
    deadline = Deadline("city.s1", clock.monotonic, 5)
    clock.pass_(4)
    assert deadline.left() == 1
    clock.pass_(1)
    with pytest.raises(Refusal) as caught:
        deadline.left()
    assert (caught.value.reason, caught.value.detail) == (Reason.CITY_TIMEOUT, "city.s1: no answer in time")
