"""What newly speaks against showing a certificate keeps a configuration out; what spoke against the one that stands does not."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from bench.mishaps import BAD
from certs.findings import Code
from certs.generations import activate, stage
from gateway.clock import SystemClock
from gateway.development.layout import Layout
from gateway.fitness import unfit
from tests.gateway.living import read, renewed

CODES: Mapping[str, Code] = {
    "made by a clock an hour ahead": Code.NOT_YET_VALID,
    "made by a clock an hour behind, and over by now": Code.EXPIRED,
}


def now() -> datetime:
    return SystemClock().now()


def put(living: Layout, changes: Mapping[str, bytes] | Mapping[str, bytes | None]) -> None:
    activate(living.material, stage(living.material, changes, lambda _: ()).name, lambda _: ())


@pytest.mark.parametrize("name", CODES)
def test_each_way_to_be_unfit_is_named_once_for_each_who_would_show_it(living: Layout, name: str) -> None:
    put(living, renewed(living))
    before = read(living)
    put(living, BAD[name](living.pki.authority("gateway"), now()))
    after = read(living)
    faults = unfit(after, before, now())
    assert {each.split(": ")[1] for each in faults} == {"listen", *after.systems}
    assert all(f"[{CODES[name].value}]" in each for each in faults)


def test_what_was_wrong_before_keeps_nothing_out(living: Layout) -> None:
    put(living, BAD["made by a clock an hour behind, and over by now"](living.pki.authority("gateway"), now()))
    stands = read(living)
    put(living, BAD["made by a clock an hour behind, and over by now"](living.pki.authority("gateway"), now()))
    assert unfit(read(living), stands, now()) == ()


def test_a_certificate_that_ended_meanwhile_is_no_reason_where_it_is_not_changed(living: Layout) -> None:
    stands = read(living)
    assert unfit(stands, stands, now() + timedelta(days=3650)) == ()


def test_good_leaves_are_fit(living: Layout) -> None:
    before = read(living)
    put(living, renewed(living))
    assert unfit(read(living), before, now()) == ()
