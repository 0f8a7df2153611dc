"""A whole development environment for each test process: both cities, the gateway and their certificates, by `kuacheng dev`."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from certs.development import KeyPair
from gateway.client import Holder, HolderType, Identity, LegalBasis, LegalBasisKind, MonthRange, Operator, Purpose
from gateway.development.city import City
from tests.journeys.unhurried import unhurried


@dataclass(frozen=True)
class Up:
    """What runs; `said` is dev.json."""

    said: dict[str, Any]

    def identity(self, client: str) -> Identity:
        pair = self.said["clients"][client]
        return Identity.from_files(Path(pair["cert"]), Path(pair["key"]), Path(self.said["ca"]))

    def city(self, region: str) -> City:
        pair = self.said["city_client"]
        authority = Path(self.said["config"]).parent / "pki" / "authorities" / f"{region}.pem"
        return City(self.said["cities"][region][0], KeyPair(Path(pair["cert"]), Path(pair["key"])), authority)


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
async def up(_standing: Up) -> Up:
    await unhurried(Path(_standing.said["config"]))
    return _standing


@pytest.fixture(scope="session")
def _standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
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
            yield Up(json.loads(line))
        finally:
            process.terminate()
            process.wait(90)
