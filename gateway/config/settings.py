"""gateway.yaml as a frozen value: every key, its form and its default.

Laws: paths are relative to the file; every secret is a reference; nothing about security has an off switch.
The page docs/configuration.md says the same for people, and a test holds it to this module.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeVar

from pydantic import Field, model_validator

from gateway.config.certificate_sections import OcspSettings, RenewalSettings
from gateway.config.reference_sections import FileReference, KeyReference, SecretReference, TokenSettings
from gateway.config.shape import Section, fault
from gateway.config.words import (
    Connector,
    Duration,
    Frozen,
    HostName,
    Kept,
    Listening,
    LogName,
    Loopback,
    Name,
    Path,
    Reached,
    RegionCode,
    SchemaName,
    SpiffeId,
    Text,
    TrustDomain,
    Url,
)
from gateway.model.retention import Retention
from gateway.model.world import Limits

SHIPPED: Final = "shipped"
_LIMITS: Final = Limits()


class Listen(Section):
    """The front door."""

    address: Listening = Field(description="where callers connect")
    certificate: FileReference = Field(description="the gateway's certificate and its intermediates, PEM")
    key: FileReference = Field(description="the private key of that certificate, PEM, mode 600")
    front_proxy: SpiffeId | None = Field(
        default=None, description="whose certificate may say which caller's certificate was shown to it; nobody's if left out"
    )
    connections: int = Field(
        default=4_096, ge=16, le=65_536, description="the most connections at a time; more are closed at once"
    )


class Metrics(Section):
    """Where a Prometheus server on this machine finds the metrics."""

    address: Loopback = Field(description="an address of this machine only")


class ConsoleRoles(Section):
    """Who may see what, by the one URI of a certificate."""

    system: tuple[SpiffeId, ...] = Field(default=(), description="system administrators, a list of SPIFFE names")
    security: tuple[SpiffeId, ...] = Field(default=(), description="security administrators, a list of SPIFFE names")
    audit: tuple[SpiffeId, ...] = Field(default=(), description="audit administrators, a list of SPIFFE names")

    @model_validator(mode="after")
    def _apart(self) -> "ConsoleRoles":
        named = (*self.system, *self.security, *self.audit)
        if not named:
            raise fault("names nobody", "name whoever may look, under system, security or audit")
        if len({*named}) < len(named):
            raise fault("names somebody twice", "one identity has one role: give a person with two duties two certificates")
        return self


class ConsoleSettings(Section):
    """Where `kuacheng console` listens. On this machine only, or behind mutual TLS."""

    address: Listening = Field(description="where browsers connect")
    certificate: FileReference | None = Field(default=None, description="the console's certificate and its intermediates, PEM")
    key: FileReference | None = Field(default=None, description="the private key of that certificate, PEM, mode 600")
    authorities: FileReference | None = Field(default=None, description="the CAs of the administrators' certificates, PEM")
    roles: ConsoleRoles | None = Field(default=None, description="who may see what, {system, security, audit}")

    @model_validator(mode="after")
    def _whole(self) -> "ConsoleSettings":
        given = [each is not None for each in (self.certificate, self.key, self.authorities, self.roles)]
        if any(given) and not all(given):
            raise fault(
                "mutual TLS needs certificate, key, authorities and roles", "name all four, or none on a loopback address"
            )
        if not any(given) and not self.address.loopback:
            raise fault(
                "without mutual TLS it must listen on this machine only", 'write "127.0.0.1:9463", or name all that TLS needs'
            )
        return self


class Traces(Section):
    """Where an OpenTelemetry collector on this machine takes traces."""

    address: Loopback = Field(description="an address of this machine only, OTLP over gRPC")


class NameOfRegion(Section):
    """What people call it."""

    zh: Text = Field(description="in Chinese")
    en: Text = Field(description="in English")


class SystemSettings(Section):
    """One system of a city that the gateway asks."""

    connector: Connector = Field(description="the adapter, <city>.<interface>, by which tables name this system")
    url: Url = Field(description="where the system is reached")
    server_name: HostName | None = Field(default=None, description="the name expected in its certificate, if not the URL's")
    authorities: FileReference = Field(description="the CAs that may sign its certificate, PEM")
    certificate: FileReference = Field(description="the certificate by which it knows the gateway, PEM")
    key: FileReference = Field(description="the private key of that certificate, PEM, mode 600")
    timeout: Duration = Field(default=10.0, description="the longest wait for one answer")
    connections: int = Field(
        default=64, ge=1, le=4096, description="the most questions that it is asked at a time, each on a connection"
    )
    queue: int = Field(
        default=128, ge=0, le=4096, description="the most questions that wait for a connection; one more is refused"
    )
    credentials: Annotated[Mapping[Name, SecretReference], Frozen] = Field(
        default_factory=dict, validate_default=True, description="what the adapter signs and logs in with"
    )


class RegionSettings(Section):
    """One city: who may speak for it, and which systems answer for it."""

    name: NameOfRegion = Field(description="the region's name, {zh, en}")
    trust_domain: TrustDomain = Field(description="the trust domain of its departments' SPIFFE names")
    authorities: FileReference = Field(description="the CAs that may speak for this region and for no other, PEM")
    revocation_lists: tuple[Path, ...] = Field(
        default=(), description="where its CAs' revocation lists (CRL) are: files, or http(s) URLs"
    )
    revocation_grace: Duration = Field(default=3600.0, description="how long a list serves after its next one was due")
    ocsp: OcspSettings | None = Field(
        default=None, description="how its CAs are asked for each caller's certificate, {responder, hosts, unreachable, refresh}"
    )
    systems: Annotated[Mapping[Name, SystemSettings], Field(min_length=1), Frozen] = Field(
        description="the systems that answer for the region, by a name of your choice"
    )


def _check_one_place(file: str | None, token: TokenSettings | None) -> None:
    if (file is None) == (token is None):
        raise fault("must name either a file or a token", "write file: path, or pkcs11: {module, token, label, pin}")


class FormerKeySettings(Section):
    """A key under which older entries name their holders."""

    id: Name = Field(description="its public name, as those entries have it")
    file: Path | None = Field(default=None, description="path, relative to gateway.yaml; mode 600")
    pkcs11: TokenSettings | None = Field(default=None, description="where it lies in a token, {module, token, label, pin}")

    @model_validator(mode="after")
    def _one_place(self) -> "FormerKeySettings":
        _check_one_place(self.file, self.pkcs11)
        return self


class HolderKeySettings(Section):
    """The key under which holders' numbers are hashed for the evidence log."""

    id: Name = Field(description="its public name, written into the log; a new key gets a new one")
    file: Path | None = Field(default=None, description="path, relative to gateway.yaml; at least 32 random bytes, mode 600")
    pkcs11: TokenSettings | None = Field(default=None, description="where it lies in a token, {module, token, label, pin}")
    former: tuple[FormerKeySettings, ...] = Field(
        default=(),
        description="the keys before it, a list of {id, file}: entries made under them are found as long as they stand here",
    )

    @model_validator(mode="after")
    def _one_place(self) -> "HolderKeySettings":
        _check_one_place(self.file, self.pkcs11)
        return self


