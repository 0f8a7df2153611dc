"""A city that answers late: the gateway is killed meanwhile, another one brings the answer, and nothing personal was kept."""

import asyncio
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.client import Answer, Client, Identity, MonthRange, Outcome, Progress
from gateway.development.city import City
from gateway.development.environment import Environment, environment
from gateway.development.layout import SERVER_NAME, TERMINAL
from gateway.development.processes import Started, start_gateway
from gateway.development.samples import samples
from gateway.ledger.reading import Log
from gateway.model.binding import plain
from tests.journeys.unhurried import applied, waiting

LATE = 8.0
"""Seconds from the question until the city would answer; long before them it is held up, until another gateway watches."""
LEFT = 3.0
"""Seconds after which the gateway leaves with a ticket; the caller has many more."""
PATIENCE = 60.0
SAMPLE = next(
    each for each in samples() if (each.type, each.region, each.outcome) == ("social-insurance-proof", "440600", "ISSUED")
)


def client_of(up: Environment, gateway: Started) -> Client:
    pair = up.layout.pki.clients[TERMINAL.client]
    identity = Identity.from_files(pair.certificate, pair.key, up.layout.pki.gateway_ca)
    return Client(gateway.said["gateway"], identity, server_name=SERVER_NAME)


async def deferred(up: Environment, gateway: Started) -> Answer:
    async with client_of(up, gateway) as client:
        return await client.query(
            evidence_type=SAMPLE.type,
            region=SAMPLE.region,
            holder=SAMPLE.holder,
            purpose=SAMPLE.purpose,
            legal_basis=SAMPLE.legal_basis,
            parameters={"months": MonthRange("2024-01", "2024-06")},
            deadline=PATIENCE / 2,
        )


async def watched(up: Environment, gateway: Started, request_id: str) -> Any:
    """What `kuacheng watch` prints."""
    options = (
        "--dev",
        str(up.file),
        "--gateway",
        gateway.said["gateway"],
        "--sample",
        str(samples().index(SAMPLE)),
        "-o",
        "json",
    )
    command = (sys.executable, "-m", "gateway.cli", "watch", *options, "--request-id", request_id)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(told)


async def steps_of(client: Client, first: Answer, city: Started) -> list[Progress | Answer]:
    """All of them; the city goes on once it is seen that the question is with it."""
    steps: list[Progress | Answer] = []
    async for each in client.watch(first.question, deadline=PATIENCE):
        steps.append(each)
        if isinstance(each, Progress) and each.stage == "WITH_CITY":
            city.process.send_signal(signal.SIGCONT)
    return steps


async def test_the_answer_comes_though_the_gateway_was_killed_meanwhile(tmp_path: Path) -> None:
    async with environment(tmp_path / "dev") as up:
        await applied(up.layout.config, waiting("foshan.f4", LEFT))
        foshan = next(each for each in up.processes if each.name == "foshan")
        city = City(up.cities["440600"], up.layout.pki.gateway_client, up.layout.pki.authorities["440600"].certificate)
        await city.break_("f4", "latency", 1, seconds=LATE)
        gateway = up.processes[-1]
        first = await deferred(up, gateway)
        assert first.outcome is Outcome.DEFERRED
        # Its tables are a file, which the gateway looks at by itself.
        foshan.process.send_signal(signal.SIGSTOP)
        os.kill(gateway.process.pid, signal.SIGKILL)
        await gateway.process.wait()
        another = await start_gateway(up.layout)
        try:
            async with client_of(up, another) as client:
                steps = await steps_of(client, first, foshan)
            by_hand = await watched(up, another, first.request_id)
        finally:
            foshan.process.send_signal(signal.SIGCONT)
            await another.stop()
        assert [each.stage for each in steps if isinstance(each, Progress)] == ["ACCEPTED", "WITH_CITY", "ANSWERED"]
        last = steps[-1]
        assert isinstance(last, Answer)
        assert (last.outcome, last.deferral) == (Outcome.ISSUED, replace(first.deferral) if first.deferral else None)
        assert last.verify([str(each) for each in up.layout.verifiers()])
        assert (by_hand["outcome"], by_hand["evidence"]) == ("ISSUED", plain(last.evidence))
        assert last.evidence[0].holders[0].id_number == SAMPLE.holder.id_number
        asked = [each for each in await city.tape(0) if each["interface"] == "f4"]
        assert len(asked) == 1
        tickets = b"".join(each.read_bytes() for each in up.layout.ledger.parent.glob("*.deferred*"))
        assert first.exchange_id.encode() in tickets
        with Log.open(up.layout.ledger) as log:
            told = [
                each.entry for each in log.entries(limit=100) if each.entry.exchange_id in {first.exchange_id, last.exchange_id}
            ]
        assert [str(each.facts.get("result", each.kind.value)) for each in told] == ["INTENT", "DEFERRED", "INTENT", "ISSUED"]
        for kept in (tickets, str(told).encode()):
            assert not any(each.encode() in kept for each in (SAMPLE.holder.id_number, SAMPLE.holder.name))
