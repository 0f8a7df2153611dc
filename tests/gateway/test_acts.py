"""Operators' acts: by whom, durable, and from a program of its own while a gateway writes to the same log."""

import asyncio
import io
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import acts, storage
from gateway.app import gateway
from gateway.clock import SystemClock, entropy
from gateway.config import Loaded, load
from gateway.development.layout import lay_out, write_configuration
from gateway.ledger.reading import Log
from gateway.model.act import Act, HostRole
from gateway.model.exchange import Entry, EntryKind
from gateway.stages import seal
from tests.gateway.fakes import HandClock, Journal, MemoryLedger
from tests.gateway.stages.builders import NOW

COMMAND = """
import sys
from pathlib import Path
from gateway.acts import record_by_command
from gateway.config import load
from gateway.model.act import Act
recorded = record_by_command(load(Path(sys.argv[1]), {}), Act.CONFIGURATION_IN_FORCE, operator="ops-7", facts={"serial": "a1"})
print(recorded.index)
"""


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    layout = lay_out(tmp_path / "dev", SystemClock().now(), entropy)
    write_configuration(layout, {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}, "127.0.0.1:0", "127.0.0.1:0")
    return load(layout.config, {})


async def test_a_command_records_its_act_while_a_gateway_runs(loaded: Loaded, tmp_path: Path) -> None:
    async with gateway(loaded, io.StringIO()):
        asked = [sys.executable, "-c", COMMAND, str(tmp_path / "dev" / "gateway.yaml")]
        done = await asyncio.to_thread(subprocess.run, asked, capture_output=True, text=True, check=True)
    with Log.open(loaded.ledger) as log:
        assert log.verify().sound
        entry = log.entries()[int(done.stdout)].entry
        assert log.size() == 4
    assert entry.facts == {
        "act": "CONFIGURATION_IN_FORCE",
        "operator": "ops-7",
        "os_user": pwd.getpwuid(os.getuid()).pw_name,
        "host_role": "COMMAND",
        "serial": "a1",
    }


async def test_a_command_leaves_what_a_dead_gateway_left_open_to_the_next_one(loaded: Loaded) -> None:
    ledger = storage.ledger(loaded)
    await ledger.append(Entry(EntryKind.INTENT, "left-open", SystemClock().now(), {}, "key"))
    await ledger.close()
    await asyncio.to_thread(acts.record_by_command, loaded, Act.CONFIGURATION_IN_FORCE)
    async with gateway(loaded, io.StringIO()):
        with Log.open(loaded.ledger) as log:
            assert [each.entry.facts["result"] for each in log.entries(exchange_id="left-open", kind=EntryKind.OUTCOME)] == [
                "UNKNOWN"
            ]


async def test_each_act_has_an_id_of_its_own() -> None:
    ledger, clock = MemoryLedger(Journal()), HandClock()
    by = acts.actor(HostRole.GATEWAY)
    for _ in range(2):
        await acts.record(ledger, clock, Act.GATEWAY_STARTED, by)
    assert len({each.exchange_id for each in ledger.entries}) == 2
    assert by.operator == ""


@pytest.mark.parametrize("operator", ["测试甲", "a b", "-x", "x" * 65, "44010618900305001X", "id.440106189003050", "a\n", "."])
def test_an_id_that_could_name_a_person_is_refused(operator: str) -> None:
    with pytest.raises(acts.OperatorUnclear, match="no person's number") as error:
        acts.actor(HostRole.COMMAND, operator)
    assert operator not in str(error.value) or operator == "."


@pytest.mark.parametrize("operator", ["a", "ops-7", "zhang.wei@ops.example", "x" * 64])
def test_an_account_is_taken(operator: str) -> None:
    assert acts.actor(HostRole.COMMAND, operator).operator == operator


def test_an_acts_own_facts_do_not_say_who_did_it() -> None:
    with pytest.raises(RuntimeError):
        seal.act(Act.GATEWAY_STARTED, acts.actor(HostRole.COMMAND), "1", NOW, {"operator": "somebody else"})
