"""A responder's answer is believed only if the CA, or whoever it named, said it of that certificate, in time and in reply to us."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as wire
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs import ocsp
from certs.authority import Authority
from certs.ocsp import OcspRefused, Status
from tests.certs import faulty
from tests.certs.faulty import Authorities
from tests.certs.responder import Signer, response

HOUR = timedelta(hours=1)
NONCE = bytes(range(32))


@dataclass(frozen=True)
class Case:
    """One certificate of a CA, the question about it, and who may answer."""

    authorities: Authorities
    leaf: x509.Certificate
    now: datetime

    @property
    def issuer(self) -> x509.Certificate:
        return self.authorities.own.certificate

    @property
    def asked(self) -> wire.OCSPRequest:
        return wire.load_der_ocsp_request(ocsp.request(self.leaf, self.issuer, NONCE))

    @property
    def signer(self) -> Signer:
        return Signer(self.issuer, self.authorities.own.key)

    def answer(self, content: bytes, **what: Any) -> ocsp.Answer:
        return ocsp.answer(content, self.leaf, self.issuer, self.now, **{"nonce": NONCE, **what})


@pytest.fixture
def case(authorities: Authorities, now: datetime) -> Case:
    leaf = x509.load_pem_x509_certificate(faulty.sound(authorities, now).certificate)
    return Case(authorities, leaf, now.replace(microsecond=0))


def delegate(
    case: Case, *, usage: Any = ExtendedKeyUsageOID.OCSP_SIGNING, by: Authority | None = None, ends: timedelta = HOUR
) -> Signer:
    """A certificate that signs answers in the CA's place."""
    key, authority = ec.generate_private_key(ec.SECP256R1()), by or case.authorities.own
    draft = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "responder")]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(0x77)
        .not_valid_before(case.now - 2 * HOUR)
        .not_valid_after(case.now + ends)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )
    return Signer(draft.sign(authority.key, hashes.SHA256()), key, shown=True)


def namesake(case: Case) -> Signer:
    made = Authority.create("guangzhou CA", case.now, HOUR)
    return Signer(made.certificate, made.key)


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("nonce", [None, b""])
def test_what_the_ca_says_is_read_with_its_times(case: Case, status: Status, nonce: bytes | None) -> None:
    """With our nonce, or with none."""
    said = case.answer(response(case.asked, status.value, case.signer, case.now, nonce=nonce))
    assert said == ocsp.Answer(status, case.now, case.now + HOUR)


def test_whoever_the_ca_has_named_for_it_may_answer(case: Case) -> None:
    assert case.answer(response(case.asked, "good", delegate(case), case.now)).status is Status.GOOD


@pytest.mark.parametrize(("life", "serves"), [(None, ocsp.UNDATED), (timedelta(days=300), ocsp.LONGEST), (HOUR, HOUR)])
def test_how_long_it_serves_is_bounded(case: Case, life: timedelta | None, serves: timedelta) -> None:
    """One whose time is over is given as such: how long it still serves is policy."""
    begun = case.now - 2 * HOUR
    assert case.answer(response(case.asked, "good", case.signer, begun, life=life)).until == begun + serves


FAULTS: dict[str, tuple[Callable[[Case], bytes], str]] = {
    "no answer": (lambda _: b"<html>", "cannot be read"),
    "cut off": (lambda c: response(c.asked, "good", c.signer, c.now)[:-9], "cannot be read"),
    "unauthorized": (
        lambda _: wire.OCSPResponseBuilder.build_unsuccessful(wire.OCSPResponseStatus.UNAUTHORIZED).public_bytes(Encoding.DER),
        "the responder says unauthorized",
    ),
    "of another CA": (
        lambda c: response(c.asked, "good", Signer(c.authorities.other.certificate, c.authorities.other.key), c.now),
        "bears no certificate of the responder",
    ),
    "by whoever bears the CA's name": (
        lambda c: response(c.asked, "good", namesake(c), c.now, encoding=wire.OCSPResponderEncoding.NAME),
        "signature does not verify",
    ),
    "changed on the way": (
        lambda c: response(c.asked, "revoked", c.signer, c.now).replace(
            c.now.strftime("%Y%m%d%H%M%SZ").encode(), (c.now - HOUR).strftime("%Y%m%d%H%M%SZ").encode()
        ),
        "signature does not verify",
    ),
    "signed over a short hash": (
        lambda c: response(c.asked, "good", c.signer, c.now, hashed=hashes.SHA224()),
        "hash that is not accepted",
    ),
    "about another certificate": (
        lambda c: response(c.asked, "good", c.signer, c.now, serial=c.leaf.serial_number + 1),
        "about another certificate",
    ),
    "with another nonce": (lambda c: response(c.asked, "good", c.signer, c.now, nonce=b"x" * 32), "another nonce"),
    "of tomorrow": (lambda c: response(c.asked, "good", c.signer, c.now + 24 * HOUR), "begins in the future"),
    "delegate without the use": (
        lambda c: response(c.asked, "good", delegate(c, usage=ExtendedKeyUsageOID.CLIENT_AUTH), c.now),
        "not for signing answers",
    ),
    "delegate of another CA": (
        lambda c: response(c.asked, "good", delegate(c, by=c.authorities.other), c.now),
        "not issued by the CA",
    ),
    "delegate that has expired": (
        lambda c: response(c.asked, "good", delegate(c, ends=-HOUR), c.now),
        "not valid now",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_not_believed(case: Case, fault: str) -> None:
    make, told = FAULTS[fault]
    with pytest.raises(OcspRefused, match=told):
        case.answer(make(case))


def test_a_delegate_that_is_revoked_is_not_believed(case: Case) -> None:
    content = response(case.asked, "good", delegate(case), case.now)
    with pytest.raises(OcspRefused, match="is revoked"):
        case.answer(content, revoked={(case.issuer.subject.rfc4514_string(), "77")})


def test_an_answer_never_goes_back(case: Case) -> None:
    """An old one, from before a revocation, may be within its time still."""
    content = response(case.asked, "good", case.signer, case.now - timedelta(minutes=9), nonce=b"")
    assert case.answer(content, newest=case.now - timedelta(minutes=9)).status is Status.GOOD
    with pytest.raises(OcspRefused, match="was seen before"):
        case.answer(content, newest=case.now - timedelta(minutes=8))
