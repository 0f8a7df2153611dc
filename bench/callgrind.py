"""Reads what callgrind wrote of a Python program with perf trampolines: what each Python function cost, with all that it called.

Source: the callgrind format (valgrind manual, "Callgrind Format Specification"); perf's map of what was compiled at run time
(linux, tools/perf/Documentation/jit-interface.txt), as CPython writes it since 3.12 with PYTHONPERFSUPPORT=1.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

_NAMED: Final = re.compile(r"\((\d+)\)(?: (.*))?")
_ADDRESS: Final = re.compile(r"0x([0-9a-f]+)")
_PYTHON: Final = "py::"
_AN_INSTRUCTION, _A_MISS_OF_L1, _A_MISS_OF_L2 = 0.4, 14.0, 45.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Instructions, and what they are reckoned to take in cycles; `calls` of one function."""

    instructions: int = 0
    cycles: float = 0.0
    calls: int = 0

    @classmethod
    def of(cls, events: Iterable[int], calls: int = 0) -> Self:
        """Of callgrind's events with a model of the caches: Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw, of which the last may be left out.

        Two and a half instructions in a cycle, 14 cycles for what is in the second cache only and 45 for what is not: about what the
        machine of docs/performance.md takes. Of two costs the ratio means something, one by itself does not.
        """
        run, _, _, code, read, written, code_beyond, read_beyond, _ = (*events, *(0,) * 9)[:9]
        return cls(
            run,
            run * _AN_INSTRUCTION + (code + read + written) * _A_MISS_OF_L1 + (code_beyond + read_beyond) * _A_MISS_OF_L2,
            calls,
        )

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.instructions + other.instructions, self.cycles + other.cycles, self.calls + other.calls)


def by_function(profile: Iterable[str], trampolines: Iterable[str]) -> Mapping[str, Cost]:
    """The lines of callgrind's file, and of perf's map -> what each Python function cost, dearest first.

    A function that calls itself, in whatever way, is counted for each of its calls.
    """
    names, costs = _Names(), dict[str, Cost]()
    known = _Trampolines(trampolines)
    for callee, cost in _calls(profile, names):
        if name := known.name(callee):
            costs[name] = costs.get(name, Cost()) + cost
    return dict(sorted(costs.items(), key=lambda each: -each[1].cycles))


def _calls(profile: Iterable[str], names: "_Names") -> Iterator[tuple[str, Cost]]:
    """Each call of one function by another, and what it cost with all that was called in turn."""
    callee, calls = "", 0
    for line in profile:
        kind, _, said = line.partition("=")
        if kind in {"fn", "cfn"}:
            callee = names.name(said.rstrip())
        elif kind == "calls":
            calls = int(said.split()[0])
        elif calls and line[:1] in "0123456789+-*":
            yield callee, Cost.of(map(int, line.split()[1:]), calls)
            calls = 0


class _Names:
    """Names are written once, with a number, and from then on by the number alone."""

    def __init__(self) -> None:
        self._known = dict[str, str]()

    def name(self, said: str) -> str:
        found = _NAMED.fullmatch(said)
        if found is None:
            return said
        number, name = found.groups()
        return self._known.setdefault(number, name or "")


class _Trampolines:
    """Where each Python function's own few bytes of machine code lie, through which it is called."""

    def __init__(self, lines: Iterable[str]) -> None:
        parts = (line.rstrip().split(" ", 2) for line in lines)
        self._places = sorted((int(begin, 16), int(size, 16), name) for begin, size, name in parts if name.startswith(_PYTHON))
        self._begins = [begin for begin, _, _ in self._places]

    def name(self, function: str) -> str | None:
        found = _ADDRESS.match(function)
        if found is None:
            return None
        address = int(found[1], 16)
        at = bisect_right(self._begins, address) - 1
        if at < 0:
            return None
        begin, size, name = self._places[at]
        return name.removeprefix(_PYTHON) if address < begin + size else None
