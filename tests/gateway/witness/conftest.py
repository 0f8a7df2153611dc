"""A log, and the record of a witness that watches it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.ledger.note import Signer
from gateway.witness.record import Record
from gateway.witness.submission import Logs
from tests.gateway.witness.growing import GrowingLog, witness


@pytest.fixture
def log() -> GrowingLog:
    return GrowingLog().grow(20)


@pytest.fixture
def logs(log: GrowingLog) -> Logs:
    return {log.origin: (log.signer.verifier,)}


@pytest.fixture
def city() -> Signer:
    return witness()


@pytest.fixture
def path(tmp_path: Path, city: Signer) -> Path:
    file = tmp_path / "witness.db"
    Record.create(file, city.verifier)
    return file


@pytest.fixture
def record(path: Path, city: Signer) -> Iterator[Record]:
    with closing(Record.open(path, city.verifier)) as opened:
        yield opened
