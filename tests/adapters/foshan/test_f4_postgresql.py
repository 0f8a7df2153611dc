"""F4 over PostgreSQL: TLS with the server's name verified and the gateway's certificate shown, and a city that restarts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from adapters.connectors.fronting import FrontAdapter
from adapters.connectors.settings import SystemSettings
from adapters.foshan.f4_client import f4_adapter
from adapters.foshan.simulator.front import Counter, front
from adapters.foshan.simulator.records import Register
from adapters.simulation.faults import FaultBook
from adapters.simulation.front import Store, end, work_off
from adapters.simulation.tape import Tape
from certs.development import DevelopmentPki
from gateway.clock import SystemClock, entropy
from gateway.model.city import CityAnswer, CityTicket
from gateway.model.refusal import Refusal
from tests.adapters.asking import question
from tests.adapters.conftest import FrontServer

pytestmark = pytest.mark.needs("postgresql")

KIND, ACCOUNT = "social-insurance-proof", "front_account"
ASKED = question("foshan", KIND, 1)


@pytest.fixture
async def tables(
    front_server: FrontServer, settings_of: Callable[..., SystemSettings], pki: DevelopmentPki
) -> AsyncIterator[Any]:
    port = front_server.port
    conninfo = f"host={front_server.folder} port={port} dbname=postgres user=owner"
    operations = Counter(Register(40, 30, 1), ACCOUNT).operations()
    book = FaultBook(operations)
    store = Store(front(conninfo, 0.0))
    grant(conninfo)
    work = asyncio.create_task(work_off(store, operations, Tape(), book))
    settings = settings_of(
        "foshan.f4",
        f"postgresql://127.0.0.1:{port}/postgres",
        authorities_file=str(pki.authorities["440600"].certificate),
        credentials={"account": ACCOUNT, "password": "a password"},
    )
    adapter = f4_adapter(settings, SystemClock(), entropy)
    try:
        yield adapter, settings, book
    finally:
        await adapter.close()
        with suppress(psycopg.Error):
            await end(work)


def grant(conninfo: str) -> None:
    """The account may file requests and read answers, and no more."""
    with psycopg.connect(conninfo, autocommit=True) as owner:
        if owner.execute(f"SELECT 1 FROM pg_roles WHERE rolname = '{ACCOUNT}'").fetchone() is None:
            owner.execute(f"CREATE ROLE {ACCOUNT} LOGIN PASSWORD 'a password'")
        owner.execute(f"GRANT INSERT ON qz_cbzm_sq TO {ACCOUNT}")
        owner.execute(f"GRANT SELECT (sqbh) ON qz_cbzm_sq TO {ACCOUNT}")
        owner.execute(f"GRANT SELECT ON qz_cbzm_fk, qz_cbzm_jfmx TO {ACCOUNT}")


async def test_a_question_crosses_and_is_answered(tables: tuple[FrontAdapter, Any, FaultBook]) -> None:
    adapter, _, book = tables
    answer = await adapter.ask(ASKED, 10.0)
    assert isinstance(answer, CityAnswer)
    assert answer.status == "00"
    (record,) = answer.records
    assert len(record["jfmx"]) == 72  # type: ignore[arg-type]
    book.arm({"interface": "f4", "fault": "two_holders"})
    with pytest.raises(Refusal, match="HOLDER_AMBIGUOUS"):
        await adapter.ask(ASKED, 10.0)


async def test_tables_that_somebody_has_locked_are_a_city_that_does_not_answer_in_time(
    tables: tuple[FrontAdapter, Any, FaultBook],
) -> None:
    adapter, _, book = tables
    await adapter.ask(ASKED, 10.0)
    book.arm({"interface": "f4", "fault": "hang", "times": -1})
    with pytest.raises(Refusal, match="CITY_TIMEOUT"):
        await adapter.ask(ASKED, 1.0)
    book.clear()
    assert isinstance(await adapter.ask(ASKED, 10.0), CityAnswer)


async def test_the_server_s_name_and_our_password_count(tables: tuple[FrontAdapter, SystemSettings, FaultBook]) -> None:
    _, settings, _ = tables
    credentials = {**settings.credentials, "password": "another"}
    for wrong, reason in (
        (replace(settings, server_name="another.test"), "UNAVAILABLE"),
        (replace(settings, credentials=credentials), "REFUSED"),
    ):
        adapter = f4_adapter(wrong, SystemClock(), entropy)
        with pytest.raises(Refusal, match=f"CITY_{reason}") as caught:
            await adapter.ask(ASKED, 10.0)
        assert "password" not in caught.value.detail
        await adapter.close()


async def test_a_connection_that_ended_meanwhile_is_made_anew(
    front_server: FrontServer, tables: tuple[FrontAdapter, Any, FaultBook]
) -> None:
    adapter, _, book = tables
    await adapter.ask(ASKED, 10.0)
    book.arm({"interface": "f4", "fault": "silence"})
    ticket = await adapter.ask(ASKED, 2.0)
    assert isinstance(ticket, CityTicket)
    front_server.stop()
    with pytest.raises(Refusal, match="CITY_UNAVAILABLE"):
        await adapter.ready(replace(ASKED, ticket=ticket.ticket), 30.0)
    front_server.start()
    assert not await adapter.ready(replace(ASKED, ticket=ticket.ticket), 30.0)
