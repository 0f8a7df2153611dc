"""Many at one front-end database, an SQLite file and PostgreSQL: what they share, and that the fate of one is not that of another."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.connectors.database import Database, Row, Statement
from adapters.connectors.front_tables import FrontDialect
from adapters.connectors.fronting import FrontAdapter
from adapters.connectors.settings import SystemSettings
from certs.development import DevelopmentPki
from gateway.clock import SystemClock, entropy
from gateway.model.city import CityAnswer, CityRequest, CityTicket
from gateway.model.refusal import Refusal, Unasked
from tests.adapters.conftest import FrontServer
from tests.adapters.connectors.test_front_tables import TABLES

SYSTEM, ACCOUNT, OTHERS = "foshan.front", "shared_account", "f" * 32
LONG = 30.0
MADE = (
    "CREATE TABLE asked (ticket CHAR(32) PRIMARY KEY, at TEXT, who TEXT, mark INTEGER, number TEXT CHECK (number <> 'wrong'))",
    "CREATE TABLE answered (ticket CHAR(32), flag TEXT, code TEXT, number TEXT, name TEXT, rows_told INTEGER)",
    "CREATE TABLE detail (ticket CHAR(32), place INTEGER, amount TEXT)",
)


class Department:
    """Reads what is asked and answers as it is told."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._mark = "?" if isinstance(connection, sqlite3.Connection) else "%s"
        for each in MADE:
            self.run(each)

    def run(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(text.replace("?", self._mark), values)
        return list(cursor.fetchall()) if cursor.description else []

    async def asked(self, count: int) -> dict[str, str]:
        """Tickets by number, once there are so many."""
        async with asyncio.timeout(LONG):
            while len(found := await asyncio.to_thread(self.run, "SELECT number, ticket FROM asked")) < count:
                pass
        return dict(found)

    def answer(self, *rows: tuple[object, ...]) -> None:
        """Rows of answers (ticket, flag, code, number, rows_told), each with one row of details."""
        self.run("BEGIN")
        for each in rows:
            self.run("INSERT INTO answered (ticket, flag, code, number, rows_told) VALUES (?, ?, ?, ?, ?)", *each)
            self.run("INSERT INTO detail VALUES (?, 1, ?)", each[0], each[3])
        self.run("COMMIT")


class Counted:
    """Hands statements on to the database and keeps them, with what they brought."""

    def __init__(self, adapter: FrontAdapter) -> None:
        self._run = adapter._database.run
        self.groups: list[Sequence[Statement]] = []
        self.rows: list[Row] = []
        self._looks = asyncio.Semaphore(0)
        adapter._database.run = self  # type: ignore[method-assign,assignment]

    async def __call__(self, statements: Sequence[Statement], seconds: float) -> list[list[Row]]:
        self.groups.append(statements)
        told = await self._run(statements, seconds)
        self.rows += [row for rows in told for row in rows]
        if statements[0].text.startswith("SELECT DISTINCT"):
            self._looks.release()
        return told

    async def looked(self, seconds: float) -> None:
        """Waits for the next look to end."""
        async with asyncio.timeout(seconds):
            await self._looks.acquire()

    def filed(self) -> int:
        return sum(each[0].text.startswith("INSERT") for each in self.groups)

    def fetches(self) -> int:
        return sum(len(each) == 2 for each in self.groups)


@contextmanager
def in_server(front_server: FrontServer) -> Iterator[Department]:
    conninfo = f"host={front_server.folder} port={front_server.port} dbname=postgres user=owner"
    with psycopg.connect(conninfo, autocommit=True) as owner:
        department = Department(owner)
        if not department.run("SELECT 1 FROM pg_roles WHERE rolname = ?", ACCOUNT):
            department.run(f"CREATE ROLE {ACCOUNT} LOGIN PASSWORD 'a password'")
        department.run(f"GRANT INSERT, SELECT (ticket) ON asked TO {ACCOUNT}")
        department.run(f"GRANT SELECT ON answered, detail TO {ACCOUNT}")
        yield department
    with psycopg.connect(conninfo, autocommit=True) as owner:
        owner.execute("DROP TABLE asked, answered, detail")


@asynccontextmanager
async def reached(settings: SystemSettings) -> AsyncIterator[FrontAdapter]:
    adapter = FrontAdapter(settings, FrontDialect(settings.name, ACCOUNT, {"proof": TABLES}), SystemClock(), entropy)
    try:
        yield adapter
    finally:
        await adapter.close()


@pytest.fixture
async def at_server(
    front_server: FrontServer, settings_of: Callable[..., SystemSettings], pki: DevelopmentPki
) -> AsyncIterator[tuple[FrontAdapter, Department]]:
    url = f"postgresql://127.0.0.1:{front_server.port}/postgres"
    credentials = {"account": ACCOUNT, "password": "a password"}
    authority = str(pki.authorities["440600"].certificate)
    with in_server(front_server) as department:
        async with reached(settings_of(SYSTEM, url, authorities_file=authority, credentials=credentials)) as adapter:
            yield adapter, department


@pytest.fixture
async def at_file(settings_of: Callable[..., SystemSettings], tmp_path: Path) -> AsyncIterator[tuple[FrontAdapter, Department]]:
    path = tmp_path / "front.db"
    department = Department(sqlite3.connect(path, isolation_level=None, check_same_thread=False))
    async with reached(settings_of(SYSTEM, f"sqlite://{path}")) as adapter:
        yield adapter, department
    department._connection.close()


@pytest.fixture(params=["at_file", pytest.param("at_server", marks=pytest.mark.needs("postgresql"))])
def both(request: Any) -> Any:
    return request.param


@pytest.fixture
def place(both: str, request: pytest.FixtureRequest) -> tuple[FrontAdapter, Department]:
    found: tuple[FrontAdapter, Department] = request.getfixturevalue(both)
    return found


def question(number: str, ticket: str = "") -> CityRequest:
    return CityRequest(SYSTEM, "proof", {"number": number}, ticket)


def asking(adapter: FrontAdapter, *numbers: str, seconds: float = LONG) -> list[asyncio.Task[Any]]:
    return [asyncio.create_task(adapter.ask(question(each), seconds)) for each in numbers]


def numbers_of(answers: Sequence[Any]) -> list[Any]:
    return [each.records[0]["number"] for each in answers if isinstance(each, CityAnswer)]


async def ended(tasks: Sequence[asyncio.Task[Any]]) -> list[Any]:
    async with asyncio.timeout(LONG):
        return await asyncio.gather(*tasks, return_exceptions=True)


async def test_many_share_statements_and_each_has_its_own_answer_when_it_comes(place: tuple[FrontAdapter, Department]) -> None:
    adapter, department = place
    counted = Counted(adapter)
    department.answer((OTHERS, "2", "00", "not ours", 1))
    names = [str(number) for number in range(20)]
    *tasks, late, left = asking(adapter, *names, "late", "left")
    tickets = await department.asked(22)
    assert counted.filed() == 1
    left.cancel()
    department.answer(*[(tickets[each], "2", "00", each, 1) for each in names], (tickets["late"], "0", None, None, None))
    answers = await ended(tasks)
    assert numbers_of(answers) == names
    assert [each.records[0]["rows"] for each in answers] == [[{"amount": each}] for each in names]
    assert counted.fetches() <= len(names) / 2
    assert not late.done()
    before = len(counted.groups)
    department.run("UPDATE answered SET flag = '2', code = '04', rows_told = 0 WHERE ticket = ?", tickets["late"])
    department.run("DELETE FROM detail WHERE ticket = ?", tickets["late"])
    (answer,) = await ended([late])
    assert answer.no_record
    afterwards = {value for each in counted.groups[before:] for statement in each for value in statement.values}
    assert afterwards <= {tickets["late"], *TABLES.waiting}
    assert {row[-1] for row in counted.rows} <= {*tickets.values()}
    desk = adapter._desks["proof"]
    assert [*desk._looker._waiting, *desk._filing._waiting, *desk._fetching._waiting] == []


async def test_a_city_that_answers_at_once_is_not_looked_at_first(at_file: tuple[FrontAdapter, Department]) -> None:
    adapter, department = at_file
    counted = Counted(adapter)
    answered = "INSERT INTO answered (ticket, flag, code, rows_told) VALUES (NEW.ticket, '2', '04', 0)"
    department.run(f"CREATE TRIGGER at_once AFTER INSERT ON asked BEGIN {answered}; END")
    for _ in range(2):
        assert (await adapter.ask(question("one"), LONG)).no_record  # type: ignore[union-attr]
    assert (counted.filed(), counted.fetches(), len(counted.groups)) == (2, 2, 4)
    department.run("DROP TRIGGER at_once")
    for filed, number in enumerate(("two", "three"), 3):
        counted.groups.clear()
        (task,) = asking(adapter, number)
        ticket = (await department.asked(filed))[number]
        for _ in range(3):
            await counted.looked(LONG)
        department.answer((ticket, "2", "00", number, 1))
        assert numbers_of(await ended([task])) == [number]
    assert counted.fetches() == 1


async def test_an_answer_that_is_none_spoils_its_own_exchange_alone(place: tuple[FrontAdapter, Department]) -> None:
    adapter, department = place
    spoilt = {"flag": "INVALID", "code": "INVALID", "twice": "INVALID", "holders": "AMBIGUOUS", "rows": "INVALID"}
    tasks = asking(adapter, *spoilt, "one", "other")
    tickets = await department.asked(len(tasks))
    fine = {each: (ticket, "2", "00", each, 1) for each, ticket in tickets.items()}
    department.answer(
        (tickets["flag"], None, "00", "flag", 1),
        (tickets["code"], "2", "77", "code", 1),
        *[fine["twice"]] * 3,
        *[fine["holders"], (*fine["holders"][:3], "another", 1)],
        (*fine["rows"][:4], 5),
        fine["one"],
        fine["other"],
    )
    told = await ended(tasks)
    for each, reason in zip(told, spoilt.values(), strict=False):
        assert isinstance(each, Refusal)
        assert reason in each.reason.name
    assert numbers_of(told) == ["one", "other"]


async def test_a_question_that_the_tables_do_not_take_keeps_no_other_out(place: tuple[FrontAdapter, Department]) -> None:
    adapter, department = place
    wrong, *tasks = asking(adapter, "wrong", "one", "other")
    tickets = await department.asked(2)
    (refusal,) = await ended([wrong])
    assert isinstance(refusal, Refusal)
    assert (refusal.reason.name, "wrong" in str(refusal)) == ("CITY_UNAVAILABLE", False)
    department.answer(*[(ticket, "2", "00", each, 1) for each, ticket in tickets.items()])
    assert numbers_of(await ended(tasks)) == ["one", "other"]


async def test_a_table_that_goes_amid_waiting_leaves_everyone_with_a_good_ticket(
    at_file: tuple[FrontAdapter, Department],
) -> None:
    adapter, department = at_file
    tasks = asking(adapter, "one", "other")
    tickets = await department.asked(2)
    department.run("ALTER TABLE answered RENAME TO gone")
    left = await ended(tasks)
    assert [each.ticket for each in left if isinstance(each, CityTicket)] == list(tickets.values())
    with pytest.raises(Refusal, match="CITY_UNAVAILABLE"):
        await adapter.ready(question("one", tickets["one"]), LONG)
    department.run("ALTER TABLE gone RENAME TO answered")
    department.answer((tickets["one"], "2", "00", "one", 1))
    found = [await adapter.ready(question(each, ticket), LONG) for each, ticket in tickets.items()]
    assert sorted(found) == [False, True]
    again = await ended([asyncio.create_task(adapter.ask(question(each, ticket), LONG)) for each, ticket in tickets.items()])
    assert numbers_of(again) == ["one"]
    assert sum(isinstance(each, CityTicket) for each in again) == 1


@pytest.mark.needs("postgresql")
async def test_a_server_that_stops_amid_waiting(at_server: tuple[FrontAdapter, Department], front_server: FrontServer) -> None:
    adapter, department = at_server
    tasks = asking(adapter, "one", "other")
    tickets = await department.asked(2)
    department._connection.close()
    front_server.stop()
    try:
        left = await ended(tasks)
        assert {each.ticket for each in left if isinstance(each, CityTicket)} == {*tickets.values()}
        told = [*await ended(asking(adapter, "one", "two")), *await ended(asking(adapter, "three"))]
        assert [each.reason.name for each in told] == ["CITY_UNAVAILABLE"] * 3
        assert isinstance(told[-1], Unasked)
    finally:
        front_server.start()
    assert not await adapter.ready(question("one", tickets["one"]), LONG)


@pytest.mark.needs("postgresql")
async def test_a_question_that_may_have_gone_out_is_never_called_unasked(
    at_server: tuple[FrontAdapter, Department], front_server: FrontServer
) -> None:
    adapter, _ = at_server
    await adapter.greet(LONG)
    front_server.stop()
    try:
        told = [*await ended(asking(adapter, "one")), *await ended(asking(adapter, "one"))]
    finally:
        front_server.start()
    assert [type(each) for each in told].count(Refusal) == 1
    assert isinstance(told[1], Unasked)


@pytest.mark.needs("postgresql")
async def test_a_statement_that_takes_too_long_is_begun_once(
    front_server: FrontServer, settings_of: Callable[..., SystemSettings], pki: DevelopmentPki
) -> None:
    credentials = {"account": ACCOUNT, "password": "a password"}
    authority = str(pki.authorities["440600"].certificate)
    url = f"postgresql://127.0.0.1:{front_server.port}/postgres"
    settings = settings_of(SYSTEM, url, authorities_file=authority, credentials=credentials, connections=1, timeout=0.5)
    with in_server(front_server) as department:
        department.run("CREATE SEQUENCE begun")
        department.run(f"GRANT USAGE ON begun TO {ACCOUNT}")
        database = Database(settings)
        try:
            await database.run((Statement("SELECT 1"),), LONG)
            with pytest.raises(Refusal, match="CITY_TIMEOUT") as refused:
                await database.run((Statement("SELECT nextval('begun'), pg_sleep(60)"),), LONG)
            assert type(refused.value) is Refusal
            assert await database.run((Statement("SELECT 1"),), LONG) == [[(1,)]]
            assert department.run("SELECT last_value FROM begun") == [(1,)]
        finally:
            await database.close()
            department.run("DROP SEQUENCE begun")


@pytest.mark.needs("postgresql")
async def test_a_right_that_is_taken_away_amid_waiting_is_a_refusal_to_all(at_server: tuple[FrontAdapter, Department]) -> None:
    adapter, department = at_server
    tasks = asking(adapter, "one", "other")
    await department.asked(2)
    department.run(f"REVOKE SELECT ON answered FROM {ACCOUNT}")
    assert [each.reason.name for each in await ended(tasks)] == ["CITY_REFUSED"] * 2
