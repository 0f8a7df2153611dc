"""What can be wrong with an identifier, and the one error that says so.

Laws: an error is a constant of the kind of identifier and its fault, so it cannot carry a character of the number;
each sentence says what is wrong, then what to do next.
Serves: Personal Information Protection Law, Art. 51 (no personal data in errors and logs).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Why an identifier is refused. Append-only: callers and logs rely on the names."""

    LENGTH = "LENGTH"
    ALPHABET = "ALPHABET"
    FORM = "FORM"
    BIRTH_DATE = "BIRTH_DATE"
    CHECK = "CHECK"
    ORGANISATION_CHECK = "ORGANISATION_CHECK"
    UNKNOWN_CODE = "UNKNOWN_CODE"


class InvalidIdentifier(ValueError):  # noqa: N818 - a refusal of input, named for what it found
    """An identifier breaks the rule of its standard; the only error this package raises for text.

    `what` names the kind of identifier, `fault` the rule broken, `advice` what is wrong and what to do next.
    None of them depends on the text, and neither does `str()`.
    """

    def __init__(self, what: str, fault: Fault, advice: str) -> None:
        """Keep the three parts as `args`, so that the error survives copying and pickling."""
        super().__init__(what, fault, advice)
        self.what = what
        self.fault = fault
        self.advice = advice

    def __str__(self) -> str:
        """One sentence for people: the kind of identifier, what is wrong, what to do next."""
        return f"{self.what}: {self.advice}"


@dataclass(frozen=True, slots=True)
class Rule:
    """The wording of one kind of identifier: its name, and the advice for each fault it can have."""

    what: str
    advice: Mapping[Fault, str]

    def broken(self, fault: Fault) -> InvalidIdentifier:
        """Return the error for `fault`, ready to be raised."""
        return InvalidIdentifier(self.what, fault, self.advice[fault])
