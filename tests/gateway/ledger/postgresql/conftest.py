"""A log that nobody has begun, and how it is opened."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.ledger.postgresql.connecting import Database
from gateway.ledger.postgresql.writing import PostgresqlLedger
from tests.gateway.ledger.keyring import signers
from tests.postgresql import Server

LOG = "kuacheng.test/2026a"


@pytest.fixture
def database(postgresql: Server) -> Database:
    return postgresql.empty()


@pytest.fixture
def opened() -> Callable[..., Any]:
    """`async with opened(database, ...) as ledger`."""

    @asynccontextmanager
    async def open_(database: Database, seed: int = 7, **options: Any) -> AsyncIterator[PostgresqlLedger]:
        options = {"log": LOG, "signers": signers(LOG), "entropy": random.Random(seed).randbytes} | options  # noqa: S311 - nonces of a test
        ledger = PostgresqlLedger.open(database, **options)
        try:
            yield ledger
        finally:
            await ledger.close()

    return open_
