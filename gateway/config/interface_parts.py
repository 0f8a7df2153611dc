"""The smallest sections of an interface file: values that the gateway puts in, levels of success, ciphers, moments.

Laws: a closed vocabulary and no expressions; a secret is named and never written; a code has one meaning.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gateway.config.rule_sections import Dotted
from gateway.config.shape import Section, fault
from gateway.config.words import Duration, Frozen, Name, Text
from gateway.model.interface import Cipher, CityMoment, Filling, Level, Origin, Says

_COUNTS: Final = frozenset({"seconds", "milliseconds"})
_PARTS: Final = re.compile(r"%.?", re.DOTALL)
_DAY: Final = frozenset({"%Y", "%m", "%d"})
_MOMENT: Final = _DAY | {"%H", "%M", "%S"}
_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_ASCII: Final = re.compile(r"[\x20-\x7e]*")
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OURS: Final = frozenset(
    {"host", "content-length", "accept-encoding", "transfer-encoding", "connection", "te", "upgrade", "trailer"}
)


def _moment_form(form: str) -> str:
    used = _PARTS.findall(form)
    if form not in _COUNTS and not (set(used) >= _DAY and set(used) <= _MOMENT and len(used) == len(set(used))):
        raise fault("must be the form of a moment", "write seconds, milliseconds, or a form of %Y %m %d %H %M %S, Beijing time")
    return form


def _constant(value: object) -> object:
    if not isinstance(value, str | int):
        raise fault("must be a text, a whole number, true or false", "write one of these")
    return value


def _header(name: str) -> str:
    if not _HEADER.fullmatch(name):
        raise fault("must be the name of a header", "use letters, digits and -", key=True)
    if name.lower() in _OURS:
        raise fault("is a header that the gateway writes itself", "take it out", key=True)
    return name


MomentForm = Annotated[Text, AfterValidator(_moment_form)]
Header = Annotated[Text, AfterValidator(_header)]
Spelled = Literal["hex", "hex-upper", "base64"]


class FillingSection(Section):
    """A value that the gateway itself puts into a question."""

    constant: Annotated[str | int | bool | None, BeforeValidator(_constant)] = Field(
        default=None, description="always this: a text, a whole number, true or false"
    )
    credential: Name | None = Field(default=None, description="the credential of this name, of the system in gateway.yaml")
    source: Literal["nonce", "moment", "token", "operation"] | None = Field(
        default=None, alias="from", description="a new random name, the moment, the log-in's token, or the operation's name"
    )
    form: MomentForm = Field(default="seconds", description="how the moment is written")
    before: Annotated[str, Field(max_length=40)] = Field(
        default="", description="a text right before it, such as Bearer and a space"
    )

    @model_validator(mode="after")
    def _one(self) -> "FillingSection":
        if [self.constant is None, self.credential is None, self.source is None].count(False) != 1:
            raise fault("must have exactly one of constant, credential and from", "keep one")
        if "form" in self.model_fields_set and self.source != "moment":
            raise fault("`form` is that of a moment", "take it out")
        if self.before and self.constant is not None:
            raise fault("`before` stands before what varies", "write it into the constant")
        return self

    def spec(self) -> Filling:
        """As the model has it."""
        if self.constant is not None:
            return Filling(Origin.CONSTANT, self.constant)
        if self.credential is not None:
            return Filling(Origin.CREDENTIAL, self.credential, before=self.before)
        return Filling(Origin(self.source or ""), form=self.form, before=self.before)


def _in_head(section: FillingSection) -> FillingSection:
    if not _ASCII.fullmatch(section.before) or (isinstance(section.constant, str) and not _ASCII.fullmatch(section.constant)):
        raise fault("must be ASCII text of one line, for it stands in a header", "take the other characters out")
    return section


Fillings = Annotated[Mapping[Dotted, FillingSection], Frozen]
HeaderFillings = Annotated[Mapping[Header, Annotated[FillingSection, AfterValidator(_in_head)]], Frozen]


def specs(fillings: Mapping[str, FillingSection]) -> dict[str, Filling]:
    """As the model has them."""
    return {name: each.spec() for name, each in fillings.items()}


class LevelSection(Section):
    """One level of success."""

    at: Dotted = Field(description="where its code stands in the answer")
    kind: Literal["text", "number"] = Field(default="text", description='as what the city writes it: 0 is not "0"')
    codes: Annotated[
        Mapping[str, Literal["ok", "no-record", "refused", "later", "ours", "ambiguous", "expired"]], Field(min_length=1), Frozen
    ] = Field(description="each code the city documents -> ok, no-record, refused, later, ours, ambiguous or expired")
    optional: bool = Field(default=False, description="whether the code may be missing, and the level is passed over")

    @model_validator(mode="after")
    def _sound(self) -> "LevelSection":
        if self.kind == "number" and not all(_WHOLE.fullmatch(code) for code in self.codes):
            raise fault("codes of the kind number are whole numbers between quotes", 'write "0", or take out `kind: number`')
        if "ok" not in self.codes.values() and not self.optional:
            raise fault("no code says that it is fine", "add the city's code for it with `ok`")
        return self

    def spec(self) -> Level:
        """As the model has it."""
        return Level(self.at, self.kind == "number", {code: Says(says) for code, says in self.codes.items()}, self.optional)


class CipherSection(Section):
    """How a text is encrypted."""

    cipher: Literal["sm4-cbc", "aes-cbc", "sm2"] = Field(description="with its vector before it where it has one")
    key: Name = Field(description="the credential that holds the key, in hex digits")
    spelled: Spelled = Field(default="hex", description="how the bytes are written")

    def spec(self) -> Cipher:
        """As the model has it."""
        return Cipher(self.cipher, self.key, self.spelled)


class CityMomentSection(Section):
    """When the city says that it answered."""

    at: Dotted = Field(description="where the moment stands in the answer")
    form: MomentForm = Field(description="how it is written")
    skew: Duration = Field(default=300.0, description="how far it may be from our clock")

    def spec(self) -> CityMoment:
        """As the model has it."""
        return CityMoment(self.at, self.form, timedelta(seconds=self.skew))
