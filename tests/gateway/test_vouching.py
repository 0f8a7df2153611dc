"""A region's CA is asked about its callers by a real responder: what it says bites at once, and its silence does as the policy says."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen

import grpc
import pytest
from cryptography import x509
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from certs.findings import Code
from gateway import asking, vouching
from gateway.asking import CONTENT_TYPE, Kept, tried
from gateway.checking.line import State
from gateway.checking.responders import responders
from gateway.client import QueryRefused
from gateway.clock import SystemClock, entropy
from gateway.config import Loaded
from gateway.development.layout import SERVER_NAME, WINDOW, Layout
from gateway.ledger.submitting import HttpPost
from gateway.model.identity import Peer, Revoked
from gateway.model.refusal import Reason, Refusal
from gateway.stages.identify import identify
from gateway.vouching import Means, Vouching
from tests.certs.responder import Responder, responding
from tests.gateway.living import NOW, Running, caller, client, read, running
from tests.gateway.rpc.house import PATIENCE


@pytest.fixture(autouse=True)
def answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Responders are programs here, which a busy machine may hold up; one that is silent breaks off at once."""
    monkeypatch.setattr(vouching, "FIRST_SECONDS", PATIENCE)
    monkeypatch.setattr(asking, "SECONDS", PATIENCE)


@pytest.fixture(scope="module")
def responder(laid: Layout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Responder]:
    """That of Foshan's CA."""
    where = tmp_path_factory.mktemp("responder")
    authority = laid.pki.authority("440600")
    (where / "ca.pem").write_bytes(authority.certificate_pem)
    (where / "ca.key").write_bytes(authority.key_pem)
    with responding(where / "ca.pem", where / "said.json") as running:
        yield running


def asks(living: Layout, url: str, *, unreachable: str = "refuse", refresh: str = "200ms") -> None:
    text, own = living.config.read_text(), "    trust_domain: foshan.test\n"
    said = f'    ocsp: {{responder: "{url}", unreachable: {unreachable}, refresh: {refresh}}}\n'
    if "    ocsp: " not in text:
        living.config.write_text(text.replace(own, own + said))


def serial(living: Layout) -> str:
    shown = living.pki.clients[WINDOW.client].read().certificate
    return f"{x509.load_pem_x509_certificate(shown).serial_number:x}"


@asynccontextmanager
async def watched(serving: Running, living: Layout) -> AsyncIterator[grpc.aio.UnaryStreamCall]:
    """A stream of this caller that has had its first answer, and goes on."""
    own = caller(living)
    credentials = grpc.ssl_channel_credentials(own.authorities, own.key, own.certificate)
    options = [("grpc.ssl_target_name_override", SERVER_NAME)]
    async with grpc.aio.secure_channel(serving.address, credentials, options) as channel:
        call = HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert (await call.read()).status == health_pb2.HealthCheckResponse.SERVING
        yield call


async def test_what_the_responder_says_bites_on_calls_and_streams(living: Layout, responder: Responder) -> None:
    """From the moment on at which a region begins to ask, and without ending the streams of those who are good."""
    responder.says()
    async with running(living) as (serving, _), client(serving, caller(living)) as standing, watched(serving, living) as stream:
        asks(living, responder.url)
        assert await serving.reload("test") == ()
        await asyncio.gather(standing.evidence_types(), standing.evidence_types())  # both come first, and both wait
        assert not stream.done()
        responder.says(of={serial(living): "revoked"})
        async with asyncio.timeout(PATIENCE):
            assert await stream.code() is grpc.StatusCode.UNAUTHENTICATED
        with pytest.raises(QueryRefused) as refused:
            await standing.evidence_types()
        assert refused.value.reason == Reason.CERTIFICATE_REVOKED.name
        told = await scraped(serving)
        for result in ("good", "revoked"):
            assert any(each.startswith(f'kuacheng_ocsp_answers_total{{region="440600",result="{result}"}}') for each in told)


async def scraped(serving: Running) -> set[str]:
    host, _, port = serving.metrics.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
    found = (await reader.read()).decode().splitlines()
    writer.close()
    return {*found}


