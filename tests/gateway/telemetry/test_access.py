"""Log lines: one JSON object each, only the fields that are allowed, whatever was logged and however it failed."""

import ast
import io
import json
import logging
import re
import select
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.model.exchange import Ended, Result
from gateway.telemetry.access import AT_ONCE, AccessLog, LineFormatter, configure

MARK = "ζ"
ROOT = Path(__file__).parents[3]
ENDED = Ended(
    "x-1",
    "business-licence",
    "440600",
    "11440100M00000019P",
    "window",
    "a-1",
    Result.ISSUED,
    "",
    "",
    0.1234567,
    0.1,
    0.02,
    0.003,
    9.8,
)


@settings(deadline=None, database=None)
@given(st.text(), st.text(), st.floats(0, 1e6))
@example("a\u2028b", "x\x85y", 0.1)
def test_an_exchange_is_one_line_with_its_allowed_fields(system: str, agreement: str, seconds: float) -> None:
    stream = io.StringIO()
    AccessLog(stream).lines([ENDED._replace(system=system, agreement=agreement, seconds=seconds)])
    (line,) = stream.getvalue().splitlines()
    told = json.loads(line)
    assert told.keys() == {"event", *Ended._fields}
    assert (told["event"], told["result"], told["system"], told["agreement"]) == ("exchange", "ISSUED", system, agreement)
    assert told["seconds"] == pytest.approx(seconds, abs=1e-6)


class Pieces(io.StringIO):
    """Keeps what was written at once apart."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, piece: str) -> int:
        self.pieces.append(piece)
        return super().write(piece)


def test_lines_go_out_together_as_far_as_a_pipe_takes_them_whole() -> None:
    stream, ends = Pieces(), [ENDED._replace(exchange_id=f"x-{number}") for number in range(40)]
    AccessLog(stream).lines(ends)
    assert [json.loads(line)["exchange_id"] for line in stream.getvalue().splitlines()] == [each.exchange_id for each in ends]
    assert all(each.endswith("\n") and len(each) <= AT_ONCE <= select.PIPE_BUF for each in stream.pieces)
    assert len(stream.pieces) == -(-len(ends) // (AT_ONCE // len(stream.getvalue().splitlines(keepends=True)[-1])))


def test_a_line_that_is_longer_than_that_goes_out_alone() -> None:
    stream = Pieces()
    AccessLog(stream).lines([ENDED, ENDED._replace(system="s" * AT_ONCE), ENDED])
    assert [each.count("\n") for each in stream.pieces] == [1, 1, 1]


def test_of_nobody_nothing_is_written() -> None:
    stream = Pieces()
    AccessLog(stream).lines([])
    assert not stream.pieces


def test_what_may_be_logged_of_an_exchange_names_no_person() -> None:
    personal = {
        "holder",
        "name",
        "id_number",
        "operator",
        "operator_account",
        "request_id",
        "case_number",
        "matter_name",
        "detail",
    }
    assert not personal & {*Ended._fields}


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    root, stream = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    configure(stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


class Secretive:
    def __str__(self) -> str:
        return MARK

    __repr__ = __str__


@pytest.mark.parametrize("name", ["kuacheng.rpc", "kuacheng", "asyncio", "aiohttp.client", "grpc._cython.cygrpc", "py.warnings"])
@pytest.mark.parametrize("value", [MARK, Secretive(), {"number": MARK}, ValueError(MARK)])
def test_no_argument_extra_traceback_or_stack_is_written(said: io.StringIO, name: str, value: object) -> None:
    log, fault = logging.getLogger(name), ValueError(MARK)
    log.error("constant", extra={"holder": value, "detail": MARK}, stack_info=True, exc_info=fault)
    log.error("constant %s", value)
    log.warning("constant %(a)s", {"a": value})
    lines = [json.loads(each) for each in said.getvalue().splitlines()]
    assert len(lines) == 3
    assert MARK not in said.getvalue()
    assert json.dumps(MARK).strip('"') not in said.getvalue()
    assert all(each.keys() <= {"event", "level", "logger", "message", "exchange_id", "kind", "where"} for each in lines)


def test_what_others_say_is_not_repeated(said: io.StringIO) -> None:
    logging.getLogger("library").error("%s", MARK)
    logging.getLogger("library").error(MARK)
    logging.getLogger("library").info(f"about {MARK}")  # noqa: G004  what a library may do
    assert MARK not in said.getvalue()
    assert [json.loads(each)["message"] for each in said.getvalue().splitlines()] == ["record of library"] * 3


def test_our_own_records_say_what_and_where(said: io.StringIO) -> None:
    logging.getLogger("kuacheng.rpc").error("internal fault", extra={"exchange_id": "x-1", "kind": "KeyError", "where": "a.py:7"})
    assert json.loads(said.getvalue()) == {
        "event": "log",
        "level": "ERROR",
        "logger": "kuacheng.rpc",
        "message": "internal fault",
        "exchange_id": "x-1",
        "kind": "KeyError",
        "where": "a.py:7",
    }


def test_a_record_that_does_not_format_is_still_one_line() -> None:
    record = logging.LogRecord("kuacheng", logging.ERROR, "x.py", 1, "%d and %d", (MARK,), None)
    record.kind = Path("a\nb")
    line = LineFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "%d and %d"


LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
_SOME_CALL = re.compile(rf"\b(?:_log|log|logger)\s*\.\s*(?:{'|'.join(LEVELS)})\b")
"""To read a program takes long: those that name none of these have no such call."""


def _log_calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="_log" | "log" | "logger"), attr=level)) if level in LEVELS:
                yield node


def test_every_message_of_our_own_is_a_constant() -> None:
    """The formatter lets our own messages through, so nothing may be written into one."""
    texts = [
        path.read_text(encoding="utf-8")
        for folder in ("gateway", "adapters", "certs")
        for path in (ROOT / folder).rglob("*.py")
        if "simulator" not in path.parts
    ]
    calls = [call for text in filter(_SOME_CALL.search, texts) for call in _log_calls(ast.parse(text))]
    assert calls
    assert all(isinstance(call.args[0], ast.Constant) for call in calls)
