"""The deny-list: written whole, read whole, and every entry says why."""

from pathlib import Path

import pytest

from certs import denying
from certs.denying import Denied, DenyListUnusable

URI = "spiffe://foshan.test/department/11440600M00000027C/system/window"
SYSTEM = Denied("its key is lost", "zhou.li", "2026-11-22T00:00:00+00:00", uri=URI)
ONE = Denied("withdrawn", "zhou.li", "2026-11-22T00:00:00+00:00", serial="2a", issuer="CN=foshan CA")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "revoked.json"


def nothing() -> None:
    pass


def test_what_is_put_in_is_read_and_can_be_taken_out(path: Path) -> None:
    assert denying.read(path) == ()
    denying.deny(path, SYSTEM, nothing)
    denying.deny(path, ONE, nothing)
    assert denying.read(path) == (SYSTEM, ONE)
    denying.allow(path, URI, nothing)
    assert denying.read(path) == (ONE,)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_nothing_is_written_unless_it_was_recorded_first(path: Path) -> None:
    def unrecorded() -> None:
        raise OSError("the evidence log is full")

    with pytest.raises(OSError, match="log is full"):
        denying.deny(path, SYSTEM, unrecorded)
    assert denying.read(path) == ()


@pytest.mark.parametrize(
    ("denied", "told"),
    [
        (Denied("why", "me", "now"), "name one of"),
        (Denied("why", "me", "now", uri=URI, fingerprint="0" * 64), "name one of"),
        (Denied("why", "me", "now", serial="2a"), "name one of"),
        (Denied("why", "me", "now", uri="https://foshan.test/x"), "is no SPIFFE ID"),
        (Denied("why", "me", "now", fingerprint="AB"), "64 hex digits"),
        (Denied("why", "me", "now", serial="window", issuer="CN=x"), "is no serial number"),
        (Denied("", "me", "now", uri=URI), "say why"),
        (Denied("asked for by 440106189001010", "me", "now", uri=URI), "without a person's number"),
        (Denied("two\nlines", "me", "now", uri=URI), "one line"),
    ],
)
def test_a_malformed_entry_is_refused(path: Path, denied: Denied, told: str) -> None:
    with pytest.raises(DenyListUnusable, match=told):
        denying.deny(path, denied, nothing)


@pytest.mark.parametrize("text", ["2aff", "02AFF", "00:00:2A:FF", "0x2aff", " 02 af f ", "0X0002AFF"])
def test_a_serial_number_is_one_however_it_is_printed(path: Path, text: str) -> None:
    assert denying.serial(text) == "2aff"
    one = Denied("why", "me", "now", serial=text, issuer="CN=Bureau of x")
    denying.deny(path, one, nothing)
    (found,) = denying.read(path)
    assert found.what == "2aff of CN=Bureau of x"
    with pytest.raises(DenyListUnusable, match="is revoked already"):
        denying.deny(path, found, nothing)
    denying.allow(path, f"{text} of CN=Bureau of x", nothing)
    assert denying.read(path) == ()


def test_a_serial_number_that_was_laid_down_with_its_zeros_is_read_without(path: Path) -> None:
    path.write_text(
        '{"version": 1, "revoked": [{"reason": "why", "by": "me", "at": "now", "serial": "02aff", "issuer": "CN=x"}]}'
    )
    (found,) = denying.read(path)
    assert found.serial == "2aff"


def test_what_stands_there_or_does_not_is_said(path: Path) -> None:
    denying.deny(path, SYSTEM, nothing)
    with pytest.raises(DenyListUnusable, match="is revoked already"):
        denying.deny(path, SYSTEM, nothing)
    with pytest.raises(DenyListUnusable, match="is not on the deny-list"):
        denying.allow(path, "2a of CN=foshan CA", nothing)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"version": 2, "revoked": []}',
        b'{"version": 1, "revoked": [{"uri": "x"}]}',
        b'{"version": 1}',
        '{"version": 1, "revoked": [{"reason": "密'.encode()[:-1],
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_a_file_that_is_no_deny_list_is_not_an_empty_one(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(DenyListUnusable, match="no deny-list that can be read"):
        denying.read(path)
