"""Keeps up with what is revoked: the deny-list, and with it what the CAs' lists (gateway.listing) and responders (gateway.vouching) say.

Laws: nothing that was read well is forgotten because a later reading failed; what failed is tried again, whether or not the file changed;
the deny-list waits for no CA's list; a region whose list is missing, or older than its policy allows, is unclear, and its callers are
refused until it is not; where a new configuration wants a list, what was known before judges until a first look at it has ended.
Reading and building sets happen in a thread; a call finds finished sets.
Policy: a list serves until its next update plus the region's `revocation_grace`.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

from certs import denying
from certs.crl import Listing
from certs.denying import Denied, DenyListUnusable
from gateway import internal_fault
from gateway.config import Loaded
from gateway.listing import AGAIN_SECONDS, FIRST_SECONDS, Lists, Source, Stamp, stamp
from gateway.model.identity import Issued, Revoked, Vouched
from gateway.telemetry.revocation import Listed, Stands

EVERY_SECONDS: Final = 0.25
"""Between two looks at the files."""

_log = logging.getLogger("kuacheng.revocation")


@dataclass(slots=True)
class Revoking:
    """What is revoked, kept up to date. `changed` is told each new value; `monotonic` in seconds; `answers` as Revoked.vouched."""

    loaded: Callable[[], Loaded]
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    changed: Callable[[Revoked], Awaitable[object]]
    answers: Callable[[], Mapping[str, Mapping[Issued, Vouched]]] = dict
    denied: tuple[Denied, ...] = ()
    _lists: Lists = field(init=False)
    _built: dict[str, tuple[list[Listing], frozenset[Issued]]] = field(default_factory=dict)
    _graces: Mapping[str, float] = field(default_factory=dict)
    _stamp: Stamp | None = None
    _fault: str = ""
    _again: float = 0.0
    _followed: float = 0.0
    _last: Revoked | None = None

    def __post_init__(self) -> None:
        """Nothing is read yet."""
        self._lists = Lists(self.now, self.monotonic)
        self._followed = self.monotonic()

    async def first(self) -> None:
        """Reads everything once. Raises DenyListUnusable, OSError: a gateway does not start without knowing whom it must refuse."""
        self.denied = await asyncio.to_thread(denying.read, self.loaded().deny_list)
        self._lists.look(self.loaded())
        await self._lists.looked(FIRST_SECONDS)
        await self._round()

    async def watch(self) -> None:
        """Goes on until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self._round()

    async def close(self) -> None:
        """Lets go of what is being read."""
        await self._lists.close()

    async def answered(self) -> None:
        """A responder has said something new."""
        if self._last is not None:
            self._last = replace(self._last, vouched=self.answers())
            await self.changed(self._last)

    def listed(self, region: str) -> frozenset[Issued]:
        """What the CAs of a region have revoked by their lists."""
        return self._last.listed.get(region, frozenset()) if self._last else frozenset()

    def stands(self) -> Stands:
        """How the deny-list and the lists stand at this moment, whoever asks, from whichever thread."""
        now, graces = self.now(), self._graces
        regions = {region: lists for region, lists in self._lists.regions.items() if lists}
        return Stands(
            self.monotonic() - self._followed,
            {region: _stands(lists, now, graces.get(region, 0.0)) for region, lists in regions.items()},
        )

    async def _round(self) -> None:
        loaded, now = self.loaded(), self.now()
        self._lists.look(loaded)  # first, so that a configuration that wants other lists is judged by them at once
        looked = await asyncio.to_thread(self._look, loaded, now)
        revoked = replace(looked, vouched=self.answers())
        if revoked != self._last:
            self._last = revoked
            _log.info("what is revoked has changed", extra={"count": len(self.denied)})
            await self.changed(revoked)

    def _look(self, loaded: Loaded, now: datetime) -> Revoked:
        try:
            self._read_denied(loaded.deny_list)
        except (DenyListUnusable, OSError) as error:
            self._unread(str(error))
        except Exception as fault:  # noqa: BLE001  whatever ails the deny-list, the CAs' lists go on, and it is tried again
            told = f"{type(fault).__name__} at {internal_fault.place(fault)}"
            if told != self._fault:
                internal_fault.record(_log, fault)
            self._unread(told)
        return self._revoked(loaded, now)

    def _read_denied(self, path: Path) -> None:
        """Raises DenyListUnusable, OSError."""
        found, moment = stamp(path), self.monotonic()
        if found == self._stamp and (self._fault and moment < self._again):
            return
        if found != self._stamp or self._fault:
            self._stamp = found
            denied = denying.read(path)
            if self.denied and not denied and not stamp(path):
                raise DenyListUnusable(f"{path} is gone; put it back, or, to let everybody in again, an empty list")
            self.denied, self._fault = denied, ""
        self._followed = moment

    def _unread(self, fault: str) -> None:
        """Tells it when it is another fault than before."""
        self._again = self.monotonic() + AGAIN_SECONDS
        if fault != self._fault:
            self._fault = fault
            _log.error("the deny-list cannot be read, the last one stays in force", extra={"problems": fault})

    def _revoked(self, loaded: Loaded, now: datetime) -> Revoked:
        self._graces = {region: each.revocation_grace for region, each in loaded.settings.regions.items()}
        listed, unclear = {}, {}
        for region, sources in self._lists.regions.items():
            before = self._last if self._lists.awaited(region) else None
            found = [each.listing for each in sources]  # once: the next may come at any moment
            listed[region] = self._serials(region, [each for each in found if each])
            grace = timedelta(seconds=self._graces.get(region, 0.0))
            if before is not None:
                listed[region] |= before.listed.get(region, frozenset())
            if region in before.unclear if before else any(not each or now > each.next_update + grace for each in found):
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


def _stands(sources: Sequence[Source], now: datetime, grace: float) -> Listed:
    """By whichever list of the region is worst."""
    found = [each.listing for each in sources]
    if not all(found):
        return Listed(math.inf, 0.0, 0.0)
    due = min(each.next_update for each in found if each)
    age = max((now - each.this_update).total_seconds() for each in found if each)
    return Listed(age, due.timestamp(), due.timestamp() + grace)