class WitnessSettings(Section):
    """Who must have cosigned the log's checkpoints for exchanges to go on."""

    policy: FileReference = Field(description="the witnesses, and how many must have cosigned (C2SP tlog-policy), {file}")
    kept: FileReference = Field(description="where the newest cosigned checkpoint is kept, written by the gateway, {file}")
    interval: Duration = Field(default=10.0, description="between two rounds of asking")
    limit: Duration = Field(default=300.0, description="the longest that exchanges go on without a cosigned checkpoint")
    authorities: FileReference | None = Field(
        default=None, description="the CAs that may sign the witnesses' certificates, PEM, {file}"
    )

    @model_validator(mode="after")
    def _in_order(self) -> "WitnessSettings":
        if self.limit < 2 * self.interval:
            raise fault("limit must be at least twice the interval, or one late round would stop every exchange", "raise it")
        return self


class PostgresqlSettings(Section):
    """A log in PostgreSQL."""

    servers: tuple[Reached, ...] = Field(
        default=(), description="host and port of each server; the one that can be written is taken"
    )
    socket: Path | None = Field(default=None, description="the folder of the server's Unix socket, on this machine")
    database: Text = Field(description="the database's name")
    schema_: SchemaName = Field(
        default="kuacheng", alias="schema", description="the log's own schema; another log gets another one"
    )
    user: Text = Field(description="who logs in, with the rights of the role <schema>_writer and no more")
    password: SecretReference | None = Field(default=None, description="{file: path} or {env: NAME}")
    authorities: FileReference | None = Field(default=None, description="the CAs that may sign the servers' certificates, PEM")
    certificate: FileReference | None = Field(
        default=None, description="the certificate by which the servers know the gateway, PEM"
    )
    key: FileReference | None = Field(default=None, description="the private key of that certificate, PEM, mode 600")

    @model_validator(mode="after")
    def _reachable(self) -> "PostgresqlSettings":
        if bool(self.servers) is (self.socket is not None):
            raise fault("must name either servers or a socket", "name the servers, or the folder of a socket on this machine")
        if self.servers and self.authorities is None:
            raise fault("servers need authorities: their certificates are always verified", "write authorities: {file: path}")
        if (self.certificate is None) is not (self.key is None):
            raise fault("certificate and key belong together", "name both, or neither")
        return self


_Stored = TypeVar("_Stored", "FormerLogSettings", "LedgerSettings")


def _in_one_store(log: _Stored) -> _Stored:
    """The log, if it lies in one place."""
    if (log.file is None) is (log.postgresql is None):
        raise fault("must name exactly one of file and postgresql", "keep the one that holds the log")
    return log


