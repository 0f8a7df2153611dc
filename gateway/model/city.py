"""What crosses to a city's system and back, in that city's own words, between a table and a dialect."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Leaf = str | int | float | bool | None
Record = Mapping[str, "Leaf | Record | list[Record] | list[Leaf]"]


@dataclass(frozen=True, slots=True)
class CityFile:
    """What a city says of a file before it gives it: `sha256` in hex, `size` in bytes, and by which `reference` it is asked for.

    `format` is a gateway.model.query.FileFormat. Digest and size are empty where the city does not say them, until the file is weighed.
    """

    format: str
    reference: str = field(repr=False)
    sha256: str = field(default="", repr=False)
    size: int = 0


@dataclass(frozen=True, slots=True)
class CityRequest:
    """A question for one operation of one system, by the city's own names; a dot in a name means a part within a part.

    With a `ticket` it was put already, and its answer is fetched.
    With `files` the records' files are asked about as well. With `once` it carries a code that serves once.
    """

    system: str
    operation: str
    values: Mapping[str, str] = field(repr=False)
    ticket: str = field(default="", repr=False)
    files: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True)
class CityTicket:
    """The city has the question and has not answered yet; `ticket` is what the answer is fetched with, and a secret."""

    ticket: str = field(repr=False)
    status: str = ""


@dataclass(frozen=True, slots=True)
class CityAnswer:
    """What the city said: its records, or in so many words that it holds none. `status` is its own code, as evidence.

    `verdicts` are what it says of claims instead, for each of its records by the names of the request: whether a value agrees, None where
    the record has no such item. One of the three there is, and one only; a dialect that cannot tell refuses instead. `files` are those of
    each record, where they were asked about. `shown_by` is the number of who showed the code that was asked by, where the city tells it.
    """

    status: str
    records: tuple[Record, ...] = field(default=(), repr=False)
    no_record: bool = False
    verdicts: tuple[Mapping[str, bool | None], ...] = field(default=(), repr=False)
    files: tuple[tuple[CityFile, ...], ...] = field(default=(), repr=False)
    shown_by: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if [self.no_record, bool(self.records), bool(self.verdicts)].count(True) != 1:
            raise RuntimeError("a city answer holds records, or verdicts, or says that there are none")
        if self.files and len(self.files) != len(self.records):
            raise RuntimeError("files are of the records, one tuple for each")
