"""F2's signature and the secrets it is made with.

Laws: a secret ends at its end time; a refresh leaves the earlier ones `overlap` seconds more, never beyond their end.
Moments are Unix seconds and are handed in. The interface page, F2.1 and F2.3.
"""

import base64
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

SKEW_SECONDS = 300.0
IDS_REMEMBERED_SECONDS = 600.0
_SECRETS_REMEMBERED = 100
_BLOCK_BITS = 128
_FORMS = {
    "gjgxjhpt_sid": re.compile(r".{1,128}"),
    "gjgxjhpt_rid": re.compile(r"[A-Za-z0-9._@-]{1,64}"),
    "gjgxjhpt_rtime": re.compile(r"[0-9]{13}"),
    "gjgxjhpt_sign": re.compile(r"[A-Za-z0-9+/=]{1,128}"),
}


@dataclass(frozen=True, slots=True)
class Signed:
    """The four headers of one request; `moment` is its rtime in seconds."""

    sid: str
    rid: str
    rtime: str
    sign: str = field(repr=False)

    @property
    def moment(self) -> float:
        """The moment of sending, Unix seconds."""
        return int(self.rtime) / 1000


@dataclass(frozen=True, slots=True)
class Secret:
    """One issued secret and when it ends, Unix seconds."""

    text: str = field(repr=False)
    ends: float


def read_headers(headers: Mapping[str, str]) -> Signed | None:
    """The four headers; None where one is missing or malformed."""
    values = [headers.get(name, "") for name in _FORMS]
    if not all(form.fullmatch(value) for form, value in zip(_FORMS.values(), values, strict=True)):
        return None
    return Signed(*values)


def sign(secret: str, sid: str, rid: str, rtime: str) -> str:
    """Base64 of HMAC-SHA-256 over sid + rid + rtime."""
    return base64.b64encode(hmac.digest(secret.encode(), f"{sid}{rid}{rtime}".encode(), "sha256")).decode()


def matches(secret: str, signed: Signed) -> bool:
    """Whether the request was signed with `secret`."""
    return hmac.compare_digest(sign(secret, signed.sid, signed.rid, signed.rtime), signed.sign)


def sealed(secret: str, key: bytes, iv: bytes | None = None) -> str:
    """`secret` as the refresh call tells it: Base64 of the IV and AES-128-CBC with PKCS#7 padding."""
    vector = os.urandom(_BLOCK_BITS // 8) if iv is None else iv
    padder = PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(secret.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return base64.b64encode(vector + encryptor.update(padded) + encryptor.finalize()).decode()


class SecretBook:
    """The secrets issued to one subscriber; those that have ended are remembered, to tell them from wrong ones."""

    def __init__(self, life: float, overlap: float) -> None:
        self._life = life
        self._overlap = overlap
        self._issued: list[Secret] = []

    def renew(self, now: float) -> Secret:
        """A new secret that ends `life` seconds from `now`."""
        earlier = [replace(secret, ends=min(secret.ends, now + self._overlap)) for secret in self._issued]
        new = Secret(secrets.token_hex(16), now + self._life)
        self._issued = [*earlier[-_SECRETS_REMEMBERED:], new]
        return new

    def signer(self, signed: Signed) -> Secret | None:
        """The secret, ended or not, that the request was signed with."""
        return next((secret for secret in reversed(self._issued) if matches(secret.text, signed)), None)
