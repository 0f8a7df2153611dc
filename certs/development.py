"""The throw-away PKI of development, demo and tests: a CA for each city, one for the gateway, and what hangs on them.

Laws: made by a program, never kept in the repository; its names end in `.test` (RFC 6761 section 6.2), so that none can
be taken for a real one. The folder appears whole or not at all, and belongs to this module: when it no longer serves it
is replaced with everything in it, but only if it bears the mark of an earlier development PKI.
"""

import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from types import MappingProxyType
from typing import Final

from certs import custody, subject
from certs.authority import Authority, Leaf
from certs.extensions import Profile, Usage
from certs.findings import Severity
from certs.preflight import Identity, examine

GATEWAY: Final = "gateway"
GATEWAY_TRUST_DOMAIN: Final = "gateway.test"
TRUST_DOMAINS: Final[Mapping[str, str]] = MappingProxyType({"440100": "guangzhou.test", "440600": "foshan.test"})
LEAF_LIFE: Final = timedelta(days=30)
AUTHORITY_LIFE: Final = timedelta(days=365)
REUSED_WITH: Final = timedelta(days=1)

_EDITION: Final = 1
_MARK: Final = "development-pki.json"


class DevelopmentPkiError(Exception):
    """The folder holds something that must not be replaced; the message says what to do."""


