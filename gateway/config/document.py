"""Reads YAML into plain values, and remembers where each one stands.

Laws: one document a file; no aliases, anchors or tags; no key twice, and every key a text; only `true` and `false` are
booleans, only plain decimal numerals are numbers, and nothing is a date; bounded in size, depth and count; no fault
repeats a value. The parser's events are read rather than its composed nodes: the bounds hold while it reads, and a
depth bomb never reaches its recursion.
Serves: YAML 1.2.2, chapter 7, as libyaml reads it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import yaml

from gateway.config.problem import ConfigError, Problem
from gateway.config.wording import quoted

Plain = None | bool | int | float | str | tuple["Plain", ...] | dict[str, "Plain"]
Path = tuple[str | int, ...]

MOST_BYTES: Final = 1 << 20
_MOST_NODES: Final = 50_000
_DEEPEST: Final = 24
_MOST_REMEMBERED: Final = 128
_ALIAS_HINT: Final = "write the value out where it is needed"
_ILLEGAL: Final = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_WORDS: Final[Mapping[str, bool | None]] = MappingProxyType({"true": True, "false": False, "null": None, "~": None, "": None})
_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; both count from 1, columns in characters."""

    line: int
    column: int


_START: Final = Mark(1, 1)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file as plain values. `marks` holds the place of each value, `keys` that of each key, by path."""

    file: str
    value: Plain = field(repr=False)
    marks: Mapping[Path, Mark] = field(repr=False)
    keys: Mapping[Path, Mark] = field(repr=False)

    def at(self, path: Path) -> Plain:
        """The value at the path, None where there is none."""
        here: Plain = self.value
        for part in path:
            if isinstance(here, dict) and isinstance(part, str):
                here = here.get(part)
            elif isinstance(here, tuple) and isinstance(part, int) and part < len(here):
                here = here[part]
            else:
                return None
        return here

    def mark(self, path: Path, *, key: bool = False) -> Mark:
        """Where the value at the path stands (its key, with `key`), or else the nearest part that holds it."""
        first, second = (self.keys, self.marks) if key else (self.marks, self.keys)
        for end in range(len(path), -1, -1):
            found = first.get(path[:end]) or second.get(path[:end])
            if found is not None:
                return found
        return _START

    def problem(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> Problem:
        """A problem of the value at the path, or of its key."""
        mark = self.mark(path, key=key)
        return Problem(self.file, mark.line, mark.column, dotted(path), message, hint)

    def place(self, path: Path) -> str:
        """`file:line:column` of the value, for people."""
        mark = self.mark(path)
        return f"{self.file}:{mark.line}:{mark.column}"


def dotted(path: Path) -> str:
    """A path as people write it: `agreements[0].evidence[1].type`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


@lru_cache(maxsize=_MOST_REMEMBERED)
def read_document(file: str, content: bytes) -> Document:
    """The document in the file's bytes; `file` is its name in messages. Raises ConfigError.

    Remembered: whoever reads the configuration again reads mostly what it was before, the shipped tables above all.
    """
    reading = _Reading(file, _events(file, _decoded(file, content)))
    value = reading.document()
    if reading.problems:
        raise ConfigError(reading.problems)
    return Document(file, value, MappingProxyType(reading.marks), MappingProxyType(reading.keys))


