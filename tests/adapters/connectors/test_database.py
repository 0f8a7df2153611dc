"""A front-end database is never left locked, whoever else uses it. What is asked and told over one: test_fronting, test_front_desk."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.connectors.database import Database, Statement
from adapters.connectors.settings import SystemSettings
from gateway.model.refusal import Reason, Refusal

PUT = Statement("INSERT INTO questions VALUES (?)", ("ours",))
LOOK = Statement("SELECT ticket FROM questions")


@pytest.mark.parametrize("statements", [(PUT,), (PUT, LOOK)])
async def test_a_reader_who_takes_too_long_locks_nobody_out(
    settings_of: Callable[..., SystemSettings], tmp_path: Path, statements: tuple[Statement, ...]
) -> None:
    path = tmp_path / "front.db"
    city = sqlite3.connect(path, isolation_level=None)
    city.executescript("CREATE TABLE questions (ticket TEXT); INSERT INTO questions VALUES ('a'), ('b')")
    database = Database(settings_of("foshan.f4", f"sqlite://{path}", timeout=0.2, connections=1))
    reading = city.execute("SELECT * FROM questions")
    assert reading.fetchone() == ("a",)
    with pytest.raises(Refusal) as refused:
        await database.run(statements, 10)
    assert refused.value.reason is Reason.CITY_UNAVAILABLE
    reading.close()
    city.execute("INSERT INTO questions VALUES ('theirs')")
    assert [row[0] for row in (await database.run((LOOK,), 10))[0]] == ["a", "b", "theirs"]
    await database.run(statements, 10)
    assert city.execute("SELECT count(*) FROM questions").fetchone() == (4,)
    await database.close()
    city.close()
