"""A front-end database is added by YAML alone and asked, in an SQLite file and in PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.config import ConfigError
from gateway.model.city import CityTicket
from gateway.model.refusal import Refusal
from tests.adapters.configured.departments import ACCOUNT, CREDENTIALS, FIRST, NAMES, NOBODY, SECOND
from tests.adapters.configured.desks import Desk, file_desk
from tests.adapters.configured.test_families import INVALID, REFUSED, UNAVAILABLE, check_evidence

WRONG = {"unknown": INVALID, "refused": REFUSED, "later": UNAVAILABLE, "garbage": INVALID}


@pytest.fixture
def server_desk(front_server: Any) -> Iterator[tuple[Desk, str]]:
    conninfo = f"host={front_server.folder} port={front_server.port} dbname=postgres user=owner"
    with psycopg.connect(conninfo, autocommit=True) as owner:
        desk = Desk(owner)
        owner.execute(f"CREATE ROLE {ACCOUNT} LOGIN PASSWORD '{CREDENTIALS['password']}'")
        owner.execute(f"GRANT INSERT ON fy_sq TO {ACCOUNT}")
        owner.execute(f"GRANT SELECT (sqbh) ON fy_sq TO {ACCOUNT}")
        owner.execute(f"GRANT SELECT ON fy_fk, fy_mx TO {ACCOUNT}")
        yield desk, f"postgresql://127.0.0.1:{front_server.port}/postgres"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
async def both(request: Any, site: Any, tmp_path: Path) -> AsyncIterator[tuple[Desk, Any]]:
    if request.param == "sqlite":
        desk, url = file_desk(tmp_path / "front.db"), f"sqlite://{tmp_path}/front.db"
    else:
        desk, url = request.getfixturevalue("server_desk")
    async with site.reached("tables", url) as reached:
        yield desk, reached
    desk.close()


async def test_the_department_s_record_its_no_record_and_its_faults(both: tuple[Desk, Any]) -> None:
    desk, reached = both
    for number in (FIRST, SECOND):
        (evidence,) = await reached.evidence(number)
        check_evidence(evidence, number)
    assert (await reached.ask(NOBODY)).no_record
    assert desk.asked() == [(ACCOUNT, "0", number, NAMES[number]) for number in (FIRST, SECOND, NOBODY)]
    for mood, reason in WRONG.items():
        desk.feel(mood)
        for number in (FIRST, NOBODY):
            with pytest.raises(Refusal, match=reason):
                await reached.ask(number)
    desk.feel("waiting")
    later = await reached.ask(FIRST, 1.0)
    assert isinstance(later, CityTicket)
    assert not await reached.adapter.ready(replace(reached.question(FIRST), ticket=later.ticket), 30.0)


def test_a_file_needs_no_password_and_http_no_database(site: Any, tmp_path: Path) -> None:
    def told(family: str, url: str, credentials: Any) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            site.load(family, url, credentials)
        return [str(each).partition("gateway.yaml:")[2] for each in caught.value.problems]

    here = "regions.440100.systems.aid"
    assert told("tables", "https://127.0.0.1:1", CREDENTIALS) == [
        f"12:14: {here}.url: its interface is of the family tables; write its url as "
        "postgresql://host:port/database or sqlite:///path"
    ]
    assert told("tables", f"sqlite://{tmp_path}/front.db", {"password": "x"}) == [
        f"18:9: {here}.credentials: the credential account is missing; name a file or variable for it",
        f"18:23: {here}.credentials.password: unknown credential of guangzhou.aid 'password'; known: account",
    ]
    assert told("soap", "sqlite:///front.db", CREDENTIALS) == [
        f"12:14: {here}.url: its interface is of the family soap; write its url as https://host:port"
    ]
