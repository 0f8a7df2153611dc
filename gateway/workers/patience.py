"""How often a worker may end before it is given up, and how long until the next takes its place. Pure."""

from dataclasses import dataclass
from typing import Final

MOST: Final = 5
"""That one worker may end within the window; with the next it is given up."""
WINDOW_SECONDS: Final = 60.0
_FIRST_PAUSE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Patience:
    """The moments, in seconds of any clock, at which the worker of one seat ended."""

    ends: tuple[float, ...] = ()

    def after(self, moment: float) -> "Patience":
        """It ended once more; what is too long ago is forgotten."""
        return Patience((*(each for each in self.ends if moment - each < WINDOW_SECONDS), moment))

    @property
    def pause(self) -> float | None:
        """Seconds until it is replaced, longer each time; None where it is given up."""
        return None if len(self.ends) > MOST else _FIRST_PAUSE * 2.0 ** len(self.ends)