def _decoded(file: str, content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise _error(
            file, _START, f"the file is larger than {MOST_BYTES} bytes", "split it, or look whether it is the right file"
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        mark = _mark_of(content[: error.start].decode("utf-8"))
        raise _error(file, mark, "this byte is not UTF-8", "save the file in UTF-8") from None
    text = text.removeprefix("\ufeff")
    if illegal := _ILLEGAL.search(text):
        name = f"U+{ord(illegal[0]):04X}"
        raise _error(file, _mark_of(text[: illegal.start()]), f"the control character {name} has no place in YAML", "remove it")
    return text


def _mark_of(before: str) -> Mark:
    return Mark(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


def _error(file: str, mark: Mark, message: str, hint: str) -> ConfigError:
    return ConfigError([Problem(file, mark.line, mark.column, "", message, hint)])


def _events(file: str, text: str) -> Iterator[yaml.events.Event]:
    try:
        yield from yaml.parse(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        raise _syntax(file, text, error) from None
    except yaml.YAMLError:
        raise _error(file, _START, "this is not YAML", "save it as YAML text") from None


def _syntax(file: str, text: str, error: yaml.MarkedYAMLError) -> ConfigError:
    at = error.problem_mark or error.context_mark
    mark = Mark(at.line + 1, at.column + 1) if at else _START
    lines = text.splitlines()
    before = lines[mark.line - 1][: mark.column] if mark.line <= len(lines) else ""
    if "\t" in before and not before.strip():
        return _error(file, mark, "a tab stands in the indentation", "indent with spaces")
    context = f" {error.context}" if error.context else ""
    begun = error.context_mark
    where = f" that begins at line {begun.line + 1}, column {begun.column + 1}" if begun and context else ""
    return _error(
        file, mark, f"this is not YAML: {error.problem}{context}{where}", "look for a missing quote, bracket, colon or space"
    )


@dataclass(slots=True)
class _Reading:
    """One pass over the events of one file."""

    file: str
    events: Iterator[yaml.events.Event]
    marks: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0

    def document(self) -> Plain:
        """The one document."""
        for event in self.events:
            if isinstance(event, yaml.events.DocumentStartEvent):
                value = self.node(next(self.events), ())
                self.end()
                return value
        raise _error(self.file, _START, "the file is empty", "write at least one key, or leave the file out")

    def end(self) -> None:
        for event in self.events:
            if isinstance(event, yaml.events.DocumentStartEvent):
                raise _error(self.file, _mark(event), "a second document begins here", "make a file of its own of it")

    def node(self, event: yaml.events.Event, path: Path) -> Plain:
        """The value that begins with the event. Faults that do not end the reading are collected."""
        mark = self.marks[path] = _mark(event)
        self.nodes += 1
        if self.nodes > _MOST_NODES or len(path) > _DEEPEST:
            limit = f"deeper than {_DEEPEST} levels" if len(path) > _DEEPEST else f"more than {_MOST_NODES} values"
            raise _error(self.file, mark, f"the file holds {limit}", "look whether it is the right file")
        if isinstance(event, yaml.events.AliasEvent):
            self.fault(mark, path, "an alias is not allowed", _ALIAS_HINT)
            return None
        self.plainly(event, mark, path)
        if isinstance(event, yaml.events.ScalarEvent):
            return _scalar(event)
        return self.mapping(path) if isinstance(event, yaml.events.MappingStartEvent) else self.sequence(path)

    def plainly(self, event: yaml.events.Event, mark: Mark, path: Path) -> None:
        if getattr(event, "anchor", None) is not None:
            self.fault(mark, path, "an anchor is not allowed", _ALIAS_HINT)
        if getattr(event, "tag", None) is not None:
            self.fault(mark, path, "a tag is not allowed", "write the plain value, a text between quotes")

    def sequence(self, path: Path) -> Plain:
        values: list[Plain] = []
        while not isinstance(event := next(self.events), yaml.events.SequenceEndEvent):
            values.append(self.node(event, (*path, len(values))))
        return tuple(values)

    def mapping(self, path: Path) -> Plain:
        values: dict[str, Plain] = {}
        while not isinstance(event := next(self.events), yaml.events.MappingEndEvent):
            key = self.key(event, path, values)
            here = (*path, key)
            if key not in values:
                self.keys[here] = _mark(event)
            value = self.node(next(self.events), here)
            values.setdefault(key, value)
        return values

    def key(self, event: yaml.events.Event, path: Path, known: Mapping[str, Plain]) -> str:
        mark = _mark(event)
        if not isinstance(event, yaml.events.ScalarEvent):
            self.node(event, (*path, "?"))
            self.fault(mark, path, "a key must be a text", "write `key: value`")
            return "?"
        self.plainly(event, mark, path)
        if not isinstance(_scalar(event), str):
            shown = quoted(event.value or "")
            self.fault(
                mark,
                path,
                f"the key {shown} must be a text",
                f'put it between quotes: "{event.value}"' if event.value else "name it",
            )
        elif event.value in known:
            first = self.keys[(*path, event.value)]
            message = f"the key {quoted(event.value)} stands here a second time"
            self.fault(mark, path, message, f"the first is at line {first.line}, column {first.column}: keep one")
        return str(event.value)

    def fault(self, mark: Mark, path: Path, message: str, hint: str) -> None:
        self.problems.append(Problem(self.file, mark.line, mark.column, dotted(path), message, hint))


def _mark(event: yaml.events.Event) -> Mark:
    at = event.start_mark
    if at is None:
        return _START
    return Mark(at.line + 1, at.column + 1)


def _scalar(event: yaml.events.ScalarEvent) -> Plain:
    text = str(event.value)
    # implicit[0]: plain and untagged. Whatever stands between quotes is a text.
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
