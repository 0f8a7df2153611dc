"""Keeps up with what is revoked: the deny-list and the CAs' revocation lists, read again as soon as they change.

What the CAs' responders say (gateway.vouching) is put beside it.

Laws: nothing that was read well is forgotten because a later reading failed; a region whose list is missing, or older than its policy
allows, is unclear, and its callers are refused until it is not; numbers of lists never go back, across restarts too. Reading, checking and
building sets happen in a thread; a call finds finished sets.
Policy: a list serves until its next update plus the region's `revocation_grace`.
"""

import asyncio
import json
import logging
import math
import os
import urllib.request
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from cryptography import x509

from certs import crl, denying
from certs.crl import CrlRefused, Listing
from certs.denying import Denied, DenyListUnusable
from gateway.config import Loaded, RevocationList
from gateway.model.identity import Issued, Revoked, Vouched

EVERY_SECONDS: Final = 0.25
"""Between two looks at the files."""
FETCH_SECONDS: Final = 60.0
"""Between two fetches of one URL."""
SUFFIX: Final = ".crls"

_PATIENCE: Final = 10.0
_log = logging.getLogger("kuacheng.revocation")

Stamp = tuple[int, ...]


class Meter(Protocol):
    """Where it is counted."""

    def lists(self, ages: Mapping[str, float]) -> None:
        """The age in seconds of the oldest list of each region that has any; infinite where one is missing."""
        ...


@dataclass(slots=True)
class _Source:
    """One revocation list: what was read of it last, and when it is to be looked at again."""

    stamp: Stamp = ()
    due: float = 0.0
    listing: Listing | None = None
    fault: str = "it was not read yet"


