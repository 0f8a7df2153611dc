"""Asks a CA's responder about one certificate, and keeps its answers in a folder beside the log, for after a restart and for other workers.

Laws: only a responder that gateway.yaml names, or on a host that it names, is asked, whatever the certificate says, and no redirect is
followed; what was kept is judged again when it is read; a folder that cannot be read or written loses answers and nothing else.
"""

import hashlib
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from certs import ocsp
from certs.findings import Code, Finding
from certs.ocsp import Answer, OcspRefused
from gateway.config import Loaded, OcspSettings
from gateway.ledger.submitting import HttpPost, Reply
from gateway.model.identity import Issued
from gateway.ports import Clock

SUFFIX: Final = ".ocsp"
CONTENT_TYPE: Final = "application/ocsp-request"
SECONDS: Final = 5.0
"""That a responder has for its answer."""

_OK: Final = 200
_USUAL: Final = {"http": 80, "https": 443}
_FORGOTTEN: Final = timedelta(days=30)
_log = logging.getLogger("kuacheng.revocation")

Post = Callable[[str, bytes], Awaitable[Reply]]
"""Sends a question to a URL. Raises OSError."""


@dataclass(frozen=True, slots=True)
class Question:
    """One certificate of a region, and the one that issued it."""

    region: str
    certificate: x509.Certificate = field(repr=False)
    issuer: x509.Certificate = field(repr=False)

    @property
    def issued(self) -> Issued:
        """The certificate, as a Caller has it."""
        return self.certificate.issuer.rfc4514_string(), f"{self.certificate.serial_number:x}"


def where(certificate: x509.Certificate, policy: OcspSettings) -> str:
    """Whom to ask. Raises OcspRefused where the certificate names nobody who may be asked."""
    if policy.responder is not None:
        return policy.responder
    try:
        named = ocsp.responders(certificate)
    except ValueError as error:
        raise OcspRefused("the certificate's extensions cannot be read") from error
    if not named:
        raise OcspRefused("the certificate names no responder (AIA); name one under `responder`")
    allowed = {place for host in policy.hosts for place in _places(host)}
    for each in named:
        if _host(each) in allowed:
            return each
    raise OcspRefused("the certificate names a responder on a host that does not stand under `hosts`")


async def ask(question: Question, policy: OcspSettings, post: Post, nonce: bytes) -> bytes:
    """What its responder answers, unjudged. Raises OcspRefused, OSError."""
    url = where(question.certificate, policy)
    reply = await post(url, ocsp.request(question.certificate, question.issuer, nonce))
    if reply.status != _OK:
        raise OcspRefused(f"the responder ended with HTTP status {reply.status}")
    return reply.body


async def tried(loaded: Loaded, clock: Clock, nonce: Callable[[int], bytes]) -> tuple[Finding, ...]:
    """What keeps the responders that gateway.yaml names from vouching. Each is asked about the CA's own certificate, so about nobody."""
    wanted = [
        (Question(anchor.region, each, each), policy)
        for anchor in loaded.world.trust.anchors.values()
        if (policy := loaded.settings.regions[anchor.region].ocsp) and policy.responder
        for each in x509.load_pem_x509_certificates(anchor.authorities)
    ]
    async with HttpPost(seconds=SECONDS, kind=CONTENT_TYPE) as post:
        found = [await _tried(*each, post, clock.now(), nonce(ocsp.NONCE_BYTES)) for each in wanted]
    return tuple(each for each in found if each)


async def _tried(question: Question, policy: OcspSettings, post: Post, now: datetime, nonce: bytes) -> Finding | None:
    facts = {"name": question.certificate.subject.rfc4514_string(), "url": policy.responder}
    try:
        content = await ask(question, policy, post, nonce)
        ocsp.answer(content, question.certificate, question.issuer, now, nonce=nonce)
    except OSError as error:
        return Finding.of(f"region {question.region}", Code.OCSP_SILENT, {**facts, "why": type(error).__name__})
    except ocsp.NothingSaid:
        return None  # it answers, and says nothing of a certificate that no caller shows (RFC 5019 section 2.2.3)
    except OcspRefused as error:
        return Finding.of(f"region {question.region}", Code.OCSP_REFUSED, {**facts, "why": error})
    return None


@dataclass(frozen=True, slots=True)
class Kept:
    """Answers in a folder, DER, one file a certificate."""

    folder: Path

    def get(self, question: Question, now: datetime) -> Answer | None:
        """What was said of it last, judged anew; None where nothing is kept that is still believed."""
        try:
            return ocsp.answer(self._file(question).read_bytes(), question.certificate, question.issuer, now)
        except (OSError, OcspRefused):
            return None

    def put(self, question: Question, content: bytes) -> None:
        """Written beside and renamed; two gateways may do so, and either's answer is one."""
        path = self._file(question)
        fresh = path.with_suffix(f".{os.getpid()}")
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            fresh.write_bytes(content)
            fresh.replace(path)
        except OSError as error:
            _log.warning("an answer of a CA's responder could not be kept", extra={"kind": type(error).__name__})

    def forget(self, now: datetime) -> None:
        """What nobody has asked about for a month."""
        with suppress(OSError):
            for each in self.folder.iterdir():
                if now.timestamp() - each.stat().st_mtime > _FORGOTTEN.total_seconds():
                    each.unlink()

    def _file(self, question: Question) -> Path:
        named = hashlib.sha256("\n".join((question.region, *question.issued)).encode()).hexdigest()
        return self.folder / f"{named}.der"


def beside(ledger: Path) -> Kept:
    """What a gateway with this evidence log keeps."""
    return Kept(ledger.with_name(ledger.name + SUFFIX))


def _host(url: str) -> str:
    """Host and port of an http(s) URL without user; empty for any other."""
    try:
        parts = urlsplit(url)
        port = parts.port or _USUAL[parts.scheme]
    except (ValueError, KeyError):
        return ""
    return f"{parts.hostname}:{port}" if parts.hostname and "@" not in parts.netloc else ""


def _places(host: str) -> tuple[str, ...]:
    """A host of the file with its port, or with the usual ones of http and https."""
    return (host,) if ":" in host else tuple(f"{host}:{port}" for port in _USUAL.values())
