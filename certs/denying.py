"""The deny-list (吊销名单): certificates and systems that are refused at once, whatever their CA says.

Laws: the file is the whole truth, read and written whole; each entry says why, by whose account and since when; it is replaced by one
rename under a lock, so that whoever reads it sees the list before or the list after; it belongs to whoever owns its folder, whoever wrote
it. No personal data: accounts and names of systems only.
"""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from certs import custody, subject

VERSION: Final = 1
LIKE_A_NUMBER: Final = re.compile(r"[0-9]{15}")
KINDS: Final = ("uri", "fingerprint", "serial")

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_SERIAL: Final = re.compile(r"(?:0x)?([0-9a-f]{1,48})")
_SHOWN: Final = 400


class DenyListUnusable(Exception):  # noqa: N818  named for what was found
    """The file cannot be read as a deny-list, or cannot be changed so; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Denied:
    """What is refused: a system by its `uri`, or a certificate by its `fingerprint` (SHA-256) or its `serial` and `issuer` (RFC 4514).

    Numbers are hex in small letters. `by` is an account; `at` is RFC 3339.
    """

    reason: str
    by: str
    at: str
    uri: str = ""
    fingerprint: str = ""
    serial: str = ""
    issuer: str = ""

    @property
    def what(self) -> str:
        """In short, for people and for the evidence log."""
        return self.uri or self.fingerprint or f"{self.serial} of {self.issuer}"


def read(path: Path) -> tuple[Denied, ...]:
    """The list; empty where there is no file yet. Raises DenyListUnusable, OSError as the system gives it."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ()
    try:
        document = json.loads(content.decode())
        entries = {VERSION: document["revoked"]}[document["version"]]
        return tuple(_checked(Denied(**each)) for each in entries)
    except (DenyListUnusable, ValueError, TypeError, KeyError, RecursionError) as error:
        raise DenyListUnusable(f"{path} is no deny-list that can be read; put back the last good one, or mend it") from error


def deny(path: Path, denied: Denied, first: Callable[[], object]) -> None:
    """Adds one, its serial number as `serial` gives it; `first` runs when it is certain that it will be added.

    What `first` raises keeps it from that. Raises DenyListUnusable where it stands there already, or is malformed.
    """

    def changed(standing: tuple[Denied, ...]) -> tuple[Denied, ...]:
        new = _checked_new(denied)
        if any(each.what == new.what for each in standing):
            raise DenyListUnusable(f"{new.what} is revoked already")
        return (*standing, new)

    _change(path, changed, first)


def allow(path: Path, what: str, first: Callable[[], object]) -> None:
    """Takes one out, by what it is. Raises DenyListUnusable where it is not there."""
    number, of, issuer = what.partition(" of ")
    wanted = f"{serial(number)}{of}{issuer}" if of else what

    def changed(standing: tuple[Denied, ...]) -> tuple[Denied, ...]:
        left = tuple(each for each in standing if each.what != wanted)
        if len(left) == len(standing):
            raise DenyListUnusable(f"{what} is not on the deny-list")
        return left

    _change(path, changed, first)


def serial(text: str) -> str:
    """As certificates and lists are looked up by: hex in small letters without leading zeros, however others print it (`02:1A`, `0x021A`).

    Raises DenyListUnusable for what is no such number.
    """
    found = _SERIAL.fullmatch("".join(text.split()).replace(":", "").lower())
    if found is None:
        raise DenyListUnusable(f"{text!r} is no serial number; give it in hex, as `openssl x509 -serial` or a browser prints it")
    return f"{int(found[1], 16):x}"


def now_said(moment: datetime) -> str:
    """A moment as entries have it."""
    return moment.isoformat(timespec="seconds")


def _change(path: Path, changed: Callable[[tuple[Denied, ...]], tuple[Denied, ...]], first: Callable[[], object]) -> None:
    with custody.alone(path.parent):
        after = changed(read(path))
        first()
        _write(path, after)


def _write(path: Path, entries: Iterable[Denied]) -> None:
    document = {"version": VERSION, "revoked": [{k: v for k, v in asdict(each).items() if v} for each in entries]}
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    with custody.as_owner(path.parent):
        _replace(path, text)


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            _keep_owner(file.fileno(), path)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    custody.sync_folder(path.parent)


def _keep_owner(descriptor: int, path: Path) -> None:
    """In a folder of root's own, where the file is another's."""
    with suppress(FileNotFoundError):
        standing = path.lstat()
        if os.geteuid() == 0:
            os.fchown(descriptor, standing.st_uid, standing.st_gid)


def _checked_new(denied: Denied) -> Denied:
    try:
        return _checked(denied)
    except ValueError as error:
        raise DenyListUnusable(str(error)) from error


def _checked(denied: Denied) -> Denied:
    values: list[Any] = [getattr(denied, name) for name in Denied.__slots__]
    if not all(isinstance(each, str) and len(each) <= _SHOWN and each.isprintable() for each in values):
        raise ValueError("each part is one line of text")
    if sum(bool(getattr(denied, kind)) for kind in KINDS) != 1 or bool(denied.serial) != bool(denied.issuer):
        raise ValueError("name one of: a URI, a fingerprint, a serial number with its issuer")
    if LIKE_A_NUMBER.search(denied.reason):
        raise ValueError("the reason is recorded; say it without a person's number")
    if not denied.reason or not denied.by:
        raise ValueError("say why, and by whose account")
    if denied.uri and not subject.is_spiffe_id(denied.uri):
        raise ValueError(f"{denied.uri!r} is no SPIFFE ID; write spiffe://<trust domain>/department/<credit code>/system/<name>")
    if denied.fingerprint and not _FINGERPRINT.fullmatch(denied.fingerprint):
        raise ValueError("a fingerprint is the SHA-256 of the certificate, 64 hex digits in small letters")
    return replace(denied, serial=serial(denied.serial)) if denied.serial else denied