class FormerLogSettings(Section):
    """A log that was written before this one, and is finished."""

    log: LogName = Field(description="its name")
    file: Path | None = Field(default=None, description="its database on this machine, relative to gateway.yaml")
    postgresql: PostgresqlSettings | None = Field(default=None, description="where it is in PostgreSQL, as of the log itself")
    key: KeyReference | None = Field(
        default=None, description="the key that signed it last, if it is not `key`, {file} or {pkcs11}"
    )

    @model_validator(mode="after")
    def _one_store(self) -> "FormerLogSettings":
        return _in_one_store(self)


class LedgerSettings(Section):
    """Where the evidence log is kept."""

    file: Path | None = Field(default=None, description="the database of a log on this machine, relative to gateway.yaml")
    postgresql: PostgresqlSettings | None = Field(
        default=None,
        description="a log in PostgreSQL, {servers, socket, database, schema, user, password, authorities, certificate, key}",
    )
    key: KeyReference = Field(description="the Ed25519 key that signs the log's checkpoints, {file} or {pkcs11}")
    next_key: KeyReference | None = Field(default=None, description="the key that is to follow it, signing beside it until then")
    holder_key: HolderKeySettings = Field(
        description="the key under which holders' numbers are hashed, {id, file, former} or {id, pkcs11, former}"
    )
    former: tuple[FormerLogSettings, ...] = Field(
        default=(), description="the logs before this one, oldest first, a list of {log, file or postgresql, key}"
    )
    retention: Kept = Field(default=Retention(36), description="how long what entries say is kept, at least six months")
    witnesses: WitnessSettings | None = Field(
        default=None, description="who must have cosigned, {policy, kept, interval, limit, authorities}"
    )

    @model_validator(mode="after")
    def _one_store(self) -> "LedgerSettings":
        return _in_one_store(self)


class LimitSettings(Section):
    """How long and how many."""

    default_deadline: Duration = Field(default=_LIMITS.default_deadline, description="for a call that sets none")
    maximum_deadline: Duration = Field(default=_LIMITS.maximum_deadline, description="a longer one is cut to it")
    minimum_deadline: Duration = Field(default=_LIMITS.minimum_deadline, description="a call with less is refused")
    answer_margin: Duration = Field(default=_LIMITS.answer_margin, description="kept back for recording and sealing")
    deferred: Duration = Field(
        default=_LIMITS.deferred, description="after it a question that a city deferred ends without an answer"
    )
    longest_watch: Duration = Field(
        default=_LIMITS.longest_watch, description="who watches a deferred question is let go after it"
    )
    in_flight: int = Field(default=_LIMITS.in_flight, ge=1, le=65_536, description="the most exchanges at a time")

    @model_validator(mode="after")
    def _in_order(self) -> "LimitSettings":
        if self.minimum_deadline <= self.answer_margin:
            raise fault("minimum_deadline must be longer than answer_margin, or the city has no time", "raise it")
        if not self.minimum_deadline <= self.default_deadline <= self.maximum_deadline:
            raise fault("default_deadline must lie between minimum_deadline and maximum_deadline", "change one of the three")
        return self


class Settings(Section):
    """gateway.yaml."""

    version: Literal[1] = Field(description="of this grammar: 1")
    log: LogName = Field(description="the evidence log's name; never changed once there are receipts")
    listen: Listen = Field(description="the front door, {address, certificate, key}")
    metrics: Metrics | None = Field(default=None, description="where metrics are read, {address}")
    traces: Traces | None = Field(default=None, description="where traces are sent, {address}")
    console: ConsoleSettings | None = Field(
        default=None, description="where the console is, {address, certificate, key, authorities, roles}"
    )
    regions: Annotated[Mapping[RegionCode, RegionSettings], Field(min_length=1), Frozen] = Field(
        description="the cities, by GB/T 2260 code"
    )
    catalogue: tuple[Path, ...] = Field(
        default=(SHIPPED,), min_length=1, description="kinds of evidence: `shipped`, folders, files"
    )
    tables: tuple[Path, ...] = Field(default=(SHIPPED,), min_length=1, description="tables: `shipped`, folders, files")
    interfaces: tuple[Path, ...] = Field(
        default=(), description="interfaces that are described and not programmed: folders, files; none if the key is left out"
    )
    agreements: tuple[Path, ...] = Field(min_length=1, description="agreements: folders, files")
    search_rights: tuple[Path, ...] = Field(
        default=(), description="who may search the log for a holder: folders, files; nobody if the key is left out"
    )
    ledger: LedgerSettings = Field(
        description="the evidence log, {file or postgresql, key, next_key, holder_key, former, retention, witnesses}"
    )
    limits: LimitSettings = Field(default_factory=LimitSettings, description="deadlines and load")
    deny_list: Path = Field(default="revoked.json", description="whom to refuse at once, written by `kuacheng certs revoke`")
    state: Path | None = Field(
        default=None, description="the folder of the gateway's small records; if left out, that of ledger.file or of gateway.yaml"
    )
    renewal: RenewalSettings | None = Field(
        default=None, description="who renews the gateway's own certificates, {authority, passphrase, command, acme, activation}"
    )
    strict_identifiers: bool = Field(default=False, description="refuse e-licences whose identifier breaks GB/T 36904")
