"""Signed REST: which headers a request carries, and over which parts it is signed. One frozen Scheme an interface.

Laws: pure; time and chance come in as a Stamp; the secret stands in no header.
Standards: FIPS 180-4 (SHA-256), GB/T 32905 (SM3), RFC 2104 (HMAC), RFC 4648 section 4 (Base64).
"""

import binascii
import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from adapters.connectors.moments import write_moment
from adapters.guomi.sm3 import hmac_sm3, sm3


class Part(StrEnum):
    """What a signature is made over."""

    ACCOUNT = "account"
    SECRET = "secret"  # noqa: S105 - the name of a part, no secret
    NONCE = "nonce"
    MOMENT = "moment"
    BODY = "body"


class ClockUnit(StrEnum):
    """In what the interface counts time since 1970."""

    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"


class Digest(StrEnum):
    """A plain digest takes the secret as one of the parts, a keyed one (HMAC) as its key."""

    SHA256 = "sha-256"
    HMAC_SHA256 = "hmac-sha-256"
    SM3 = "sm3"
    HMAC_SM3 = "hmac-sm3"


class Spelling(StrEnum):
    """How the digest's bytes are written."""

    HEX = "hex"
    HEX_UPPER = "hex-upper"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one interface wants to be signed: the headers that carry parts, the header of the signature, and how that is made.

    `unit` is one of ClockUnit, or a strftime form of Beijing time.
    """

    headers: Mapping[Part, str]
    signature_header: str
    parts: tuple[Part, ...]
    digest: Digest
    spelling: Spelling
    unit: str
    separator: str = ""

    def __post_init__(self) -> None:
        if {Part.SECRET, Part.BODY} & self.headers.keys():
            raise RuntimeError("a secret stands in no header, nor does the body")


@dataclass(frozen=True, slots=True)
class Stamp:
    """The moment (aware) and the nonce (32 lower-case hex digits) of one request."""

    moment: datetime
    nonce: str


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, and with what."""

    account: str
    secret: str = field(repr=False)


_DIGESTS: Mapping[Digest, Callable[[bytes, bytes], bytes]] = MappingProxyType(
    {
        Digest.SHA256: lambda _, text: hashlib.sha256(text).digest(),
        Digest.HMAC_SHA256: lambda key, text: hmac.digest(key, text, "sha256"),
        Digest.SM3: lambda _, text: sm3(text),
        Digest.HMAC_SM3: hmac_sm3,
    }
)

_SPELLINGS: Mapping[Spelling, Callable[[bytes], str]] = MappingProxyType(
    {
        Spelling.HEX: bytes.hex,
        Spelling.HEX_UPPER: lambda digest: digest.hex().upper(),
        Spelling.BASE64: lambda digest: b64encode(digest).decode("ascii"),
    }
)


def spell(spelling: Spelling, content: bytes) -> str:
    """The bytes, written so."""
    return _SPELLINGS[spelling](content)


def unspell(spelling: Spelling, text: str) -> bytes:
    """The bytes that a text of this spelling holds; hex may be in either case. Raises ValueError."""
    return binascii.a2b_base64(text, strict_mode=True) if spelling is Spelling.BASE64 else bytes.fromhex(text)


def signed_headers(scheme: Scheme, signer: Signer, stamp: Stamp, body: bytes = b"") -> dict[str, str]:
    """The headers of one request: the parts that travel, and the signature."""
    parts = {
        Part.ACCOUNT: signer.account,
        Part.SECRET: signer.secret,
        Part.NONCE: stamp.nonce,
        Part.MOMENT: write_moment(stamp.moment, scheme.unit),
    }
    text = scheme.separator.encode().join([body if part is Part.BODY else parts[part].encode() for part in scheme.parts])
    digest = _DIGESTS[scheme.digest](signer.secret.encode(), text)
    headers = {name: parts[part] for part, name in scheme.headers.items()}
    headers[scheme.signature_header] = spell(scheme.spelling, digest)
    return headers
