"""Whether material of ours is ready to be shown: what `certs.preflight` reads in it, and what only files and a handshake tell.

Laws: nothing is changed; a fault is told once; where the published bundle is not known that is said, and what needs it is left
out. The handshake is real, by the machine's clock, so `now` is that clock's; it blocks for seconds at the worst.
"""

import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from cryptography import x509

from certs import extensions, handshake
from certs.authority import Leaf
from certs.extensions import Usage
from certs.findings import Code, Finding
from certs.preflight import Identity, chain_fault, examine, of_bundle

CLOCK_TOLERANCE: Final = 120.0
"""Seconds by which two machines may differ: a certificate starts five minutes before it is issued, so less than half of that."""

_OTHERS: Final = 0o077
_OTHERS_WRITE: Final = 0o022


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A certificate of ours (PEM, leaf first) with its key; `published` is the bundle that its peers were given, None if unknown.

    `partners`: what each partner says that it has, by the partner's name.
    """

    name: str
    role: Usage
    certificate: bytes
    key: bytes = field(repr=False)
    published: bytes | None
    partners: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))


def ready(material: Material, now: datetime) -> tuple[Finding, ...]:
    """Everything that is wrong with it; a handshake is tried under the published bundle and under each partner's."""
    return (*_read(material, now), *_partners(material, now), *_shaken(material, now))


def rights(name: str, *, keys: Iterable[Path], others: Iterable[Path]) -> tuple[Finding, ...]:
    """Whether somebody else may read keys, or change these files or the folders that they lie in. Raises OSError."""
    read, shown = tuple(dict.fromkeys(keys)), tuple(dict.fromkeys(others))
    found = [Finding.of(f"{name}: {each}", Code.KEY_OPEN, {"mode": mode}) for each in read if (mode := _mode(each)) & _OTHERS]
    folders = dict.fromkeys(each.parent for each in (*read, *shown))
    # A sticky folder such as /tmp lets nobody replace what is another's.
    found += [
        Finding.of(name, Code.FILE_WRITABLE, {"file": str(each), "mode": mode})
        for each in (*shown, *folders)
        if (mode := _mode(each)) & _OTHERS_WRITE and not mode & stat.S_ISVTX
    ]
    return tuple(found)


def clock(now: datetime, recorded: Mapping[str, datetime]) -> tuple[Finding, ...]:
    """Whether the machine's clock is behind moments that were recorded before, by what recorded them."""
    return tuple(
        Finding.of("clock", Code.CLOCK_BEHIND, {"now": now, "source": source, "moment": moment})
        for source, moment in recorded.items()
        if (moment - now).total_seconds() > CLOCK_TOLERANCE
    )


def clocks_differ(source: str, ours: datetime, theirs: datetime) -> tuple[Finding, ...]:
    """Whether two machines gave one event moments that are too far apart."""
    seconds = abs((ours - theirs).total_seconds())
    return (Finding.of("clock", Code.CLOCK_DIFFERS, {"source": source, "seconds": seconds}),) if seconds > CLOCK_TOLERANCE else ()


def _read(material: Material, now: datetime) -> Iterator[Finding]:
    identity = Identity(
        name=material.name,
        role=material.role,
        certificate=material.certificate,
        key=material.key,
        authorities=material.published or b"",
    )
    found = examine(identity, now)
    if material.published is not None:
        yield from found
        return
    yield from (each for each in found if not of_bundle(each.code))
    yield Finding.of(material.name, Code.NOT_PUBLISHED, {})


def _partners(material: Material, now: datetime) -> Iterator[Finding]:
    for partner, bundle in material.partners.items():
        if why := chain_fault(material.certificate, bundle, material.role, now):
            yield Finding.of(material.name, Code.NOT_IN_BUNDLE, {"partner": partner, "why": why})


def _shaken(material: Material, now: datetime) -> Iterator[Finding]:
    role = material.role.name.lower()
    if material.published is not None and (why := _handshake(material, now)):
        yield Finding.of(material.name, Code.HANDSHAKE_REFUSED, {"role": role, "why": why})


def _handshake(material: Material, now: datetime) -> str:
    leaf, known = Leaf(material.certificate, material.key), material.published or b""
    if material.role is Usage.CLIENT:
        return handshake.as_client(leaf, known, now)
    try:
        named = extensions.hosts(x509.load_pem_x509_certificate(material.certificate))
    except (ValueError, x509.InvalidVersion):
        return "its certificate cannot be read"
    host = str(named[0].value).replace("*", "any", 1) if named else "localhost"
    return handshake.as_server(leaf, known, host, now)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
