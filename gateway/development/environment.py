"""Both cities, a witness of each, and the gateway as separate processes, and a file that says where they are.

Law: brought up in order and taken down in reverse.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.clock import SystemClock, entropy
from gateway.development.layout import CITIES, CLIENTS, DESK, SERVER_NAME, Layout, lay_out, write_configuration
from gateway.development.processes import Started, StartError, alone, start_city, start_gateway, start_witness
from gateway.development.samples import SEARCH_BASIS, Sample, purpose, samples
from gateway.ledger.note import Verifier
from gateway.ledger.policy import Witness
from gateway.model.query import LegalBasis, MonthRange, Parameter, Purpose

_ANY = "127.0.0.1:0"


@dataclass(frozen=True, slots=True)
class Environment:
    """What is up. `gateway` and `metrics` are host:port, `cities` base URLs and `witnesses` programs by region.

    Without a program of `processes` nothing works; a witness may be stopped, to see what happens.
    """

    layout: Layout
    gateway: str
    metrics: str
    cities: Mapping[str, str]
    witnesses: Mapping[str, Started]
    processes: tuple[Started, ...]

    @property
    def file(self) -> Path:
        """Where scripts find all this."""
        return self.layout.folder / "dev.json"


@asynccontextmanager
async def environment(folder: Path, address: str = _ANY, city_options: tuple[str, ...] = ()) -> AsyncIterator[Environment]:
    """Everything up within the context. Raises StartError if a program does not come up."""
    async with AsyncExitStack() as stack:
        stack.enter_context(alone(folder))
        layout = lay_out(folder, SystemClock().now(), entropy)
        (layout.folder / "dev.json").unlink(missing_ok=True)
        started: list[Started] = []
        cities: dict[str, str] = {}
        coming = {region: asyncio.create_task(start_witness(region, layout)) for region in CITIES}
        for each in coming.values():
            stack.push_async_callback(_stopped, each)
        for region in CITIES:
            city = await start_city(region, layout, *city_options)
            stack.push_async_callback(city.stop)
            started.append(city)
            cities[region] = str(city.said["url"])
        witnesses = {region: await each for region, each in coming.items()}
        named = {region: _witness(region, each) for region, each in witnesses.items()}
        write_configuration(layout, cities, address, _ANY, witnesses=named)
        gateway = await start_gateway(layout)
        stack.push_async_callback(gateway.stop)
        up = Environment(layout, gateway.said["gateway"], gateway.said["metrics"], cities, witnesses, (*started, gateway))
        # Whole or not at all: a script may be waiting for the file to appear.
        unfinished = up.file.with_suffix(".part")
        unfinished.write_text(json.dumps(describe(up), ensure_ascii=False, indent=2) + "\n")
        stack.callback(up.file.unlink, missing_ok=True)
        unfinished.replace(up.file)
        yield up


async def _stopped(starting: asyncio.Task[Started]) -> None:
    """Ends a program that may not have come up yet."""
    with suppress(StartError):
        await (await starting).stop()


def _witness(region: str, started: Started) -> Witness:
    return Witness(CITIES[region], Verifier.parse(started.said["key"]), f"http://{started.said['witness']}")


def describe(up: Environment) -> dict[str, Any]:
    """dev.json: where everything is, and questions that work."""
    pki = up.layout.pki
    return {
        "gateway": up.gateway,
        "server_name": SERVER_NAME,
        "ca": str(pki.gateway_ca),
        "clients": {
            each.client: {
                "cert": str(pki.clients[each.client].certificate),
                "key": str(pki.clients[each.client].key),
                "region": each.region,
            }
            for each in CLIENTS
        },
        "cities": {region: [url] for region, url in up.cities.items()},
        "witnesses": {region: each.said["key"] for region, each in up.witnesses.items()},
        "city_client": {"cert": str(pki.gateway_client.certificate), "key": str(pki.gateway_client.key)},
        "config": str(up.layout.config),
        "ledger": str(up.layout.ledger),
        "metrics": f"http://{up.metrics}/metrics",
        "samples": [describe_sample(each) for each in samples()],
        "usage": {"client": DESK.client, "purpose": _purpose(purpose(DESK)), "legal_basis": _legal_basis(SEARCH_BASIS)},
    }


def _purpose(given: Purpose) -> dict[str, Any]:
    operator = given.operator
    return {
        "matter_code": given.matter_code,
        "matter_name": given.matter_name,
        "case_number": given.case_number,
        "operator": {"account": operator.account, "name": operator.name, "role": operator.role},
    }


def _legal_basis(given: LegalBasis) -> dict[str, Any]:
    return {"kind": given.kind.value, "reference": given.reference}


def describe_sample(sample: Sample) -> dict[str, Any]:
    """A sample as dev.json has it."""
    holder = sample.holder
    return {
        "type": sample.type,
        "region": sample.region,
        "holder": {"type": holder.type.value, "id_type": holder.id_type, "id_number": holder.id_number, "name": holder.name},
        "purpose": _purpose(sample.purpose),
        "legal_basis": _legal_basis(sample.legal_basis),
        "parameters": {name: _parameter(value) for name, value in sample.parameters.items()},
        "client": sample.client.client,
        "outcome": sample.outcome,
    }


def _parameter(value: Parameter) -> Any:
    return {"first": value.first, "last": value.last} if isinstance(value, MonthRange) else str(value)
