from collections.abc import Mapping
from typing import Annotated, Literal

import pytest
from pydantic import Field

from gateway.config.document import read_document
from gateway.config.problem import ConfigError
from gateway.config.shape import Section, shape


class Inner(Section):
    size: int = Field(description="how large", ge=2)
    label: str | None = None


class Outer(Section):
    source: str = Field(alias="from", description="where")
    inner: Inner
    parts: Mapping[str, Inner] = {}
    names: Annotated[tuple[str, ...], Field(min_length=1)] = ("a",)
    colour: Literal["red", "green"] = "red"
    flag: bool = False


GOOD = 'from: x\ninner: {size: 3}\nparts: {p: {size: 4, label: "5"}}\nnames: [b]\ncolour: green\nflag: true\n'


def messages(text: str, model: object = Outer, at: tuple[str | int, ...] = ()) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        shape(read_document("f.yaml", text.encode()), model, at)
    return list(map(str, caught.value.problems))


def test_a_document_that_fits_is_frozen():
    read = shape(read_document("f.yaml", GOOD.encode()), Outer)
    assert (read.source, read.parts["p"].label, read.names, read.colour, read.flag) == ("x", "5", ("b",), "green", True)
    with pytest.raises(ValueError, match="frozen"):
        read.source = "y"


FAULTS = {
    "unknown key": (
        ("from: x", "form: x"),
        [
            "f.yaml:1:1: form: unknown key 'form'; did you mean 'from'? Known: colour, flag, from, inner, names, parts",
            "f.yaml:1:1: from: the key is missing; add `from:` (where)",
        ],
    ),
    "unknown key, nothing near": (
        ("size: 4", "size: 4, zzz: 1"),
        ["f.yaml:3:22: parts.p.zzz: unknown key 'zzz'; known: label, size"],
    ),
    "missing in a part": (
        ("{size: 3}", "{}"),
        ["f.yaml:2:1: inner.size: the key is missing; add `size:` (how large)"],
    ),
    "text for a number": (
        ("size: 3", "size: many"),
        ["f.yaml:2:15: inner.size: must be a whole number; write it in digits, without quotes"],
    ),
    "number for a text": (('"5"', "5"), ["f.yaml:3:29: parts.p.label: must be a text; put the value between quotes"]),
    "too small": (("size: 3", "size: 1"), ["f.yaml:2:15: inner.size: is too small; write 2 or more"]),
    "not a boolean": (("true", "on"), ["f.yaml:6:7: flag: must be true or false; write true or false, without quotes"]),
    "not a list": (("[b]", "b"), ["f.yaml:4:8: names: must be a list; write [a, b], or one item a line with a dash"]),
    "empty list": (("[b]", "[]"), ["f.yaml:4:8: names: names nothing; name at least one, or take out what holds it"]),
    "not a mapping": (
        ("{size: 3}", "3"),
        ["f.yaml:2:8: inner: must be a mapping; write its keys on lines of their own, indented, each as `key: value`"],
    ),
    "no value": (
        ("{size: 3}", ""),
        ["f.yaml:2:7: inner: there is no value; write one, or take the key out if it is optional"],
    ),
    "no such word": (
        ("colour: green", "colour: gren"),
        ["f.yaml:5:9: colour: is none of the values allowed here; did you mean 'green'? Known: green, red"],
    ),
}


@pytest.mark.parametrize(("change", "told"), FAULTS.values(), ids=FAULTS)
def test_faults(change: tuple[str, str], told: list[str]):
    assert change[0] in GOOD
    assert messages(GOOD.replace(*change)) == told


def test_all_faults_are_told_at_once():
    told = messages("from: 1\ninner: {sise: 2}\nparts: {p: {size: 1}, q: {size: a}}\nnames: 1\ncolour: 3\nflag: 0\nx: 1\n")
    assert [each.split(": ")[1] for each in told] == [
        "from", "inner.size", "inner.sise", "parts.p.size", "parts.q.size", "names", "colour", "flag", "x",
    ]  # fmt: skip


def test_a_part_is_read_by_itself_and_placed_in_the_whole():
    document = read_document("f.yaml", b"a: 1\nlist:\n  - {size: 2}\n  - {size: 0}\n")
    assert shape(document, Inner, ("list", 0)).size == 2
    assert messages("a: 1\nlist:\n  - {size: 2}\n  - {size: 0}\n", Inner, ("list", 1)) == [
        "f.yaml:4:12: list[1].size: is too small; write 2 or more"
    ]


def test_no_fault_repeats_a_value_that_may_be_a_secret():
    told = messages(
        "from: [hunter2]\ninner: hunter2\nparts: {p: {size: hunter2}}\nnames: hunter2\ncolour: hunter2\nflag: hunter2\n"
    )
    assert len(told) == 6
    assert not any("hunter2" in each for each in told)
