"""The sections of an interface over HTTP: request, answer, signature, log-in, operations.

Laws: a question goes where it is said and nowhere else; only the last level says that there is no record; a plain digest without the
secret in it signs nothing.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from gateway.config.interface_parts import (
    CipherSection,
    CityMomentSection,
    Fillings,
    Header,
    HeaderFillings,
    LevelSection,
    MomentForm,
    Spelled,
    specs,
)
from gateway.config.rule_sections import Dotted
from gateway.config.shape import Section, fault
from gateway.config.words import Duration, Frozen, Text
from gateway.model.interface import AnswerSpec, LoginSpec, OperationSpec, RequestSpec, SignatureSpec

_PATH: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+/?")
_OPERATION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
_UNITS: Final = {"milliseconds": 0.001, "seconds": 1.0, "minutes": 60.0, "hours": 3600.0}
_NO_RECORD: Final = "no-record"


def _path(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise fault("must be a path", "write it as /rest/query; what is asked in the address stands under `query`")
    return path


def _operation(name: str) -> str:
    if not _OPERATION.fullmatch(name):
        raise fault("must be the name of an operation", "use letters, digits, _ and -, a letter first", key=True)
    return name


UrlPath = Annotated[Text, AfterValidator(_path)]
OperationName = Annotated[Text, AfterValidator(_operation)]


class RequestSection(Section):
    """How a request is written."""

    method: Literal["POST", "GET"] = Field(default="POST", description="of HTTP")
    written: Literal["json", "form", "query"] = Field(default="json", description="as what the question goes")
    question: Dotted | None = Field(default=None, description="where the table's values go; beside the parts if left out")
    parts: Fillings = Field(default_factory=dict, validate_default=True, description="what else goes with the question, by path")
    headers: HeaderFillings = Field(default_factory=dict, validate_default=True, description="headers of the gateway's own")
    query: Fillings = Field(default_factory=dict, validate_default=True, description="what stands in the address")

    @model_validator(mode="after")
    def _fitting(self) -> "RequestSection":
        if (self.method == "GET") != (self.written == "query"):
            raise fault("GET and `written: query` belong together", "change one of the two")
        if self.written != "json" and (self.question or any("." in name for name in self.parts)):
            raise fault("a form and a query have no parts within parts", "take out `question`, and dots from the names of parts")
        return self

    def spec(self) -> RequestSpec:
        """As the model has it."""
        ours = (specs(self.parts), specs(self.headers), specs(self.query))
        return RequestSpec(self.method, self.written, self.question or "", *ours)


class AnswerSection(Section):
    """How an answer is read."""

    levels: Annotated[tuple[LevelSection, ...], Field(min_length=1)] = Field(
        description="the levels of success, the outermost first; only the last says no-record"
    )
    records: Dotted = Field(description="where the record stands, or the list of them")
    empty: Literal["invalid", "no-record"] = Field(default="invalid", description="what an empty list says under a fine code")
    count: Dotted | None = Field(default=None, description="where the number of records stands, which must be true")
    several: bool = Field(default=False, description="whether there may be more records than one")
    echo: Fillings = Field(default_factory=dict, validate_default=True, description="what must come back as it was sent, by path")
    moment: CityMomentSection | None = Field(default=None, description="when the city says it answered, {at, form, skew}")
    lists: tuple[Dotted, ...] = Field(
        default=(), description="paths within a record that are lists even where XML shows one part"
    )
    opened: tuple[Dotted, ...] = Field(default=(), description="paths within a record of texts that hold JSON")
    encrypted: Annotated[Mapping[Dotted, CipherSection], Frozen] = Field(
        default_factory=dict,
        validate_default=True,
        description="paths within a record of encrypted texts, {cipher, key, spelled}",
    )

    @model_validator(mode="after")
    def _ordered(self) -> "AnswerSection":
        if any(_NO_RECORD in each.codes.values() for each in self.levels[:-1]):
            raise fault(
                "only the last level says no-record: those before it speak about the call", "write refused or later there"
            )
        if self.levels[-1].optional:
            raise fault("the last level must be there, for nothing else says that the answer is fine", "take out `optional`")
        return self

    def spec(self) -> AnswerSpec:
        """As the model has it."""
        return AnswerSpec(
            levels=tuple(each.spec() for each in self.levels),
            records=self.records,
            empty_is_none=self.empty == _NO_RECORD,
            count=self.count or "",
            several=self.several,
            echo=specs(self.echo),
            moment=self.moment.spec() if self.moment else None,
            lists=self.lists,
            opened=self.opened,
            encrypted={path: each.spec() for path, each in self.encrypted.items()},
        )


class SignatureHeaders(Section):
    """Which headers carry what."""

    signature: Header = Field(description="the signature")
    account: Header | None = Field(default=None, description="the credential `account`")
    moment: Header | None = Field(default=None, description="the moment")
    nonce: Header | None = Field(default=None, description="the nonce")


class SignatureSection(Section):
    """How each request is signed, with the credentials `account` and `secret`."""

    digest: Literal["sha-256", "hmac-sha-256", "sm3", "hmac-sm3"] = Field(
        description="the digest; an hmac has the secret as its key"
    )
    parts: Annotated[tuple[Literal["account", "secret", "nonce", "moment", "body"], ...], Field(min_length=1)] = Field(
        description="over what it is made, in this order"
    )
    separator: Annotated[str, Field(max_length=20)] = Field(default="", description="what stands between the parts")
    spelled: Spelled = Field(default="hex", description="how it is written")
    clock: MomentForm = Field(default="seconds", description="how the moment is written")
    headers: SignatureHeaders = Field(description="which headers carry what, {signature, account, moment, nonce}")
    by: Literal["secret", "token"] = Field(
        default="secret", description="whose secret: our own, or the one that the log-in lends"
    )

    @model_validator(mode="after")
    def _signing(self) -> "SignatureSection":
        if not self.digest.startswith("hmac") and "secret" not in self.parts:
            raise fault("a plain digest without the secret signs nothing", "add `secret` to the parts, or take an hmac")
        for name in ("moment", "nonce"):
            if name in self.parts and getattr(self.headers, name) is None:
                raise fault(f"is made over the {name}, which no header carries", f"add `{name}` to the headers")
        return self

    def spec(self) -> SignatureSpec:
        """As the model has it."""
        named = {name: header for name in SignatureHeaders.allowed() if (header := getattr(self.headers, name)) is not None}
        return SignatureSpec(self.digest, self.parts, self.separator, self.spelled, self.clock, named, self.by == "token")


class LifeSection(Section):
    """How long a token serves."""

    fixed: Duration | None = Field(default=None, alias="for", description="always this long")
    at: Dotted | None = Field(default=None, description="where its life stands in the answer")
    unit: Literal["milliseconds", "seconds", "minutes", "hours"] = Field(default="seconds", description="of the life at `at`")
    until: Dotted | None = Field(default=None, description="where its end stands in the answer")
    form: MomentForm = Field(default="seconds", description="how the end is written")

    @model_validator(mode="after")
    def _one(self) -> "LifeSection":
        if [self.fixed is None, self.at is None, self.until is None].count(False) != 1:
            raise fault("must have exactly one of for, at and until", "keep one")
        return self


class LoginSection(Section):
    """How a token is fetched, once for all callers."""

    path: UrlPath = Field(description="of the log-in")
    request: RequestSection = Field(description="how it is written, {method, written, parts, headers, query}")
    signed: bool = Field(default=False, description="whether it is signed as `signature` says, with our own secret")
    levels: Annotated[tuple[LevelSection, ...], Field(min_length=1)] = Field(
        description="the levels of success, the outermost first"
    )
    token: Dotted = Field(description="where the token stands in the answer")
    encrypted: CipherSection | None = Field(default=None, description="how the token is encrypted, {cipher, key, spelled}")
    life: LifeSection = Field(description="how long it serves, {for}, {at, unit} or {until, form}")
    ahead: Duration = Field(default=300.0, description="how long before its end the next one is fetched")

    @model_validator(mode="after")
    def _about_us(self) -> "LoginSection":
        if any({"no-record", "ambiguous"} & set(each.codes.values()) for each in self.levels):
            raise fault("a log-in says nothing about a holder", "write refused or later")
        if self.request.question is not None:
            raise fault("a log-in asks no question", "take `question` out of its request")
        if self.levels[-1].optional:
            raise fault("the last level must be there, for nothing else says that the answer is fine", "take out `optional`")
        return self

    def spec(self) -> LoginSpec:
        """As the model has it."""
        life = self.life
        return LoginSpec(
            path=self.path,
            request=self.request.spec(),
            signed=self.signed,
            levels=tuple(each.spec() for each in self.levels),
            token=self.token,
            cipher=self.encrypted.spec() if self.encrypted else None,
            ahead=self.ahead,
            seconds=life.fixed or 0.0,
            life=life.at or "",
            unit=_UNITS[life.unit],
            until=life.until or "",
            form=life.form,
        )


class OperationSection(Section):
    """One operation."""

    path: UrlPath = Field(description="of its address")
    parts: Fillings = Field(
        default_factory=dict, validate_default=True, description="parts of its own, beside those of `request`"
    )
    answer: AnswerSection | None = Field(
        default=None, description="how its answer is read, where that differs; the whole section"
    )

    def spec(self) -> OperationSpec:
        """As the model has it."""
        return OperationSpec(self.path, specs(self.parts), self.answer.spec() if self.answer else None)
