"""A city's interface as it is described, and not programmed: the language of interface files, as values.

Laws: a closed vocabulary, and no expressions; what a code says of the holder, only the innermost level may say; no secret stands
here, only the names of credentials. What the names within a question and a record mean, tables say (gateway.model.rules).
Paths are names joined by dots. Moments are written in `seconds` or `milliseconds` since 1970, or in a strftime form, Beijing time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Family(StrEnum):
    """How an interface is spoken with."""

    SIGNED_REST = "signed-rest"
    TOKEN_REST = "token-rest"  # noqa: S105 - the name of a family, no secret
    SOAP = "soap"
    XML_IN_JSON = "xml-in-json"
    SEALED = "sealed"
    TABLES = "tables"


class Says(StrEnum):
    """What a code says."""

    OK = "ok"
    NO_RECORD = "no-record"
    REFUSED = "refused"
    LATER = "later"
    OURS = "ours"
    AMBIGUOUS = "ambiguous"
    EXPIRED = "expired"


class Origin(StrEnum):
    """Where a value comes from that the gateway itself puts into a question."""

    CONSTANT = "constant"
    CREDENTIAL = "credential"
    NONCE = "nonce"
    MOMENT = "moment"
    TOKEN = "token"  # noqa: S105 - the name of an origin, no secret
    OPERATION = "operation"


@dataclass(frozen=True, slots=True)
class Filling:
    """One such value. `value` is the constant, or the credential's name; `form` is that of a moment; `before` stands before it."""

    origin: Origin
    value: str | int | bool = ""
    form: str = "seconds"
    before: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of success: where its code stands, whether the city writes it as a number, and what each code says.

    One that is `optional` may be missing, and is then passed over.
    """

    at: str
    number: bool
    says: Mapping[str, Says]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Cipher:
    """How a text is encrypted: `algorithm` of `sm4-cbc`, `aes-cbc` (its vector before it) and `sm2`; `key` names the credential, in hex."""

    algorithm: str
    key: str
    spelling: str


@dataclass(frozen=True, slots=True)
class CityMoment:
    """Where the answer says when it was made, and how far that may be from our clock."""

    at: str
    form: str
    skew: timedelta


@dataclass(frozen=True, slots=True)
class AnswerSpec:
    """How an answer is read. `levels` from the outermost to the innermost; `records` leads to a record or a list of them.

    `empty_is_none`: an empty list under a code that is fine says that there is no record. `count` leads to the number of records;
    `several` lets more than one be. `echo` are parts that must come back as they were sent. Within a record: `lists` are lists even where
    XML shows one part, `opened` are texts that hold JSON, `encrypted` texts under a cipher.
    """

    levels: tuple[Level, ...]
    records: str
    empty_is_none: bool = False
    count: str = ""
    several: bool = False
    echo: Mapping[str, Filling] | None = None
    moment: CityMoment | None = None
    lists: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    encrypted: Mapping[str, Cipher] | None = None


@dataclass(frozen=True, slots=True)
class RequestSpec:
    """How a request is written. `written` is `json`, `form`, `query` or `xml`; `parts`, `headers` and `query` are ours.

    `question` is where the table's values go, empty for beside the parts.
    """

    method: str
    written: str
    question: str
    parts: Mapping[str, Filling]
    headers: Mapping[str, Filling]
    query: Mapping[str, Filling]


@dataclass(frozen=True, slots=True)
class SignatureSpec:
    """How a request is signed (adapters.connectors.signing.Scheme); with the lent token instead of the secret where `by_token`."""

    digest: str
    parts: tuple[str, ...]
    separator: str
    spelling: str
    clock: str
    headers: Mapping[str, str]
    by_token: bool


@dataclass(frozen=True, slots=True)
class LoginSpec:
    """How a token is fetched. Its life is `seconds`, or stands at `life` in units of `unit`, or its end at `until` in a moment's form."""

    path: str
    request: RequestSpec
    signed: bool
    levels: tuple[Level, ...]
    token: str
    cipher: Cipher | None
    ahead: float
    seconds: float = 0.0
    life: str = ""
    unit: float = 1.0
    until: str = ""
    form: str = "seconds"


@dataclass(frozen=True, slots=True)
class SoapSpec:
    """The SOAP 1.1 envelope around an XML string (adapters.connectors.soap.Envelope), and the root elements of the documents."""

    namespace: str
    parameter: str
    value: str
    declared: str
    known_as: frozenset[str]
    question_root: str
    answer_root: str


@dataclass(frozen=True, slots=True)
class XmlInJsonSpec:
    """An XML document in a JSON text at `document`. With `question`, the question is one as well, there, among `beside`."""

    document: str
    root: str
    known_as: frozenset[str]
    question: str
    question_root: str
    beside: Mapping[str, Filling]
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class SealSpec:
    """The encrypted and signed envelope (adapters.connectors.sealed): where it sits, and what its members are called."""

    at: str
    document: str
    signature: str
    account: str
    moment: str
    fixed: Mapping[str, str]
    spelling: str
    skew: timedelta
    levels: tuple[Level, ...]


Wrapping = SoapSpec | XmlInJsonSpec | SealSpec


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """One operation over HTTP: its path, parts of its own, and its own answer where that differs from the interface's."""

    path: str
    parts: Mapping[str, Filling]
    answer: AnswerSpec | None


@dataclass(frozen=True, slots=True)
class HttpSpec:
    """An interface over HTTP. `charset` is that of both directions."""

    charset: str
    request: RequestSpec
    answer: AnswerSpec
    operations: Mapping[str, OperationSpec]
    signature: SignatureSpec | None = None
    login: LoginSpec | None = None
    wrapping: Wrapping | None = None


@dataclass(frozen=True, slots=True)
class DetailSpec:
    """Rows that belong to an answer, in a table of their own (adapters.connectors.front_tables.Detail)."""

    table: str
    ticket: str
    order: str
    columns: tuple[str, ...]
    count: str


@dataclass(frozen=True, slots=True)
class TablesSpec:
    """One operation made of tables (adapters.connectors.front_tables.FrontTables). `moment` and `account` may be empty: no such column."""

    requests: str
    ticket: str
    moment: str
    form: str
    account: str
    constants: Mapping[str, str]
    asked: tuple[str, ...]
    responses: str
    flag: str
    waiting: frozenset[str]
    done: frozenset[str]
    code: Level
    holder: str
    columns: tuple[str, ...]
    details: Mapping[str, DetailSpec]


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface by its adapter's name, and which credentials it takes. Exactly one of `http` and `tables` is there."""

    name: str
    family: Family
    credentials: frozenset[str]
    http: HttpSpec | None = None
    tables: Mapping[str, TablesSpec] | None = None

    @property
    def operations(self) -> frozenset[str]:
        """What it can be asked."""
        return frozenset(self.http.operations if self.http else self.tables or ())
