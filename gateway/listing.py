"""The CAs' revocation lists as they are read: each by itself, from its file or its URL, again and again for as long as it is wanted.

Laws: no list waits for another, and nobody waits for any but a start, and that for a bounded time; what is fetched has a deadline and a
largest size; a list that was believed stays until a newer one is; what could not be read or believed is tried again, whether or not it
changed, and whatever went wrong; numbers of lists never go back, across restarts too.
"""

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cryptography import x509

from certs import crl, custody
from certs.crl import CrlRefused, Listing
from gateway import internal_fault
from gateway.config import Loaded, RevocationList

if TYPE_CHECKING:
    import aiohttp

FIRST_SECONDS: Final = 10.0
"""That a first look at a list may take; the region of one that is not known by then is unclear until it is."""
FETCH_SECONDS: Final = 60.0
"""Between two fetches of one URL."""
AGAIN_SECONDS: Final = 2.0
"""Until what failed is tried again: a file each time, a URL after twice as long each time, and after FETCH_SECONDS at the latest."""
DEADLINE_SECONDS: Final = 60.0
"""That a fetch may take in all."""
SUFFIX: Final = ".crls"

_OK: Final = 200
_PIECE: Final = 1 << 16
_log = logging.getLogger("kuacheng.revocation")

Stamp = tuple[int, ...]


