"""Certificates, keys and bundles in generations: a sub-folder each, and one link that says which of them is in force.

    pki/                owner only
      000001/           a generation: whole, never changed once it is there
        server.pem  server.key  ca.pem  authorities/440100.pem
      000002/
      current -> 000002
      previous -> 000001
      .base-000002 -> 000001    of which it was made

Laws: a generation is written whole, judged and on the disk before it has a name; `current` changes by one rename, so that whoever is
killed at any moment leaves the old one or the new one, never half; what is in force is never changed in place nor removed; everything is
its owner's only, who owns the folder, whoever wrote it; a generation is refused for what is newly wrong with it, and where it would take
back what came in force since it was made.
Whoever reads resolves `current` once, and takes all that it reads from there.
By its place a file says what it is: NAME.pem with a NAME.key beside it is ours and is shown to peers, `ca.pem` is the bundle by which
peers judge what is ours, every other .pem is a bundle of authorities that we trust.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

from certs import custody, subject, undoing
from certs.findings import Finding, Severity
from certs.preflight import Identity, Trust, examine, of_bundle, roles

CURRENT: Final = "current"
PREVIOUS: Final = "previous"
PUBLISHED: Final = "ca.pem"
KEPT: Final = 8
"""Generations that `prune` leaves, besides what is in force, what was before it, and what is staged after it."""

_NAME: Final = re.compile(r"[0-9]{6,}")
_STAGING: Final = ".staging-"
_BASE: Final = ".base-"
_CERTIFICATE, _KEY = ".pem", ".key"
_LARGEST: Final = 1 << 20

Judge = Callable[[Path], tuple[Finding, ...]]
"""What is wrong with the generation that lies in a folder."""


class GenerationRefused(Exception):  # noqa: N818  named for what was found
    """A generation is not made or not put in force; the message says why and what to do. `findings` where it was judged."""

    def __init__(self, message: str, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__("\n".join((message, *map(str, findings))))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation, which lies in `folder`. `state` is staged (after the one in force), current, previous or old."""

    number: int
    folder: Path
    state: str

    @property
    def name(self) -> str:
        """As `current` points to it."""
        return self.folder.name

    @property
    def base(self) -> str | None:
        """The name of the generation that was in force when this one was made; None for the first, and where it is not known."""
        return _pointed(self.folder.parent, f"{_BASE}{self.name}")

    def files(self) -> Mapping[str, bytes]:
        """What is in it, by path inside it ("authorities/440100.pem"). Raises OSError as the system gives it."""
        paths = sorted(each for each in self.folder.rglob("*") if each.is_file())
        return MappingProxyType({each.relative_to(self.folder).as_posix(): each.read_bytes() for each in paths})


def generations(folder: Path) -> tuple[Generation, ...]:
    """All that there are, oldest first. Raises OSError as the system gives it."""
    found = sorted((each for each in folder.iterdir() if _NAME.fullmatch(each.name)), key=lambda each: int(each.name))
    now, before = _pointed(folder, CURRENT), _pointed(folder, PREVIOUS)
    return tuple(Generation(int(each.name), each, _state(each.name, now, before)) for each in found)


def current(folder: Path) -> Generation | None:
    """The one in force; None before the first."""
    return next((each for each in generations(folder) if each.state == CURRENT), None) if folder.is_dir() else None


def previous(folder: Path) -> Generation | None:
    """The one that was in force before, to which a rollback returns; None where there is none."""
    return next((each for each in generations(folder) if each.state == PREVIOUS), None) if folder.is_dir() else None


def stage(folder: Path, changes: Mapping[str, bytes | None], judge: Judge) -> Generation:
    """A new generation: what is in force with these files changed, added, or (None) left out. It is not in force yet.

    Raises GenerationRefused where the judge finds an error that is new, a name leads out of the folder, or nothing would change;
    OSError as the system gives it. Then there is no new generation.
    """
    custody.private_folder(folder)
    with custody.alone(folder):
        _sweep(folder)
        base = current(folder)
        before = dict(base.files()) if base else {}
        files = {name: content for name, content in {**before, **changes}.items() if content is not None}
        if files == before:
            raise GenerationRefused("nothing would change; the generation in force holds just this")
        with _staging(folder) as fresh:
            with custody.as_owner(folder):
                _write(fresh, files)
            _refuse_unsound(fresh, judge, base, "the new generation is not made")
            return _named(folder, fresh, base)


