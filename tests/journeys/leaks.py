"""What a city said, in pieces, and every place where none of it may be found."""

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from gateway.client import QueryRefused
from gateway.ledger.reading import Log, LoggedEntry
from tests.journeys.asking import Ended
from tests.journeys.canonical import CODES
from tests.journeys.conftest import Up

# Chinese in a row, and numbers, codes, tokens and the like; a shorter one could stand anywhere by chance.
_PIECE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]{2,}|(?=[A-Za-z.-]*[0-9])[0-9A-Za-z.-]{8,}")
_RUN = re.compile(rb"[0-9A-Za-z.\\\x80-\xff-]+")
_EDGE = 16
_HERE = timedelta()
_BEIJING = timedelta(hours=8)
_MINUTE = timedelta(minutes=1)


def pieces(up: Up, tape: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Whatever of the city's answers would give them away: names, numbers, tokens, and the two ends of each body."""
    bodies = [each["response"].get(part, "") for each in tape for part in ("body", "inner")]
    inside = {piece for body in bodies for piece in _PIECE.findall(body)}
    edges = {edge for body in bodies for edge in (body[:_EDGE], body[-_EDGE:]) if len(edge) == _EDGE}
    ours = own_words(up)
    return frozenset(each for each in inside | edges if each not in ours) - {code for code, _ in CODES.values()}


def on_the_wire(ended: Ended) -> str:
    """All that a refused caller gets."""
    refusal = ended.result
    assert isinstance(refusal, QueryRefused)
    error: Any = refusal.__context__
    trailers = [value for _, value in error.trailing_metadata()]
    texts = [each.decode("utf-8", errors="replace") if isinstance(each, bytes) else each for each in trailers]
    return "\n".join((refusal.message, repr(refusal.told), error.details(), *texts))


def logged(up: Up, exchange_id: str) -> tuple[LoggedEntry, ...]:
    """The entries of one exchange in the evidence log."""
    with Log.open(Path(up.said["ledger"])) as log:
        return log.entries(exchange_id=exchange_id)


def lines(up: Up, exchange_id: str) -> tuple[str, ...]:
    """What the gateway's log has on one exchange: its line, and whatever is no exchange's."""
    written = _written(Path(up.said["config"]).parent / "gateway.log")
    written.read_on()
    return (*written.of_exchanges.get(exchange_id, ()), *written.others)


class _Written:
    """A log as far as it goes by now: each line is read once, however often somebody asks."""

    def __init__(self, file: Path) -> None:
        self.of_exchanges: defaultdict[str, list[str]] = defaultdict(list)
        self.others: list[str] = []
        self._file = file
        self._read = 0

    def read_on(self) -> None:
        """The whole lines that were written meanwhile."""
        with self._file.open("rb") as stream:
            stream.seek(self._read)
            whole, end, _ = stream.read().rpartition(b"\n")
        self._read += len(whole + end)
        for line in whole.decode().splitlines():
            told = json.loads(line)
            (self.of_exchanges[told["exchange_id"]] if told["event"] == "exchange" else self.others).append(line)


@lru_cache(maxsize=1)
def _written(file: Path) -> _Written:
    return _Written(file)


def found(looked_for: Iterable[str], *places: str | bytes) -> frozenset[str]:
    """Which of them stand in one of the places, as they are or with their Chinese escaped."""
    stored = b"\n".join(place.encode() if isinstance(place, str) else place for place in places)
    # A piece that is a run of letters and figures stands within a run wherever it stands, and of different runs there are few.
    runs = b"\n".join(set(_RUN.findall(stored)))
    spelt = {each: {each.encode(), json.dumps(each)[1:-1].encode()} for each in looked_for}
    return frozenset(
        each for each, ways in spelt.items() if any(way in (runs if _RUN.fullmatch(way) else stored) for way in ways)
    )


def own_words(up: Up) -> str:
    """What a caller of the samples says of its purpose, which a log may hold and a city may happen to say as well."""
    return json.dumps([(each["purpose"], each["legal_basis"]) for each in up.said["samples"]], ensure_ascii=False)


def tickets(up: Up) -> frozenset[str]:
    """Of questions that a city answers later: each is of our making, and kept on purpose."""
    with closing(sqlite3.connect(Path(f"{up.said['ledger']}.deferred"))) as kept:
        return frozenset(ticket for (ticket,) in kept.execute("SELECT ticket FROM deferred"))


def today(entries: Iterable[LoggedEntry]) -> frozenset[str]:
    """The day, here and in Beijing: the one piece that may rightly be found again. Midnight may come while it is written."""
    moments = {each.entry.at + there + about for each in entries for there in (_HERE, _BEIJING) for about in (-_MINUTE, _MINUTE)}
    return frozenset(f"{moment:%Y-%m-%d}" for moment in moments)


def ledger_bytes(up: Up) -> bytes:
    """Every byte that the evidence log has on disk."""
    ledger = Path(up.said["ledger"])
    return b"".join(map(_bytes, ledger.parent.glob(ledger.name + "*")))


def _bytes(file: Path) -> bytes:
    """Nothing of a file that is gone by now: journals come and go, and what they held is in the log."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
