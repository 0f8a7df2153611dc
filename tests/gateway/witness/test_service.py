"""The witness over HTTP, as a log in another city meets it: statuses, bodies, restarts, races and rubbish."""

import asyncio
import gzip
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.note import Note, Signer, signed
from gateway.witness.record import Record
from gateway.witness.service import Witness, serving
from gateway.witness.submission import LARGEST, Logs
from tests.gateway.witness.growing import AT, GrowingLog, signer

Answer = tuple[int, str, str]


class Client:
    """Posts bodies; an answer is its status, content type and text."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self.session = session
        self.address = address

    async def post(self, body: bytes, **options: Any) -> Answer:
        async with self.session.post(f"http://{self.address}/add-checkpoint", data=body, **options) as response:
            return response.status, response.headers["Content-Type"], await response.text()


@pytest.fixture
def running(path: Path, city: Signer, logs: Logs) -> Callable[..., Any]:
    """`async with running() as client`, each time the same witness, started anew."""

    @asynccontextmanager
    async def started(record: Record | None = None) -> AsyncIterator[Client]:
        opened = record or Record.open(path, city.verifier)
        try:
            witness = Witness(city, logs, opened, lambda: datetime.fromtimestamp(AT, UTC))
            async with serving(witness, "127.0.0.1", 0) as address, aiohttp.ClientSession() as session:
                yield Client(session, address)
        finally:
            opened.close()

    return started


async def test_a_log_that_grows_is_cosigned_each_time(running: Any, log: GrowingLog, city: Signer) -> None:
    async with running() as client:
        for old, new in [(0, 5), (5, 5), (5, 12), (12, 20)]:
            status, _, lines = await client.post(log.submission(old, new))
            assert status == 200
            note = Note.parse(log.note(new) + lines)
            assert note.verified([log.signer.verifier, city.verifier]) == {log.signer.verifier: 0, city.verifier: AT}


async def test_the_golden_answer(running: Any, log: GrowingLog) -> None:
    async with running() as client:
        _, kind, line = await client.post(log.submission(0, 20))
    assert kind == "text/plain; charset=utf-8"
    assert line == GOLDEN


async def test_a_conflict_names_the_size_and_nothing_else(running: Any, log: GrowingLog) -> None:
    async with running() as client:
        assert await client.post(log.submission(7, 12)) == (409, "text/x.tlog.size", "0\n")
        await client.post(log.submission(0, 12))
        assert await client.post(log.submission(0, 20)) == (409, "text/x.tlog.size", "12\n")
        assert (await client.post(log.submission(12, 20)))[0] == 200


async def test_a_forked_log_is_refused_for_ever_and_the_honest_one_is_not(running: Any, log: GrowingLog, path: Path) -> None:
    fork = log.forked(8, 20)
    async with running() as client:
        await client.post(log.submission(0, 12))
        assert (await client.post(fork.submission(12, 12)))[:2] == (409, "text/x.tlog.size")
        assert (await client.post(fork.submission(12, 20)))[0] == 422
        assert (await client.post(fork.submission(0, 20)))[0] == 409
        assert (await client.post(log.submission(12, 20)))[0] == 200
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("SELECT held, given FROM forks").fetchall() == [(log.note(12), fork.note(12))]
    connection.close()


async def test_a_backup_put_back_is_refused_until_the_log_is_whole_again(running: Any, log: GrowingLog) -> None:
    async with running() as client:
        await client.post(log.submission(0, 20))
        restored = GrowingLog(log.signer, log.leaves[:15])
        assert await client.post(restored.submission(15)) == (409, "text/x.tlog.size", "20\n")
        other = restored.grow(10, "after the backup ")
        assert (await client.post(other.submission(20)))[0] == 422


async def test_the_state_outlives_the_process(running: Any, log: GrowingLog) -> None:
    async with running() as client:
        await client.post(log.submission(0, 12))
    async with running() as client:
        assert await client.post(log.submission(0, 20)) == (409, "text/x.tlog.size", "12\n")
        assert (await client.post(log.forked(8, 20).submission(12)))[0] == 422
        assert (await client.post(log.submission(12, 20)))[0] == 200


async def test_of_many_at_once_no_two_take_the_same_step(running: Any, log: GrowingLog) -> None:
    branches = [log.forked(12, 20 + n) for n in range(30)]
    async with running() as client:
        await client.post(log.submission(0, 12))
        answers = await asyncio.gather(*(client.post(each.submission(12)) for each in [log, *branches]))
    assert sorted(status for status, _, _ in answers) == [200] + [409] * 30


async def test_steps_at_once_never_go_back(running: Any, log: GrowingLog, path: Path, city: Signer) -> None:
    async def climb(client: Client, step: int) -> None:
        size = 0
        while size < 20:
            status, _, text = await client.post(log.submission(size, target := min(20, size + step)))
            size = int(text) if status == 409 else target

    async with running() as client:
        await asyncio.gather(*(climb(client, step) for step in (1, 2, 3, 5, 7)))
    record = Record.open(path, city.verifier)
    held = record.latest(log.origin)
    record.close()
    assert held is not None
    assert held.checkpoint == Checkpoint.parse(Note.parse(log.note(20)).text)


async def test_who_may_not_be_cosigned_hears_why(running: Any, log: GrowingLog) -> None:
    stranger = GrowingLog(signer("log.test/2")).grow(3)
    impostor = GrowingLog(signer(log.origin, seed="another key")).grow(3)
    async with running() as client:
        assert (await client.post(stranger.submission(0)))[0] == 404
        assert (await client.post(impostor.submission(0)))[0] == 403
        assert (await client.post(log.submission(0).replace(b"old 0", b"old 21")))[0] == 400
        assert (await client.post(b"rubbish"))[0] == 400
        assert (await client.post(b""))[0] == 400


async def test_what_is_too_large_is_not_read(running: Any, log: GrowingLog) -> None:
    async with running() as client:
        assert (await client.post(b"a" * (LARGEST + 1)))[0] == 413
        bomb = gzip.compress(bytes(64 * LARGEST))
        assert (await client.post(bomb, headers={"Content-Encoding": "gzip"}))[0] in {400, 413}
        assert (await client.post(log.submission(0)))[0] == 200


async def test_sixteen_signatures_and_sixty_three_hashes_are_not_too_large(running: Any, log: GrowingLog) -> None:
    others = tuple(signer(f"log.test/{n}") for n in range(15))
    lines = [f"old 0\n\n{log.note(by=(*others, log.signer))}".encode(), b"old 0\n" + (b"A" * 43 + b"=\n") * 63 + b"\n"]
    async with running() as client:
        assert (await client.post(lines[1] + log.note().encode()))[0] == 422
        assert (await client.post(lines[0]))[0] == 200


async def test_there_is_one_call_and_no_other(running: Any) -> None:
    async with running() as client:
        for method, path, status in [("GET", "/add-checkpoint", 405), ("PUT", "/add-checkpoint", 405), ("POST", "/", 404)]:
            async with client.session.request(method, f"http://{client.address}{path}") as response:
                assert response.status == status


async def test_a_submission_that_is_cut_off_leaves_the_witness_as_it_was(running: Any, log: GrowingLog) -> None:
    async with running() as client:
        host, _, port = client.address.rpartition(":")
        for cut in (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 900\r\n\r\nold 0\n", b"\x16\x03\x01\x02\x00"):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(cut)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        assert (await client.post(log.submission(0)))[0] == 200


async def test_what_cannot_be_recorded_is_not_cosigned(running: Any, log: GrowingLog, path: Path, city: Signer) -> None:
    record = Record.open(path, city.verifier)
    async with running(record) as client:
        record._connection.execute("PRAGMA query_only = 1")
        status, _, text = await client.post(log.submission(0))
        assert (status, text) == (503, "the witness cannot record now; try again later\n")
        record._connection.execute("PRAGMA query_only = 0")
        assert (await client.post(log.submission(0)))[0] == 200


async def test_extension_lines_are_cosigned_with_the_rest(running: Any, log: GrowingLog, city: Signer) -> None:
    text = Note.parse(log.note()).text + "an extension of the log's own\n"
    note = signed(text, [log.signer.line(text)])
    async with running() as client:
        status, _, line = await client.post(f"old 0\n\n{note}".encode())
    assert status == 200
    assert Note.parse(note + line).verified([city.verifier]) == {city.verifier: AT}


def test_a_witness_signs_in_no_other_way(logs: Logs, record: Record) -> None:
    with pytest.raises(RuntimeError):
        Witness(signer("witness.test/1"), logs, record, lambda: datetime.fromtimestamp(AT, UTC))


GOLDEN = (
    "— witness.test/1 IHteGQAAAABqCWLAuY+hPYgbRkVqyalt31qX574TFozrf+7vSMPzvjiSnHM/j6wptUOvHQ98RhFzbLV5cWbpRy7eQyorY2AIqa1EDQ==\n"
)