def undone(folder: Path, name: str, base: str | None = None) -> tuple[str, ...]:
    """What would be taken back with this generation, in words: what came in force since it was made, or since another `base`.

    All that differs where it is not known of what it was made. Raises GenerationRefused where it is not there.
    """
    wanted, standing = _there(folder, name), current(folder)
    base = base or wanted.base
    if standing is None or standing.name in {name, base}:
        return ()
    before = next((each.files() for each in generations(folder) if each.name == base), None)
    return undoing.undone(standing.files(), wanted.files(), before)


def refuse_undoing(folder: Path, name: str) -> None:
    """Raises GenerationRefused where this generation would take back what came in force since it was made."""
    if lost := undone(folder, name):
        raise GenerationRefused(
            "\n".join(
                (
                    f"generation {name} was made before what is in force, and would take back what came since:",
                    *(f"  {each}" for each in lost),
                    "make it anew by the command that made it, or say why this is meant: --force REASON",
                )
            )
        )


def activate(folder: Path, name: str, judge: Judge, *, undoes: bool = False) -> Generation:
    """Puts a generation in force and gives it back. What was in force is `previous` from then on.

    It is judged once more, for time has passed; `undoes` says that it may take back what came in force since it was made.
    Raises GenerationRefused, and then the old one stays in force.
    """
    with custody.alone(folder):
        wanted = _there(folder, name)
        if wanted.state == CURRENT:
            return wanted
        if not undoes:
            refuse_undoing(folder, name)
        _refuse_unsound(wanted.folder, judge, current(folder), f"generation {name} is not put in force")
        if (now := _pointed(folder, CURRENT)) is not None:
            _point(folder, PREVIOUS, now)
        _point(folder, CURRENT, name)
    return Generation(wanted.number, wanted.folder, CURRENT)


def discard(folder: Path, name: str) -> None:
    """Removes a generation that is not in force. Raises GenerationRefused for the one that is, and for one that is not there."""
    with custody.alone(folder):
        wanted = next((each for each in generations(folder) if each.name == name), None)
        if wanted is None or wanted.state == CURRENT:
            raise GenerationRefused(f"generation {name} is in force, or is not there; it stays as it is")
        _remove(folder, wanted)


def prune(folder: Path, keep: int = KEPT) -> tuple[str, ...]:
    """Removes all but the newest `keep` of the old ones, and tells which."""
    with custody.alone(folder):
        old = [each for each in generations(folder) if each.state == "old"]
        gone = old[: max(0, len(old) - keep)]
        for each in gone:
            _remove(folder, each)
    return tuple(each.name for each in gone)


def judged(folder: Path, now: datetime) -> tuple[Finding, ...]:
    """What certs.preflight finds in the generation that lies here, by what each file's place says it is."""
    names = sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())
    published = (folder / PUBLISHED).read_bytes() if PUBLISHED in names else b""
    found: list[Finding] = []
    for name in (each for each in names if each.endswith(_CERTIFICATE)):
        key = folder / f"{name.removesuffix(_CERTIFICATE)}{_KEY}"
        content = (folder / name).read_bytes()
        if key.is_file():
            found += _ours(name, content, key.read_bytes(), published, now)
        else:
            found += examine(Trust(name=name, authorities=content), now)
    return tuple(found)


