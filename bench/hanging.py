"""One interface hangs; how do the others fare? The whole development environment, asked at a fixed rate with and without the fault.

Rounds A B A B: in B the interface of the fault is asked too, and never answers. What is compared is the latency of everything else, counted
from when each question was due, in the same run. The mark: a p99 of at most 1.5 times what it is without the fault.
Usage: python -m bench.hanging [--interface f1] [--rate 40] [--seconds 10] [--rounds 2]
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.load import Seen
from gateway.client import Client, ClientFailure, Identity, QueryRefused
from gateway.development.city import City
from gateway.development.environment import Environment, environment
from gateway.development.layout import INTERFACES, SERVER_NAME
from gateway.development.samples import Sample, samples

MARK: Final = 1.5
DEADLINE: Final = 8.0
REGION_OF: Final = {interface: region for region, named in INTERFACES.items() for interface in named}


@dataclass(frozen=True, slots=True)
class Round:
    """What one round saw: the others' latencies, and how the questions to the hanging interface ended."""

    others: Seen
    told: Counter[str]


async def asked(client: Client, sample: Sample, due: float) -> tuple[float, str]:
    """Seconds since it was due, and how it ended."""
    try:
        answer = await client.query(
            evidence_type=sample.type,
            region=sample.region,
            holder=sample.holder,
            purpose=sample.purpose,
            legal_basis=sample.legal_basis,
            parameters=sample.parameters,
            deadline=DEADLINE,
        )
        told = answer.outcome.value
    except QueryRefused as refused:
        told = refused.reason
    except ClientFailure as failure:
        told = failure.code.name
    return time.perf_counter() - due, told


async def paced(clients: dict[str, Client], asking: Sequence[Sample], rate: float, seconds: float) -> list[tuple[float, str]]:
    """Asks in turn at this rate, whatever comes back."""
    began, tasks = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        due, sample = began + number / rate, asking[number % len(asking)]
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(asked(clients[sample.client.client], sample, due)))
    return await asyncio.gather(*tasks)


async def one_round(
    clients: dict[str, Client], others: Sequence[Sample], hanging: Sequence[Sample], rate: float, seconds: float
) -> Round:
    """Everything else at this rate, and the hanging interface at half of it."""
    began = time.perf_counter()
    ends, stuck = await asyncio.gather(
        paced(clients, others, rate, seconds), paced(clients, hanging, rate / 2, seconds) if hanging else asyncio.sleep(0, [])
    )
    if wrong := {told for _, told in ends} - {"ISSUED"}:
        raise RuntimeError(f"a question to another interface ended as {', '.join(sorted(wrong))}")
    latencies = tuple(sorted(took for took, _ in ends))
    return Round(Seen(len(ends), time.perf_counter() - began, latencies), Counter(told for _, told in stuck))


def divided(interface: str) -> tuple[list[Sample], list[Sample]]:
    """What the samples ask of everything else, and of this interface; only what is answered."""
    from gateway.config import survey_tables

    systems = {(each.region, each.type): each.system for each in survey_tables(("shipped",), ("shipped",), Path()).coverage}
    issued = [each for each in samples() if each.outcome == "ISSUED"]
    of_it = [each for each in issued if systems[each.region, each.type].endswith(f".{interface}")]
    return [each for each in issued if each not in of_it], of_it


def city(up: Environment, region: str) -> City:
    """The city's simulator, from outside."""
    return City(up.cities[region], up.layout.pki.gateway_client, up.layout.pki.authorities[region].certificate)


async def run(options: argparse.Namespace) -> int:
    """All rounds; 1 where the mark is missed."""
    others, of_it = divided(options.interface)
    with tempfile.TemporaryDirectory() as folder:
        async with environment(Path(folder) / "dev") as up:
            clients = await _clients(up, [*others, *of_it])
            await paced(clients, [*others, *of_it], options.rate, 2.0)
            calm, stormy = [], []
            for _ in range(options.rounds):
                calm.append(await one_round(clients, others, (), options.rate, options.seconds))
                await city(up, REGION_OF[options.interface]).break_(options.interface, "hang", -1)
                stormy.append(await one_round(clients, others, of_it, options.rate, options.seconds))
                await city(up, REGION_OF[options.interface]).mend()
            for each in clients.values():
                await each.close()
    return _told(options.interface, calm, stormy)


async def _clients(up: Environment, asking: Sequence[Sample]) -> dict[str, Client]:
    found: dict[str, Client] = {}
    for each in asking:
        pair = up.layout.pki.clients[each.client.client]
        identity = Identity.from_files(pair.certificate, pair.key, up.layout.pki.gateway_ca)
        found.setdefault(each.client.client, Client(up.gateway, identity, server_name=SERVER_NAME, attempts=1))
    return found


def _told(interface: str, calm: Sequence[Round], stormy: Sequence[Round]) -> int:
    write: Any = sys.stdout.write
    told = sum((each.told for each in stormy), Counter[str]())
    for name, rounds in (("all well", calm), (f"{interface} hangs", stormy)):
        p50, p99 = (median(each.others.quantile_ms(part) for each in rounds) for part in (0.5, 0.99))
        write(
            f"{name:12} the others: p50 {p50:7.1f} ms, p99 {p99:7.1f} ms, {sum(each.others.answers for each in rounds)} answers\n"
        )
    ratio = median(each.others.quantile_ms(0.99) for each in stormy) / median(each.others.quantile_ms(0.99) for each in calm)
    write(f"questions to {interface}: {', '.join(f'{count} {reason}' for reason, count in told.most_common())}\n")
    write(f"p99 of the others: {ratio:.2f} times what it is when all is well (mark: at most {MARK})\n")
    return int(ratio > MARK)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--interface", choices=sorted(REGION_OF), default="f1")
    parser.add_argument("--rate", type=float, default=40.0, help="questions a second to everything else")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(run(_options())))