@dataclass(slots=True)
class Revoking:
    """What is revoked, kept up to date. `changed` is told each new value; `monotonic` in seconds; `answers` as Revoked.vouched."""

    loaded: Callable[[], Loaded]
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    meter: Meter
    changed: Callable[[Revoked], Awaitable[object]]
    answers: Callable[[], Mapping[str, Mapping[Issued, Vouched]]] = dict
    denied: tuple[Denied, ...] = ()
    _sources: dict[tuple[str, str], _Source] = field(default_factory=dict)
    _built: dict[str, tuple[list[Listing], frozenset[Issued]]] = field(default_factory=dict)
    _stamp: Stamp | None = None
    _last: Revoked | None = None

    async def first(self) -> None:
        """Reads everything once. Raises DenyListUnusable: a gateway does not start without knowing whom it must refuse."""
        self.denied = await asyncio.to_thread(denying.read, self.loaded().deny_list)
        await self._round()

    async def watch(self) -> None:
        """Goes on until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self._round()

    async def answered(self) -> None:
        """A responder has said something new."""
        if self._last is not None:
            self._last = replace(self._last, vouched=self.answers())
            await self.changed(self._last)

    def listed(self, region: str) -> frozenset[Issued]:
        """What the CAs of a region have revoked by their lists."""
        return self._last.listed.get(region, frozenset()) if self._last else frozenset()

    async def _round(self) -> None:
        loaded, now = self.loaded(), self.now()
        looked = await asyncio.to_thread(self._look, loaded, now)
        self.meter.lists(self._ages(loaded, now))
        revoked = replace(looked, vouched=self.answers())
        if revoked != self._last:
            self._last = revoked
            _log.info("what is revoked has changed", extra={"count": len(self.denied)})
            await self.changed(revoked)

    def _look(self, loaded: Loaded, now: datetime) -> Revoked:
        self._read(loaded, now)
        return self._revoked(loaded, now)

    def _read(self, loaded: Loaded, now: datetime) -> None:
        self._read_denied(loaded.deny_list)
        wanted = {(region, each.text): (region, each) for region, lists in loaded.revocation_lists.items() for each in lists}
        for gone in self._sources.keys() - wanted.keys():
            del self._sources[gone]
        for key, (region, each) in wanted.items():
            source = self._sources.setdefault(key, _Source())
            self._read_list(source, each, _anchors(loaded, region), loaded.beside, now)

    def _read_denied(self, path: Path) -> None:
        stamp = _stamp(path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        if not stamp and self.denied:
            _log.error("the deny-list is gone, the last one stays in force; put it back", extra={"where": str(path)})
            return
        try:
            self.denied = denying.read(path)
        except (DenyListUnusable, OSError) as error:
            _log.error("the deny-list cannot be read, the last one stays in force", extra={"problems": str(error)})

    def _read_list(
        self, source: _Source, wanted: RevocationList, anchors: Sequence[x509.Certificate], beside: Path, now: datetime
    ) -> None:
        if wanted.path is not None:
            stamp = (*_stamp(wanted.path), *(hash(each) for each in anchors))
            if stamp == source.stamp:
                return
            source.stamp = stamp
        elif self.monotonic() < source.due:
            return
        source.due = self.monotonic() + FETCH_SECONDS
        try:
            content = wanted.path.read_bytes() if wanted.path else _fetched(wanted.text)
            highest = _highest(beside)
            found = crl.listing(content, anchors, now, highest)
            _keep(beside, {**highest, found.authority: max(found.number, highest.get(found.authority, 0))})
        except (CrlRefused, OSError, ValueError) as error:
            source.fault = str(error) if isinstance(error, CrlRefused) else type(error).__name__
            _log.error("a revocation list is not believed", extra={"where": wanted.text, "problems": source.fault})
        else:
            source.listing, source.fault = found, ""

    def _revoked(self, loaded: Loaded, now: datetime) -> Revoked:
        listed, unclear = {}, {}
        for region, lists in loaded.revocation_lists.items():
            sources = [self._sources[region, each.text] for each in lists]
            found = [each.listing for each in sources if each.listing]
            listed[region] = self._serials(region, found)
            grace = timedelta(seconds=loaded.settings.regions[region].revocation_grace)
            if any(each.listing is None or now > each.listing.next_update + grace for each in sources):
                unclear[region] = "a revocation list of the region is missing or out of date"
        return Revoked(
            uris=frozenset(each.uri for each in self.denied if each.uri),
            fingerprints=frozenset(each.fingerprint for each in self.denied if each.fingerprint),
            serials=frozenset((each.issuer, each.serial) for each in self.denied if each.serial),
            listed=MappingProxyType(listed),
            unclear=MappingProxyType(unclear),
        )

    def _serials(self, region: str, listings: list[Listing]) -> frozenset[Issued]:
        """The same set as long as the listings are the same, for a large one takes milliseconds."""
        known = self._built.get(region)
        if known is None or [*map(id, known[0])] != [*map(id, listings)]:
            none: frozenset[Issued] = frozenset()
            known = self._built[region] = (listings, none.union(*(each.issued for each in listings)))
        return known[1]

    def _ages(self, loaded: Loaded, now: datetime) -> Mapping[str, float]:
        return {
            region: max(_age(self._sources[region, each.text].listing, now) for each in lists)
            for region, lists in loaded.revocation_lists.items()
            if lists
        }


def _age(listing: Listing | None, now: datetime) -> float:
    return (now - listing.this_update).total_seconds() if listing else math.inf


def _anchors(loaded: Loaded, region: str) -> Sequence[x509.Certificate]:
    anchor = next(each for each in loaded.world.trust.anchors.values() if each.region == region)
    return x509.load_pem_x509_certificates(anchor.authorities)


def _stamp(path: Path) -> Stamp:
    """What differs when the file was written or replaced; empty where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def _fetched(url: str) -> bytes:
    """A list needs no secrecy and has a signature of its own, so http serves as well. Raises OSError."""
    with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:  # noqa: S310  the configuration takes http and https only
        content: bytes = answer.read(crl.LARGEST + 1)
    if len(content) > crl.LARGEST:
        raise CrlRefused(f"it is larger than {crl.LARGEST} bytes")
    return content


def _highest(beside: Path) -> dict[str, int]:
    """The highest number of each authority's list that was believed. Raises ValueError where the record cannot be read."""
    try:
        found = json.loads(_record(beside).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {str(authority): int(number) for authority, number in found.items()}


def _keep(beside: Path, highest: Mapping[str, int]) -> None:
    """Written beside and renamed; two gateways may do so, and both keep the highest they know."""
    if highest == _highest(beside):
        return
    path = _record(beside)
    fresh = path.with_name(f".{path.name}-{os.getpid()}")
    fresh.write_text(json.dumps(highest), encoding="utf-8")
    fresh.replace(path)


def _record(beside: Path) -> Path:
    return beside.with_name(beside.name + SUFFIX)