def _ours(name: str, certificate: bytes, key: bytes, published: bytes, now: datetime) -> Iterator[Finding]:
    """Faults of the published bundle are told once, for itself; without one, nobody here knows by what peers judge."""
    for role in roles(certificate):
        identity = Identity(name=name, role=role, certificate=certificate, key=key, authorities=published)
        yield from (each for each in examine(identity, now) if not of_bundle(each.code))


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Where a generation is written before it has a name; what is left there in the end is removed."""
    with custody.as_owner(folder):
        beside = tempfile.mkdtemp(prefix=_STAGING, dir=folder)
    try:
        yield Path(beside, "generation")
    finally:
        with custody.as_owner(folder):
            shutil.rmtree(beside)


def _there(folder: Path, name: str) -> Generation:
    found = generations(folder)
    wanted = next((each for each in found if each.name == name), None)
    if wanted is None:
        raise GenerationRefused(f"there is no generation {name}; there are: {', '.join(each.name for each in found) or 'none'}")
    return wanted


def _state(name: str, now: str | None, before: str | None) -> str:
    if name == now:
        return CURRENT
    if now is None or int(name) > int(now):
        return PREVIOUS if name == before else "staged"
    return PREVIOUS if name == before else "old"


def _pointed(folder: Path, link: str) -> str | None:
    try:
        return os.readlink(folder / link)  # noqa: PTH115  its text is the name, not a path
    except FileNotFoundError:
        return None


def _point(folder: Path, link: str, name: str) -> None:
    """One rename: a reader sees the old target or the new one."""
    beside = folder / f".{link}"
    with custody.as_owner(folder):
        beside.unlink(missing_ok=True)
        beside.symlink_to(name)
        beside.replace(folder / link)
        custody.sync_folder(folder)


def _write(fresh: Path, files: Mapping[str, bytes]) -> None:
    fresh.mkdir(mode=custody.FOLDER_MODE)
    for name, content in files.items():
        _refuse_name(name)
        if len(content) > _LARGEST:
            raise GenerationRefused(f"{name} is larger than {_LARGEST} bytes; look whether it is the right file")
        path = fresh / name
        for folder in reversed([each for each in path.parents if each.is_relative_to(fresh)]):
            folder.mkdir(mode=custody.FOLDER_MODE, exist_ok=True)
        write = custody.write_certificate if name.endswith(_CERTIFICATE) else custody.write_key
        write(path, content)
    for folder in (each for each in fresh.rglob("*") if each.is_dir()):
        custody.sync_folder(folder)
    custody.sync_folder(fresh)


def _refuse_name(name: str) -> None:
    parts = PurePosixPath(name).parts
    if not parts or not all(map(subject.is_segment, parts)) or "/".join(parts) != name or parts[0].startswith("."):
        raise GenerationRefused(f"{name!r} is no name for a file inside a generation; write it as NAME.pem or folder/NAME.pem")


def _refuse_unsound(fresh: Path, judge: Judge, standing: Generation | None, what: str) -> None:
    """What is in force has a fault too: that does not hold up its successor. A neighbour's expired CA must not keep us from renewal."""
    known = frozenset(judge(standing.folder)) if standing else frozenset()
    findings = tuple(each for each in judge(fresh) if each not in known)
    if any(each.severity is Severity.ERROR for each in findings):
        raise GenerationRefused(f"{what}:", findings)


def _named(folder: Path, fresh: Path, base: Generation | None) -> Generation:
    last = max((each.number for each in generations(folder)), default=0)
    final = folder / f"{last + 1:06d}"
    with custody.as_owner(folder):
        if base is not None:
            _point(folder, f"{_BASE}{final.name}", base.name)
        fresh.rename(final)
        custody.sync_folder(folder)
    return Generation(last + 1, final, "staged")


def _remove(folder: Path, generation: Generation) -> None:
    # Out of sight by one rename, so that nobody meets half a generation.
    beside = folder / f"{_STAGING}{generation.name}"
    with custody.as_owner(folder):
        generation.folder.rename(beside)
        shutil.rmtree(beside)
        (folder / f"{_BASE}{generation.name}").unlink(missing_ok=True)
        if _pointed(folder, PREVIOUS) == generation.name:
            (folder / PREVIOUS).unlink()


def _sweep(folder: Path) -> None:
    """What a killed program left behind; keys may lie in it."""
    for each in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(each)
