"""A fault of ours is told by its kind and its place, and by nothing of its text."""

import json
import logging
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

import gateway
from gateway import internal_fault
from gateway.telemetry.access import LineFormatter

CANARY = "张三丰 440101188502280019"
ROOT = Path(gateway.__file__).parents[1]


def caught(step: Callable[[], object]) -> Exception:
    with pytest.raises(ValueError, match=CANARY) as error:
        step()
    return error.value


def raising() -> None:
    raise ValueError(CANARY)


class Unspeakable:
    """What fails below a function of ours, in the standard library and in this file."""

    def __str__(self) -> str:
        raise ValueError(CANARY)


def formatted() -> None:
    line = logging.makeLogRecord({"name": "kuacheng.test_internal_fault", "kind": Unspeakable()})
    LineFormatter().format(line)


def test_the_place_is_the_innermost_frame_of_ours_whatever_it_called() -> None:
    file, line = internal_fault.place(caught(formatted)).split(":")
    assert file == "gateway/telemetry/access.py"
    assert "json.dumps" in (ROOT / file).read_text().splitlines()[int(line) - 1]


def test_where_no_frame_is_ours_it_is_the_innermost_without_the_machine_s_path() -> None:
    file, line = internal_fault.place(caught(raising)).split(":")
    assert file == Path(__file__).name
    assert "raise ValueError" in Path(__file__).read_text().splitlines()[int(line) - 1]


def test_one_that_was_never_raised_has_no_place() -> None:
    assert internal_fault.place(ValueError(CANARY)) == "?"


def test_the_line_has_kind_place_and_what_is_given_and_nothing_of_the_text() -> None:
    stream, log = StringIO(), logging.getLogger("kuacheng.test_internal_fault")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    log.addHandler(handler)
    try:
        words = internal_fault.record(log, caught(raising), exchange_id="x-1")
    finally:
        log.removeHandler(handler)
    line = json.loads(stream.getvalue())
    assert words == f"ValueError at {line['where']}"
    assert (line["message"], line["kind"], line["exchange_id"]) == ("internal fault", "ValueError", "x-1")
    assert CANARY not in stream.getvalue() + words
