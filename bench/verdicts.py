"""What a run was to show, what it showed, and whether that is enough; as a table of docs/performance.md.

Law: growth is judged by a trend and not by two moments: memory goes up and down by megabytes as it is taken and given back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import median
from typing import Final

_POINTS: Final = 120
"""That a trend is reckoned over; the pairs of more would take longer and tell no more."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line. `mark` is empty where nothing was promised."""

    what: str
    seen: str
    mark: str
    kept: bool


@dataclass
class Verdicts:
    """The lines of one run, in order."""

    lines: list[Verdict] = field(default_factory=list)

    def add(self, what: str, seen: str, mark: str = "", *, kept: bool = True) -> None:
        """Prints it as it is found."""
        self.lines.append(Verdict(what, seen, mark, kept))
        print(f"  {what}: {seen}{f' (mark: {mark})' if mark else ''}{'' if kept else '   MISSED'}", flush=True)

    @property
    def missed(self) -> list[str]:
        """What was not kept."""
        return [each.what for each in self.lines if not each.kept]

    def table(self) -> str:
        """All of it, Markdown."""
        rows = [f"| {each.what} | {each.seen} | {each.mark}{'' if each.kept else ': **missed**'} |" for each in self.lines]
        return "\n".join(("| | seen | mark |", "|---|---|---|", *rows))


def trend(values: Sequence[float]) -> float:
    """How much they grow from one to the next: the median of the slopes between any two of them.

    Source: Theil (1950), Sen (1968). A fifth of them and more may be outliers and change nothing.
    """
    step = max(1, len(values) // _POINTS)
    points = list(enumerate(values))[::step]
    return median((after - before) / (later - sooner) for (sooner, before), (later, after) in combinations(points, 2))
