"""The sections of gateway.yaml about certificates: how a CA is asked for one (OCSP), and who renews the gateway's own.

Laws: only hosts that stand in the file are asked, whatever a certificate names; nothing here switches a check off.
"""

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gateway.config.reference_sections import FileReference, SecretFile
from gateway.config.shape import Section, fault
from gateway.config.words import Duration, HostName, Listening, Path, Text, seconds

LONGEST_UNREACHABLE: Final = 72 * 3600.0
"""Seconds: whoever needs longer has no responder, and puts revocations on the deny-list."""

_HOST: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}(:[0-9]{1,5})?")


def _asked(text: str) -> str:
    """An http(s) URL of a host and a path. An answer is signed and tells nothing secret, so http serves as well."""
    try:
        parts = urlsplit(text)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or "@" in text or re.search(r"[\s?#]", text):
        raise fault("must be an http or https URL, a host and a path only", "write it as http://ocsp.ca.example/")
    return text


def _directory(text: str) -> str:
    if not _asked(text).startswith("https://"):
        raise fault(
            "must be an https URL: RFC 8555 section 6.1 has nothing else", "write it as https://ca.example/acme/directory"
        )
    return text


def _responder_host(text: str) -> str:
    if _HOST.fullmatch(text) is None:
        raise fault(
            "must be a host name in small letters, with its port where that is no usual one", "write it as ocsp.ca.example"
        )
    return text


def _unreachable(value: object) -> object:
    """`refuse`, or for how many seconds after its time the last answer still serves."""
    if value == "refuse":
        return value
    found = seconds(value)
    if found > LONGEST_UNREACHABLE:
        raise fault(
            f"must be at most {LONGEST_UNREACHABLE / 3600:g}h",
            "a CA that is silent for longer is no source: write less, or name revocation_lists",
        )
    return found


class OcspSettings(Section):
    """How the CAs of a region are asked for each caller's certificate."""

    responder: Annotated[str, AfterValidator(_asked)] | None = Field(
        default=None, description="where they are asked, whatever a certificate names; an http(s) URL"
    )
    hosts: tuple[Annotated[str, AfterValidator(_responder_host)], ...] = Field(
        default=(), description="the hosts that may be asked where a certificate names them (AIA), a list of names"
    )
    unreachable: Annotated[float | Literal["refuse"], BeforeValidator(_unreachable)] = Field(
        default="refuse", description="`refuse`, or for how long after its time the last good answer serves"
    )
    refresh: Duration = Field(default=600.0, description="how old an answer gets before it is asked for anew, at the latest")

    @property
    def longer(self) -> float:
        """Seconds that the last good answer serves after its time."""
        return 0.0 if self.unreachable == "refuse" else self.unreachable

    @model_validator(mode="after")
    def _one_way(self) -> "OcspSettings":
        if (self.responder is None) is not bool(self.hosts):
            raise fault(
                "must name exactly one of responder and hosts", "name the responder, or the hosts that certificates may name"
            )
        return self


class ExternalAccount(Section):
    """By what an ACME CA knows whose account it is (external account binding)."""

    id: Text = Field(description="the key's name, as the CA gave it")
    key: SecretFile = Field(description="the key, as the CA gave it in base64url, {file}, mode 600")


class AcmeSettings(Section):
    """A CA that is asked by ACME (RFC 8555) for the certificate that callers are shown."""

    directory: Annotated[str, AfterValidator(_directory)] = Field(description="where the CA's directory is, an https URL")
    names: Annotated[tuple[HostName, ...], Field(min_length=1)] = Field(
        description="the DNS names that the certificate is to have, a list"
    )
    account_key: Path = Field(description="the key of the account, made where there is none; mode 600")
    terms: Literal["agreed"] = Field(description="`agreed`: that whoever writes this agrees with the CA's terms of service")
    contact: tuple[Text, ...] = Field(default=(), description="mail addresses of a function, not of a person, for the CA, a list")
    authorities: FileReference | None = Field(default=None, description="the CAs that may sign the directory's certificate, PEM")
    external_account: ExternalAccount | None = Field(default=None, description="where the CA wants one, {id, key}")
    http: Listening | None = Field(
        default=None, description="where the renewer answers http-01 while it asks; the CA comes to port 80"
    )
    dns: tuple[Text, ...] = Field(
        default=(), description="a program that sets and clears the TXT records of dns-01, and its arguments"
    )

    @model_validator(mode="after")
    def _one_proof(self) -> "AcmeSettings":
        if (self.http is None) is not bool(self.dns):
            raise fault("must name exactly one of http and dns", "name the address for http-01, or the program for dns-01")
        return self


class RenewalSettings(Section):
    """Who renews what the gateway shows. Read by `kuacheng certs renew` only: the gateway itself needs no CA's key."""

    authority: Path | None = Field(default=None, description="the certificate of a built-in CA, its key beside it")
    passphrase: SecretFile | None = Field(default=None, description="of that key, {file}, mode 600")
    command: tuple[Text, ...] = Field(
        default=(), description="a program and its arguments: a request on standard input, the certificate on standard output"
    )
    acme: AcmeSettings | None = Field(
        default=None,
        description="a CA for what callers are shown, {directory, names, account_key, terms, contact, authorities, "
        "external_account, http, dns}",
    )
    activation: Literal["automatic", "manual"] = Field(
        default="automatic", description="whether the renewer puts a new generation in force, or a person does"
    )

    @model_validator(mode="after")
    def _one_issuer(self) -> "RenewalSettings":
        named = bool(self.authority) + bool(self.command)
        if named > 1 or not (named or self.acme):
            raise fault(
                "must name exactly one of authority and command, or acme", "keep the one that issues; acme may stand beside it"
            )
        if self.passphrase is not None and self.authority is None:
            raise fault("passphrase is that of authority's key", "leave it out; a command has its own secrets")
        return self
