"""What goes wrong with certificates while they are changed: generations that are bad each in one way, and how they came about.

Laws: a bad generation differs from a good one in the gateway's own server leaf only, so that the next good one mends it; each is put in
force past every check of ours, as somebody would who copies files by hand.
"""

import errno
import resource
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

from bench import mounting
from certs import subject
from certs.authority import Authority
from certs.extensions import Profile, Usage
from certs.generations import activate, current, stage
from gateway.development.layout import SERVER_NAME

LIFE: Final = timedelta(days=3)
_OFF: Final = timedelta(hours=1)

Files = dict[str, bytes | None]


def leaves(authority: Authority, now: datetime, life: timedelta = LIFE) -> Files:
    """New leaves of the gateway, for its callers and for the cities, with their keys."""
    uri = subject.gateway(SERVER_NAME, "development")
    made: Files = {}
    for name, usage, hosts in (("server", Usage.SERVER, (SERVER_NAME,)), ("client", Usage.CLIENT, ())):
        leaf = authority.issue(Profile(uri=uri, usages=frozenset({usage}), dns_names=hosts), now, life)
        made |= {f"{name}.pem": leaf.certificate, f"{name}.key": leaf.key}
    return made


def _another_key(authority: Authority, now: datetime) -> Files:
    return {**leaves(authority, now), "server.key": leaves(authority, now)["server.key"]}


def _truncated(authority: Authority, now: datetime) -> Files:
    good = leaves(authority, now)
    return {**good, "server.pem": _half(good["server.pem"])}


def _clock_ahead(authority: Authority, now: datetime) -> Files:
    return leaves(authority, now + _OFF)


def _clock_behind(authority: Authority, now: datetime) -> Files:
    return leaves(authority, now - 2 * _OFF, _OFF)


BAD: Final[Mapping[str, Callable[[Authority, datetime], Files]]] = MappingProxyType(
    {
        "a key of another": _another_key,
        "a truncated file": _truncated,
        "made by a clock an hour ahead": _clock_ahead,
        "made by a clock an hour behind, and over by now": _clock_behind,
    }
)
"""Bad generations, by what is wrong with them."""
FULL: Final = "a full disk (a tmpfs without room)"
LIMITED: Final = "a write that fails midway (a limit on the size of files, for no file system may be made here)"
_SIZE: Final = 1 << 24
HALF_WRITTEN: Final = "a file still being written when it is read"


def put_unjudged(material: Path, changes: Mapping[str, bytes | None]) -> None:
    """Puts these files in force past every check."""
    activate(material, stage(material, changes, lambda _: ()).name, lambda _: ())


@dataclass(frozen=True, slots=True)
class HalfWritten:
    """A generation in force whose certificate somebody is still writing."""

    file: Path
    rest: bytes

    @classmethod
    def begin(cls, material: Path, authority: Authority, now: datetime) -> Self:
        """The first half of it."""
        good = leaves(authority, now)
        whole = good["server.pem"] or b""
        put_unjudged(material, {**good, "server.pem": _half(whole)})
        found = current(material)
        if found is None:
            raise RuntimeError("nothing is in force")
        return cls(found.folder / "server.pem", whole[len(_half(whole)) :])

    def finish(self) -> None:
        """The rest of it."""
        with self.file.open("ab") as file:
            file.write(self.rest)


@dataclass(frozen=True, slots=True)
class Disk:
    """What the certificates lie on: what `full` really does to it, in words, and the number of the error that a write then meets."""

    name: str
    error: int
    full: Callable[[], AbstractContextManager[None]]


@contextmanager
def disk(material: Path) -> Iterator[Disk]:
    """Lays the folder, with all that is in it, on a small file system of its own; where none may be made, leaves it where it is."""
    aside = material.with_name(f"{material.name}.aside")
    material.rename(aside)
    material.mkdir(mode=0o700)
    if mounting.mounted(material, _SIZE):
        shutil.copytree(aside, material, symlinks=True, dirs_exist_ok=True)
        try:
            yield Disk(FULL, errno.ENOSPC, partial(_without_room, material))
        finally:
            mounting.unmounted(material)
    else:
        aside.rename(material)
        yield Disk(LIMITED, errno.EFBIG, _no_file_grows)


@contextmanager
def _without_room(place: Path) -> Iterator[None]:
    mounting.changed(place, f"size={mounting.used(place)}")
    try:
        yield
    finally:
        mounting.changed(place, f"size={_SIZE}")


@contextmanager
def _no_file_grows() -> Iterator[None]:
    """Of this process, beyond the first bytes; other processes write on."""
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))


def _half(content: bytes | None) -> bytes:
    whole = content or b""
    return whole[: len(whole) // 2]
