"""Changes certificates under load and says what callers noticed: leaves, CAs and revocations, while questions go on. `make soak-certs`.

Laws: the gateway is the ordinary one, in processes of its own, with its log on the disk; a question that does not come back with evidence
is a failure, and is not asked again, unless the worker that had it was killed. Latency counts from when a question was due; a change is
when every connection is shown the new certificate.
"""

import argparse
import asyncio
import hashlib
import os
import signal
import ssl
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import grpc
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from bench import mishaps
from bench.stage import METHOD, REGION, Question, asked_once, start_quick_city
from certs import bundle, changing, denying, subject
from certs.authority import Authority, Leaf
from certs.development import GATEWAY, TRUST_DOMAINS
from certs.extensions import Profile, Usage
from certs.generations import activate, current, judged, prune, stage
from gateway.clock import SystemClock, entropy
from gateway.development.layout import SERVER_NAME, WINDOW, Layout, lay_out, write_configuration
from gateway.development.processes import Started, start
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.workers.control import ask, beside

KIND: Final = "housing-record"
CALLERS: Final = WINDOW.region
"""The region whose CA is changed, and whose department asks."""

_NOBODY: Final = "https://127.0.0.1:1"
_PATIENCE: Final = 20.0
_LOOK: Final = 0.05
_LOOKS_A_WORKER: Final = 4
_ASKED_ANEW: Final = 3
_ISSUED: Final = pb.Outcome.Name(pb.OUTCOME_ISSUED)
_BUNDLE: Final = f"authorities/{CALLERS}.pem"


@dataclass(frozen=True, slots=True)
class Load:
    """What is done. `rate` in questions a second; every `fresh`-th is asked over a connection of its own.

    `mishaps`: rounds of everything that bench.mishaps knows. `kills`: of a worker, where there are several.
    """

    rotations: int
    changes: int
    revocations: int
    rate: float
    connections: int
    fresh: int = 10
    mishaps: int = 1
    workers: int = 1
    kills: int = 0


@dataclass(slots=True)
class Found:
    """What was seen. Latencies and durations in seconds."""

    calls: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    swaps: list[float] = field(default_factory=list)
    bites: list[float] = field(default_factory=list)
    bad: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    asked_anew: int = 0
    seconds: float = 0.0

    def told(self) -> str:
        """In words."""
        return (
            f"{self.calls} questions in {self.seconds:.0f} s, failed: {dict(self.failures) or 'none'}; latency p50 "
            f"{quantile(self.latencies, 0.5) * 1e3:.1f} ms, p99 {quantile(self.latencies, 0.99) * 1e3:.1f} ms, "
            f"longest {max(self.latencies) * 1e3:.0f} ms\n"
            f"{len(self.swaps)} generations put in force, shown after p50 {quantile(self.swaps, 0.5) * 1e3:.0f} ms, "
            f"longest {max(self.swaps) * 1e3:.0f} ms; bad ones refused: {self.bad.total()}\n"
            + "".join(f"  {count} x {what}\n" for what, count in self.bad.items())
            + f"{len(self.bites)} revocations, refused after: longest {max(self.bites, default=0) * 1e3:.0f} ms\n"
            f"{self.kills} workers killed; {self.asked_anew} questions that they had in hand were asked anew, and answered"
        )


def quantile(values: list[float], part: float) -> float:
    """The value that this part of all stays below."""
    ordered = sorted(values)
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)]


