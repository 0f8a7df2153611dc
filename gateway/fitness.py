"""Whether the certificates that a new configuration would have the gateway show can be shown now: what newly speaks against them.

Laws: pure but for reading the keys that it names; only what was not wrong before keeps a configuration out, so that an expired certificate
does not keep out the change that has nothing to do with it, and none that is worse than what stands gets in.
Source: RFC 5280 4.1.2.5 (validity), 4.2.1.12 (extended key usage).
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from certs.extensions import Usage
from certs.findings import Finding, Severity
from certs.preflight import Identity, examine, of_bundle
from gateway.config import Loaded


def unfit(loaded: Loaded, before: Loaded, now: datetime) -> tuple[str, ...]:
    """What is wrong with what `loaded` would show and is not with what `before` shows, in words. Raises OSError."""
    if _shown(before) == _shown(loaded):
        return ()
    known = {(each.material, each.code) for each in _faults(before, now)}
    return tuple(dict.fromkeys(str(each) for each in _faults(loaded, now) if (each.material, each.code) not in known))


def _faults(loaded: Loaded, now: datetime) -> Iterator[Finding]:
    for each in _identities(loaded):
        yield from (found for found in examine(each, now) if found.severity is Severity.ERROR and not of_bundle(found.code))


def _identities(loaded: Loaded) -> Iterator[Identity]:
    """By which CA their peers judge them is not ours to know, so no bundle comes with them."""
    server = loaded.server
    yield Identity(name="listen", role=Usage.SERVER, certificate=server.certificate, key=server.key, authorities=b"")
    for name, system in loaded.systems.items():
        yield Identity(name=name, role=Usage.CLIENT, certificate=system.shown, key=_key(Path(system.key)), authorities=b"")


def _key(file: Path) -> bytes:
    """Nothing where it is gone: a generation that stands in the past may have been pruned."""
    return file.read_bytes() if file.is_file() else b""


def _shown(loaded: Loaded) -> object:
    return loaded.server, {name: system.pair for name, system in loaded.systems.items()}
