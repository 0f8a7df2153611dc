"""The log-in of a described interface: how a token is asked for, and how it and its life are read.

Laws: pure; a token that could not stand in a header or an address is refused; a life has an end within a year.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from adapters.configured.ciphers import Opener, opener
from adapters.configured.levels import Step, judge, steps
from adapters.connectors.charset import decoded
from adapters.connectors.json_body import expect, read_json_text
from adapters.connectors.lease import Lease
from adapters.connectors.message import HttpResponse, accepted_body
from adapters.connectors.moments import read_moment
from adapters.connectors.nesting import follow
from adapters.connectors.verdict import invalid
from gateway.model.interface import LoginSpec

_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_LONGEST_LIFE: Final = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Login:
    """One interface's log-in, compiled."""

    spec: LoginSpec
    where: str
    charset: str
    levels: tuple[Step, ...]
    open: Opener | None = field(repr=False)

    def read(self, response: HttpResponse, asked: datetime) -> Lease:
        """The token and its life from the moment `asked`. Raises Refusal, blame COUNTERPARTY."""
        body = decoded(accepted_body(response, self.where), self.charset, self.where)
        answer = expect(read_json_text(body, self.where), dict[str, object], self.where)
        judge(self.levels, answer, self.where)
        token = follow(answer, tuple(self.spec.token.split(".")))
        if self.open is not None:
            token = self.open(token, f"{self.where} {self.spec.token}")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise invalid(f"{self.where} {self.spec.token}", "is missing, or no token")
        seconds = self._life(answer, asked)
        if not 0 < seconds <= _LONGEST_LIFE:
            raise invalid(self.where, "gives a token whose life is over, or longer than a year")
        return Lease(token, seconds)

    def _life(self, answer: dict[str, object], asked: datetime) -> float:
        spec = self.spec
        if spec.until:
            name = f"{self.where} {spec.until}"
            return (read_moment(follow(answer, tuple(spec.until.split("."))), spec.form, name) - asked).total_seconds()
        if not spec.life:
            return spec.seconds
        life = follow(answer, tuple(spec.life.split(".")))
        if type(life) not in {int, str} or not _NUMBER.fullmatch(str(life)):
            raise invalid(f"{self.where} {spec.life}", "is missing, or no number")
        return float(str(life)) * spec.unit


def login(spec: LoginSpec, credentials: Mapping[str, str], system: str, charset: str) -> Login:
    """The description, compiled. Raises ValueError for a key that does not serve."""
    open_ = opener(spec.cipher, credentials, system) if spec.cipher else None
    return Login(spec, f"{system} login", charset, steps(spec.levels, innermost=False), open_)
