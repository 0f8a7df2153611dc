"""A front-end database (前置库) and the program of the city's that works it off: requests in one table, answers in others, some time later.

Laws: the tables are the only way in and out; a request is taken up once, and its answer is written in one transaction with the mark that
it was; which answer, says an operation as for every other interface, and faults and tape are those of the frame.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from adapters.simulation.faults import HANG, Fault, FaultBook
from adapters.simulation.operation import TABLE, Asked, Operation, Reply
from adapters.simulation.tape import Tape

_PAUSE_SECONDS = 0.02
_WAITS, _TAKEN, _DONE = "0", "1", "2"


@dataclass(frozen=True, slots=True)
class Front:
    """A front-end database: where it is, what its tables are, and how long an answer takes.

    `url` is sqlite:///path, or a conninfo of PostgreSQL; `key` and `mark` are the columns of the request table that name a request and
    say how far it is. An operation's reply is {table: [row, ...]}.
    """

    url: str = field(repr=False)
    tables: tuple[str, ...]
    key: str
    mark: str
    delay: float


@dataclass(frozen=True, slots=True)
class _Frame:
    tape: Tape
    book: FaultBook


class Store:
    """One connection, each group of statements a transaction."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.locked = False
        path = unquote(urlsplit(front.url).path) if front.url.startswith("sqlite:") else ""
        self._sign = "?" if path else "%s"
        self._connection: Any
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None)
            Path(path).chmod(0o600)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode=WAL")
        else:
            # Where the database is a file, nobody waits for the driver of a server.
            import psycopg
            from psycopg.rows import dict_row

            self._connection = psycopg.connect(front.url, autocommit=True, row_factory=dict_row)
        for statement in front.tables:
            self._connection.execute(statement)

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def waiting(self, table: str) -> list[dict[str, Any]]:
        """The requests that nobody took up yet; from now on they are taken up."""
        key, mark = self.front.key, self.front.mark
        found = [dict(each) for each in self._run(f"SELECT * FROM {table} WHERE {mark} = {self._sign}", _WAITS)]
        with self._at_once() if found else nullcontext():
            for each in found:
                self._run(f"UPDATE {table} SET {mark} = {self._sign} WHERE {key} = {self._sign}", _TAKEN, each[key])
        return found

    def lock(self, tables: Sequence[str]) -> None:
        """Nobody else can file a request in these tables until it is `unlock`ed."""
        if self._sign == "?":
            self._run("BEGIN EXCLUSIVE")
        else:
            self._run("BEGIN")
            self._run(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
        self.locked = True

    def unlock(self) -> None:
        """All goes on."""
        self._run("ROLLBACK")
        self.locked = False

    def answer(self, answers: Sequence[tuple[str, str, dict[str, list[dict[str, Any]]]]]) -> None:
        """These answers, (table, ticket, rows), each with its mark; all of them, or none."""
        with self._at_once():
            for table, ticket, rows in answers:
                self._answer(table, ticket, rows)

    def _answer(self, table: str, ticket: str, rows: dict[str, list[dict[str, Any]]]) -> None:
        for name, each in ((name, row) for name, some in rows.items() for row in some):
            marks = ", ".join(self._sign for _ in each)
            self._run(f"INSERT INTO {name} ({', '.join(each)}) VALUES ({marks})", *each.values())
        self._run(f"UPDATE {table} SET {self.front.mark} = {self._sign} WHERE {self.front.key} = {self._sign}", _DONE, ticket)

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        self._run("BEGIN")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def _run(self, text: str, *values: Any) -> Any:
        return self._connection.execute(text, values)


async def work_off(store: Store, operations: Sequence[Operation], tape: Tape, book: FaultBook, clock_offset: float = 0.0) -> None:
    """Works requests off until cancelled, and ends the connection."""
    with closing(store):
        due: list[tuple[float, Operation, str, Reply]] = []
        book.changed = partial(_hang_or_not, store, operations, book)
        while True:
            if not store.locked:
                now = time.time() + clock_offset  # noqa: TID251 - a city has a clock of its own
                for operation in operations:
                    for row in store.waiting(operation.path):
                        due += _taken_up(store.front, operation, row, now, _Frame(tape, book))
                now_due, due = [each for each in due if each[0] <= now], [each for each in due if each[0] > now]
                if now_due:
                    store.answer([(operation.path, ticket, json.loads(reply.body)) for _, operation, ticket, reply in now_due])
            await asyncio.sleep(_PAUSE_SECONDS)


def _hang_or_not(store: Store, operations: Sequence[Operation], book: FaultBook) -> None:
    """At once when the fault is armed, so that no question comes before it."""
    hangs = [each.path for each in operations if book.armed(each, HANG)]
    if hangs and not store.locked:
        store.lock(hangs)
    elif store.locked and not hangs:
        store.unlock()


async def end(work: asyncio.Task[None]) -> None:
    """Stops working off."""
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work


def _taken_up(
    front: Front, operation: Operation, row: dict[str, Any], now: float, frame: _Frame
) -> list[tuple[float, Operation, str, Reply]]:
    body = json.dumps(row, ensure_ascii=False).encode()
    asked = Asked(TABLE, operation.path, {}, {}, body, now)
    fault: Fault | None = frame.book.take(operation, operation.name)
    reply = operation.answer(replace(asked, fault=fault.name) if fault else asked)
    frame.tape.record(operation, operation.name, asked, reply, fault.name if fault else None)
    late = fault.seconds if fault and fault.name == "latency" else 0.0
    return (
        [] if fault and fault.name in {"silence", HANG} else [(now + front.delay + late, operation, str(row[front.key]), reply)]
    )
