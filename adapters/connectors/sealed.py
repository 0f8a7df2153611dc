"""The encrypted and signed envelope of the medical-insurance style: a document under SM4, and an SM2 signature over what carries it.

Laws: pure; time and chance come in; a signature is checked before anything is opened, over every member that the envelope has; what the
envelope says of itself must be what the interface says. SM2 takes a millisecond: run in a thread.
Source: docs/interfaces/foshan.md, F3.2. Standards: GB/T 32918.2 (SM2), GB/T 32907 (SM4), GB/T 17964 (CBC).
"""

import binascii
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.connectors.json_body import member
from adapters.connectors.verdict import invalid
from adapters.guomi.fault import GuomiError
from adapters.guomi.forms import SignatureForm
from adapters.guomi.sm2 import PrivateKey, PublicKey
from adapters.guomi.sm4 import BLOCK_BYTES, cbc_decrypt, cbc_encrypt

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LARGEST_MOMENT: Final = 13
_FIXED: Final = {"version": "1.0.0", "encType": "SM4", "signType": "SM2"}


@dataclass(frozen=True, slots=True)
class Sealer:
    """One subscriber's half of the keys: `cipher_key` (16 bytes) is shared, `own` signs, `theirs` verifies. `skew` bounds the clocks."""

    app_code: str
    cipher_key: bytes = field(repr=False)
    own: PrivateKey = field(repr=False)
    theirs: PublicKey = field(repr=False)
    skew: timedelta = timedelta(minutes=5)

    def seal(self, document: bytes, moment: datetime, vector: bytes) -> dict[str, object]:
        """The envelope around the document. `vector` is 16 bytes that were never used before."""
        text = (vector + cbc_encrypt(self.cipher_key, vector, document)).hex().upper()
        head = {**_FIXED, "appCode": self.app_code, "timestamp": str((moment - _EPOCH) // _MILLISECOND)}
        signature = self.own.sign(_signed_text(head, text), SignatureForm.RAW)
        return {"data": {"encData": text}, **head, "signData": b64encode(signature).decode("ascii")}

    def open(self, envelope: dict[str, object], moment: datetime, where: str) -> bytes:
        """The document within an envelope that came at this moment. Raises CITY_ANSWER_INVALID."""
        head = {name: member(envelope, name, str, where) for name in (*_FIXED, "appCode", "timestamp")}
        if any(head[name] != value for name, value in {**_FIXED, "appCode": self.app_code}.items()):
            raise invalid(where, "is of another version, of other algorithms or for another subscriber")
        text = member(member(envelope, "data", dict[str, object], where), "encData", str, f"{where} data")
        try:
            signature = binascii.a2b_base64(member(envelope, "signData", str, where), strict_mode=True)
            self.theirs.verify(_signed_text(head, text), signature, SignatureForm.RAW)
        except (ValueError, GuomiError):
            raise invalid(f"{where} signData", "is not the city's signature over this envelope") from None
        if abs(_moment(head["timestamp"], where) - moment) > self.skew:
            raise invalid(f"{where} timestamp", "is too far from our clock")
        return self._opened(text, f"{where} encData")

    def _opened(self, text: str, where: str) -> bytes:
        try:
            sealed = bytes.fromhex(text)
            return cbc_decrypt(self.cipher_key, sealed[:BLOCK_BYTES], sealed[BLOCK_BYTES:])
        except (ValueError, GuomiError):
            raise invalid(where, "cannot be decrypted") from None


def _signed_text(head: dict[str, str], text: str) -> bytes:
    members = {**head, "encData": text}
    return "&".join([f"{name}={members[name]}" for name in sorted(members)]).encode("utf-8", "surrogatepass")


def _moment(text: str, where: str) -> datetime:
    if not (text.isascii() and text.isdigit() and len(text) <= _LARGEST_MOMENT):
        raise invalid(f"{where} timestamp", "is not Unix milliseconds")
    return _EPOCH + int(text) * _MILLISECOND
