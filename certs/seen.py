"""Which certificates callers have shown: a small record beside the evidence log, for the inventory and for a change of CA.

Laws: what TLS let in is recorded, whatever was answered; no call waits for the record, and none fails with it: a call costs
one look-up, and parsing and writing happen in a thread; a certificate is written when it is first seen and then at most once
a minute; no more than `MOST` are kept, the longest unseen go first; no personal data: of a name only a SPIFFE URI is kept
and of a subject nothing else. Several gateways may write one file.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from certs.facts import Facts, all_facts

MOST: Final = 4096
EVERY_SECONDS: Final = 60.0
SUFFIX: Final = ".callers"

_BUSY_SECONDS: Final = 5.0
_COLUMNS: Final = (
    "fingerprint",
    "uri",
    "issuer",
    "authority_keys",
    "key_type",
    "serial",
    "not_before",
    "not_after",
    "first_seen",
    "last_seen",
)
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS callers (
  fingerprint TEXT PRIMARY KEY, uri TEXT NOT NULL, issuer TEXT NOT NULL, authority_keys TEXT NOT NULL, key_type TEXT NOT NULL,
  serial TEXT NOT NULL, not_before TEXT NOT NULL, not_after TEXT NOT NULL, first_seen TEXT NOT NULL, last_seen TEXT NOT NULL
) STRICT
"""
_UPSERT: Final = """
INSERT INTO callers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (fingerprint) DO UPDATE SET last_seen = max(last_seen, excluded.last_seen)
"""
_FORGET: Final = """
DELETE FROM callers WHERE fingerprint IN (SELECT fingerprint FROM callers ORDER BY last_seen DESC LIMIT -1 OFFSET ?)
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One caller's certificate. `authority_keys` are the identifiers (hex) of the keys that signed it and the chain it came with.

    So a certificate hangs on a CA where that CA's subject key identifier is among them. `uri` is empty where it is no SPIFFE ID.
    """

    fingerprint: str
    uri: str
    issuer: str
    authority_keys: tuple[str, ...]
    key_type: str
    serial: str
    not_before: datetime
    not_after: datetime
    first_seen: datetime
    last_seen: datetime


def beside(ledger: Path) -> Path:
    """Where the record of a gateway with this evidence log lies."""
    return ledger.with_name(ledger.name + SUFFIX)


def read(path: Path) -> tuple[Seen, ...]:
    """What the record holds, the latest seen first; nothing where there is no record yet. Raises sqlite3.Error, OSError."""
    if not path.is_file():
        return ()
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=_BUSY_SECONDS, uri=True)) as opened:
        rows = opened.execute(f"SELECT {', '.join(_COLUMNS)} FROM callers ORDER BY last_seen DESC, fingerprint").fetchall()  # noqa: S608
    return tuple(_seen(row) for row in rows)


def write(path: Path, rows: Iterable[Seen], most: int = MOST) -> None:
    """Adds to the record, and forgets the longest unseen beyond `most`. Raises sqlite3.Error."""
    with _writable(path) as opened:
        opened.executemany(_UPSERT, [_row(each) for each in rows])
        opened.execute(_FORGET, (most,))


class Sightings:
    """Notes what calls show, and hands it to the record later. `note` is for the event loop, `flush` for a thread.

    `monotonic` in seconds; `now` the moment. Two threads may use it at a time, one of each kind.
    """

    def __init__(self, path: Path, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._path = path
        self._now = now
        self._monotonic = monotonic
        self._due: dict[bytes, float] = {}
        self._waiting: dict[bytes, tuple[bytes, datetime]] = {}
        self._facts: dict[bytes, Seen] = {}
        self._taking = threading.Lock()
        self._flushing = threading.Lock()

    def note(self, leaf: bytes, chain: bytes) -> None:
        """A call came with this certificate and these further ones, PEM."""
        moment = self._monotonic()
        if moment < self._due.get(leaf, 0.0) or not leaf:
            return
        if len(self._due) >= MOST:
            self._due.clear()
        self._due[leaf] = moment + EVERY_SECONDS
        with self._taking:
            self._waiting[leaf] = (chain, self._now())

    def flush(self) -> int:
        """Writes what was noted since; how many certificates. Raises sqlite3.Error, and then nothing is lost."""
        with self._flushing:
            with self._taking:
                taken, self._waiting = self._waiting, {}
            rows = [row for leaf, (chain, at) in taken.items() if (row := self._remembered(leaf, chain, at))]
            if not rows:
                return 0
            try:
                write(self._path, rows)
            except sqlite3.Error:
                with self._taking:
                    self._waiting = taken | self._waiting
                raise
            return len(rows)

    def _remembered(self, leaf: bytes, chain: bytes, at: datetime) -> Seen | None:
        if len(self._facts) >= MOST:
            self._facts.clear()
        known = self._facts.get(leaf) or seen(leaf, chain, at)
        if known is not None:
            self._facts[leaf] = known
        return replace(known, last_seen=at) if known else None


def seen(leaf: bytes, chain: bytes, at: datetime) -> Seen | None:
    """A certificate as it was first seen at a moment; None where it cannot be read."""
    try:
        own, *_ = all_facts(leaf)
    except ValueError:
        return None
    return Seen(
        fingerprint=own.fingerprint,
        uri=own.uri,
        issuer=own.issuer,
        authority_keys=tuple(dict.fromkeys(key for each in (own, *_further(chain)) if (key := each.issuer_key))),
        key_type=own.key_type,
        serial=own.serial,
        not_before=own.not_before,
        not_after=own.not_after,
        first_seen=at,
        last_seen=at,
    )


def _further(chain: bytes) -> tuple[Facts, ...]:
    try:
        return all_facts(chain)
    except ValueError:
        return ()


@contextmanager
def _writable(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as opened, opened:
        opened.execute(_SCHEMA)
        yield opened


def _row(of: Seen) -> tuple[str, ...]:
    moments = (_text(each) for each in (of.not_before, of.not_after, of.first_seen, of.last_seen))
    return (of.fingerprint, of.uri, of.issuer, " ".join(of.authority_keys), of.key_type, of.serial, *moments)


def _seen(row: tuple[str, ...]) -> Seen:
    fingerprint, uri, issuer, keys, key_type, serial, *moments = row
    not_before, not_after, first, last = map(datetime.fromisoformat, moments)
    return Seen(fingerprint, uri, issuer, tuple(keys.split()), key_type, serial, not_before, not_after, first, last)


def _text(moment: datetime) -> str:
    """In UTC and of one width, so that texts sort as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
