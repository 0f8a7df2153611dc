"""Foshan's simulator, started once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.foshan.simulator.serving import SECRETS, City, start
from tests.adapters.simulation.certified import Issuer


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    issuer = Issuer.of(folder, "ca")
    for name in ("server", "client"):
        issuer.issued(name)
    (folder / "secrets.json").write_text(json.dumps(SECRETS), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def city(pki: Path) -> Iterator[City]:
    running = start(pki)
    running.refresh()
    yield running
    assert running.end() == 0
