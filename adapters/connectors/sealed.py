"""The encrypted and signed envelope of the medical-insurance style: a document under SM4, and an SM2 signature over what carries it.

Laws: pure; time and chance come in; a signature is checked before anything is opened, over every member that the envelope has; what the
envelope says of itself must be what the interface says. SM2 takes a millisecond: run in a thread.
Source: docs/interfaces/foshan.md, F3.2. Standards: GB/T 32918.2 (SM2), GB/T 32907 (SM4), GB/T 17964 (CBC).
"""

import binascii
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from adapters.connectors.json_body import member
from adapters.connectors.moments import read_moment, write_moment
from adapters.connectors.signing import Spelling, spell, unspell
from adapters.connectors.verdict import invalid
from adapters.guomi.fault import GuomiError
from adapters.guomi.forms import SignatureForm
from adapters.guomi.sm2 import PrivateKey, PublicKey
from adapters.guomi.sm4 import BLOCK_BYTES, cbc_decrypt, cbc_encrypt

_LARGEST_MOMENT: Final = 13
_CLOCK: Final = "milliseconds"


@dataclass(frozen=True, slots=True)
class SealForm:
    """What an envelope's members are called. `document` is where the ciphertext sits, a path; `fixed` says always the same.

    The signature is over every member by name, the ciphertext under the last name of its path, as `name=value` joined by `&`.
    """

    document: tuple[str, ...]
    signature: str
    account: str
    moment: str
    fixed: Mapping[str, str]
    spelling: Spelling


NHSA: Final = SealForm(
    document=("data", "encData"),
    signature="signData",
    account="appCode",
    moment="timestamp",
    fixed=MappingProxyType({"version": "1.0.0", "encType": "SM4", "signType": "SM2"}),
    spelling=Spelling.HEX_UPPER,
)
"""The medical-insurance style, docs/interfaces/foshan.md, F3.2."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """One subscriber's half of the keys: `cipher_key` (16 bytes) is shared, `own` signs, `theirs` verifies. `skew` bounds the clocks."""

    app_code: str
    cipher_key: bytes = field(repr=False)
    own: PrivateKey = field(repr=False)
    theirs: PublicKey = field(repr=False)
    skew: timedelta = timedelta(minutes=5)
    form: SealForm = field(default=NHSA, repr=False)

    def seal(self, document: bytes, moment: datetime, vector: bytes) -> dict[str, object]:
        """The envelope around the document. `vector` is 16 bytes that were never used before."""
        form = self.form
        text = spell(form.spelling, vector + cbc_encrypt(self.cipher_key, vector, document))
        head = {**form.fixed, form.account: self.app_code, form.moment: write_moment(moment, _CLOCK)}
        signature = self.own.sign(self._signed_text(head, text), SignatureForm.RAW)
        envelope: dict[str, object] = {**head, form.signature: b64encode(signature).decode("ascii")}
        *parents, leaf = form.document
        sealed: dict[str, object] = {leaf: text}
        for parent in reversed(parents):
            sealed = {parent: sealed}
        return {**sealed, **envelope}

    def open(self, envelope: dict[str, object], moment: datetime, where: str) -> bytes:
        """The document within an envelope that came at this moment. Raises CITY_ANSWER_INVALID."""
        form = self.form
        head = {name: member(envelope, name, str, where) for name in (*form.fixed, form.account, form.moment)}
        if any(head[name] != value for name, value in {**form.fixed, form.account: self.app_code}.items()):
            raise invalid(where, "is of another version, of other algorithms or for another subscriber")
        text = self._ciphertext(envelope, where)
        try:
            signature = binascii.a2b_base64(member(envelope, form.signature, str, where), strict_mode=True)
            self.theirs.verify(self._signed_text(head, text), signature, SignatureForm.RAW)
        except (ValueError, GuomiError):
            raise invalid(f"{where} {form.signature}", "is not the city's signature over this envelope") from None
        if abs(_moment(head[form.moment], f"{where} {form.moment}") - moment) > self.skew:
            raise invalid(f"{where} {form.moment}", "is too far from our clock")
        return opened_sm4(self.cipher_key, text, form.spelling, f"{where} {form.document[-1]}")

    def _ciphertext(self, envelope: dict[str, object], where: str) -> str:
        *parents, leaf = self.form.document
        for parent in parents:
            envelope = member(envelope, parent, dict[str, object], where)
            where = f"{where} {parent}"
        return member(envelope, leaf, str, where)

    def _signed_text(self, head: Mapping[str, str], text: str) -> bytes:
        members = {**head, self.form.document[-1]: text}
        return "&".join([f"{name}={members[name]}" for name in sorted(members)]).encode("utf-8", "surrogatepass")


def opened_sm4(key: bytes, text: str, spelling: Spelling, where: str) -> bytes:
    """What a text under SM4 (CBC, the vector before it) holds. Raises CITY_ANSWER_INVALID."""
    try:
        sealed = unspell(spelling, text)
        return cbc_decrypt(key, sealed[:BLOCK_BYTES], sealed[BLOCK_BYTES:])
    except (ValueError, GuomiError):
        raise invalid(where, "cannot be decrypted") from None


def _moment(text: str, where: str) -> datetime:
    if not (text.isascii() and text.isdigit() and len(text) <= _LARGEST_MOMENT):
        raise invalid(where, "is not Unix milliseconds")
    return read_moment(text, _CLOCK, where)
