"""Brings up what is compared: the gateway before a city, and a bare pass-through before a backend, mutual TLS on every side.

Laws: the gateway is the ordinary one, `kuacheng serve` with an ordinary configuration and its log on the disk; both answer the same
questions with the same bytes, checked before anything is measured; what is measured runs on one core, all the rest on the other.
"""

import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

import grpc

from adapters.guangzhou.g2 import SERVICES
from adapters.guangzhou.simulator.g3 import PATH
from adapters.guangzhou.simulator.housing import document
from adapters.guangzhou.simulator.records import Records
from adapters.simulation.operation import json_reply
from bench.machine import Cores, pinned, resident_mb
from certs.development import TRUST_DOMAINS
from gateway.client import question
from gateway.clock import SystemClock, entropy, new_id
from gateway.development.layout import SERVER_NAME, Layout, lay_out, write_configuration
from gateway.development.processes import Started, start, start_gateway
from gateway.development.samples import MONTHS, SEED, Sample, samples
from gateway.model.query import Query
from gateway.rpc.pb.v1 import evidence_pb2 as pb

REGION: Final = "440100"
METHOD: Final = "/kuacheng.v1.EvidenceService/Query"
_NOBODY: Final = "https://127.0.0.1:1"
"""Where the other city would be; it is never asked."""
_PATIENCE: Final = 20.0
_MARK: Final = str(uuid.UUID(int=0))
_COMPACT = (MONTHS.first.replace("-", ""), MONTHS.last.replace("-", ""))

Body = Callable[[Records, str], dict[str, Any]]


def _errcode(record: dict[str, Any] | None) -> dict[str, Any]:
    return {"errcode": 0, "errmsg": "ok", "data": [record]}


def _gsb(record: dict[str, Any] | None) -> dict[str, Any]:
    value = {"type": "GsbString", "value": document("00", "查询成功", [record] if record else [])}
    return {"response": {"errorCode": 200, "errorMsg": "成功", "value": value}}


ANSWERS: Mapping[str, tuple[str, str, Body]] = MappingProxyType(
    {
        "housing-record": ("G3", PATH, lambda records, number: _gsb(records.gsb_record(number))),
        "income-tax-statement": (
            "G2",
            SERVICES["incomeStatement"].path,
            lambda records, number: _errcode(records.income_tax_statement(number, MONTHS.first, MONTHS.last)),
        ),
        "social-insurance-proof": (
            "G2",
            SERVICES["insuredProof"].path,
            lambda records, number: _errcode(records.insurance_proof(number, *_COMPACT)),
        ),
    }
)
"""By evidence type: the interface, its path, and what the simulator answers for a holder's number."""


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of question on the wire, in two parts around its request_id, who asks it, and the answer that the gateway gave to it."""

    kind: str
    client: str
    parts: tuple[bytes, bytes] = field(repr=False)
    answer: bytes = field(repr=False)

    @property
    def told(self) -> str:
        """How large question and answer are, in words."""
        rows = [len(value.rows.rows) for value in pb.QueryResponse.FromString(self.answer).evidence[0].fields.values()]
        return f"question {len(self.fresh())} bytes, answer {len(self.answer)} bytes with {max(rows)} rows, over {ANSWERS[self.kind][0]}"

    def fresh(self) -> bytes:
        """The request, under an id of its own."""
        before, after = self.parts
        return before + new_id().encode() + after


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: its process, where it serves, seconds until it did, and its memory then."""

    pid: int
    address: str
    ready_after: float
    idle_mb: float

    @classmethod
    def of(cls, started: Started, address: str, began: float) -> Self:
        """A program that has just come up and was asked nothing yet."""
        pid = started.process.pid
        return cls(pid, str(started.said[address]), time.perf_counter() - began, resident_mb(pid))


@dataclass(slots=True)
class Tally:
    """How many questions the gateway was asked."""

    gateway: int = 0

    def count(self, name: str, questions: int) -> None:
        """Counts what was asked of `name`."""
        self.gateway += questions if name == "gateway" else 0


@dataclass(frozen=True, slots=True)
class Stage:
    """All that is up. `backend` is host:port."""

    layout: Layout
    gateway: Subject
    unrecorded: Subject
    floor: Subject
    proxy: Subject
    backend: str
    questions: tuple[Question, ...]
    asked: Tally


