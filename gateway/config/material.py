"""Fetches what gateway.yaml refers to: certificates, keys and secrets, from files and the environment.

Laws: keys and secrets are taken only from files that nobody else may read, or from the environment; a problem names the
reference and never the secret; certificates and keys are looked at before they are used.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar
from urllib.parse import urlsplit

from gateway.config import document as yaml
from gateway.config import pem
from gateway.config.document import Document
from gateway.config.files import Unreadable, read_file
from gateway.config.places import Places
from gateway.config.problem import ConfigError, Gathering, Problem
from gateway.config.reference_sections import FileReference, KeyReference, SecretFile, SecretReference, TokenSettings
from gateway.config.settings import (
    ConsoleSettings,
    FormerKeySettings,
    FormerLogSettings,
    HolderKeySettings,
    LedgerSettings,
    PostgresqlSettings,
    RegionSettings,
    Settings,
    SystemSettings,
    WitnessSettings,
)
from gateway.config.words import Address
from gateway.model.identity import Anchor
from gateway.model.interface import Interface
from gateway.model.world import HolderKey
from gateway.token import Place, SigningKey, TokenRefused, derived, signing_key

T = TypeVar("T")
_MOST_PEM: Final = 1 << 18
_MOST_SECRET: Final = 1 << 14
_MOST_TEXT: Final = 1 << 16
_SHORTEST_HOLDER_KEY: Final = 32
_HOLDER_CONTEXT: Final = b"kuacheng holder key v1\0"


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
class WitnessMaterial:
    """What asks the log's witnesses. `policy` is the policy file's text; `interval` and `limit` in seconds.

    `kept` is the file of the newest cosigned checkpoint; `authorities` PEM, None where none are named.
    """

    policy: str
    kept: Path
    interval: float
    limit: float
    authorities: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class DatabaseMaterial:
    """What reaches a log in PostgreSQL. Certificates and key are files, for libpq reads files only, and were looked at."""

    servers: tuple[Address, ...]
    socket: Path | None
    name: str
    schema: str
    user: str
    password: str = field(repr=False)
    authorities: Path | None
    certificate: Path | None
    key: Path | None


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A log: its name, its file or database, and what signs it, PEM or in a token."""

    log: str
    where: Path | DatabaseMaterial
    keys: tuple[bytes | SigningKey, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that gateway.yaml refers to. `anchors` by trust domain, `systems` by the adapter's name, `log_keys` PEM or in a token."""

    anchors: Mapping[str, Anchor]
    systems: Mapping[str, System]
    server: ServerMaterial
    holder_key: HolderKey
    former_holder_keys: tuple[HolderKey, ...]
    ledger: Path | DatabaseMaterial
    log_keys: tuple[bytes | SigningKey, ...] = field(repr=False)
    former: tuple[LogPlace, ...]
    witnesses: WitnessMaterial | None
    console: ConsoleMaterial | None


@dataclass(frozen=True, slots=True)
class References:
    """Follows the references of one document, relative to its folder."""

    document: Document
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    places: Places = field(default_factory=Places, repr=False)

    def found(self, name: str) -> Path:
        """Where the file of this name lies now."""
        return self.places.found(self.folder / name)

    def path(self, name: str) -> Path:
        """A path of the document as an absolute one."""
        return Path(os.path.abspath(self.folder / name))  # noqa: PTH100 - links stay as they are

    def absolute(self, name: str) -> Path:
        """Where the file of this name lies now, as an absolute path."""
        return Path(os.path.abspath(self.found(name)))  # noqa: PTH100 - links are followed already

    def file(self, at: yaml.Path, name: str, *, most: int = _MOST_PEM, private: bool = False) -> bytes:
        """The file's content. Raises ConfigError at the reference."""
        try:
            return read_file(self.found(name), most=most, private=private)
        except Unreadable as error:
            raise ConfigError([self.document.problem(at, error.message, error.hint)]) from None

    def pem(self, at: yaml.Path, name: str, fault: Callable[[bytes], pem.Fault | None], *, private: bool = False) -> bytes:
        """The file's content, looked at. Raises ConfigError at the file itself."""
        content = self.file((*at, "file"), name, private=private)
        if found := fault(content):
            raise ConfigError([Problem(str(self.found(name)), 1, 1, yaml.dotted(at), *found)])
        return content

    def text(self, at: yaml.Path, name: str) -> str:
        """The file's content as text. Raises ConfigError at the reference."""
        try:
            return self.file(at, name, most=_MOST_TEXT).decode("utf-8")
        except UnicodeDecodeError:
            problem = self.document.problem(at, f"{self.folder / name} is not UTF-8 text", "look whether it is the right file")
            raise ConfigError([problem]) from None

    def secret(self, at: yaml.Path, reference: SecretReference) -> str:
        """The secret as text, without the line end after it. Raises ConfigError."""
        if isinstance(reference, SecretFile):
            content = self.file((*at, "file"), reference.file, most=_MOST_SECRET, private=True)
            where, named, text = (*at, "file"), str(self.folder / reference.file), _text(content)
        else:
            where, named, text = (*at, "env"), f"the variable {reference.env}", self.environment.get(reference.env, "")
        if not text or not text.isprintable():
            raise ConfigError([self.document.problem(where, f"{named} is unset, empty or more than one line of text", "set it")])
        return text


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        return ""


def read_material(references: References, settings: Settings) -> Material:
    """Everything that the settings refer to. Raises ConfigError with every problem."""
    gathering = Gathering()
    server = gathering.attempt(_server, references, settings)
    holder_key = gathering.attempt(_holder_key, references, ("ledger", "holder_key"), settings.ledger.holder_key)
    former_holder_keys = gathering.attempt(_former_holder_keys, references, settings.ledger.holder_key)
    log_keys = gathering.attempt(_log_keys, references, settings)
    ledger = gathering.attempt(_ledger, references, ("ledger",), settings.ledger)
    former = gathering.attempt(_former, references, settings, log_keys or ())
    wanted = settings.ledger.witnesses
    witnesses = gathering.attempt(_witnesses, references, wanted) if wanted else None
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
    if server is None or holder_key is None or former_holder_keys is None or ledger is None or log_keys is None or former is None:
        raise RuntimeError("material is missing without a problem")
    return Material(
        MappingProxyType(anchors),
        MappingProxyType(systems),
        server,
        holder_key,
        former_holder_keys,
        ledger,
        log_keys,
        former,
        witnesses,
        console,
    )


def revocation_lists(references: References, settings: Settings) -> Mapping[str, tuple[RevocationList, ...]]:
    """Those of each region that has any. They are read while the gateway runs, so a file need not be there yet."""
    named = {code: each.revocation_lists for code, each in settings.regions.items() if each.revocation_lists}
    return MappingProxyType({code: tuple(_revocation_list(references, each) for each in lists) for code, lists in named.items()})


def _revocation_list(references: References, text: str) -> RevocationList:
    remote = text.startswith(("http://", "https://"))
    return RevocationList(text, None if remote else references.path(text))


def _server(references: References, settings: Settings) -> ServerMaterial:
    listen = settings.listen
    certificate, key = _pair(references, ("listen",), listen.certificate.file, listen.key.file)
    return ServerMaterial(listen.address, listen.connections, certificate, key)


def _pair(references: References, at: yaml.Path, certificate: str, key: str) -> tuple[bytes, bytes]:
    gathering = Gathering()
    leaf = gathering.attempt(references.pem, (*at, "certificate"), certificate, pem.certificate_fault)
    private = gathering.attempt(
        references.pem, (*at, "key"), key, lambda content: pem.key_fault(content, leaf or b""), private=True
    )
    gathering.close()
    return leaf or b"", private or b""


def _console(references: References, wanted: ConsoleSettings) -> ConsoleMaterial | None:
    if wanted.certificate is None or wanted.key is None or wanted.authorities is None or wanted.roles is None:
        return None
    gathering, at = Gathering(), ("console",)
    gathering.attempt(_pair, references, at, wanted.certificate.file, wanted.key.file)
    authorities = gathering.attempt(references.pem, (*at, "authorities"), wanted.authorities.file, pem.authorities_fault)
    gathering.close()
    given = {"system": wanted.roles.system, "security": wanted.roles.security, "audit": wanted.roles.audit}
    return ConsoleMaterial(
        certificate=str(references.absolute(wanted.certificate.file)),
        key=str(references.absolute(wanted.key.file)),
        authorities=authorities or b"",
        roles=MappingProxyType({uri: role for role, uris in given.items() for uri in uris}),
    )


def _holder_key(references: References, at: yaml.Path, key: HolderKeySettings | FormerKeySettings) -> HolderKey:
    """The key as it is in a file; or, since a token is too slow and too far for each exchange, one that the token derives for this id."""
    if key.pkcs11 is not None:
        return HolderKey(
            key.id, _from_token(references, at, key.pkcs11, lambda place: derived(place, _HOLDER_CONTEXT + key.id.encode()))
        )
    at = (*at, "file")
    secret = references.file(at, key.file or "", most=_MOST_SECRET, private=True)
    if len(secret) < _SHORTEST_HOLDER_KEY:
        message = f"the key is shorter than {_SHORTEST_HOLDER_KEY} bytes, so holders' numbers could be guessed from the log"
        hint = "make one with `openssl rand -out FILE 32`"
        raise ConfigError([references.document.problem(at, message, hint)])
    return HolderKey(key.id, secret)


def _former_holder_keys(references: References, current: HolderKeySettings) -> tuple[HolderKey, ...]:
    """The keys before it, each once: two under one name, would be a slip of whoever changed them."""
    gathering = Gathering()
    at, seen = ("ledger", "holder_key", "former"), {current.id}
    keys = []
    for index, each in enumerate(current.former):
        if each.id in seen:
            message = f"the name {each.id} stands for another holder key already"
            gathering.add(
                [references.document.problem((*at, index, "id"), message, "each key keeps the name that its entries have")]
            )
        seen.add(each.id)
        keys.append(gathering.attempt(_holder_key, references, (*at, index), each))
    gathering.close()
    return tuple(key for key in keys if key is not None)


def _log_keys(references: References, settings: Settings) -> tuple[bytes | SigningKey, ...]:
    """The log's key, and the one that is to follow it if there is one."""
    gathering = Gathering()
    given = {"key": settings.ledger.key, "next_key": settings.ledger.next_key}
    keys = [
        gathering.attempt(_log_key, references, ("ledger", name), each) or b"" for name, each in given.items() if each is not None
    ]
    gathering.close()
    return tuple(keys)


def _ledger(references: References, at: yaml.Path, wanted: LedgerSettings | FormerLogSettings) -> Path | DatabaseMaterial:
    if wanted.postgresql is not None:
        return _database(references, (*at, "postgresql"), wanted.postgresql)
    return references.path(wanted.file or "")


def _database(references: References, at: yaml.Path, wanted: PostgresqlSettings) -> DatabaseMaterial:
    gathering = Gathering()
    password = gathering.attempt(references.secret, (*at, "password"), wanted.password) if wanted.password else ""
    if wanted.authorities:
        gathering.attempt(references.pem, (*at, "authorities"), wanted.authorities.file, pem.authorities_fault)
    if wanted.certificate and wanted.key:
        gathering.attempt(_pair, references, at, wanted.certificate.file, wanted.key.file)
    gathering.close()
    return DatabaseMaterial(
        servers=wanted.servers,
        socket=references.path(wanted.socket) if wanted.socket else None,
        name=wanted.database,
        schema=wanted.schema_,
        user=wanted.user,
        password=password or "",
        authorities=references.path(wanted.authorities.file) if wanted.authorities else None,
        certificate=references.path(wanted.certificate.file) if wanted.certificate else None,
        key=references.path(wanted.key.file) if wanted.key else None,
    )


def _log_key(references: References, at: yaml.Path, key: KeyReference) -> bytes | SigningKey:
    if isinstance(key, FileReference):
        return references.pem(at, key.file, pem.log_key_fault, private=True)
    return _from_token(references, at, key.pkcs11, signing_key)


def _former(references: References, settings: Settings, own: tuple[bytes | SigningKey, ...]) -> tuple[LogPlace, ...]:
    """The logs before this one; two under one name would be one."""
    gathering = Gathering()
    names, places = {settings.log}, {_place(references, settings.ledger)}
    found = []
    for index, each in enumerate(settings.ledger.former):
        at = ("ledger", "former", index)
        place = _place(references, each)
        if each.log in names or place in places:
            message = f"the log {each.log}, or its file or schema, stands here twice"
            gathering.add([references.document.problem((*at, "log"), message, "each log has a name and a place of its own")])
        names.add(each.log)
        places.add(place)
        where = gathering.attempt(_ledger, references, at, each)
        key = gathering.attempt(_log_key, references, (*at, "key"), each.key) if each.key else None
        if where is not None:
            found.append(LogPlace(each.log, where, own if key is None else (key,)))
    gathering.close()
    return tuple(found)


def _place(references: References, log: LedgerSettings | FormerLogSettings) -> tuple[object, ...]:
    """What no two logs share."""
    where = log.postgresql
    return (references.path(log.file or ""),) if where is None else (where.servers, where.socket, where.database, where.schema_)


def _from_token(references: References, at: yaml.Path, wanted: TokenSettings, ask: Callable[[Place], T]) -> T:
    """What the token says. Raises ConfigError at the key that names it."""
    at = (*at, "pkcs11")
    place = Place(references.path(wanted.module), wanted.token, wanted.label, references.secret((*at, "pin"), wanted.pin))
    try:
        return ask(place)
    except TokenRefused as refused:
        raise ConfigError([references.document.problem(at, refused.message, refused.hint)]) from None


def _witnesses(references: References, wanted: WitnessSettings) -> WitnessMaterial:
    gathering = Gathering()
    at = ("ledger", "witnesses")
    policy = gathering.attempt(references.text, (*at, "policy", "file"), wanted.policy.file)
    authorities = None
    if wanted.authorities:
        name = wanted.authorities.file
        authorities = gathering.attempt(references.pem, (*at, "authorities"), name, pem.authorities_fault)
    kept = references.path(wanted.kept.file)
    if not kept.parent.is_dir():
        message = f"the folder {kept.parent} does not exist"
        gathering.add([references.document.problem((*at, "kept", "file"), message, "make it, or correct the path")])
    gathering.close()
    return WitnessMaterial(policy or "", kept, wanted.interval, wanted.limit, authorities)


def _anchor(references: References, code: str, region: RegionSettings) -> Anchor:
    at = ("regions", code, "authorities")
    return Anchor(code, region.trust_domain, references.pem(at, region.authorities.file, pem.authorities_fault))


def _system(references: References, code: str, name: str, system: SystemSettings) -> System:
    gathering = Gathering()
    at = ("regions", code, "systems", name)
    authorities = gathering.attempt(references.pem, (*at, "authorities"), system.authorities.file, pem.authorities_fault)
    pair = gathering.attempt(_pair, references, at, system.certificate.file, system.key.file)
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
