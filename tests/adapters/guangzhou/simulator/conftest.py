"""Guangzhou's program, started once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.guangzhou.simulator.serving import SECRETS, Authority, City, connected


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Certificates of two authorities and the secrets file."""
    folder = tmp_path_factory.mktemp("guangzhou")
    known, stranger = Authority(folder, "known"), Authority(folder, "stranger")
    secrets = folder / "secrets.json"
    secrets.write_text(json.dumps(SECRETS), encoding="utf-8")
    stranger.certificate()
    return {
        "ca": known.certificate(),
        "server": known.issue("server"),
        "client": known.issue("client"),
        "stranger": stranger.issue("client"),
        "secrets": secrets,
    }


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
