"""What the gateway of one configuration holds: each file of certificates, as what it is used, and our own with their keys.

Laws: files only, so that it works before the gateway starts and beside one that runs. By `certs.generations` a `ca.pem` beside
a certificate of ours is the bundle by which its peers know us, as they were given it.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from certs.extensions import Usage
from certs.generations import CURRENT, PUBLISHED
from certs.inventory import Holding, Role, Use
from gateway.config import Loaded
from gateway.config.files import read_file
from gateway.config.reference_sections import FileReference

_MOST: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Own:
    """A certificate of ours, its key, and the published bundle by which its peers know it; None where none lies there."""

    use: Use
    role: Usage
    certificate: Path
    key: Path
    certificate_pem: bytes = field(repr=False)
    key_pem: bytes = field(repr=False)
    published: Path | None
    published_pem: bytes = field(repr=False)


def own(loaded: Loaded) -> tuple[Own, ...]:
    """What this gateway shows to its callers, and what it shows to each city's systems. Raises Unreadable."""
    listen = loaded.settings.listen
    served = Use(Role.SERVED, "gateway")
    found = [_own(served, Usage.SERVER, _place(loaded, listen.certificate), _place(loaded, listen.key))]
    for code, region in loaded.settings.regions.items():
        for name, system in region.systems.items():
            use = Use(Role.PRESENTED, f"{code}/{name}")
            found.append(_own(use, Usage.CLIENT, _place(loaded, system.certificate), _place(loaded, system.key)))
    return tuple(found)


def trusted(loaded: Loaded) -> tuple[Holding, ...]:
    """Whom this gateway believes: each region's authorities, those of its systems, and those of the witnesses. Raises Unreadable."""
    return tuple(_trusted(loaded))


def holdings(loaded: Loaded) -> tuple[Holding, ...]:
    """All of it, and what is published of us. Raises Unreadable."""
    ours = own(loaded)
    published = [
        _holding(Use(Role.PUBLISHED, each.use.by), each.published, each.published_pem)
        for each in ours
        if each.published is not None
    ]
    shown = [_holding(each.use, each.certificate, each.certificate_pem) for each in ours]
    return (*shown, *published, *trusted(loaded))


def generation(file: Path) -> str:
    """The generation that a file lies in, as `current` points to it; empty where it lies in none."""
    real = file.resolve()
    found = (each.name for each in real.parents if (each.parent / CURRENT).is_symlink())
    return next(found, "")


def _place(loaded: Loaded, reference: FileReference) -> Path:
    """Where the load found the file, so that all that is read here is of one generation, too."""
    named = Path(loaded.document.file).parent / reference.file
    return loaded.links.get(Path(os.path.abspath(named)), named)  # noqa: PTH100 - links stay as they are


def _own(use: Use, role: Usage, certificate: Path, key: Path) -> Own:
    published = certificate.parent / PUBLISHED
    lies = published if published.is_file() else None
    return Own(
        use=use,
        role=role,
        certificate=certificate,
        key=key,
        certificate_pem=read_file(certificate, most=_MOST),
        key_pem=read_file(key, most=_MOST, private=True),
        published=lies,
        published_pem=read_file(lies, most=_MOST) if lies else b"",
    )


def _trusted(loaded: Loaded) -> Iterator[Holding]:
    for code, region in loaded.settings.regions.items():
        yield _bundle(f"region {code}", _place(loaded, region.authorities))
        for name, system in region.systems.items():
            yield _bundle(f"{code}/{name}", _place(loaded, system.authorities))
    witnesses = loaded.settings.ledger.witnesses
    if witnesses and witnesses.authorities:
        yield _bundle("witnesses", _place(loaded, witnesses.authorities))


def _bundle(by: str, file: Path) -> Holding:
    return _holding(Use(Role.TRUSTED, by), file, read_file(file, most=_MOST))


def _holding(use: Use, file: Path, pem: bytes) -> Holding:
    return Holding(use, file, generation(file), pem)
