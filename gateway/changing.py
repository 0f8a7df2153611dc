"""Carries out what certs.changing planned, on the generations that gateway.yaml leads to: stage, try, record, put in force.

Laws: a generation is put in force only if the whole configuration can be read with it; the evidence log has the act before it takes
effect, and what cannot be recorded is not done; a running gateway notices by itself.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from certs import generations
from certs.changing import Plan
from certs.generations import CURRENT, Generation, GenerationRefused, activate, discard, judged
from gateway.config import ConfigError, Loaded
from gateway.model.act import Act

ACTS: Final[Mapping[str, Act]] = {
    "stage": Act.CA_STAGED,
    "activate": Act.CERTIFICATES_ACTIVATED,
    "taint": Act.CA_TAINTED,
    "retire": Act.CA_RETIRED,
    "rollback": Act.CERTIFICATES_ROLLED_BACK,
}
_HINT: Final = "lay them down with `kuacheng certs` and name them in gateway.yaml as material/current/..."


class NotInGenerations(Exception):  # noqa: N818  named for what was found
    """gateway.yaml names files that lie in no generation, or in several folders of them; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of generations of one gateway, and how a configuration is read: `read(instead)`, raising ConfigError."""

    loaded: Loaded
    folder: Path
    read: Callable[[Mapping[Path, Path]], Loaded]

    @classmethod
    def of(cls, loaded: Loaded, read: Callable[[Mapping[Path, Path]], Loaded]) -> "Place":
        """Where gateway.yaml leads. Raises NotInGenerations."""
        folders = {_before(named) for named in loaded.links if CURRENT in named.parts}
        if len(folders) != 1:
            told = "no file" if not folders else f"files in {len(folders)} folders"
            raise NotInGenerations(f"gateway.yaml names {told} of generations; {_HINT}")
        return cls(loaded, folders.pop(), read)

    @property
    def link(self) -> Path:
        """`current`."""
        return self.folder / CURRENT

    def name_inside(self, reference: str, base: Path) -> str | None:
        """What a reference of gateway.yaml is called inside a generation; None where it lies elsewhere."""
        named = Path(os.path.abspath(base / reference))  # noqa: PTH100 - the link must stay to be seen
        return named.relative_to(self.link).as_posix() if named.is_relative_to(self.link) else None


def bundles(place: Place, base: Path, region: str | None) -> Mapping[str, bytes]:
    """The bundles that a region's CA stands in, by name inside the generation; without a region, the one by which peers judge us.

    Raises NotInGenerations, KeyError for a region that is not configured.
    """
    if region is None:
        names = {generations.PUBLISHED}
    else:
        settings = place.loaded.settings.regions[region]
        wanted = [settings.authorities.file, *(each.authorities.file for each in settings.systems.values())]
        names = {name for each in wanted if (name := place.name_inside(each, base))}
    found = {name: (place.link / name).read_bytes() for name in sorted(names) if (place.link / name).is_file()}
    if not found:
        raise NotInGenerations(f"no bundle of {region or 'our own CA'} lies in the generation in force; {_HINT}")
    return found


def carry_out(place: Place, plan: Plan, now: datetime, record: Callable[[Act, Mapping[str, str]], object]) -> Generation:
    """Makes the plan's generation and puts it in force. Raises GenerationRefused, and whatever `record` raises; then nothing changed."""
    made = generations.stage(place.folder, plan.changes, partial(judged, now=now))
    try:
        return put(place, made.name, plan, now, record)
    except BaseException:
        discard(place.folder, made.name)
        raise


def put(place: Place, name: str, plan: Plan, now: datetime, record: Callable[[Act, Mapping[str, str]], object]) -> Generation:
    """Puts a generation that is there in force. Raises as carry_out."""
    if not plan.undoes:
        generations.refuse_undoing(place.folder, name)
    try:
        place.read({place.link: place.folder / name})
    except ConfigError as error:
        raise GenerationRefused(f"the configuration cannot be used with generation {name}:\n{error}") from error
    record(ACTS[plan.step], {**plan.facts, "generation": name})
    return activate(place.folder, name, partial(judged, now=now), undoes=plan.undoes)


def _before(named: Path) -> Path:
    return Path(*named.parts[: named.parts.index(CURRENT)])