def stamp(path: Path) -> Stamp:
    """What differs when the file was written, replaced, or given other rights; empty where there is none. Raises OSError."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)


@dataclass(slots=True, eq=False)
class Source:
    """One list: `listing` is what was believed of it last, `fault` what keeps a newer one from being believed, empty where nothing does.

    `stamp` and `due` (monotonic seconds): it is read when its file's differs, or when it is due. Until `awaited_until` nobody has to know
    it: 0 once a first look at it has ended.
    """

    wanted: RevocationList
    authorities: tuple[x509.Certificate, ...]
    beside: Path
    listing: Listing | None = None
    fault: str = ""
    failures: int = 0
    stamp: Stamp | None = None
    due: float = 0.0
    looking: asyncio.Task[None] | None = None
    awaited_until: float = 0.0


class Lists:
    """All lists that a configuration wants, by region. Belongs to one event loop; `regions` may be read from any thread."""

    def __init__(
        self,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        fetch: Callable[[str], Awaitable[bytes]] | None = None,
    ) -> None:
        """`fetch` gives what lies at a URL, and raises CrlRefused; without it, `fetched`."""
        self.regions: Mapping[str, tuple[Source, ...]] = MappingProxyType({})
        self._now = now
        self._monotonic = monotonic
        self._fetch = fetch or fetched
        self._followed: Loaded | None = None

    def look(self, loaded: Loaded) -> None:
        """Has each list that this configuration wants looked at, but for those that are being looked at. Never waits."""
        if loaded is not self._followed:
            self._follow(loaded)
        for each in (source for sources in self.regions.values() for source in sources):
            if each.looking is None:
                each.looking = asyncio.create_task(self._look_at(each))
                each.looking.add_done_callback(partial(self._looked, each))

    async def looked(self, seconds: float) -> None:
        """Waits for what is under way, so long at most."""
        if under_way := self._under_way():
            await asyncio.wait(under_way, timeout=seconds)

    def awaited(self, region: str) -> bool:
        """Whether one of its lists was wanted only just now, and a first look at it has yet to end."""
        return any(each.awaited_until > self._monotonic() for each in self.regions[region])

    async def close(self) -> None:
        """Lets go of what is under way."""
        under_way = self._under_way()
        for each in under_way:
            each.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    def _under_way(self) -> list[asyncio.Task[None]]:
        return [each.looking for sources in self.regions.values() for each in sources if each.looking]

    def _follow(self, loaded: Loaded) -> None:
        """What stays keeps what was believed of it; where its authorities changed, it is judged anew."""
        known = {(region, each.wanted.text): each for region, sources in self.regions.items() for each in sources}
        fresh: dict[str, tuple[Source, ...]] = {}
        for region, lists in loaded.revocation_lists.items():
            authorities = _authorities(loaded, region)
            fresh[region] = tuple(
                self._kept(known.pop((region, each.text), None), each, authorities, loaded.beside) for each in lists
            )
        for gone in known.values():
            if gone.looking:
                gone.looking.cancel()
        self.regions, self._followed = MappingProxyType(fresh), loaded

    def _kept(
        self, known: Source | None, wanted: RevocationList, authorities: tuple[x509.Certificate, ...], beside: Path
    ) -> Source:
        if known is None:
            return Source(wanted, authorities, beside, awaited_until=self._monotonic() + FIRST_SECONDS)
        if (known.wanted, known.authorities, known.beside) != (wanted, authorities, beside):
            known.wanted, known.authorities, known.beside, known.stamp, known.due = wanted, authorities, beside, None, 0.0
        return known

    async def _look_at(self, source: Source) -> None:
        try:
            content = await self._content(source)
            if content is None:
                return
            highest = await asyncio.to_thread(_highest, source.beside)
            found = await asyncio.to_thread(crl.listing, content, source.authorities, self._now(), highest)
            source.listing = found
            await asyncio.to_thread(_keep, source.beside, found)
        except (CrlRefused, OSError) as error:
            self._failed(source, str(error) if isinstance(error, CrlRefused) else type(error).__name__)
        else:
            source.fault, source.failures = "", 0

    async def _content(self, source: Source) -> bytes | None:
        """What is to be judged; None where there is nothing new."""
        path, due = source.wanted.path, self._monotonic() >= source.due
        if path is None:
            if not due:
                return None
            source.due = self._monotonic() + FETCH_SECONDS
            return await self._fetch(source.wanted.text)
        found = await asyncio.to_thread(stamp, path)
        if found == source.stamp and not (source.fault and due):
            return None
        source.stamp = found
        return await asyncio.to_thread(path.read_bytes)

    def _failed(self, source: Source, fault: str) -> None:
        """Tells it when it is another fault than before."""
        pause = AGAIN_SECONDS if source.wanted.path else min(FETCH_SECONDS, AGAIN_SECONDS * 2.0 ** min(source.failures, 10))
        source.due, source.failures = self._monotonic() + pause, source.failures + 1
        if fault != source.fault:
            source.fault = fault
            _log.error("a revocation list is not believed", extra={"where": source.wanted.text, "problems": fault})

    def _looked(self, source: Source, task: asyncio.Task[None]) -> None:
        source.looking, source.awaited_until = None, 0.0
        if not task.cancelled() and (fault := task.exception()):
            if source.fault != type(fault).__name__:
                internal_fault.record(_log, fault)
            self._failed(source, type(fault).__name__)


async def fetched(url: str) -> bytes:
    """A list needs no secrecy and has a signature of its own, so http serves as well. Raises CrlRefused."""
    import aiohttp  # a gateway whose lists are files need not wait for it

    timeout = aiohttp.ClientTimeout(total=DEADLINE_SECONDS)
    plain = {"Accept-Encoding": "identity"}  # nothing unpacks to more than was sent
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=plain, auto_decompress=False, trust_env=True) as session,
            session.get(url) as answer,
        ):
            if answer.status != _OK:
                raise CrlRefused(f"its server ended with HTTP status {answer.status}")
            return await _limited(answer.content)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise CrlRefused(f"it could not be fetched ({type(error).__name__})") from error


async def _limited(content: "aiohttp.StreamReader") -> bytes:
    found = bytearray()
    async for piece in content.iter_chunked(_PIECE):
        found += piece
        if len(found) > crl.LARGEST:
            raise CrlRefused(f"it is larger than {crl.LARGEST} bytes")
    return bytes(found)


def _authorities(loaded: Loaded, region: str) -> tuple[x509.Certificate, ...]:
    anchor = next(each for each in loaded.world.trust.anchors.values() if each.region == region)
    return tuple(x509.load_pem_x509_certificates(anchor.authorities))


def _highest(beside: Path) -> dict[str, int]:
    """The highest number of each authority's list that was believed. Raises CrlRefused where the record cannot be read, OSError."""
    record = beside.with_name(beside.name + SUFFIX)
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
        return {str(authority): int(number) for authority, number in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise CrlRefused(f"{record.name}, the record of lists' numbers, cannot be read; put back a good one") from error


def _keep(beside: Path, found: Listing) -> None:
    """Written beside and renamed, by one at a time: several workers, and several lists, keep the highest that any of them knows."""
    with custody.alone(beside.parent):
        highest = _highest(beside)
        if highest.get(found.authority, -1) >= found.number:
            return
        path = beside.with_name(beside.name + SUFFIX)
        fresh = path.with_name(f".{path.name}-{os.getpid()}")
        try:
            fresh.write_text(json.dumps({**highest, found.authority: found.number}), encoding="utf-8")
            fresh.replace(path)
        except BaseException:
            with suppress(OSError):
                fresh.unlink()
            raise
