"""What the evidence log needs of what gateway.yaml refers to: where it lies, whose keys sign it and hide holders, who witnesses it.

Laws: those of references; a log has a name and a place that no other log has; a holder key keeps the name that its entries have.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from gateway.config import document as yaml
from gateway.config import pem
from gateway.config.problem import ConfigError, Gathering
from gateway.config.reference_sections import FileReference, KeyReference, TokenSettings
from gateway.config.references import MOST_SECRET, References
from gateway.config.settings import (
    FormerKeySettings,
    FormerLogSettings,
    HolderKeySettings,
    LedgerSettings,
    PostgresqlSettings,
    Settings,
    WitnessSettings,
)
from gateway.config.words import Address
from gateway.model.world import HolderKey
from gateway.token import Place, SigningKey, TokenRefused, derived, signing_key

T = TypeVar("T")
_SHORTEST_HOLDER_KEY: Final = 32
_HOLDER_CONTEXT: Final = b"kuacheng holder key v1\0"


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
class LogMaterial:
    """All of it. `former_holder_keys` and `former` are those before, `keys` PEM or in a token."""

    holder_key: HolderKey
    former_holder_keys: tuple[HolderKey, ...]
    where: Path | DatabaseMaterial
    keys: tuple[bytes | SigningKey, ...] = field(repr=False)
    former: tuple[LogPlace, ...]
    witnesses: WitnessMaterial | None


def read_log(references: References, settings: Settings) -> LogMaterial:
    """What the settings say of the log. Raises ConfigError with every problem."""
    gathering = Gathering()
    holder_key = gathering.attempt(_holder_key, references, ("ledger", "holder_key"), settings.ledger.holder_key)
    former_holder_keys = gathering.attempt(_former_holder_keys, references, settings.ledger.holder_key)
    keys = gathering.attempt(_log_keys, references, settings)
    where = gathering.attempt(_ledger, references, ("ledger",), settings.ledger)
    former = gathering.attempt(_former, references, settings, keys or ())
    wanted = settings.ledger.witnesses
    witnesses = gathering.attempt(_witnesses, references, wanted) if wanted else None
    gathering.close()
    if holder_key is None or former_holder_keys is None or keys is None or where is None or former is None:
        raise RuntimeError("material of the log is missing without a problem")
    return LogMaterial(holder_key, former_holder_keys, where, keys, former, witnesses)


def _holder_key(references: References, at: yaml.Path, key: HolderKeySettings | FormerKeySettings) -> HolderKey:
    """The key as it is in a file; or, since a token is too slow and too far for each exchange, one that the token derives for this id."""
    if key.pkcs11 is not None:
        return HolderKey(
            key.id, _from_token(references, at, key.pkcs11, lambda place: derived(place, _HOLDER_CONTEXT + key.id.encode()))
        )
    at = (*at, "file")
    secret = references.file(at, key.file or "", most=MOST_SECRET, private=True)
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
        gathering.attempt(references.pair, at, wanted.certificate.file, wanted.key.file)
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
