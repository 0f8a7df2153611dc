"""A whole gateway in this process: real mutual TLS on loopback, the real door, corridor and evidence log, and a city that behaves.

Laws: the machine's clock goes, because a handshake goes by it; nothing waits for time, only for what happens.
"""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

import grpc

from certs import subject
from certs.authority import Authority, Leaf
from certs.extensions import Profile, Usage
from gateway.client import Client, Identity
from gateway.clock import SystemClock, entropy, new_id
from gateway.deferred import DeferredFile
from gateway.exchange import Ports
from gateway.ledger.filed import FiledRecords
from gateway.ledger.reading import Log
from gateway.ledger.receipts import LogReceipts
from gateway.ledger.sqlite import SqliteLedger
from gateway.ledger.usages import LogUsages
from gateway.model.city import CityAnswer, CityFile, CityRequest, CityTicket
from gateway.model.exchange import Entry, Recorded
from gateway.model.identity import Anchor, Peer, Revoked, Trust
from gateway.model.world import Limits, World
from gateway.ports import Ledger
from gateway.rpc.door import Door
from gateway.rpc.metering import Metering
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.rpc.pb.v1.evidence_service_pb2_grpc import EvidenceServiceStub
from gateway.rpc.rotating import Shown
from gateway.rpc.server import Listener, Server
from gateway.rpc.services import Inside
from gateway.telemetry.access import AccessLog, configure
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.together import Together
from tests.certs import faulty
from tests.gateway.client.notary import LOG, LOG_KEY
from tests.gateway.stages import builders

PATIENCE = 60.0
"""Seconds until a test that waits for what does not happen fails."""
QUERY = "/kuacheng.v1.EvidenceService/Query"


@dataclass(frozen=True)
class Papers:
    """Certificates of one hour: the gateway's own, and the regions' CAs."""

    now: datetime
    regions: faulty.Authorities
    gateway: Authority
    server: Leaf
    sound: Leaf

    def identity(self, leaf: Leaf | None = None) -> Identity:
        shown = leaf or self.sound
        return Identity(shown.certificate, shown.key, self.gateway.certificate_pem)

    def trust(self) -> Trust:
        own = Anchor("440100", faulty.OWN_TRUST_DOMAIN, self.regions.own.certificate_pem)
        other = Anchor("440600", faulty.OTHER_TRUST_DOMAIN, self.regions.other.certificate_pem)
        return Trust("house", {each.trust_domain: each for each in (own, other)})


@lru_cache(maxsize=1)
def papers() -> Papers:
    now = datetime.now(UTC)  # noqa: TID251  a real handshake goes by the machine's clock
    made, life = now - timedelta(days=30), timedelta(days=365)
    regions = faulty.Authorities(Authority.create("guangzhou CA", made, life), Authority.create("foshan CA", made, life))
    gateway = Authority.create("gateway CA", made, life)
    profile = Profile(
        uri="spiffe://gateway.test/gateway/house",
        usages=frozenset({Usage.SERVER}),
        dns_names=("localhost",),
        ip_addresses=(IPv4Address("127.0.0.1"),),
    )
    return Papers(now, regions, gateway, gateway.issue(profile, now, timedelta(days=1)), faulty.sound(regions, now))


def leaf(authority: str, domain: str, department: str = faulty.CREDIT_CODE, system: str = "window") -> Leaf:
    """A certificate of any system, by the `own` region's authority or the `other`'s."""
    profile = Profile(uri=subject.department_system(domain, department, system), usages=frozenset({Usage.CLIENT}))
    return getattr(papers().regions, authority).issue(profile, papers().now, timedelta(days=1))


class Watched:
    """gateway.ports.Ledger around another: tells when an entry is durable, and fails where it is told to."""

    def __init__(self, ledger: Ledger) -> None:
        self.fails: Callable[[Entry], Exception | None] = lambda _: None
        self._ledger = ledger
        self._durable = 0
        self._news = asyncio.Event()

    def append(self, entry: Entry) -> asyncio.Future[Recorded]:
        if (failure := self.fails(entry)) is not None:
            refused: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
            refused.set_exception(failure)
            return refused
        queued = self._ledger.append(entry)
        queued.add_done_callback(self._heard)
        return queued

    async def durable(self, entries: int) -> None:
        """Waits until so many entries stand."""
        async with asyncio.timeout(PATIENCE):
            while self._durable < entries:
                self._news.clear()
                await self._news.wait()

    def _heard(self, queued: asyncio.Future[Recorded]) -> None:
        self._durable += not queued.cancelled() and queued.exception() is None
        self._news.set()


class Unasked:
    """No region has its CA asked about callers."""

    wanted = False

    def settled(self, _: Peer) -> bool:
        return True

    async def vouch(self, _: Peer) -> None:
        """Nothing to do."""


