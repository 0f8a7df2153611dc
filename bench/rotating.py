"""Changes certificates under load and says what callers noticed: leaves, CAs and revocations, while questions go on. `make soak-certs`.

Laws: the gateway is the ordinary one, in a process of its own, with its log on the disk; a question that does not come back with evidence
is a failure, and is not asked again. Latency counts from when a question was due; a change is when the listener shows the new certificate.
"""

import argparse
import asyncio
import hashlib
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

from bench.stage import METHOD, REGION, Question, asked_once, start_quick_city
from certs import bundle, changing, denying, subject
from certs.authority import Authority, Leaf
from certs.development import GATEWAY, TRUST_DOMAINS
from certs.extensions import Profile, Usage
from certs.generations import activate, judged, prune, stage
from gateway.clock import SystemClock, entropy
from gateway.development.layout import SERVER_NAME, WINDOW, Layout, lay_out, write_configuration
from gateway.development.processes import Started, start_gateway
from gateway.rpc.pb.v1 import evidence_pb2 as pb

KIND: Final = "housing-record"
CALLERS: Final = WINDOW.region
"""The region whose CA is changed, and whose department asks."""
LIFE: Final = timedelta(days=3)

_NOBODY: Final = "https://127.0.0.1:1"
_PATIENCE: Final = 20.0
_LOOK: Final = 0.02
_BUNDLE: Final = f"authorities/{CALLERS}.pem"


@dataclass(frozen=True, slots=True)
class Load:
    """What is done. `rate` in questions a second; every `fresh`-th is asked over a connection of its own."""

    rotations: int
    changes: int
    revocations: int
    rate: float
    connections: int
    fresh: int = 10


@dataclass(slots=True)
class Found:
    """What was seen. Latencies and durations in seconds."""

    calls: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    swaps: list[float] = field(default_factory=list)
    bites: list[float] = field(default_factory=list)
    refused_bad: int = 0
    seconds: float = 0.0

    def told(self) -> str:
        """In words."""
        return (
            f"{self.calls} questions in {self.seconds:.0f} s, failed: {dict(self.failures) or 'none'}; latency p50 "
            f"{quantile(self.latencies, 0.5) * 1e3:.1f} ms, p99 {quantile(self.latencies, 0.99) * 1e3:.1f} ms, "
            f"longest {max(self.latencies) * 1e3:.0f} ms\n"
            f"{len(self.swaps)} generations put in force, shown after p50 {quantile(self.swaps, 0.5) * 1e3:.0f} ms, "
            f"longest {max(self.swaps) * 1e3:.0f} ms; bad ones refused: {self.refused_bad}\n"
            f"{len(self.bites)} revocations, refused after: longest {max(self.bites, default=0) * 1e3:.0f} ms"
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
        gateway = await start_gateway(layout)
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
        self.enough = asyncio.Event()

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

    async def once(self, channel: grpc.aio.Channel) -> str:
        """How one question ends: the outcome, or the status."""
        try:
            answer: bytes = await channel.unary_unary(METHOD)(self._question.fresh(), timeout=_PATIENCE)
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
        self._found.calls += 1
        self._found.latencies.append(time.perf_counter() - due)
        if told != pb.Outcome.Name(pb.OUTCOME_ISSUED):
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
        self._judge = partial(judged, now=SystemClock().now())

    async def work(self, load: Load) -> None:
        """Leaves, and between them changes of CA, revocations and bad generations, as evenly as they go."""
        for number in range(load.rotations):
            await self._rotate()
            if _falls(number, load.rotations, load.changes):
                await self._change_ca(number)
            if _falls(number, load.rotations, load.revocations):
                await self._revoke(number)
                await self._fail()

    async def _rotate(self, changes: Mapping[str, bytes | None] | None = None) -> None:
        """New leaves of ours, by which the change is seen, and whatever else."""
        leaves = _ours(self._layout.pki.authority(GATEWAY))
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
        """A key of another, put in force past every check, is refused by the gateway; the next good one is taken up."""
        shown = await self._shown()
        mixed = {
            **_ours(self._layout.pki.authority(GATEWAY)),
            "server.key": _ours(self._layout.pki.authority(GATEWAY))["server.key"],
        }
        refusals = self._refusals()
        material = self._layout.material
        activate(material, stage(material, mixed, lambda _: ()).name, lambda _: ())

        async def refused() -> bool:
            return await asyncio.to_thread(self._refusals) > refusals

        await self._until(refused)
        if await self._shown() != shown:
            raise RuntimeError("a bad generation changed what is shown")
        self._found.refused_bad += 1

    def _refusals(self) -> int:
        return (self._layout.folder / "gateway.log").read_text().count("the new configuration is refused")

    def _bundle(self) -> bytes:
        return (self._layout.material / "current" / _BUNDLE).read_bytes()

    async def _shows(self, leaf: bytes) -> bool:
        return await self._shown() == x509.load_pem_x509_certificate(leaf).fingerprint(SHA256()).hex()

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


def _ours(authority: Authority) -> dict[str, bytes | None]:
    now, uri = SystemClock().now(), subject.gateway(SERVER_NAME, "development")
    made: dict[str, bytes | None] = {}
    for name, usage, hosts in (("server", Usage.SERVER, (SERVER_NAME,)), ("client", Usage.CLIENT, ())):
        leaf = authority.issue(Profile(uri=uri, usages=frozenset({usage}), dns_names=hosts), now, LIFE)
        made |= {f"{name}.pem": leaf.certificate, f"{name}.key": leaf.key}
    return made


def _window(authority: Authority, system: str) -> Leaf:
    uri = subject.department_system(TRUST_DOMAINS[CALLERS], WINDOW.credit_code, system)
    return authority.issue(Profile(uri=uri, usages=frozenset({Usage.CLIENT})), SystemClock().now(), LIFE)


def main() -> int:
    """Runs it and prints what was seen; 1 if anybody noticed."""
    options = _options()
    load = Load(options.rotations, options.changes, options.revocations, options.rate, options.connections)
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
        ("revocations", 20, "of one certificate each, and as many bad generations"),
        ("rate", 200, "questions a second"),
        ("connections", 50, "that stay open; every tenth question has one of its own"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{what} (default {default})")
    parser.add_argument("--folder", type=Path, default=Path(".kuacheng"), help="on the disk for the log (default .kuacheng)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
