"""Guangzhou's program, started once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.guangzhou.simulator.serving import SECRETS, City, connected
from tests.adapters.simulation.certified import Issuer, Pair


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Certificates of two authorities and the secrets file."""
    folder = tmp_path_factory.mktemp("guangzhou")
    known, stranger = Issuer.of(folder, "known"), Issuer.of(folder, "unknown")
    secrets = folder / "secrets.json"
    secrets.write_text(json.dumps(SECRETS), encoding="utf-8")
    return {
        "ca": known.certificate,
        "server": one_file(known.issued("server")),
        "client": one_file(known.issued("client")),
        "stranger": one_file(stranger.issued("stranger")),
        "secrets": secrets,
    }


def one_file(pair: Pair) -> Path:
    """Certificate and key, as the program takes them too."""
    pair.certificate.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
    return pair.certificate


@pytest.fixture(scope="session")
def running(files: dict[str, Path]) -> Iterator[City]:
    """One program for all tests that leave it as they found it."""
    yield from connected(files)


@pytest.fixture
def city(running: City) -> City:
    """The program, logged in, with no fault armed."""
    running.call("DELETE", "/_simulator/faults")
    running.login()
    return running
