"""The inventory: once each, with every use, in the order of the hurry; and what is due."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from certs.inventory import Holding, Role, Use, due, inventory
from certs.seen import seen
from tests.certs.faulty import Authorities, expired, sound

SERVED, ONE, TWO = Use(Role.SERVED, "gateway"), Use(Role.PRESENTED, "440100/g1"), Use(Role.PRESENTED, "440100/g2")
REGION = Use(Role.TRUSTED, "region 440100")


def holding(use: Use, pem: bytes) -> Holding:
    return Holding(use, Path("server.pem"), "000001", pem)


def test_a_certificate_stands_once_with_all_who_use_it(authorities: Authorities, now: datetime) -> None:
    leaf = sound(authorities, now).certificate
    caller = seen(leaf, b"", now)
    assert caller is not None
    (item,) = inventory([holding(TWO, leaf), holding(ONE, leaf), holding(ONE, leaf)], [caller])
    assert item.uses == (ONE, TWO, Use(Role.SEEN, ""))
    assert (item.generation, item.last_seen, item.ours) == ("000001", now, True)


def test_what_ends_first_stands_first_and_only_leaves_that_we_show_are_ours(authorities: Authorities, now: datetime) -> None:
    stranger = seen(sound(authorities, now).certificate, b"", now)
    assert stranger is not None
    bundle = sound(authorities, now).certificate + authorities.own.certificate_pem
    items = inventory([holding(REGION, authorities.own.certificate_pem), holding(SERVED, bundle)], [stranger])
    assert [each.facts.authority for each in items] == [False, False, True]
    assert sorted(str(use) for each in items if each.ours for use in each.uses) == ["served gateway"]
    assert items[-1].uses == (SERVED, REGION)


def test_a_file_that_cannot_be_read_is_named(now: datetime) -> None:
    with pytest.raises(ValueError, match=r"server\.pem: .*give the PEM file"):
        inventory([holding(SERVED, b"?")], ())


def test_two_thirds_of_a_life_or_a_span_make_it_due(authorities: Authorities, now: datetime) -> None:
    item, old = inventory([holding(SERVED, sound(authorities, now).certificate + expired(authorities, now).certificate)], ())[
        ::-1
    ]
    assert due(old, now)
    whole = item.facts.not_after - item.facts.not_before
    assert not due(item, item.facts.not_before + 0.66 * whole)
    assert due(item, item.facts.not_before + 0.67 * whole)
    assert due(item, now, timedelta(days=31))
    assert not due(item, now, timedelta(days=29))
    assert due(replace(old), now, timedelta(0))
