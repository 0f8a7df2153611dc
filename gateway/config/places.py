"""Where the files lie that gateway.yaml names, when links lead there: pki/current/server.pem is pki/000002/server.pem now.

Laws: of one load, every folder is looked up once, so that all that is read of it is of one generation; what was found is told, so that
whoever watches notices when a link leads elsewhere.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

NOTHING: Final[Mapping[Path, Path]] = MappingProxyType({})


class Places:
    """The places of one load. `instead` maps a folder, absolute, to the one to be read in its place."""

    def __init__(self, instead: Mapping[Path, Path] = NOTHING) -> None:
        self._instead = instead
        self._folders: dict[Path, Path] = {}
        self._links: dict[Path, Path] = {}

    @property
    def links(self) -> Mapping[Path, Path]:
        """Each file that a link led to: as it is named, absolute, and where it was found."""
        return MappingProxyType(dict(self._links))

    def found(self, path: Path) -> Path:
        """Where the file lies; the path itself where no link leads elsewhere."""
        named = Path(os.path.abspath(path))  # noqa: PTH100 - links are followed below, and noted
        folder = self._folders.get(named.parent)
        if folder is None:
            folder = self._folders[named.parent] = Path(os.path.realpath(self._redirected(named.parent)))
        real = Path(os.path.realpath(folder / named.name))
        if real == named:
            return path
        self._links[named] = real
        return real

    def _redirected(self, folder: Path) -> Path:
        for link, target in self._instead.items():
            if folder.is_relative_to(link):
                return target / folder.relative_to(link)
        return folder


def moved(links: Mapping[Path, Path]) -> bool:
    """Whether a link leads elsewhere than it did."""
    return any(Path(os.path.realpath(named)) != real for named, real in links.items())


def followed(links: Mapping[Path, Path]) -> Mapping[Path, Path]:
    """The same names, and where they lead now."""
    return MappingProxyType({named: Path(os.path.realpath(named)) for named in links})


def generations(links: Mapping[Path, Path]) -> tuple[str, ...]:
    """The names to which the links lead, such as 000002: the first part in which each place differs from its name."""
    return tuple(sorted({_differs(named, real) for named, real in links.items()}))


def _differs(named: Path, real: Path) -> str:
    pairs = zip(named.parts, real.parts, strict=False)
    return next((found for wanted, found in pairs if wanted != found), real.name)