class Counts(Metrics):
    """The gateway's own metrics; tells when a call has been counted, which may be after its answer has arrived."""

    def __init__(self, access: AccessLog) -> None:
        super().__init__(access)
        self._calls = 0
        self._news = asyncio.Event()

    def handled(self, kind: str, service: str, method: str, code: str, seconds: float) -> None:
        super().handled(kind, service, method, code, seconds)
        self._count()

    def turned_away(self, service: str, method: str, code: str) -> None:
        super().turned_away(service, method, code)
        self._count()

    def _count(self) -> None:
        self._calls += 1
        self._news.set()

    async def counted(self, calls: int) -> None:
        """Waits until so many calls are counted."""
        async with asyncio.timeout(PATIENCE):
            while self._calls < calls:
                self._news.clear()
                await self._news.wait()


class City:
    """gateway.ports.CityAdapter: answers, refuses or breaks as `told` says, and takes its time while it is held."""

    def __init__(self) -> None:
        self.told: CityAnswer | CityTicket | BaseException = builders.answer()
        self.requests: list[CityRequest] = []
        self.pieces: list[bytes | Exception] = []
        self.then: list[list[bytes | Exception]] = []
        self.fetching = 0
        self.fetched = asyncio.Event()
        self.seconds: list[float] = []
        self.looked = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()
        self._asked = asyncio.Condition()

    async def ask(self, request: CityRequest, seconds: float) -> CityAnswer | CityTicket:
        async with self._asked:
            self.requests.append(request)
            self.seconds.append(seconds)
            self._asked.notify_all()
        await self._open.wait()
        if isinstance(self.told, BaseException):
            raise self.told
        return self.told

    async def ready(self, request: CityRequest, seconds: float) -> bool:
        self.looked.set()
        if isinstance(self.told, BaseException):
            raise self.told
        return not isinstance(self.told, CityTicket)

    @asynccontextmanager
    async def fetch(self, request: CityRequest, file: CityFile, seconds: float) -> AsyncIterator[AsyncIterator[bytes]]:
        self.requests.append(request)
        self.seconds.append(seconds)
        self.fetching += 1
        pieces, self.pieces = self.pieces, self.then.pop(0) if self.then else self.pieces
        try:
            yield self._pieces(pieces)
        finally:
            self.fetching -= 1
            self.fetched.set()

    async def _pieces(self, pieces: list[bytes | Exception]) -> AsyncIterator[bytes]:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece
            await self._open.wait()

    async def close(self) -> None:
        self.release()

    def hold(self) -> None:
        """From now on nobody is answered."""
        self._open.clear()

    def release(self) -> None:
        """Whoever waits is answered, and whoever comes."""
        self._open.set()

    async def asked(self, times: int) -> None:
        """Waits until it was asked so often."""
        async with asyncio.timeout(PATIENCE), self._asked:
            await self._asked.wait_for(lambda: len(self.requests) >= times)


@dataclass
class House:
    """A gateway that serves, and what a test may look at."""

    address: str
    server: Server
    inside: Inside
    metering: Metering
    city: City
    metrics: Counts
    said: io.StringIO
    ledger: Watched
    file: Path
    shown_by: list[Peer] = field(repr=False)
    worlds: list[World] = field(repr=False)

    @property
    def world(self) -> World:
        """By which calls are judged that come now."""
        return self.worlds[-1]

    def turn(self, **changes: Any) -> None:
        """Whatever comes from now on is judged by another world."""
        self.worlds.append(replace(self.world, **changes))

    def revoke(self, revoked: Revoked) -> None:
        """These are believed no more, and no others."""
        self.turn(trust=replace(self.world.trust, revoked=revoked))

    def client(self, leaf: Leaf | None = None, **options: Any) -> Client:
        return Client(self.address, papers().identity(leaf), **options)

    @asynccontextmanager
    async def channel(self, leaf: Leaf | None = None) -> AsyncIterator[grpc.aio.Channel]:
        """A bare channel of grpc, for what our own client would never do."""
        shown = leaf or papers().sound
        credentials = grpc.ssl_channel_credentials(papers().gateway.certificate_pem, shown.key, shown.certificate)
        options = (("grpc.max_receive_message_length", 16 * 2**20), ("grpc.max_send_message_length", 16 * 2**20))
        async with grpc.aio.secure_channel(self.address, credentials, options) as channel:
            yield channel

    @asynccontextmanager
    async def stub(self, leaf: Leaf | None = None) -> AsyncIterator[EvidenceServiceStub]:
        async with self.channel(leaf) as channel:
            yield EvidenceServiceStub(channel)

    def entries(self) -> tuple[Entry, ...]:
        """The evidence log, as it stands on disk."""
        with Log.open(self.file) as log:
            return tuple(each.entry for each in log.entries(limit=10_000))

    def told(self) -> tuple[str, ...]:
        """The log's entries in short: kind, and how it ended."""
        return tuple(_told(each) for each in self.entries())

    def lines(self) -> list[dict[str, Any]]:
        """What the gateway logged. The event loop, which all tests share, may find a fault of another's that nobody looked at."""
        found = [json.loads(line) for line in self.said.getvalue().splitlines()]
        return [each for each in found if each.get("logger") != "asyncio"]