@dataclass(frozen=True, slots=True, order=True)
class ClientSystem:
    """A departmental system that gets a certificate.

    `client` names its files; `region` is by GB/T 2260, `credit_code` by GB 32100; `system` is its name in its URI.
    """

    client: str
    region: str
    credit_code: str
    system: str


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Where a certificate and its private key lie, both PEM."""

    certificate: Path
    key: Path

    def read(self) -> Leaf:
        """Both texts. Raises OSError as the system gives it."""
        return Leaf(self.certificate.read_bytes(), self.key.read_bytes())


@dataclass(frozen=True, slots=True)
class DevelopmentPki:
    """Where everything lies: cities by region (GB/T 2260), clients by name, authorities by region or `GATEWAY`.

    `callers_ca` holds the CAs of all regions: by it the gateway judges its callers.
    """

    folder: Path
    authorities: Mapping[str, KeyPair]
    callers_ca: Path
    gateway_server: KeyPair
    gateway_client: KeyPair
    cities: Mapping[str, KeyPair]
    clients: Mapping[str, KeyPair]

    def authority(self, name: str) -> Authority:
        """A CA with its key, so that a test can issue what it needs. Raises KeyError for one that is not there."""
        pair = self.authorities[name].read()
        return Authority.load(pair.certificate, pair.key)

    @property
    def gateway_ca(self) -> Path:
        """What callers and cities trust in order to know the gateway."""
        return self.authorities[GATEWAY].certificate


def write_development_pki(folder: Path, now: datetime, clients: Iterable[ClientSystem]) -> DevelopmentPki:
    """The development PKI in `folder`, with certificates for these clients.

    The one that is there, where it was made for the same clients, is sound, and stays so for another day; else a new
    one. Raises ValueError for a client whose region or name cannot be, DevelopmentPkiError for a folder that holds
    something else, OSError as the system gives it.
    """
    ordered = _checked(tuple(sorted(clients)))
    pki = _layout(folder, ordered)
    plan = _plan(pki, ordered)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with custody.alone(folder.parent):  # two that start together share one PKI
        if not _serves(pki, plan, now):
            _refuse_foreign(folder)
            _make(folder, ordered, now)
    return pki


@dataclass(frozen=True, slots=True)
class _Planned:
    """One leaf to be: who signs it, where it will lie, what it will say."""

    issuer: str
    pair: KeyPair
    profile: Profile


def _layout(folder: Path, clients: tuple[ClientSystem, ...]) -> DevelopmentPki:
    def pairs(under: str, names: Iterable[str]) -> Mapping[str, KeyPair]:
        return MappingProxyType({name: KeyPair(folder / under / f"{name}.pem", folder / under / f"{name}.key") for name in names})

    gateway = pairs("gateway", (Usage.SERVER.name.lower(), Usage.CLIENT.name.lower()))
    return DevelopmentPki(
        folder=folder,
        authorities=pairs("authorities", (GATEWAY, *TRUST_DOMAINS)),
        callers_ca=folder / "callers-ca.pem",
        gateway_server=gateway["server"],
        gateway_client=gateway["client"],
        cities=pairs("cities", TRUST_DOMAINS),
        clients=pairs("clients", (client.client for client in clients)),
    )


def _plan(pki: DevelopmentPki, clients: tuple[ClientSystem, ...]) -> tuple[_Planned, ...]:
    gateway = subject.gateway(GATEWAY_TRUST_DOMAIN, "development")
    cities = (
        _Planned(region, pki.cities[region], _server(subject.city_system(domain, "simulator"), domain))
        for region, domain in TRUST_DOMAINS.items()
    )
    return (
        _Planned(GATEWAY, pki.gateway_server, _server(gateway, GATEWAY_TRUST_DOMAIN)),
        _Planned(GATEWAY, pki.gateway_client, _client(gateway)),
        *cities,
        *(_Planned(client.region, pki.clients[client.client], _client(_uri(client))) for client in clients),
    )


def _checked(clients: tuple[ClientSystem, ...]) -> tuple[ClientSystem, ...]:
    names = [client.client for client in clients]
    for client in clients:
        if client.region not in TRUST_DOMAINS:
            message = f"client {client.client!r}: no city {client.region!r} here; use one of {', '.join(TRUST_DOMAINS)}"
            raise ValueError(message)
        if names.count(client.client) > 1 or not subject.is_segment(client.client):
            message = f"client {client.client!r}: its name is a file's, so give it once, of A-Z, a-z, 0-9, '.', '-', '_'"
            raise ValueError(message)
    return clients


def _uri(client: ClientSystem) -> str:
    return subject.department_system(TRUST_DOMAINS[client.region], client.credit_code, client.system)


def _client(uri: str) -> Profile:
    return Profile(uri=uri, usages=frozenset({Usage.CLIENT}))


def _server(uri: str, domain: str) -> Profile:
    return Profile(
        uri=uri,
        usages=frozenset({Usage.SERVER}),
        dns_names=(domain, "localhost"),
        ip_addresses=(IPv4Address("127.0.0.1"),),
    )


def _serves(pki: DevelopmentPki, plan: tuple[_Planned, ...], now: datetime) -> bool:
    """Whether what lies there was made for this plan, and each part of it is sound now and stays so long enough."""
    try:
        if (pki.folder / _MARK).read_text() != _mark(plan) or pki.callers_ca.read_bytes() != _callers_ca(pki):
            return False
        identities = [_identity(pki, planned) for planned in plan]
        for name in pki.authorities:
            pki.authority(name)
    except (OSError, ValueError):
        return False
    moments = (now, now + REUSED_WITH)
    return not any(
        finding.severity is Severity.ERROR
        for identity in identities
        for moment in moments
        for finding in examine(identity, moment)
    )


def _identity(pki: DevelopmentPki, planned: _Planned) -> Identity:
    leaf = planned.pair.read()
    (role,) = planned.profile.usages
    return Identity(
        name=planned.pair.certificate.name,
        role=role,
        certificate=leaf.certificate,
        key=leaf.key,
        authorities=pki.authorities[planned.issuer].certificate.read_bytes(),
    )


def _mark(plan: tuple[_Planned, ...]) -> str:
    """What tells a development PKI from any other folder, and one list of clients from another."""
    leaves = {f"{leaf.pair.key.parent.name}/{leaf.pair.key.stem}": [leaf.issuer, leaf.profile.uri] for leaf in plan}
    return json.dumps({"edition": _EDITION, "leaves": leaves}, indent=1)


def _callers_ca(pki: DevelopmentPki) -> bytes:
    return b"".join(pki.authorities[region].certificate.read_bytes() for region in TRUST_DOMAINS)


def _refuse_foreign(folder: Path) -> None:
    if folder.exists() and not (folder / _MARK).is_file() and any(folder.iterdir()):
        message = f"{folder}: holds something else than a development PKI, so it stays; name another folder, or empty it"
        raise DevelopmentPkiError(message)


def _make(folder: Path, clients: tuple[ClientSystem, ...], now: datetime) -> None:
    """A new PKI beside the folder, then in its place."""
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        fresh, retired = Path(beside, "fresh"), Path(beside, "retired")
        _write(_layout(fresh, clients), clients, now)
        if folder.exists():
            folder.rename(retired)
        fresh.rename(folder)


def _write(pki: DevelopmentPki, clients: tuple[ClientSystem, ...], now: datetime) -> None:
    plan = _plan(pki, clients)
    pairs = (*pki.authorities.values(), *(planned.pair for planned in plan))
    for folder in (pki.folder, *dict.fromkeys(pair.key.parent for pair in pairs)):
        custody.private_folder(folder)
    authorities = {name: Authority.create(f"{name} development CA", now, AUTHORITY_LIFE) for name in pki.authorities}
    for name, authority in authorities.items():
        _lay_down(pki.authorities[name], authority.certificate_pem, authority.key_pem)
    for planned in plan:
        leaf = authorities[planned.issuer].issue(planned.profile, now, LEAF_LIFE)
        _lay_down(planned.pair, leaf.certificate, leaf.key)
    custody.write_certificate(pki.callers_ca, _callers_ca(pki))
    (pki.folder / _MARK).write_text(_mark(plan))


def _lay_down(pair: KeyPair, certificate: bytes, key: bytes) -> None:
    custody.write_key(pair.key, key)
    custody.write_certificate(pair.certificate, certificate)
