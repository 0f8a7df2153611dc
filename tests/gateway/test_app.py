"""The composition root: what it refuses to build, what it closes of an earlier run, and that it comes down clean."""

import io
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from certs import seen
from certs.development import write_development_pki
from gateway import storage
from gateway.app import NotBuildable, gateway
from gateway.client import Client, Identity
from gateway.clock import SystemClock, entropy
from gateway.config import Loaded, WitnessMaterial, load
from gateway.development.layout import CLIENTS, SERVER_NAME, WINDOW, lay_out, write_configuration
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.cosigning import RolledBack
from gateway.ledger.keys import signers
from gateway.ledger.note import Algorithm, Signer, Verifier, signed
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.exchange import Entry, EntryKind


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    layout = lay_out(tmp_path / "dev", SystemClock().now(), entropy)
    write_configuration(layout, {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}, "127.0.0.1:0", "127.0.0.1:0")
    return load(layout.config, {})


async def test_it_serves_and_comes_down(loaded: Loaded) -> None:
    async with gateway(loaded, io.StringIO()) as running:
        host, port = running.address.split(":")
        assert (host, int(port) > 0) == ("127.0.0.1", True)
        assert running.metrics.startswith("127.0.0.1:")
    async with gateway(loaded, io.StringIO()):
        pass


async def test_whose_certificate_came_in_is_kept_beside_the_log(loaded: Loaded) -> None:
    pki = write_development_pki(loaded.ledger.parent / "pki", SystemClock().now(), CLIENTS)
    leaf = pki.clients[WINDOW.client].read()
    identity = Identity(leaf.certificate, leaf.key, pki.gateway_ca.read_bytes())
    async with gateway(loaded, io.StringIO()) as running, Client(running.address, identity, server_name=SERVER_NAME) as client:
        await client.evidence_types()
    (row,) = seen.read(seen.beside(loaded.ledger))
    assert row.uri == "spiffe://foshan.test/department/11440600M00000027C/system/window"


async def test_what_an_earlier_run_left_open_is_closed_as_unknown(loaded: Loaded) -> None:
    log = loaded.settings.log
    ledger = SqliteLedger.open(loaded.ledger, log=log, signers=signers(log, loaded.log_keys), entropy=entropy)
    await ledger.append(Entry(EntryKind.INTENT, "left-open", SystemClock().now(), {}, "key"))
    await ledger.close()
    async with gateway(loaded, io.StringIO()):
        pass
    with Log.open(loaded.ledger) as log:
        found = [(each.entry.kind, each.entry.facts.get("result")) for each in log.entries(after=-1, limit=10)]
        assert found[:2] == [(EntryKind.INTENT, None), (EntryKind.OUTCOME, "UNKNOWN")]
        assert log.verify().open_exchanges == ()


async def test_its_start_the_configuration_in_force_and_its_stop_are_entries(loaded: Loaded) -> None:
    async with gateway(loaded, io.StringIO(), "ops-7"):
        with Log.open(loaded.ledger) as log:
            begun = log.entries()
    with Log.open(loaded.ledger) as log:
        entries = log.entries()
        assert log.verify().sound
    assert entries[: len(begun)] == begun
    facts = [dict(each.entry.facts) for each in entries]
    assert [each["act"] for each in facts] == ["GATEWAY_STARTED", "CONFIGURATION_IN_FORCE", "GATEWAY_STOPPED"]
    assert len(begun) == 2
    common = {"operator": "ops-7", "host_role": "GATEWAY", "world": loaded.world.edition, "version": version("kuacheng")}
    assert all(common.items() <= each.items() and each["os_user"] for each in facts)


async def test_it_does_not_start_in_the_name_of_whom_the_log_must_not_name(loaded: Loaded) -> None:
    with pytest.raises(NotBuildable, match="its start cannot be recorded: an operator's id"):
        async with gateway(loaded, io.StringIO(), "测试甲"):
            pass


async def test_it_does_not_start_on_a_log_that_was_put_back(loaded: Loaded, tmp_path: Path) -> None:
    log, (key, *_) = loaded.settings.log, signers(loaded.settings.log, loaded.log_keys)
    witness = Signer(Verifier("witness.test/1", Algorithm.COSIGNATURE_V1, key.verifier.key), key.sign)
    policy = f"log {key.verifier}\nwitness w {witness.verifier} http://127.0.0.1:1\nquorum w\n"
    kept = tmp_path / "cosigned"
    watched = replace(loaded, witnesses=WitnessMaterial(policy, kept, 60, 3600, None))
    text = str(Checkpoint(log, 7, bytes(32)))
    kept.write_text(signed(text, [key.line(text), witness.line(text, int(SystemClock().now().timestamp()))]), encoding="utf-8")
    ledger = SqliteLedger.open(loaded.ledger, log=log, signers=(key,), entropy=entropy)
    await ledger.append(Entry(EntryKind.INTENT, "left-open", SystemClock().now(), {}, "key"))
    await ledger.close()
    with pytest.raises(RolledBack, match=r"holds 1 entries, and 7 were cosigned.*put the newest state of the log back"):
        async with gateway(watched, io.StringIO()):
            pass
    with Log.open(loaded.ledger) as log:
        assert log.size() == 1, "nothing was signed on it"
    loaded.ledger.unlink()
    with pytest.raises(LogUnusable):
        async with gateway(watched, io.StringIO()):
            pass
    assert not loaded.ledger.exists(), "no new log is begun in the place of one that is lost"


def test_what_witnesses_said_of_the_log_before_counts_for_nothing(loaded: Loaded, tmp_path: Path) -> None:
    wanted = WitnessMaterial("", tmp_path / "note", 10.0, 300.0, None)
    watched = replace(loaded, witnesses=wanted)
    for origin, counts in ((loaded.settings.log, True), (f"{loaded.settings.log}-1", False)):
        wanted.kept.write_text(f"{origin}\n3\nroot\n\n")
        assert (storage.kept(watched) is not None) is counts
    wanted.kept.unlink()
    assert storage.kept(watched) is None
