"""Revocation lists made by script."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from certs.authority import Authority

Extension = tuple[x509.ExtensionType, bool]


def crl(
    authority: Authority,
    now: datetime,
    serials: Sequence[int] = (),
    *,
    number: int | None = 1,
    life: timedelta = timedelta(hours=1),
    encoding: Encoding = Encoding.PEM,
    says: Sequence[Extension] = (),
) -> bytes:
    """A list of this authority that begins at `now`."""
    draft = x509.CertificateRevocationListBuilder().issuer_name(authority.certificate.subject)
    draft = draft.last_update(now).next_update(now + life)
    for serial in serials:
        draft = draft.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build())
    numbered: list[Extension] = [(x509.CRLNumber(number), False)] if number is not None else []
    for extension, critical in (*numbered, *says):
        draft = draft.add_extension(extension, critical=critical)
    return draft.sign(authority.key, hashes.SHA256()).public_bytes(encoding)
