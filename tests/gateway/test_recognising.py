"""What somebody wants refused is known if a certificate bears it or an agreement names it, however it is spelled."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import NoReturn

import pytest
from cryptography.exceptions import UnsupportedAlgorithm

from certs import seen
from certs.denying import Denied
from certs.inventory import Item
from gateway import recognising
from gateway.clock import SystemClock
from gateway.config import Loaded
from gateway.development.layout import WINDOW, Layout
from gateway.recognising import is_known, items, spelled
from tests.gateway.living import read

NOW = SystemClock().now()


def denied(**named: str) -> Denied:
    return Denied("why", "me", "now", **named)


@pytest.fixture
def loaded(living: Layout) -> Loaded:
    leaf = living.pki.clients[WINDOW.client].read().certificate
    shown = seen.seen(leaf, b"", NOW)
    assert shown is not None
    found = read(living)
    record = seen.beside(found.beside)
    record.unlink(missing_ok=True)
    seen.write(record, [shown])
    return found


def test_who_came_who_is_believed_and_who_is_agreed_with_is_known(living: Layout, loaded: Loaded) -> None:
    known = items(loaded)
    (came,) = seen.read(seen.beside(loaded.beside))
    for each in (
        denied(uri=came.uri),
        denied(fingerprint=came.fingerprint),
        denied(serial=came.serial, issuer=came.issuer),
        denied(fingerprint=next(each.facts.fingerprint for each in known if each.facts.authority)),
    ):
        assert is_known(each, known, loaded)
    assert is_known(denied(uri=came.uri), (), loaded), "an agreement names it"
    for each in (
        denied(uri=f"{came.uri}s"),
        denied(uri="spiffe://elsewhere.test/department/11440600M00000027C/system/window"),
        denied(fingerprint="0" * 64),
        denied(serial=came.serial, issuer="CN=another"),
        denied(serial="1", issuer=came.issuer),
    ):
        assert not is_known(each, known, loaded)


def test_a_record_that_cannot_be_read_keeps_nobody_from_revoking(loaded: Loaded) -> None:
    with closing(sqlite3.connect(seen.beside(loaded.beside))) as record:
        record.execute("DROP TABLE callers")
    assert items(loaded), "what is in use is known all the same"
    seen.beside(loaded.beside).unlink()


def test_nor_does_a_certificate_that_no_reader_knows(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    def holdings(_: Loaded) -> NoReturn:
        raise UnsupportedAlgorithm("a key of a kind that is not known")

    (came,) = seen.read(seen.beside(loaded.beside))
    monkeypatch.setattr(recognising, "holdings", holdings)
    assert is_known(denied(fingerprint=came.fingerprint), items(loaded), loaded)


def test_nor_does_a_bundle_that_only_the_inventory_reads(living: Layout, loaded: Loaded) -> None:
    published = living.material / "current" / "ca.pem"
    before = published.read_bytes()
    published.write_bytes(before + b"#" * (1 << 19))
    try:
        assert [each.last_seen is not None for each in items(loaded)] == [True]
    finally:
        published.write_bytes(before)


def _issued(item: Item, issuer: str) -> Item:
    return replace(item, facts=replace(item.facts, issuer=issuer))


@pytest.mark.parametrize("name", ["C = CN, O = Data  bureau, CN = ca", "/C=CN/O=data bureau/CN=CA", "CN=CA,O=Data bureau,C=CN"])
def test_an_issuer_is_meant_however_other_programs_write_it(living: Layout, loaded: Loaded, name: str) -> None:
    (came,) = (each for each in items(loaded) if each.last_seen)
    one = _issued(came, "CN=CA,O=Data bureau,C=CN")
    assert spelled(denied(serial=came.facts.serial, issuer=name), [one]).issuer == one.facts.issuer
    two = _issued(came, "C=CN,O=Data bureau,CN=CA")
    both = denied(serial=came.facts.serial, issuer="/CN=ca/C=CN/O=Data bureau")
    assert spelled(both, [one, two]) == both, "of two that could be meant none is picked"
    assert spelled(denied(serial="1", issuer=name), [one]).issuer == name
