"""How signatures and ciphertexts of SM2 are written, and the one form in which OpenSSL takes them.

Laws: a number is within its range, a digest has its length, nothing follows after the end.
Standards: GB/T 35276 section 7 (ASN.1), GB/T 32918.4 section 6.1 (C1, C3, C2; the withdrawn draft of 2010 had C1, C2, C3).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from adapters.guomi.fault import GuomiError

PRIME: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
ORDER: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
"""Of the recommended curve, GB/T 32918.5 section 3."""
NUMBER: Final = 32
"""Bytes of a coordinate, of r and s, and of an SM3 digest."""
POINT: Final = 1 + 2 * NUMBER
UNCOMPRESSED: Final = b"\x04"


class SignatureForm(StrEnum):
    """An ASN.1 sequence of r and s, or r and s as they are, 64 bytes."""

    DER = "der"
    RAW = "raw"


class CipherForm(StrEnum):
    """An ASN.1 sequence, or the parts as they are, C1 with its leading 04."""

    DER = "der"
    C1C3C2 = "c1c3c2"
    C1C2C3 = "c1c2c3"


@asn1.sequence
@dataclass
class _Cipher:
    x: int
    y: int
    digest: bytes
    text: bytes


def signature_from_der(der: bytes, form: SignatureForm) -> bytes:
    """A signature of OpenSSL's in this form."""
    if form is SignatureForm.DER:
        return der
    r, s = decode_dss_signature(der)
    return r.to_bytes(NUMBER, "big") + s.to_bytes(NUMBER, "big")


def signature_to_der(signature: bytes, form: SignatureForm) -> bytes:
    """A signature in this form as OpenSSL takes it. Raises GuomiError."""
    if form is SignatureForm.DER:
        return signature
    if len(signature) != 2 * NUMBER:
        raise GuomiError("an SM2 signature of r and s has not 64 bytes")
    r, s = int.from_bytes(signature[:NUMBER], "big"), int.from_bytes(signature[NUMBER:], "big")
    return encode_dss_signature(r, s)


def cipher_from_der(der: bytes, form: CipherForm) -> bytes:
    """A ciphertext of OpenSSL's in this form."""
    if form is CipherForm.DER:
        return der
    read = asn1.decode_der(_Cipher, der)
    point = UNCOMPRESSED + read.x.to_bytes(NUMBER, "big") + read.y.to_bytes(NUMBER, "big")
    return point + (read.digest + read.text if form is CipherForm.C1C3C2 else read.text + read.digest)


def cipher_to_der(cipher: bytes, form: CipherForm) -> bytes:
    """A ciphertext in this form as OpenSSL takes it, its lengths and ranges checked. Raises GuomiError."""
    parts = _sequence(cipher) if form is CipherForm.DER else _parts(cipher, form)
    if not (0 <= parts.x < PRIME and 0 <= parts.y < PRIME and len(parts.digest) == NUMBER and parts.text):
        raise GuomiError("an SM2 ciphertext has a part that is out of range, of wrong length or empty")
    return asn1.encode_der(parts)


def _sequence(der: bytes) -> _Cipher:
    try:
        return asn1.decode_der(_Cipher, der)
    except ValueError:
        raise GuomiError("an SM2 ciphertext is not the ASN.1 sequence that it should be") from None


def _parts(cipher: bytes, form: CipherForm) -> _Cipher:
    point, rest = cipher[:POINT], cipher[POINT:]
    if len(rest) <= NUMBER or not point.startswith(UNCOMPRESSED):
        raise GuomiError("an SM2 ciphertext is too short, or its first part is no uncompressed point")
    digest, text = (rest[:NUMBER], rest[NUMBER:]) if form is CipherForm.C1C3C2 else (rest[-NUMBER:], rest[:-NUMBER])
    return _Cipher(int.from_bytes(point[1 : 1 + NUMBER], "big"), int.from_bytes(point[1 + NUMBER :], "big"), digest, text)