class Moved(SystemClock):
    """The machine's clock, put forward."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


class Heard:
    """What the keeper of answers counts and tells."""

    def __init__(self) -> None:
        self.results: list[str] = []
        self.standings: dict[str, int] = {}
        self._news = asyncio.Event()

    def ocsp_answered(self, region: str, result: str) -> None:
        self.results.append(result)
        self._news.set()

    def ocsp_stands(self, counts: Mapping[tuple[str, str], int], ages: Mapping[str, float]) -> None:
        self.standings = {standing: count for (_, standing), count in counts.items() if count}
        self._news.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds():
                self._news.clear()
                await self._news.wait()


@dataclass
class Keeper:
    """The keeper of answers alone, as it asks about one caller."""

    loaded: Loaded
    peer: Peer
    vouching: Vouching
    heard: Heard
    clock: Moved

    async def vouched(self) -> Reason | None:
        """Why this caller is refused now."""
        await self.vouching.vouch(self.peer)
        trust = replace(self.loaded.world.trust, revoked=Revoked(vouched=self.vouching.answers))
        try:
            identify(self.peer, trust, self.clock.now())
        except Refusal as refusal:
            return refusal.reason
        return None

    async def asked_again(self, *results: str) -> None:
        """Until the last answers were these."""
        await self.heard.until(lambda: self.heard.results[-len(results) :] == [*results])


@asynccontextmanager
async def keeping(living: Layout, url: str, kept: Path, *, unreachable: str = "refuse") -> AsyncIterator[Keeper]:
    asks(living, url, unreachable=unreachable)
    loaded, heard, clock = read(living), Heard(), Moved()

    async def changed() -> None:
        """The gateway would sweep."""

    async with HttpPost(seconds=asking.SECONDS, kind=CONTENT_TYPE) as post:
        means = Means(lambda: loaded, clock, Kept(kept), post, entropy, heard, lambda _: frozenset(), changed)
        vouching = Vouching(means)
        watching = asyncio.create_task(vouching.watch())
        shown = living.pki.clients[WINDOW.client].read().certificate
        yield Keeper(loaded, Peer(shown), vouching, heard, clock)
        watching.cancel()
        await asyncio.wait([watching])


async def test_an_answer_is_followed_and_never_goes_back(living: Layout, responder: Responder, tmp_path: Path) -> None:
    responder.says(of={serial(living): "unknown"})
    async with keeping(living, responder.url, tmp_path / "kept") as keeper:
        assert await keeper.vouched() is Reason.CALLER_UNKNOWN
        responder.says(of={serial(living): "revoked"})
        await keeper.asked_again("revoked")
        responder.says(ago=3600, life=7200)  # good, and of before the revocation: somebody plays it again
        await keeper.asked_again("revoked", "refused")
        assert await keeper.vouched() is Reason.CERTIFICATE_REVOKED
        responder.says()
        await keeper.asked_again("good")
        assert await keeper.vouched() is None


async def test_who_comes_first_is_refused_while_nobody_vouches_and_a_restart_forgets_nothing(
    living: Layout, responder: Responder, tmp_path: Path
) -> None:
    responder.says(silent=True)
    async with keeping(living, responder.url, tmp_path / "kept") as keeper:
        assert await keeper.vouched() is Reason.CALLER_UNKNOWN
        responder.says()
        await keeper.asked_again("good")
        assert await keeper.vouched() is None
        await keeper.asked_again("good", "good")  # the first of which is on the disk by now
    responder.says(silent=True)
    async with keeping(living, responder.url, tmp_path / "kept") as keeper:
        assert await keeper.vouched() is None


@pytest.mark.parametrize(("unreachable", "ends"), [("refuse", Reason.CALLER_UNKNOWN), ("2h", None)])
async def test_silence_does_as_the_policy_says(
    living: Layout, responder: Responder, tmp_path: Path, unreachable: str, ends: Reason | None
) -> None:
    responder.says(life=3600)
    async with keeping(living, responder.url, tmp_path / "kept", unreachable=unreachable) as keeper:
        assert await keeper.vouched() is None
        responder.says(silent=True)
        await keeper.asked_again("unreachable")
        assert await keeper.vouched() is None
        keeper.clock.ahead = timedelta(hours=2)
        assert await keeper.vouched() is ends
        await keeper.heard.until(lambda: keeper.heard.standings == {"silent" if ends else "last-good": 1})
        keeper.clock.ahead = timedelta(hours=3, minutes=1)
        assert await keeper.vouched() is Reason.CALLER_UNKNOWN


async def test_responders_are_tried_before_anybody_calls(living: Layout, responder: Responder) -> None:
    responder.says()
    asks(living, responder.url)
    assert [each.code for each in await responders(read(living), SystemClock())] == [""]
    text = living.config.read_text()
    other = "    trust_domain: guangzhou.test\n"
    (said,) = re.findall("    ocsp: .*\n", text)
    living.config.write_text(text.replace(said, "").replace(other, other + said))  # Foshan's answers for Guangzhou's CA
    (refused,) = await tried(read(living), SystemClock(), entropy)
    assert (refused.code, "the CA did not sign it" in refused.message) == (Code.OCSP_REFUSED, True)
    living.config.write_text(text.replace(responder.url, "http://127.0.0.1:1/"))
    (silent,) = await responders(read(living), SystemClock())
    assert (silent.state, silent.code) == (State.FAILED, Code.OCSP_SILENT.value)


@contextmanager
def openssl(living: Layout, folder: Path, line: str) -> Iterator[str]:
    """`openssl ocsp` as the responder of Foshan's CA; `line` is what its index says of the one certificate."""
    authority = living.pki.authority("440600")
    (folder / "ca.pem").write_bytes(authority.certificate_pem)
    (folder / "ca.key").write_bytes(authority.key_pem)
    (folder / "index.txt").write_text(line)
    command = "openssl ocsp -index index.txt -port 0 -rsigner ca.pem -rkey ca.key -CA ca.pem -nmin 60 -ignore_err"
    with Popen(command.split(), stdout=PIPE, stderr=STDOUT, text=True, cwd=folder) as process:
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            found = re.search(r":([0-9]+) PID", told)
            assert found, told
            yield f"http://localhost:{found[1]}/"
        finally:
            process.kill()


@pytest.mark.needs("openssl")
@pytest.mark.parametrize(("kind", "reason"), [("V", None), ("R", Reason.CERTIFICATE_REVOKED)])
async def test_openssl_answers_for_a_ca(living: Layout, tmp_path: Path, kind: str, reason: Reason | None) -> None:
    ends = f"{NOW + timedelta(days=9):%y%m%d%H%M%SZ}"
    number = serial(living).upper()
    since = f"{NOW:%y%m%d%H%M%SZ}" if kind == "R" else ""
    line = f"{kind}\t{ends}\t{since}\t{number.zfill(len(number) + len(number) % 2)}\tunknown\t/CN=window\n"
    with openssl(living, tmp_path, line) as url:
        async with keeping(living, url, tmp_path / "kept") as keeper:
            assert await keeper.vouched() is reason
