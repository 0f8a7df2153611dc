"""What the rest of the configuration may name: the regions, systems and kinds of evidence read so far, and the program's own adapters.

Law: where one of them could not be read, names of it are not called unknown; one fault is told once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from gateway.model.catalogue import EvidenceType
from gateway.model.interface import Interface


@dataclass(frozen=True, slots=True)
class Program:
    """An adapter of the program: which credentials it takes, what it can be asked, and whether it gives files."""

    credentials: frozenset[str]
    operations: frozenset[str]
    files: bool = False


Programs = Mapping[str, Program]
"""By the adapter's name. None at all: nobody said which there are, and what hangs on them is not judged."""
NO_PROGRAMS: Final[Programs] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Known:
    """`regions` and `systems` are None where gateway.yaml does not say; `types` by code and by alias.

    `systems` maps an adapter's name to the region it stands under; `every_type` is false where a type could not be read;
    `interfaces` are those that a file describes, by name.
    """

    regions: frozenset[str] | None
    systems: Mapping[str, str] | None
    types: Mapping[str, EvidenceType]
    every_type: bool
    interfaces: Mapping[str, Interface] = field(default_factory=dict)
    programs: Programs = field(default_factory=lambda: NO_PROGRAMS)

    @property
    def aliases(self) -> frozenset[str]:
        """The names people use for the kinds of evidence."""
        return frozenset(each.alias for each in self.types.values())
