"""The wallet app (亮证): makes a code for one holder and one kind of e-licence, and takes each code once.

Laws: a code tells nothing of its holder; whatever it is shown for, it is gone afterwards; it ends after its life. The holder has
identified themselves to the app before, which is not played here.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.foshan.simulator.records import HOLDER_TYPES, Register
from adapters.simulation.operation import Asked, Operation, Reply, json_reply

PATH = "/CertShare/wallet/codes"
LIFE_SECONDS = 120.0
_BYTES = 16


@dataclass(frozen=True, slots=True)
class _Shown:
    type_code: str
    holder: str = field(repr=False)
    ends: float


class Wallet:
    """The codes that were made and not taken yet."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._codes: dict[str, _Shown] = {}

    def operation(self) -> Operation:
        """The app's way in, for the stand-in's users: JSON, no part of F1."""
        return Operation("f1", "showCode", "POST", PATH, self._answer, business=False)

    def make(self, type_code: str, holder: str, ends: float) -> str:
        """A new code; `ends` in Unix seconds."""
        code = secrets.token_hex(_BYTES)
        self._codes[code] = _Shown(type_code, holder, ends)
        return code

    def take(self, code: str, type_code: str, now: float) -> str | None:
        """Whose code it is; None where it was never made, was taken, has ended or is for another kind."""
        shown = self._codes.pop(code, None)
        return shown.holder if shown and shown.type_code == type_code and now < shown.ends else None

    def _answer(self, asked: Asked) -> Reply:
        wanted = _read(asked.body)
        type_code, holder, life = (wanted.get(name) for name in ("certTypeCode", "holderCode", "lifeSeconds"))
        if not isinstance(type_code, str) or type_code not in HOLDER_TYPES or not isinstance(holder, str):
            return json_reply({"error": "certTypeCode and holderCode are needed"}, 400)
        if not self._register.licences(type_code, holder):
            return json_reply({"error": "the holder has no such e-licence"}, 404)
        seconds = float(life) if isinstance(life, int | float) else LIFE_SECONDS
        return json_reply({"qrCode": self.make(type_code, holder, asked.now + seconds), "lifeSeconds": seconds})


def _read(body: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
