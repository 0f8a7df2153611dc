"""Fetches what gateway.yaml refers to: certificates, keys and secrets, of the front door, the console, the regions and their systems.

Laws: those of references; an authority speaks for one region only.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from gateway.config import pem
from gateway.config.document import Document
from gateway.config.log_material import LogMaterial, read_log
from gateway.config.problem import Gathering, Problem
from gateway.config.references import References
from gateway.config.settings import ConsoleSettings, RegionSettings, Settings, SystemSettings
from gateway.config.words import Address
from gateway.model.identity import Anchor
from gateway.model.interface import Interface


@dataclass(frozen=True, slots=True)
class ServerMaterial:
    """What the front door needs: where to listen, for how many connections, and the PEM of its certificate and key."""

    address: Address
    connections: int
    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class System:
    """What reaches one system of a city. `name` is the adapter's; `certificate` and `key` are paths, for ssl reads files only.

    `timeout` in seconds; `authorities` PEM, and `authorities_file` where they stand; `shown` is the certificate as it was read. `pair`
    is a digest of certificate and key, by which one sees that they were replaced. `interface` is there where a file describes it.
    """

    name: str
    region: str
    url: str
    server_name: str
    authorities: bytes = field(repr=False)
    certificate: str
    key: str
    timeout: float
    connections: int
    queue: int
    credentials: Mapping[str, str] = field(repr=False)
    shown: bytes = field(default=b"", repr=False)
    pair: str = ""
    authorities_file: str = ""
    interface: Interface | None = None


@dataclass(frozen=True, slots=True)
class ConsoleMaterial:
    """What serves the console behind mutual TLS. `certificate` and `key` are paths, `authorities` PEM; `roles` by the one URI."""

    certificate: str
    key: str
    authorities: bytes = field(repr=False)
    roles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RevocationList:
    """Where a CA's revocation list is: `text` as it is written, `path` where it is a file."""

    text: str
    path: Path | None


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that gateway.yaml refers to. `anchors` by trust domain, `systems` by the adapter's name."""

    anchors: Mapping[str, Anchor]
    systems: Mapping[str, System]
    server: ServerMaterial
    log: LogMaterial
    console: ConsoleMaterial | None


def read_material(references: References, settings: Settings) -> Material:
    """Everything that the settings refer to. Raises ConfigError with every problem."""
    gathering = Gathering()
    server = gathering.attempt(_server, references, settings)
    log = gathering.attempt(read_log, references, settings)
    console = gathering.attempt(_console, references, settings.console) if settings.console else None
    anchors, systems = {}, {}
    for code, region in settings.regions.items():
        if anchor := gathering.attempt(_anchor, references, code, region):
            anchors[anchor.trust_domain] = anchor
        for name, system in region.systems.items():
            if found := gathering.attempt(_system, references, code, name, system):
                systems[found.name] = found
    gathering.add(_shared(references.document, anchors))
    gathering.close()
    if server is None or log is None:
        raise RuntimeError("material is missing without a problem")
    return Material(MappingProxyType(anchors), MappingProxyType(systems), server, log, console)


def revocation_lists(references: References, settings: Settings) -> Mapping[str, tuple[RevocationList, ...]]:
    """Those of each region that has any. They are read while the gateway runs, so a file need not be there yet."""
    named = {code: each.revocation_lists for code, each in settings.regions.items() if each.revocation_lists}
    return MappingProxyType({code: tuple(_revocation_list(references, each) for each in lists) for code, lists in named.items()})


def _revocation_list(references: References, text: str) -> RevocationList:
    remote = text.startswith(("http://", "https://"))
    return RevocationList(text, None if remote else references.path(text))


def _server(references: References, settings: Settings) -> ServerMaterial:
    listen = settings.listen
    certificate, key = references.pair(("listen",), listen.certificate.file, listen.key.file)
    return ServerMaterial(listen.address, listen.connections, certificate, key)


def _console(references: References, wanted: ConsoleSettings) -> ConsoleMaterial | None:
    if wanted.certificate is None or wanted.key is None or wanted.authorities is None or wanted.roles is None:
        return None
    gathering, at = Gathering(), ("console",)
    gathering.attempt(references.pair, at, wanted.certificate.file, wanted.key.file)
    authorities = gathering.attempt(references.pem, (*at, "authorities"), wanted.authorities.file, pem.authorities_fault)
    gathering.close()
    given = {"system": wanted.roles.system, "security": wanted.roles.security, "audit": wanted.roles.audit}
    return ConsoleMaterial(
        certificate=str(references.absolute(wanted.certificate.file)),
        key=str(references.absolute(wanted.key.file)),
        authorities=authorities or b"",
        roles=MappingProxyType({uri: role for role, uris in given.items() for uri in uris}),
    )


def _anchor(references: References, code: str, region: RegionSettings) -> Anchor:
    at = ("regions", code, "authorities")
    return Anchor(code, region.trust_domain, references.pem(at, region.authorities.file, pem.authorities_fault))


def _system(references: References, code: str, name: str, system: SystemSettings) -> System:
    gathering = Gathering()
    at = ("regions", code, "systems", name)
    authorities = gathering.attempt(references.pem, (*at, "authorities"), system.authorities.file, pem.authorities_fault)
    pair = gathering.attempt(references.pair, at, system.certificate.file, system.key.file)
    credentials = {
        key: gathering.attempt(references.secret, (*at, "credentials", key), reference) or ""
        for key, reference in system.credentials.items()
    }
    gathering.close()
    return System(
        name=system.connector,
        region=code,
        url=system.url,
        server_name=system.server_name or urlsplit(system.url).hostname or "",
        authorities=authorities or b"",
        certificate=str(references.absolute(system.certificate.file)),
        key=str(references.absolute(system.key.file)),
        timeout=system.timeout,
        connections=system.connections,
        queue=system.queue,
        credentials=MappingProxyType(credentials),
        shown=pair[0] if pair else b"",
        pair=hashlib.sha256(b"\0".join(pair or ())).hexdigest(),
        authorities_file=str(references.path(system.authorities.file)),
    )


def _shared(document: Document, anchors: Mapping[str, Anchor]) -> Iterator[Problem]:
    """An authority that speaks for two regions could name the departments of one as the other's."""
    seen: dict[str, str] = {}
    for anchor in anchors.values():
        others = {seen.setdefault(each, anchor.region) for each in pem.fingerprints(anchor.authorities)} - {anchor.region}
        for other in sorted(others):
            message = f"an authority stands here that already speaks for the region {other}"
            yield document.problem(("regions", anchor.region, "authorities"), message, "give each region a CA of its own")
