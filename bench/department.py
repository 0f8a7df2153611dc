"""A department behind a front-end database (F4) that answers at once what another answered once: both databases are SQLite files.

The other is asked when something is asked for the first time, whoever asks and when. So what a gateway spends can be measured without a
slow city behind it, as with bench.replaying. Usage: python -m bench.department --help
"""

import argparse
import asyncio
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import uvloop

from adapters.foshan.simulator.front import ANSWERS, REQUESTS, ROWS, front
from bench.serving import until_ended

_PAUSE_SECONDS: Final = 0.002
_FORM: Final = front("", 0.0)
_TICKET, _MARK, _MOMENT = _FORM.key, _FORM.mark, "sqsj"
_WAITS, _DONE = "0", "2"

Row = Mapping[str, Any]


class Table:
    """One database of the form of F4's."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=10.0)
        self.connection.row_factory = sqlite3.Row

    def found(self, table: str, column: str, value: str) -> list[dict[str, Any]]:
        """The rows whose column has this value."""
        return [dict(each) for each in self.connection.execute(f"SELECT * FROM {table} WHERE {column} = ?", (value,))]

    def put(self, table: str, rows: Sequence[Row]) -> None:
        """More rows, all of the same columns."""
        if rows:
            marks = ", ".join(f":{name}" for name in rows[0])
            self.connection.executemany(f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({marks})", rows)


class Department:
    """Works requests off, by what the other answered."""

    def __init__(self, ours: Table, other: Table) -> None:
        self._ours, self._other = ours, other
        self._told: dict[tuple[Any, ...], Mapping[str, Sequence[Row]]] = {}

    async def work_off(self) -> None:
        """Until cancelled."""
        while True:
            if waiting := self._ours.found(REQUESTS, _MARK, _WAITS):
                answers = [(each[_TICKET], await self._answer(each)) for each in waiting]
                self._ours.connection.execute("BEGIN IMMEDIATE")
                for table in (ROWS, ANSWERS):
                    self._ours.put(table, [{**row, _TICKET: ticket} for ticket, told in answers for row in told[table]])
                done = [(_DONE, ticket) for ticket, _ in answers]
                self._ours.connection.executemany(f"UPDATE {REQUESTS} SET {_MARK} = ? WHERE {_TICKET} = ?", done)
                self._ours.connection.execute("COMMIT")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _answer(self, asked: Row) -> Mapping[str, Sequence[Row]]:
        what = tuple(value for name, value in asked.items() if name not in {_TICKET, _MOMENT})
        if what not in self._told:
            ticket = secrets.token_hex(16)
            self._other.put(REQUESTS, [{**asked, _TICKET: ticket}])
            while not (found := self._other.found(ANSWERS, _TICKET, ticket)):  # noqa: ASYNC110  another program answers
                await asyncio.sleep(_PAUSE_SECONDS)
            self._told[what] = {ANSWERS: found, ROWS: self._other.found(ROWS, _TICKET, ticket)}
        return self._told[what]


async def _serve(options: argparse.Namespace) -> None:
    ours, other = Table(options.front), Table(options.other)
    with closing(ours.connection), closing(other.connection):
        ours.connection.execute("PRAGMA journal_mode=WAL")
        for each in (*_FORM.tables, f"CREATE INDEX waiting ON {REQUESTS} ({_MARK})"):
            ours.connection.execute(each)
        work = asyncio.create_task(Department(ours, other).work_off())
        await until_ended(front=str(options.front))
        work.cancel()


def main() -> None:
    """Work off until told to end."""
    parser = argparse.ArgumentParser(prog="python -m bench.department", description=__doc__)
    parser.add_argument("--front", type=Path, required=True, help="the database that is made")
    parser.add_argument("--other", type=Path, required=True, help="the database of whoever answers first")
    uvloop.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
