"""A whole development environment for each test process: both cities, the gateway and their certificates, by `kuacheng dev`."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from certs.development import KeyPair
from gateway.client import Holder, HolderType, Identity, LegalBasis, LegalBasisKind, MonthRange, Operator, Purpose
from gateway.development.city import City
from tests.journeys.unhurried import unhurried


@dataclass(frozen=True)
class NearCity(City):
    """A city with a connection that stays: tests tell it a thousand times what to do, and a handshake costs more than what it does."""

    standing: ClientSession

    @asynccontextmanager
    async def session(self) -> AsyncIterator[ClientSession]:
        yield self.standing


@dataclass(frozen=True)
class Up:
    """What runs; `said` is dev.json."""

    said: dict[str, Any]
    cities: dict[str, NearCity]

    def identity(self, client: str) -> Identity:
        pair = self.said["clients"][client]
        return Identity.from_files(Path(pair["cert"]), Path(pair["key"]), Path(self.said["ca"]))

    def city(self, region: str) -> City:
        return self.cities[region]


def question(sample: dict[str, Any]) -> dict[str, Any]:
    """A sample of dev.json as the arguments of Client.query."""
    holder, purpose, basis = sample["holder"], sample["purpose"], sample["legal_basis"]
    operator = purpose["operator"]
    return {
        "evidence_type": sample["type"],
        "region": sample["region"],
        "holder": Holder(HolderType(holder["type"]), holder["id_type"], holder["id_number"], holder["name"]),
        "purpose": Purpose(
            purpose["matter_code"],
            purpose["matter_name"],
            purpose["case_number"],
            Operator(operator["account"], operator["role"], operator["name"]),
        ),
        "legal_basis": LegalBasis(LegalBasisKind(basis["kind"]), basis["reference"]),
        "parameters": {name: _parameter(name, value) for name, value in sample["parameters"].items()},
    }


def _parameter(name: str, value: Any) -> MonthRange | date | str:
    """dev.json has months in two parts, and anything else as text; a day is told by its name."""
    if isinstance(value, dict):
        return MonthRange(value["first"], value["last"])
    return date.fromisoformat(value) if name.endswith("_on") else str(value)


@pytest.fixture(scope="session")
async def up(_said: dict[str, Any]) -> AsyncIterator[Up]:
    await unhurried(Path(_said["config"]))
    async with AsyncExitStack() as stack:
        yield Up(_said, {region: await _near(_said, region, stack) for region in _said["cities"]})


async def _near(said: dict[str, Any], region: str, stack: AsyncExitStack) -> NearCity:
    pair = KeyPair(Path(said["city_client"]["cert"]), Path(said["city_client"]["key"]))
    city = City(said["cities"][region][0], pair, Path(said["config"]).parent / "pki" / "authorities" / f"{region}.pem")
    return NearCity(city.url, city.pair, city.authority, await stack.enter_async_context(city.session()))


@pytest.fixture(scope="session")
def _said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("environment")
    with subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "dev", "--folder", str(folder / "dev"), "-o", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "kuacheng dev did not come up"
        try:
            yield json.loads(line)
        finally:
            process.terminate()
            process.wait(90)
