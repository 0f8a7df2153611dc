"""A gateway whose log must be witnessed: it stops when nobody has cosigned for too long, says so, and goes on by itself."""

import asyncio
import io
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from prometheus_client.parser import text_string_to_metric_families

from gateway.app import Running, gateway
from gateway.client import Client, Identity, QueryRefused
from gateway.clock import SystemClock, entropy
from gateway.config import ConfigError, Loaded, load
from gateway.development.layout import SERVER_NAME, Layout, lay_out, write_configuration
from gateway.development.processes import start_city
from gateway.development.samples import samples
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.cosigning import RolledBack
from gateway.ledger.kept import kept
from gateway.ledger.note import Algorithm, Note, Signer, Verifier
from gateway.ledger.policy import Witness as Named
from gateway.obstacles import material_findings
from gateway.witness.folder import KEY, RECORD
from gateway.witness.record import Record
from gateway.witness.service import Witness, serving
from gateway.witness.submission import logs_of
from gateway.witnessed import problems
from tests.ports import free_port

CITY = "440100"
PATIENCE = 60.0
LIMIT = 60.0


class Moved(SystemClock):
    """The machine's clock, which a test may put forward, so that nothing here hangs on how fast the machine is."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


@dataclass(frozen=True)
class Site:
    """A development layout with one city's simulator, and one witness that a test starts and stops. `clock` is the gateway's."""

    layout: Layout
    signer: Signer
    port: int
    clock: Moved

    def load(self) -> Loaded:
        return load(self.layout.config, {})

    @property
    def note(self) -> Path:
        return self.layout.folder / "witnessed.note"

    @asynccontextmanager
    async def witness(self) -> AsyncIterator[None]:
        record = Record.open(self.layout.witness(CITY) / RECORD, self.signer.verifier)
        try:
            logs = logs_of(self.layout.witnessed_logs.read_text())
            async with serving(Witness(self.signer, logs, record, self.clock.now), "127.0.0.1", self.port):
                yield
        finally:
            record.close()

    async def told(self, running: Running) -> str:
        """How one question ends: its outcome, or the reason of its refusal."""
        sample = next(each for each in samples() if (each.region, each.outcome) == (CITY, "ISSUED"))
        pair = self.layout.pki.clients[sample.client.client]
        identity = Identity.from_files(pair.certificate, pair.key, self.layout.pki.gateway_ca)
        async with Client(running.address, identity, server_name=SERVER_NAME, attempts=1) as client:
            try:
                answer = await client.query(
                    evidence_type=sample.type,
                    region=sample.region,
                    holder=sample.holder,
                    purpose=sample.purpose,
                    legal_basis=sample.legal_basis,
                    parameters=sample.parameters,
                )
            except QueryRefused as refused:
                return refused.reason
        return answer.outcome.value

    async def until(self, running: Running, ending: str, before: str) -> None:
        """Asks until a question ends so; until then each must end as `before` says."""
        async with asyncio.timeout(PATIENCE):
            while (told := await self.told(running)) != ending:
                assert told == before

    async def until_unreachable(self, running: Running) -> None:
        """Waits until a round has not found the witness."""
        async with asyncio.timeout(PATIENCE):
            found: dict[tuple[str, str], float] = {}
            while not found.get(("kuacheng_witness_failures_total", "UNREACHABLE")):
                found = await scraped(running)


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    layout = lay_out(tmp_path / "dev", SystemClock().now(), entropy)
    key = load_pem_private_key((layout.witness(CITY) / KEY).read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    verifier = Verifier("witness.guangzhou.test/development", Algorithm.COSIGNATURE_V1, key.public_key().public_bytes_raw())
    found = Site(layout, Signer(verifier, key.sign), free_port(), Moved())
    monkeypatch.setattr("gateway.app.SystemClock", lambda: found.clock)
    monkeypatch.setattr("gateway.witnessed._FIRST_ROUND_SECONDS", PATIENCE)
    city = await start_city(CITY, layout)
    try:
        urls = {CITY: str(city.said["url"]), "440600": "https://127.0.0.1:1"}
        named = {CITY: Named("guangzhou", verifier, f"http://127.0.0.1:{found.port}")}
        write_configuration(layout, urls, "127.0.0.1:0", "127.0.0.1:0", witnesses=named)
        text = layout.config.read_text()
        assert f"interval: 5s\n    limit: {LIMIT:.0f}s" in text
        layout.config.write_text(text.replace("interval: 5s\n", "interval: 200ms\n"))
        yield found
    finally:
        await city.stop()


async def scraped(running: Running) -> dict[tuple[str, str], float]:
    """Every sample by its name and its fault, if it has one."""

    def read() -> str:
        with urllib.request.urlopen(f"http://{running.metrics}/metrics", timeout=PATIENCE) as answer:
            return answer.read().decode()

    families = text_string_to_metric_families(await asyncio.to_thread(read))
    return {(each.name, each.labels.get("fault", "")): each.value for family in families for each in family.samples}


async def test_it_stops_when_its_witness_is_gone_too_long_and_goes_on_when_it_is_back(site: Site) -> None:
    async with gateway(site.load(), io.StringIO()) as running:
        assert await site.told(running) == "LEDGER_UNAVAILABLE", "nobody has ever cosigned"
        assert (await scraped(running))["kuacheng_checkpoint_age_seconds", ""] == float("inf")
        async with site.witness():
            await site.until(running, "ISSUED", before="LEDGER_UNAVAILABLE")
            assert (await scraped(running))["kuacheng_checkpoint_age_seconds", ""] <= LIMIT
        await site.until_unreachable(running)
        assert await site.told(running) == "ISSUED", "as long as the limit has not passed"
        site.clock.ahead += timedelta(seconds=LIMIT + 1.0)
        assert await site.told(running) == "LEDGER_UNAVAILABLE"
        assert (await scraped(running))["kuacheng_checkpoint_age_seconds", ""] > LIMIT
        async with site.witness():
            await site.until(running, "ISSUED", before="LEDGER_UNAVAILABLE")


async def test_the_first_call_finds_a_witnessed_log(site: Site) -> None:
    async with site.witness(), gateway(site.load(), io.StringIO()) as running:
        assert await site.told(running) == "ISSUED"


async def test_a_log_put_back_to_an_earlier_state_takes_nothing_more(site: Site) -> None:
    async with site.witness():
        async with gateway(site.load(), io.StringIO()) as running:
            assert await site.told(running) == "ISSUED"
            async with asyncio.timeout(PATIENCE):
                while Checkpoint.parse(Note.parse(kept(site.note) or "").text).size < 2:
                    assert await site.told(running) == "ISSUED"
        for each in site.layout.folder.glob("ledger.db*"):
            each.unlink()
        with pytest.raises(RolledBack, match="put the newest state of the log back"):
            async with gateway(site.load(), io.StringIO()):
                pass
        site.note.unlink()
        async with gateway(site.load(), io.StringIO()) as running:
            assert await site.told(running) == "LEDGER_UNAVAILABLE", "whoever forgets the note has the witness against him"


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    layout = lay_out(tmp_path / "dev", SystemClock().now(), entropy)
    key = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    named = {CITY: Named("guangzhou", Verifier("witness.test", Algorithm.COSIGNATURE_V1, key), "http://localhost:1")}
    cities = {CITY: "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}
    write_configuration(layout, cities, "127.0.0.1:0", "127.0.0.1:0", witnesses=named)
    return load(layout.config, {})


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("quorum cities", "", "the policy has no quorum line"),
        ("quorum cities", "quorum none", "nobody would watch the log"),
        ("log log", "# log", "no log line has a key of this gateway's log"),
        ("http://localhost:1", "", "the witness guangzhou has no address"),
        ("http://localhost:1", "http://10.0.0.1:1", "over https only"),
        ("http://localhost:1", "http://localhost.example:1", "over https only"),
        ("http://localhost:1", "https://witness.test", "name the CAs of its certificate"),
    ],
)
async def test_a_policy_that_cannot_be_collected_for_is_found_before_serving(
    loaded: Loaded, old: str, new: str, said: str
) -> None:
    assert problems(loaded) == ()
    assert loaded.witnesses is not None
    assert old in loaded.witnesses.policy
    broken = replace(loaded, witnesses=replace(loaded.witnesses, policy=loaded.witnesses.policy.replace(old, new)))
    (problem,) = problems(broken)
    assert (problem.path, problem.line) == (
        "ledger.witnesses.policy",
        loaded.document.mark(("ledger", "witnesses", "policy")).line,
    )
    assert problem.message.startswith("policy of the witnesses: ")
    assert said in problem.message
    with pytest.raises(ConfigError, match="policy of the witnesses"):
        async with gateway(broken, io.StringIO()):
            pass


def test_the_authorities_of_the_witnesses_are_examined_like_all_others(loaded: Loaded) -> None:
    assert material_findings(loaded) == ()
    assert loaded.witnesses is not None
    short = replace(loaded, witnesses=replace(loaded.witnesses, authorities=loaded.server.certificate))
    (found,) = {each.path for each in material_findings(short)}
    assert found == "ledger.witnesses.authorities"
