"""The operator of a soak of certificates: changes leaves, CAs and revocations, and lets everything go wrong that bench.mishaps knows.

Laws: a change is done when every connection is shown the new certificate; what has no effect in time ends the soak.
"""

import asyncio
import hashlib
import os
import signal
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from bench import mishaps
from bench.rotating.callers import CALLERS, ISSUED, PATIENCE, Callers, window
from bench.rotating.seen import Found, Load
from certs import bundle, changing, denying
from certs.authority import Authority
from certs.development import GATEWAY
from certs.generations import activate, current, judged, prune, stage
from gateway.clock import SystemClock
from gateway.development.layout import WINDOW, Layout
from gateway.development.processes import Started
from gateway.workers.control import ask, beside

_LOOK: Final = 0.05
_LOOKS_A_WORKER: Final = 12
"""The kernel lays a new connection to one worker or the other: so many times two miss one of two once in sixteen million."""
_BUNDLE: Final = f"authorities/{CALLERS}.pem"


class Operator:
    """Who changes things."""

    def __init__(self, layout: Layout, disk: mishaps.Disk, gateway: Started, callers: Callers, found: Found) -> None:
        self._layout = layout
        self._disk = disk
        self._gateway = gateway
        self._callers = callers
        self._found = found
        self._address = str(gateway.said["gateway"])
        self._signing = layout.pki.authority(CALLERS)
        self._judge = lambda folder: judged(folder, SystemClock().now())
        self._looks = 1

    async def work(self, load: Load) -> None:
        """Leaves, and between them changes of CA, revocations, mishaps and kills, as evenly as they go."""
        self._looks = _LOOKS_A_WORKER * load.workers if load.workers > 1 else 1
        for number in range(load.rotations):
            await self._rotate()
            if _falls(number, load.rotations, load.changes):
                await self._change_ca(number)
            if _falls(number, load.rotations, load.revocations):
                await self._revoke(number)
            if _falls(number, load.rotations, load.mishaps):
                await self._fail()
            if _falls(number, load.rotations, load.kills):
                await self._kill()

    async def _rotate(self, changes: Mapping[str, bytes | None] | None = None) -> None:
        """New leaves of ours, by which the change is seen, and whatever else."""
        leaves = mishaps.leaves(self._layout.pki.authority(GATEWAY), SystemClock().now())
        began = time.perf_counter()
        await asyncio.to_thread(self._put, {**leaves, **(changes or {})})
        await self._until(lambda: self._shows(leaves["server.pem"] or b""))
        self._found.swaps.append(time.perf_counter() - began)

    def _put(self, changes: Mapping[str, bytes | None]) -> None:
        activate(self._layout.material, stage(self._layout.material, changes, self._judge).name, self._judge)
        prune(self._layout.material)

    async def _change_ca(self, number: int) -> None:
        """All of it: stage, everybody comes under the new one, taint, retire. Nobody is left, so it is forced by nobody."""
        now = SystemClock().now()
        new = Authority.create(f"foshan CA {number}", now, timedelta(days=30))
        old = bundle.members(self._bundle())[0].fingerprint
        await self._rotate(changing.stage({_BUNDLE: self._bundle()}, new.certificate_pem).changes)
        await self._callers.come(window(new, WINDOW.system))
        await self._rotate(changing.taint({_BUNDLE: self._bundle()}, old, (), now).changes)
        await self._rotate(changing.retire({_BUNDLE: self._bundle()}, old, (), now, changing.QUIET).changes)
        self._signing = new

    async def _revoke(self, number: int) -> None:
        """One certificate of the department, on a connection that stands; how long until it is refused."""
        leaf = window(self._signing, WINDOW.system)
        print_of = x509.load_pem_x509_certificate(leaf.certificate).fingerprint(SHA256()).hex()
        async with self._callers.channel(leaf) as victim:
            if (told := await self._callers.once(victim)) != ISSUED:
                raise RuntimeError(f"who is not revoked yet is refused: {told}")
            denied = denying.Denied("soak", "bench", f"round {number}", fingerprint=print_of)
            began = time.perf_counter()
            await asyncio.to_thread(denying.deny, self._layout.folder / "revoked.json", denied, lambda: None)

            async def refused() -> bool:
                return (await self._callers.once(victim)).startswith("UNAUTHENTICATED")

            await self._until(refused)
            self._found.bites.append(time.perf_counter() - began)

    async def _fail(self) -> None:
        """Everything that goes wrong, one after the other: each is refused and changes nothing, and the next good one is taken up."""
        authority, material = self._layout.pki.authority(GATEWAY), self._layout.material
        for name, made in mishaps.BAD.items():
            await self._refused(name, asyncio.to_thread(mishaps.put_unjudged, material, made(authority, SystemClock().now())))
            await self._rotate()
        half: list[mishaps.HalfWritten] = []
        begin = partial(mishaps.HalfWritten.begin, material, authority, SystemClock().now())
        await self._refused(mishaps.HALF_WRITTEN, asyncio.to_thread(lambda: half.append(begin())))
        half.pop().finish()
        await self._rotate()
        await self._no_room()

    async def _refused(self, name: str, done: Awaitable[None]) -> None:
        shown, refusals = await self._shown(), self._refusals()
        await done

        async def refused() -> bool:
            return await asyncio.to_thread(self._refusals) > refusals

        await self._until(refused)
        if await self._shown() != shown:
            raise RuntimeError(f"a bad generation changed what is shown: {name}")
        self._found.bad[name] += 1

    async def _no_room(self) -> None:
        """A generation cannot be written: there is none, and nothing else changes."""
        shown, before = await self._shown(), current(self._layout.material)
        try:
            with self._disk.full():
                self._put(mishaps.leaves(self._layout.pki.authority(GATEWAY), SystemClock().now()))
        except OSError as error:
            if error.errno != self._disk.error:
                raise
        else:
            raise RuntimeError("a generation was written to a disk without room")
        if (await self._shown(), current(self._layout.material)) != (shown, before):
            raise RuntimeError("a generation that could not be written changed what is in force")
        self._found.bad[self._disk.name] += 1

    async def _kill(self) -> None:
        """A worker, in the middle of a rotation; the rotation reaches those who are left and the one that takes its place."""
        workers = (await self._order())["workers"]
        self._callers.bereave()
        rotating = asyncio.create_task(self._rotate())
        os.kill(workers[self._found.kills % len(workers)], signal.SIGKILL)
        await rotating

        async def replaced() -> bool:
            now = (await self._order())["workers"]
            return len(now) == len(workers) and now != workers

        await self._until(replaced)
        shown = await self._shown()
        await self._until(lambda: self._all_show(shown))
        self._found.kills += 1

    async def _order(self) -> Any:
        return await ask(beside(self._layout.config), {"do": "health"})

    def _refusals(self) -> int:
        return (self._layout.folder / "gateway.log").read_text().count("the new configuration is refused")

    def _bundle(self) -> bytes:
        return (self._layout.material / "current" / _BUNDLE).read_bytes()

    async def _shows(self, leaf: bytes) -> bool:
        return await self._all_show(x509.load_pem_x509_certificate(leaf).fingerprint(SHA256()).hex())

    async def _all_show(self, fingerprint: str) -> bool:
        """As many connections as meet every worker."""
        try:
            for _ in range(self._looks):
                if await self._shown() != fingerprint:
                    return False
        except ConnectionError:  # a worker that was killed took the connection with it
            return False
        return True

    async def _shown(self) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        host, _, port = self._address.rpartition(":")
        _, writer = await asyncio.open_connection(host, int(port), ssl=context)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.transport.abort()
        return hashlib.sha256(shown).hexdigest()

    async def _until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        ends = time.perf_counter() + PATIENCE
        while not await holds():
            if self._gateway.process.returncode is not None:
                raise RuntimeError(f"the gateway ended with {self._gateway.process.returncode}")
            if time.perf_counter() > ends:
                raise RuntimeError("what was changed has no effect")
            await asyncio.sleep(_LOOK)


def _falls(number: int, of: int, times: int) -> bool:
    """Whether one of `times` things, spread over `of` rounds, falls into this one."""
    return number * times // of != (number + 1) * times // of