async def soak(folder: Path, load: Load) -> Found:
    """Does it all. Raises RuntimeError where the gateway dies, or shows or refuses nothing in time."""
    layout = lay_out(folder, SystemClock().now(), entropy)
    found = Found()
    async with AsyncExitStack() as stack:
        city = await start_quick_city(layout, [KIND])
        stack.push_async_callback(city.stop)
        write_configuration(layout, {REGION: city.said["url"], CALLERS: _NOBODY}, "127.0.0.1:0", "127.0.0.1:0")
        serve = ("-m", "gateway.cli", "serve", "--config", str(layout.config), "--workers", str(load.workers), "-o", "json")
        gateway = await start("gateway", serve, layout.folder)
        stack.push_async_callback(gateway.stop)
        callers = _Callers(layout, gateway, await asked_once(KIND, layout, str(gateway.said["gateway"])), found)
        await callers.come(_window(layout.pki.authority(CALLERS), WINDOW.system), load.connections)
        stack.push_async_callback(callers.leave)
        asking = asyncio.create_task(callers.ask(load))
        began = time.perf_counter()
        try:
            await _Operator(layout, gateway, callers, found).work(load)
        finally:
            found.seconds = time.perf_counter() - began
            callers.enough.set()
            await asking
        if gateway.process.returncode is not None:
            raise RuntimeError(f"the gateway ended with {gateway.process.returncode}")
    return found


class _Callers:
    """Who asks, over connections that stay and over fresh ones."""

    def __init__(self, layout: Layout, gateway: Started, question: Question, found: Found) -> None:
        self._address = str(gateway.said["gateway"])
        self._trusted = layout.pki.gateway_ca.read_bytes()
        self._question = question
        self._found = found
        self._channels: list[grpc.aio.Channel] = []
        self._leaf: Leaf
        self._bereft = 0.0
        self.enough = asyncio.Event()

    def bereave(self) -> None:
        """A worker is killed now: whoever loses a question to that may ask it anew."""
        self._bereft = time.perf_counter() + _PATIENCE

    async def come(self, leaf: Leaf, connections: int = 0) -> None:
        """From now on they show this; who is connected comes anew, and what is under way is let finish."""
        before, self._leaf = self._channels, leaf
        self._channels = [self.channel(leaf) for _ in range(connections or len(before))]
        await asyncio.gather(*(each.channel_ready() for each in self._channels))
        await asyncio.gather(*(each.close(_PATIENCE) for each in before))

    async def leave(self) -> None:
        await asyncio.gather(*(each.close() for each in self._channels))

    def channel(self, leaf: Leaf) -> grpc.aio.Channel:
        options = (
            ("grpc.ssl_target_name_override", SERVER_NAME),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_retries", 0),
        )
        credentials = grpc.ssl_channel_credentials(self._trusted, leaf.key, leaf.certificate)
        return grpc.aio.secure_channel(self._address, credentials, options)

    async def ask(self, load: Load) -> None:
        """At the rate, open loop, until it is enough."""
        began, number = time.perf_counter(), 0
        asked: set[asyncio.Task[None]] = set()
        while not self.enough.is_set():
            due = began + number / load.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            task = asyncio.create_task(self._fresh(due) if number % load.fresh == 0 else self._standing(number, due))
            asked.add(task)
            task.add_done_callback(asked.discard)
            number += 1
        await asyncio.gather(*asked)

    async def once(self, channel: grpc.aio.Channel, *, patient: bool = False) -> str:
        """How one question ends: the outcome, or the status. Who is patient waits for a connection."""
        try:
            asks = channel.unary_unary(METHOD)
            answer: bytes = await asks(self._question.fresh(), timeout=_PATIENCE, wait_for_ready=patient)
        except grpc.aio.AioRpcError as error:
            return f"{error.code().name}: {error.details()}"
        return pb.Outcome.Name(pb.QueryResponse.FromString(answer).outcome)

    async def _fresh(self, due: float) -> None:
        async with self.channel(self._leaf) as channel:
            await self._one(channel, due)

    async def _standing(self, number: int, due: float) -> None:
        # The connection is chosen when the question goes out: on a busy machine that may be after a change of all of them.
        await self._one(self._channels[number % len(self._channels)], due)

    async def _one(self, channel: grpc.aio.Channel, due: float) -> None:
        told = await self.once(channel)
        for _ in range(_ASKED_ANEW):
            if not told.startswith("UNAVAILABLE") or time.perf_counter() > self._bereft:
                break
            self._found.asked_anew += 1
            told = await self.once(channel, patient=True)
        self._found.calls += 1
        self._found.latencies.append(time.perf_counter() - due)
        if told != _ISSUED:
            self._found.failures[told] += 1