@asynccontextmanager
async def stage(folder: Path, kinds: Sequence[str], cores: Cores) -> AsyncIterator[Stage]:
    """Everything up within the context, in this folder. Raises StartError if a program does not come up."""
    layout = lay_out(folder, SystemClock().now(), entropy)
    async with AsyncExitStack() as stack:

        async def up(core: int, starting: Callable[[], Awaitable[Started]]) -> Started:
            with pinned(core):
                started = await starting()
            stack.push_async_callback(started.stop)
            return started

        def ours(name: str, *arguments: str) -> Callable[[], Awaitable[Started]]:
            return lambda: start(name, (f"bench.{name}", *arguments), layout.folder)

        city = await up(cores.other, lambda: start_quick_city(layout, kinds))
        write_configuration(layout, {REGION: city.said["url"], "440600": _NOBODY}, "127.0.0.1:0", "127.0.0.1:0")
        began = time.perf_counter()
        gateway = Subject.of(await up(cores.measured, lambda: start_gateway(layout)), "gateway", began)
        began = time.perf_counter()
        control = str(layout.folder / "unrecorded.sock")  # beside the configuration is that of the gateway itself
        without = ours("unrecorded", "serve", "--config", str(layout.config), "--control", control, "-o", "json")
        unrecorded = Subject.of(await up(cores.measured, without), "gateway", began)
        questions = tuple([await asked_once(kind, layout, gateway.address) for kind in kinds])
        answers = _folder(layout, "answers", {f"{each.kind}.bin": each.answer for each in questions})
        backend = await up(cores.other, ours("backend", *serving(layout), "--answers", str(answers)))
        began = time.perf_counter()
        least = ours("floor", *_recording(layout, city.said["url"], kinds), "--answers", str(answers))
        floor = Subject.of(await up(cores.measured, least), "address", began)
        began = time.perf_counter()
        bare = ours("proxy", *passing(layout, backend.said["address"]))
        proxy = Subject.of(await up(cores.measured, bare), "address", began)
        yield Stage(layout, gateway, unrecorded, floor, proxy, backend.said["address"], questions, Tally(len(questions)))


async def start_quick_city(layout: Layout, kinds: Sequence[str]) -> Started:
    """A city that answers these kinds at next to no cost. Raises StartError."""
    bodies = _folder(layout, "bodies", {_file(kind): _body(kind) for kind in kinds})
    return await start("city", ("bench.city", *serving(layout), "--bodies", str(bodies)), layout.folder)


def _body(kind: str) -> bytes:
    return json_reply(ANSWERS[kind][2](Records.of(seed=SEED), _sample(kind).holder.id_number)).body


def _file(kind: str) -> str:
    return f"{ANSWERS[kind][1].strip('/').replace('/', '.')}.json"


def _folder(layout: Layout, name: str, files: Mapping[str, bytes]) -> Path:
    folder = layout.folder / name
    folder.mkdir()
    for file, content in files.items():
        (folder / file).write_bytes(content)
    return folder


def serving(layout: Layout, region: str = REGION) -> tuple[str, ...]:
    """The options by which what stands behind serves, in this region's name."""
    pair = layout.pki.cities[region]
    return ("--cert", str(pair.certificate), "--key", str(pair.key), "--client-ca", str(layout.pki.gateway_ca))


def reaching(layout: Layout, city: str, region: str = REGION) -> tuple[str, ...]:
    """The options of what asks this region's city at this URL (bench.behind)."""
    named = ("--city", city, "--city-name", TRUST_DOMAINS[region], "--city-ca", str(layout.pki.authorities[region].certificate))
    return (*_showing(layout), *named)


def passing(layout: Layout, backend: str) -> tuple[str, ...]:
    """The options of the pass-through before this backend."""
    named = ("--backend", backend, "--backend-name", TRUST_DOMAINS[REGION])
    return (*_fronting(layout), *_showing(layout), *named, "--backend-ca", str(layout.pki.authorities[REGION].certificate))


def _recording(layout: Layout, city: str, kinds: Sequence[str]) -> tuple[str, ...]:
    """The options of the floor before this city."""
    paths = (f"--path={kind}={ANSWERS[kind][1]}" for kind in kinds)
    return (*_fronting(layout), *reaching(layout, city), *paths, "--log", str(layout.folder / "floor.db"))


def _fronting(layout: Layout) -> tuple[str, ...]:
    """What stands between callers and what is behind serves as the gateway does."""
    pair = layout.pki.gateway_server
    return ("--cert", str(pair.certificate), "--key", str(pair.key), "--client-ca", str(layout.pki.callers_ca))


def _showing(layout: Layout) -> tuple[str, ...]:
    """What asks a city shows what the gateway shows."""
    pair = layout.pki.gateway_client
    return ("--client-cert", str(pair.certificate), "--client-key", str(pair.key))


def _sample(kind: str) -> Sample:
    return next(each for each in samples() if (each.type, each.region, each.outcome) == (kind, REGION, "ISSUED"))


async def asked_once(kind: str, layout: Layout, gateway: str) -> Question:
    """The question of Guangzhou's, and its real answer. Raises RuntimeError where that is no evidence."""
    return await prepared(_sample(kind), layout, gateway)


async def prepared(sample: Sample, layout: Layout, gateway: str) -> Question:
    """A sample on the wire, asked once. Raises RuntimeError where it is not answered with evidence."""
    kind, client = sample.type, sample.client.client
    asked = Query(_MARK, kind, sample.region, sample.holder, sample.purpose, sample.legal_basis, sample.parameters)
    before, after = question.write(asked).SerializeToString().split(_MARK.encode())
    pair = layout.pki.clients[client].read()
    credentials = grpc.ssl_channel_credentials(layout.pki.gateway_ca.read_bytes(), pair.key, pair.certificate)
    name = (("grpc.ssl_target_name_override", SERVER_NAME),)
    async with grpc.aio.secure_channel(gateway, credentials, name) as channel:
        asks: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)
        answer = await asks(Question(kind, client, (before, after), b"").fresh(), timeout=_PATIENCE)
    if pb.QueryResponse.FromString(answer).outcome != pb.OUTCOME_ISSUED:
        raise RuntimeError(f"the gateway did not issue {kind}")
    return Question(kind, client, (before, after), answer)