def _told(entry: Entry) -> str:
    parts = (entry.kind.value, entry.facts.get("result"), entry.facts.get("reason"))
    return " ".join(str(each) for each in parts if each)


@asynccontextmanager
async def house(
    limits: Limits | None = None, *, connections: int = 4096, lines: TextIO | None = None, **changes: Any
) -> AsyncIterator[House]:
    """A gateway for one test, alone on its port, for so many connections; `changes` are to its world.

    `lines` takes the lines of exchanges instead of `said`, which then has the program's own records alone.
    """
    said, city = io.StringIO(), City()
    metrics = Counts(AccessLog(lines or said))
    clock, worlds = SystemClock(), [_world(limits or Limits(), changes)]
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    with TemporaryDirectory() as folder:
        file = Path(folder, "ledger.db")
        store = SqliteLedger.open(file, log=LOG, signers=(LOG_KEY,), entropy=entropy)
        receipts = LogReceipts(partial(FiledRecords.open, file))
        ledger = Watched(store)
        deferrals = DeferredFile.open(Path(folder, "deferred.db"))
        ports = Ports({"foshan.test": city}, ledger, clock, Together(metrics.ended), deferrals)
        shown = papers().server
        trusted = papers().regions.own.certificate_pem + papers().regions.other.certificate_pem
        listener = Listener("127.0.0.1:0", Shown(shown.certificate, shown.key, trusted), connections=connections)
        usages = LogUsages(partial(FiledRecords.open, file))
        shown_by: list[Peer] = []
        inside = Inside(lambda: worlds[-1], ports, receipts, usages, Door(), new_id, entropy, shown_by.append, Unasked())
        metering = Metering(metrics, clock.monotonic)
        server = Server(listener, inside, metering)
        configure(said)
        port = await server.start()
        try:
            yield House(f"127.0.0.1:{port}", server, inside, metering, city, metrics, said, ledger, file, shown_by, worlds)
        finally:
            city.release()
            await server.stop(PATIENCE)
            await receipts.close()
            await usages.close()
            await deferrals.close()
            await store.close()
            root.handlers[:] = before
            root.setLevel(level)


def _world(limits: Limits, changes: dict[str, Any]) -> World:
    agreement = builders.agreement(valid_from=papers().now - timedelta(days=1), valid_to=papers().now + timedelta(days=1))
    return replace(builders.world(agreement), trust=papers().trust(), limits=limits, **changes)


def request(**changes: Any) -> pb.QueryRequest:
    """A question that is answered, with a request_id of its own."""
    made = pb.QueryRequest(
        request_id=new_id(),
        evidence_type=builders.KIND.alias,
        provider_region="440600",
        holder=pb.Holder(type=pb.HOLDER_TYPE_PERSON, id_type="111", id_number=builders.NUMBER, name=builders.NAME),
        purpose=pb.Purpose(
            matter_code="440100-17",
            matter_name="样样事项",
            case_number="case-1",
            operator=pb.Operator(account="window-3", name=builders.OPERATOR_NAME, role="综合窗口"),
        ),
        legal_basis=pb.LegalBasis(kind=pb.LEGAL_BASIS_KIND_STATUTORY_DUTY, reference="在线政务服务若干规定第七条"),
        parameters=[pb.Parameter(name="months", months=pb.MonthRange(first="2029-11", last="2030-04"))],
    )
    made.MergeFrom(pb.QueryRequest(**changes))
    return made


def asked(**changes: Any) -> dict[str, Any]:
    """The same question as the arguments of Client.query."""
    query = builders.query(**changes)
    return {
        "evidence_type": query.evidence_type,
        "region": query.provider_region,
        "holder": query.holder,
        "purpose": query.purpose,
        "legal_basis": query.legal_basis,
        "parameters": query.parameters,
        "fields": query.fields,
    }


def verify_request(*claims: pb.Claim) -> pb.VerifyRequest:
    """Claims about the same holder, with a request_id of their own."""
    made = request()
    return pb.VerifyRequest(
        request_id=made.request_id,
        evidence_type=made.evidence_type,
        provider_region=made.provider_region,
        holder=made.holder,
        purpose=made.purpose,
        legal_basis=made.legal_basis,
        parameters=made.parameters,
        claims=claims,
    )
