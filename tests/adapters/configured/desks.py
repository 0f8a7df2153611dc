"""The same department behind a front-end database: tables in SQLite or PostgreSQL that answer by a trigger, in the database's own time."""

import sqlite3
from pathlib import Path

import psycopg

from tests.adapters.configured.departments import FIRST, SECOND, record

_TABLES = (
    "CREATE TABLE fy_sq (sqbh CHAR(32) PRIMARY KEY, sqsj TEXT, yh TEXT, zt TEXT, sfzh TEXT, xm TEXT, sxbm TEXT)",
    "CREATE TABLE fy_fk (sqbh CHAR(32), blzt TEXT, fkdm TEXT, zmbh TEXT, jgmc TEXT, kjrq TEXT, xm TEXT, sfzh TEXT, zt TEXT, ajts INTEGER)",
    "CREATE TABLE fy_mx (sqbh CHAR(32), xh INTEGER, ajbh TEXT, je TEXT)",
    "CREATE TABLE persons (zmbh TEXT, jgmc TEXT, kjrq TEXT, zt TEXT, xm TEXT, sfzh TEXT, ajts INTEGER)",
    "CREATE TABLE cases (sfzh TEXT, xh INTEGER, ajbh TEXT, je TEXT)",
    "CREATE TABLE mood (flag TEXT, code TEXT)",
    "INSERT INTO mood VALUES ('2', NULL)",
)
_ANSWERED = (
    "INSERT INTO fy_fk SELECT NEW.sqbh, flag, coalesce(code, CASE WHEN zmbh IS NULL THEN '04' ELSE '00' END),"
    " zmbh, jgmc, kjrq, xm, sfzh, zt, coalesce(ajts, 0) FROM mood LEFT JOIN persons ON sfzh = NEW.sfzh AND code IS NULL;"
    " INSERT INTO fy_mx SELECT NEW.sqbh, xh, ajbh, je FROM cases, mood WHERE sfzh = NEW.sfzh AND code IS NULL;"
)
_FILE_TRIGGER = f"CREATE TRIGGER answered AFTER INSERT ON fy_sq BEGIN {_ANSWERED} END"
_SERVER_TRIGGER = (
    f"CREATE FUNCTION answered() RETURNS trigger SECURITY DEFINER AS $$ BEGIN {_ANSWERED} RETURN NEW; END $$ LANGUAGE plpgsql",
    "CREATE TRIGGER answered AFTER INSERT ON fy_sq FOR EACH ROW EXECUTE FUNCTION answered()",
)
MOODS = {
    "": ("2", None),
    "refused": ("2", "11"),
    "later": ("2", "90"),
    "unknown": ("2", "77"),
    "garbage": ("?", None),
    "waiting": ("1", None),
}


class Desk:
    """The tables of one database."""

    def __init__(self, connection: sqlite3.Connection | psycopg.Connection) -> None:
        self._connection = connection
        self._mark = "?" if isinstance(connection, sqlite3.Connection) else "%s"
        for statement in (*_TABLES, *([_FILE_TRIGGER] if self._mark == "?" else _SERVER_TRIGGER)):
            self._run(statement)
        for number in (FIRST, SECOND):
            held = record(number)
            row = [held[name] for name in ("zmbh", "jgmc", "kjrq", "zt", "xm", "sfzh")]
            self._insert("persons", [*row, len(held["ajmx"])])
            for place, case in enumerate(held["ajmx"]):
                self._insert("cases", [number, place, case["ajbh"], case["je"]])

    def feel(self, mood: str) -> None:
        """How the next answers are."""
        flag, code = MOODS[mood]
        self._run(f"UPDATE mood SET flag = {self._mark}, code = {self._mark}", (flag, code))

    def asked(self) -> list[tuple[str, ...]]:
        """What was asked: account, state, number, name."""
        found = self._connection.execute("SELECT yh, zt, sfzh, xm FROM fy_sq")
        return [tuple(row) for row in found.fetchall()]

    def close(self) -> None:
        self._connection.close()

    def _insert(self, table: str, row: list[object]) -> None:
        self._run(f"INSERT INTO {table} VALUES ({', '.join([self._mark] * len(row))})", tuple(row))

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> None:
        self._connection.execute(statement, values)


def file_desk(path: Path) -> Desk:
    """In an SQLite file."""
    return Desk(sqlite3.connect(path, isolation_level=None))
