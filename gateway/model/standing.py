"""How a city's system stands with us: whether it is asked, and how many questions are on their way to it."""

from dataclasses import dataclass
from enum import StrEnum


class Passage(StrEnum):
    """What a system's breaker lets through: everything, one probe at a time, nothing."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Standing:
    """One system now; `places` and `queue` are the most there may be, `turned_away` and `tried_again` count from the process's start."""

    passage: Passage
    inside: int
    places: int
    waiting: int
    queue: int
    turned_away: int
    tried_again: int
