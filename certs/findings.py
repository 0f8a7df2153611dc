"""What can be wrong with certificates, keys and CA files, in words that say how to mend it.

Laws: codes are append-only, because scripts and alarms know them by name; each has one wording, and the same in Chinese in
`certs.findings_zh`; no key, and no part of one, stands in a finding.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from certs.findings_zh import PHRASES_ZH, WORDING_ZH


class Severity(StrEnum):
    """ERROR: a peer refuses it, or ought to. WARNING: it works today."""

    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """Each fault by its name: of a certificate and its key, of a CA file, of files, of handshakes, of the clock."""

    CERTIFICATE_UNREADABLE = "certificate-unreadable"
    KEY_UNREADABLE = "key-unreadable"
    KEY_EXPOSED = "key-exposed"
    KEY_MISMATCH = "key-mismatch"
    KEY_TYPE_REFUSED = "key-type-refused"
    NOT_A_LEAF = "not-a-leaf"
    SIGNATURE_NOT_ALLOWED = "signature-not-allowed"
    URI_MISSING = "uri-missing"
    URI_AMBIGUOUS = "uri-ambiguous"
    URI_NOT_SPIFFE = "uri-not-spiffe"
    HOST_MISSING = "host-missing"
    USAGE_MISSING = "usage-missing"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    RENEWAL_DUE = "renewal-due"
    CHAIN_REFUSED = "chain-refused"
    AUTHORITIES_UNREADABLE = "authorities-unreadable"
    NOT_AN_AUTHORITY = "not-an-authority"
    AUTHORITY_KEY_REFUSED = "authority-key-refused"
    AUTHORITY_NOT_YET_VALID = "authority-not-yet-valid"
    AUTHORITY_EXPIRED = "authority-expired"
    AUTHORITY_ENDS_SOON = "authority-ends-soon"
    KEY_OPEN = "key-open"
    FILE_WRITABLE = "file-writable"
    NOT_PUBLISHED = "not-published"
    NOT_IN_BUNDLE = "not-in-bundle"
    HANDSHAKE_REFUSED = "handshake-refused"
    CLOCK_BEHIND = "clock-behind"
    CLOCK_DIFFERS = "clock-differs"
    OCSP_SILENT = "ocsp-silent"
    OCSP_REFUSED = "ocsp-refused"


_WARNINGS: Final = frozenset({Code.RENEWAL_DUE, Code.AUTHORITY_ENDS_SOON, Code.NOT_PUBLISHED})

# What is the case, and what to do about it. The check that finds it fills `{...}`; moments are in UTC.
WORDING: Final[dict[Code, str]] = {
    Code.CERTIFICATE_UNREADABLE: (
        "the certificate cannot be read: {why}. Give the PEM file as it was issued, whole, leaf first."
    ),
    Code.KEY_UNREADABLE: "the private key cannot be read: {why}. Give an unencrypted PEM key in a file of its owner.",
    Code.KEY_EXPOSED: (
        "a private key stands in a file that others are given. "
        "Take it out, hold the key for lost, and issue its certificate anew."
    ),
    Code.KEY_MISMATCH: (
        "the key does not belong to the certificate. Give the key that the certificate was asked for with, or issue both anew."
    ),
    Code.KEY_TYPE_REFUSED: (
        "its key ({kind}) is refused in TLS. Issue it anew with ECDSA P-256, or RSA of at least 2048 bits where a partner must."
    ),
    Code.NOT_A_LEAF: (
        "it can sign other certificates, and a system must not hold such a key. "
        "Issue a leaf from it, and keep the CA's key away from the system."
    ),
    Code.SIGNATURE_NOT_ALLOWED: (
        "its key usage does not say digitalSignature, which every handshake needs. Issue it anew with that."
    ),
    Code.URI_MISSING: (
        "it has no URI among its alternative names, and a common name or DNS name identifies nobody here. "
        "Issue it anew with one spiffe:// URI."
    ),
    Code.URI_AMBIGUOUS: (
        "it has {count} URIs among its alternative names, but may speak for one system only. "
        "Issue it anew with one spiffe:// URI."
    ),
    Code.URI_NOT_SPIFFE: "its URI {uri!r} is not a SPIFFE ID. Issue it anew with spiffe://<trust domain>/<path>.",
    Code.HOST_MISSING: (
        "it has neither DNS name nor IP address, so no client can tell whom it reached. "
        "Issue it anew with the server's host names."
    ),
    Code.USAGE_MISSING: "its extended key usage does not let it be a {role}. Issue it anew with {usage}.",
    Code.NOT_YET_VALID: "it is valid only from {start:%Y-%m-%d %H:%M} UTC. Check this machine's clock, or wait.",
    Code.EXPIRED: "it expired on {end:%Y-%m-%d %H:%M} UTC. Check this machine's clock, then issue it anew.",
    Code.RENEWAL_DUE: "only {left:.0%} of its life is left; it ends on {end:%Y-%m-%d %H:%M} UTC. Renew it now.",
    Code.CHAIN_REFUSED: (
        "no chain leads from it to the CA file ({why}). Its issuer is {issuer}: "
        "give that CA's certificate, and any intermediate one after the leaf."
    ),
    Code.AUTHORITIES_UNREADABLE: "the CA file cannot be read: {why}. Give at least one CA certificate, PEM, whole.",
    Code.NOT_AN_AUTHORITY: (
        "certificate {place} of the CA file, {name}, is not a CA's, yet whoever holds its key would be trusted. "
        "Put its issuer there instead."
    ),
    Code.AUTHORITY_KEY_REFUSED: (
        "certificate {place} of the CA file, {name}, has a key ({kind}) that is not accepted here. "
        "Use a CA with ECDSA P-256, or RSA of at least 2048 bits."
    ),
    Code.AUTHORITY_NOT_YET_VALID: (
        "certificate {place} of the CA file, {name}, is valid only from {start:%Y-%m-%d %H:%M} UTC. "
        "Check this machine's clock, or wait."
    ),
    Code.AUTHORITY_EXPIRED: (
        "certificate {place} of the CA file, {name}, expired on {end:%Y-%m-%d %H:%M} UTC. "
        "Check this machine's clock, then put its successor there."
    ),
    Code.AUTHORITY_ENDS_SOON: (
        "certificate {place} of the CA file, {name}, ends on {end:%Y-%m-%d %H:%M} UTC. "
        "Put its successor beside it now, long before that one signs."
    ),
    Code.KEY_OPEN: (
        "its key file is open to others than its owner (mode {mode:03o}). Run chmod 600 on it; "
        "if others use this machine, hold the key for lost and issue the certificate anew."
    ),
    Code.FILE_WRITABLE: (
        "{file} can be changed by others than its owner (mode {mode:03o}), and so could what is trusted or shown here. "
        "Look whether it is unchanged, then run chmod go-w on it."
    ),
    Code.NOT_PUBLISHED: (
        "there is no ca.pem beside it, so nobody here knows by which CAs its peers judge it, and no handshake was tried. "
        "Put the bundle that its peers were given there."
    ),
    Code.NOT_IN_BUNDLE: (
        "no chain leads from it to the bundle of {partner} ({why}). Send {partner} our CA, "
        "and put nothing in force that it signed until their bundle holds it."
    ),
    Code.HANDSHAKE_REFUSED: (
        "a real handshake on this machine failed as {role}: {why}. Mend the findings above; if there are none, "
        "issue the certificate anew with the profile of the built-in CA."
    ),
    Code.CLOCK_BEHIND: (
        "this machine's clock shows {now:%Y-%m-%d %H:%M:%S} UTC, but {source} is of {moment:%Y-%m-%d %H:%M:%S} UTC. "
        "Set the clock by NTP before anything is issued or judged."
    ),
    Code.CLOCK_DIFFERS: (
        "this machine's clock and that of {source} differ by {seconds:.0f} s. Compare both with NTP, and set the one that is wrong."
    ),
    Code.OCSP_SILENT: (
        "the responder at {url} does not answer for {name} ({why}), and callers are refused for that in time. "
        "Check that this machine reaches it; `ocsp` in gateway.yaml says where it is and how long an answer serves."
    ),
    Code.OCSP_REFUSED: (
        "what the responder at {url} says of {name} is not believed: {why}. "
        "Check that `responder` in gateway.yaml is that of this CA, and tell the CA."
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: with what, how badly, and how to mend it."""

    material: str
    code: Code
    severity: Severity
    message: str
    message_zh: str = field(default="", compare=False)

    @classmethod
    def of(cls, material: str, code: Code, facts: dict[str, object]) -> Self:
        """The finding with this code, worded; `facts` fill the places in its wording."""
        severity = Severity.WARNING if code in _WARNINGS else Severity.ERROR
        in_chinese = {name: PHRASES_ZH.get(value, value) if isinstance(value, str) else value for name, value in facts.items()}
        return cls(material, code, severity, WORDING[code].format(**facts), WORDING_ZH[code.value].format(**in_chinese))

    def __str__(self) -> str:
        """The finding on one line, for a terminal."""
        return f"{self.severity}: {self.material}: {self.message} [{self.code}]"
