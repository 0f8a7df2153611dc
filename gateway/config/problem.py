"""What is wrong with the configuration, and where: the one error that reading it raises.

Laws: every problem of every file is told, not the first only; each says what to do; none repeats a secret.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault of one file. `line` and `column` count from 1; `path` is the key, dotted; `hint` says what to do."""

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """`file:line:column: path: message; hint`, the form that editors follow."""
        subject = f"{self.path}: " if self.path else ""
        advice = f"; {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {subject}{self.message}{advice}"


class ConfigError(Exception):
    """The configuration cannot be used. `problems` are all there are, by file and line, each once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems, sorted, as a tuple."""
        self.problems = tuple(sorted(set(problems)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        """One problem a line."""
        return "\n".join(map(str, self.problems))


class Gathering:
    """Collects the problems of steps that do not need one another, so that all are told at once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._problems: list[Problem] = []

    def attempt(
        self, step: Callable[_Parameters, _Result], *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> _Result | None:
        """The result of the step, or None once its problems are collected."""
        try:
            return step(*args, **kwargs)
        except ConfigError as error:
            self._problems.extend(error.problems)
            return None

    def add(self, problems: Iterable[Problem]) -> None:
        """Collect further problems."""
        self._problems.extend(problems)

    @property
    def count(self) -> int:
        """How many were collected so far."""
        return len(self._problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Those collected so far, in the order of a ConfigError."""
        return ConfigError(self._problems).problems

    def close(self) -> None:
        """Raise ConfigError if anything was collected."""
        if self._problems:
            raise ConfigError(self._problems)
