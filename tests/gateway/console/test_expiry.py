"""Every certificate is a row with its state; what cannot be read is said, and the rest is shown."""

from datetime import timedelta

import pytest

from gateway.clock import entropy
from gateway.config import load
from gateway.console.expiry import SPAN, certificates, lives
from gateway.development.layout import Layout, lay_out, write_configuration
from tests.gateway.living import CITIES, NOW


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    made = lay_out(tmp_path_factory.mktemp("expiry") / "dev", NOW, entropy)
    write_configuration(made, CITIES, "127.0.0.1:0", "127.0.0.1:0")
    return made


def test_what_ends_first_stands_first_and_tells_how_urgent_it_is(layout: Layout) -> None:
    loaded = load(layout.config, {})
    for days, state in ((0, "good"), (21, "renew"), (26, "hurry"), (60, "hurry")):
        found = certificates(loaded, NOW + timedelta(days=days))
        assert (found.rows[0].state, found.fault) == (state, "")
        assert [each.days for each in found.rows] == sorted(each.days for each in found.rows)
    assert (len(found.ticks), found.depth) == (12, 1 + max(each.mark.row for each in found.rows))
    assert len(lives(loaded, NOW)) == 2
    assert all(each > 0.9 for each in lives(loaded, NOW))
    assert timedelta(days=365) < SPAN


def test_a_record_of_callers_that_is_broken_takes_nothing_else_with_it(layout: Layout) -> None:
    record = layout.folder / "ledger.db.callers"
    record.write_bytes(b"no database" * 999)
    found = certificates(load(layout.config, {}), NOW)
    record.unlink()
    assert (found.fault, len(found.rows) > 3) == ("certificates.seen-unread", True)


def test_files_that_are_gone_are_said_to_be(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load(layout.config, {})
    monkeypatch.setattr("gateway.console.expiry.holdings", _missing)
    assert (certificates(loaded, NOW).fault, lives(loaded, NOW)) == ("certificates.unread", ())


def _missing(*_: object) -> None:
    raise FileNotFoundError
