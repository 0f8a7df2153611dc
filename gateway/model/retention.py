"""How long the evidence log keeps what its entries say.

Law: never under the floor, whatever is configured.
Serves: Cybersecurity Law art. 21(3) (six months); Network Data Security Regulations art. 12 and PIPL art. 56 (three years).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

FLOOR: Final = 6
"""Months."""

_A_YEAR: Final = 12
_FORM: Final = re.compile(r"([1-9][0-9]?)(y|mo)")
_SHORTEST_MONTH: Final = 28


@dataclass(frozen=True, slots=True)
class Retention:
    """A time in months of the calendar."""

    months: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """`3y` or `18mo`. Raises ValueError."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError("not a time in years or months")
        return cls(int(found[1]) * (_A_YEAR if found[2] == "y" else 1))

    def __str__(self) -> str:
        """As `parse` reads it."""
        years, rest = divmod(self.months, _A_YEAR)
        return f"{self.months}mo" if rest else f"{years}y"

    def before(self, now: datetime) -> datetime:
        """The same day and time so many months ago, but never after the 28th: what is older may go."""
        years, month = divmod(now.year * _A_YEAR + now.month - 1 - self.months, _A_YEAR)
        return now.replace(year=years, month=month + 1, day=min(now.day, _SHORTEST_MONTH))
