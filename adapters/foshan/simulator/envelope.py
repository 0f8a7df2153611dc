"""F3's envelope from the city's side: opened with the subscriber's public key, sealed with the platform's own.

Laws: what is wrong has a code, in the order of the interface page, F3.3. Moments are Unix seconds and are handed in.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.guomi.fault import GuomiError
from adapters.guomi.forms import SignatureForm
from adapters.guomi.sm2 import PrivateKey, PublicKey
from adapters.guomi.sm4 import cbc_decrypt, cbc_encrypt

SKEW_MILLISECONDS = 300_000
_VECTOR = 16
_MEMBERS = ("appCode", "version", "encType", "signType", "timestamp", "signData")


class EnvelopeError(Exception):
    """What the platform says of an envelope that it does not take."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Keys:
    """As handed over in the secrets file."""

    app_code: str
    sm4: bytes = field(repr=False)
    platform: PrivateKey = field(repr=False)
    app: PublicKey = field(repr=False)

    @classmethod
    def of(cls, secrets: Mapping[str, str]) -> "Keys":
        """From {"app_code", "sm4_key", "platform_private_key", "app_key"}, all but the first in hex."""
        private = PrivateKey(bytes.fromhex(secrets["platform_private_key"]))
        app = PublicKey(bytes.fromhex(secrets["app_key"]))
        return cls(secrets["app_code"], bytes.fromhex(secrets["sm4_key"]), private, app)


def opened(keys: Keys, envelope: Any, now: float) -> bytes:
    """The text within. Raises EnvelopeError."""
    inner = envelope.get("data") if isinstance(envelope, dict) else None
    if not isinstance(inner, dict) or not all(isinstance(envelope.get(name), str) for name in _MEMBERS):
        raise EnvelopeError("1001")
    text = inner.get("encData")
    if not isinstance(text, str) or not envelope["timestamp"].isascii() or not envelope["timestamp"].isdigit():
        raise EnvelopeError("1001")
    if (envelope["version"], envelope["encType"], envelope["signType"]) != ("1.0.0", "SM4", "SM2"):
        raise EnvelopeError("1007")
    if envelope["appCode"] != keys.app_code:
        raise EnvelopeError("1002")
    if abs(now * 1000 - int(envelope["timestamp"][:16])) > SKEW_MILLISECONDS:
        raise EnvelopeError("1004")
    try:
        signature = base64.b64decode(envelope["signData"], validate=True)
        keys.app.verify(_text(envelope, text), signature, SignatureForm.RAW)
    except (binascii.Error, GuomiError):
        raise EnvelopeError("1003") from None
    try:
        sealed = bytes.fromhex(text)
        return cbc_decrypt(keys.sm4, sealed[:_VECTOR], sealed[_VECTOR:])
    except ValueError:
        raise EnvelopeError("1005") from None


def sealed(keys: Keys, document: bytes, now: float, signer: PrivateKey | None = None) -> dict[str, Any]:
    """The envelope around the platform's document; `signer` is another than the platform for a fault only."""
    vector = os.urandom(_VECTOR)
    text = (vector + cbc_encrypt(keys.sm4, vector, document)).hex().upper()
    head = {
        "appCode": keys.app_code,
        "version": "1.0.0",
        "encType": "SM4",
        "signType": "SM2",
        "timestamp": str(int(now * 1000)),
    }
    signature = (signer or keys.platform).sign(_text(head, text), SignatureForm.RAW)
    return {"data": {"encData": text}, **head, "signData": base64.b64encode(signature).decode()}


def _text(head: Mapping[str, Any], text: str) -> bytes:
    """What is signed: F3.2."""
    parts = (
        f"appCode={head['appCode']}",
        f"encData={text}",
        f"encType={head['encType']}",
        f"signType={head['signType']}",
        f"timestamp={head['timestamp']}",
        f"version={head['version']}",
    )
    return "&".join(parts).encode("utf-8", "surrogatepass")