class _Operator:
    """Who changes things."""

    def __init__(self, layout: Layout, gateway: Started, callers: _Callers, found: Found) -> None:
        self._layout = layout
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
        await self._callers.come(_window(new, WINDOW.system))
        await self._rotate(changing.taint({_BUNDLE: self._bundle()}, old, (), now).changes)
        await self._rotate(changing.retire({_BUNDLE: self._bundle()}, old, (), now, changing.QUIET).changes)
        self._signing = new

    async def _revoke(self, number: int) -> None:
        """One certificate of the department, on a connection that stands; how long until it is refused."""
        leaf = _window(self._signing, WINDOW.system)
        print_of = x509.load_pem_x509_certificate(leaf.certificate).fingerprint(SHA256()).hex()
        async with self._callers.channel(leaf) as victim:
            if (told := await self._callers.once(victim)) != "OUTCOME_ISSUED":
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
        """The disk is full when a generation is made: there is none, and nothing else changes."""
        shown, before = await self._shown(), current(self._layout.material)
        try:
            with mishaps.full_disk():
                self._put(mishaps.leaves(self._layout.pki.authority(GATEWAY), SystemClock().now()))
        except OSError:
            self._found.bad["no room for it on the disk"] += 1
        else:
            raise RuntimeError("a generation was written to a disk without room")
        if (await self._shown(), current(self._layout.material)) != (shown, before):
            raise RuntimeError("a generation that could not be written changed what is in force")

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
        """As many connections as meet every worker, but for once in some hundred times."""
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
        ends = time.perf_counter() + _PATIENCE
        while not await holds():
            if self._gateway.process.returncode is not None:
                raise RuntimeError(f"the gateway ended with {self._gateway.process.returncode}")
            if time.perf_counter() > ends:
                raise RuntimeError("what was changed has no effect")
            await asyncio.sleep(_LOOK)


def _falls(number: int, of: int, times: int) -> bool:
    """Whether one of `times` things, spread over `of` rounds, falls into this one."""
    return number * times // of != (number + 1) * times // of


def _window(authority: Authority, system: str) -> Leaf:
    uri = subject.department_system(TRUST_DOMAINS[CALLERS], WINDOW.credit_code, system)
    return authority.issue(Profile(uri=uri, usages=frozenset({Usage.CLIENT})), SystemClock().now(), mishaps.LIFE)


def main() -> int:
    """Runs it and prints what was seen; 1 if anybody noticed."""
    options = _options()
    done = {name: getattr(options, name) for name in ("rotations", "changes", "revocations", "rate", "connections")}
    load = Load(**done, mishaps=options.mishaps, workers=options.workers, kills=options.kills)
    options.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="soak-", dir=options.folder) as folder:
        found = uvloop.run(soak(Path(folder).absolute() / "dev", load))
    sys.stdout.write(found.told() + "\n")
    return 1 if found.failures else 0


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="python -m bench.rotating", description=__doc__)
    for name, default, what in (
        ("rotations", 100, "of the gateway's leaves"),
        ("changes", 5, "of the CA of the callers' region, from stage to retire"),
        ("revocations", 20, "of one certificate each"),
        ("mishaps", 3, "rounds of all bad generations"),
        ("kills", 5, "of a worker in the middle of a rotation"),
        ("workers", 2, "of the gateway"),
        ("rate", 200, "questions a second"),
        ("connections", 50, "that stay open; every tenth question has one of its own"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{what} (default {default})")
    parser.add_argument("--folder", type=Path, default=Path(".kuacheng"), help="on the disk for the log (default .kuacheng)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
