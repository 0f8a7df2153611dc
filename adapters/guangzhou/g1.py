"""G1's dialect: e-licences (电子证照) in the provincial `license-app/v1` style, REST and JSON behind a log-in.

Laws: pure; 'no such record' is said by four parts of one answer together and by nothing less; an auth_code (用证码) is a secret,
serves one fetch, and goes no further than the client; holders joined by commas are split here.
Source: docs/interfaces/guangzhou.md, G1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from adapters.connectors.json_body import expect, member, read_object, write_json
from adapters.connectors.lease import Lease
from adapters.connectors.message import HttpRequest, HttpResponse, accepted_body
from adapters.connectors.nesting import nest
from adapters.connectors.signing import Stamp
from adapters.connectors.verdict import CodeTable, Meaning, invalid
from adapters.guangzhou.data_fields import read_data_fields
from adapters.guangzhou.faces import check_face
from gateway.model.city import CityAnswer, CityFile, CityRequest, Record

SYSTEM = "guangzhou.g1"
CREDENTIALS = frozenset({"app_key", "app_secret", "account", "password", "org_code"})
OPERATIONS = frozenset({"auth"})

ACKNOWLEDGED = "SUCCESS"
_FAILED = "FAILURE"

ERRORS = CodeTable(
    str,
    {
        "10001": Meaning.REFUSED,
        "10002": Meaning.EXPIRED_TOKEN,
        "10003": Meaning.EXPIRED_TOKEN,
        "20001": Meaning.REFUSED,
        "20002": Meaning.REFUSED,
        "20003": Meaning.REFUSED,
        "20004": Meaning.REFUSED,
        "20005": Meaning.REFUSED,
        "20006": Meaning.REFUSED,
        "30001": Meaning.REFUSED,
        "40001": Meaning.REFUSED,
        "40002": Meaning.REFUSED,
        "40003": Meaning.REFUSED,
        "40004": Meaning.REFUSED,
        "50001": Meaning.UNAVAILABLE,
        "50002": Meaning.UNAVAILABLE,
    },
)

FILE_MARKER = re.compile(rb'"file_data"\s{0,8}:\s{0,8}"')
"""What stands right before a file."""

_BASE = "/license-app/v1"
_FILE_TYPES: Mapping[str, str] = MappingProxyType({"OFD": "ofd", "PDF": "pdf"})
_JSON: Mapping[str, str] = MappingProxyType({"Content-Type": "application/json; charset=utf-8"})
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
# One page is all that is asked for: nobody holds more licences of one type, and a longer answer is refused rather than cut.
_PAGE_SIZE = 150
_TOKEN = re.compile(r"[0-9A-Fa-f-]{36}")
_AUTH_CODE = re.compile(r"[0-9A-Fa-f]{32}")
_LICENCE_CODE = re.compile(r"[0-9A-Z]{18}")
_LONGEST_LIFE = 366 * 86_400
_JOINT = ","
_HOLDER_PARTS = ("holder_name", "holder_identity_type", "holder_identity_num")
_SHARES = "GYFE"
"""What data_fields say of each holder, joined in the order of the names; empty where nobody holds a share of their own."""


@dataclass(frozen=True, slots=True)
class G1Dialect:
    """Guangzhou's e-licence interface, as one account of one application."""

    app_key: str
    account: str
    org_code: str
    app_secret: str = field(repr=False)
    password: str = field(repr=False)

    def compose_login(self) -> HttpRequest:
        """The log-in."""
        names = ("app_key", "app_secret", "account", "password", "org_code")
        return HttpRequest("POST", f"{_BASE}/security/login", _JSON, write_json({name: getattr(self, name) for name in names}))

    def read_login(self, response: HttpResponse) -> Lease:
        """The access token and its life. Raises Refusal, blame COUNTERPARTY."""
        where = f"{SYSTEM} login"
        answer = _opened(response, where)
        token, seconds = member(answer, "access_token", str, where), member(answer, "expires_in", int, where)
        if not _TOKEN.fullmatch(token) or not 0 < seconds <= _LONGEST_LIFE:
            raise invalid(where, "access_token or expires_in does not have its form")
        return Lease(token, seconds)

    def compose_auth(self, request: CityRequest, stamp: Stamp, token: str) -> HttpRequest:
        """The question which licences there are, and for codes to fetch them (依职能用证)."""
        if request.operation not in OPERATIONS:
            raise RuntimeError(f"{SYSTEM} has no such operation")
        body = {**nest(request.values), "page_index": 1, "page_size": _PAGE_SIZE, "request_id": stamp.nonce}
        return HttpRequest("POST", f"{_BASE}/license/auth?access_token={token}", _JSON, write_json(body))

    def read_auth(self, stamp: Stamp, response: HttpResponse) -> tuple[str, ...]:
        """The codes, one for each licence; none where the city says in all four parts that it holds none. Raises Refusal."""
        return tuple(code for code, _ in self._granted(stamp, response))

    def read_grant(self, stamp: Stamp, file: CityFile, response: HttpResponse) -> str:
        """The code for the licence that this is a file of. Raises Refusal, blame COUNTERPARTY."""
        where = f"{SYSTEM} auth"
        rows = [(code, expect(row, dict[str, object], f"{where} data")) for code, row in self._granted(stamp, response)]
        codes = [code for code, row in rows if row.get("license_code") == file.reference and row.get("auth_code") == code]
        if len(codes) != 1:
            raise invalid(f"{where} data", "does not know the licence that it named, or names it twice")
        return codes[0]

    def _granted(self, stamp: Stamp, response: HttpResponse) -> tuple[tuple[str, object], ...]:
        where = f"{SYSTEM} auth"
        answer = _opened(response, where)
        if answer.get("correlation_id") != stamp.nonce:
            raise invalid(f"{where} correlation_id", "is not the request's")
        codes, rows = member(answer, "auth_codes", list[object], where), member(answer, "data", list[object], where)
        if member(answer, "total_count", int, where) != len(codes) or len(rows) != len(codes):
            raise invalid(f"{where} total_count, auth_codes, data", "contradict one another, or are more than one page")
        return tuple((_code(each, f"{where} auth_codes"), row) for each, row in zip(codes, rows, strict=True))

    def compose_fetch(self, code: str, token: str) -> HttpRequest:
        """The fetch of the licence that the code stands for; it spends the code."""
        return HttpRequest("GET", f"{_BASE}/license/get_license?auth_code={code}&access_token={token}", _NO_HEADERS)

    def read_fetch(self, request: CityRequest, code: str, response: HttpResponse) -> Record:
        """The licence, its holders apart and its data_fields opened. Raises Refusal, blame COUNTERPARTY."""
        where = f"{SYSTEM} get_license"
        licence = member(_opened(response, where), "data", dict[str, object], where)
        if licence.pop("auth_code", None) != code or licence.get("license_item_code") != request.values["license_item_code"]:
            raise invalid(f"{where} auth_code, license_item_code", "is not the licence that was asked for")
        fields = read_data_fields(member(licence, "data_fields", str, where), f"{where} data_fields")
        check_face(request.values["license_item_code"], fields, f"{where} data_fields")
        return {**licence, "data_fields": fields, "holders": _holders(licence, fields, where)}  # type: ignore[dict-item]

    def compose_archive(self, file: CityFile, code: str, token: str) -> HttpRequest:
        """The fetch of a file of the licence that the code stands for; it spends the code."""
        asked = f"auth_code={code}&file_type={_FILE_TYPES[file.format]}&access_token={token}"
        return HttpRequest("GET", f"{_BASE}/license/archive?{asked}", _NO_HEADERS)

    def read_archive(self, file: CityFile, head: HttpResponse, envelope: bytes) -> None:
        """What came around a file, once it has come; or instead of one. Raises Refusal, blame COUNTERPARTY, where it was not given."""
        where = f"{SYSTEM} archive"
        answer = _opened(HttpResponse(head.status, head.headers, envelope), where)
        if member(answer, "file_data", str, where):
            raise invalid(f"{where} file_data", "does not stand where the file was")
        if not member(answer, "file_name", str, where).lower().endswith(f".{_FILE_TYPES[file.format]}"):
            raise invalid(f"{where} file_name", "is of another file type than the one asked for")


def answer_of(licences: tuple[Record, ...], *, files: bool = False) -> CityAnswer:
    """The whole exchange's answer: the licences fetched, or, where the auth call gave no code, that there are none.

    `files` with their files, of which the city says neither digest nor size.
    """
    held = tuple(_files(each) for each in licences) if files else ()
    return CityAnswer(ACKNOWLEDGED, licences, no_record=not licences, files=held)


def _files(licence: Record) -> tuple[CityFile, ...]:
    """Every file type, for which of them there are is said only when one is fetched."""
    known = licence.get("license_code")
    if not isinstance(known, str) or not _LICENCE_CODE.fullmatch(known):
        raise invalid(f"{SYSTEM} get_license license_code", "has not the form of the interface")
    return tuple(CityFile(kind, known) for kind in _FILE_TYPES)


def _opened(response: HttpResponse, where: str) -> dict[str, object]:
    """The envelope of an answer that succeeded. Raises Refusal for one that did not, by its error codes."""
    answer = read_object(accepted_body(response, where), where)
    acknowledged, errors = answer.get("ack_code"), member(answer, "errors", list[object], where)
    if acknowledged == _FAILED and errors:
        codes = [expect(each, dict[str, object], f"{where} errors").get("code") for each in errors]
        for code in codes:
            ERRORS.judge(code, f"{where} errors.code")
    if acknowledged != ACKNOWLEDGED or errors:
        raise invalid(f"{where} ack_code, errors", "contradict one another, or say nothing that is defined")
    return answer


def _code(value: object, where: str) -> str:
    if not isinstance(value, str) or not _AUTH_CODE.fullmatch(value):
        raise invalid(where, "holds what is no auth code")
    return value


def _holders(licence: dict[str, object], fields: dict[str, object], where: str) -> list[dict[str, str]]:
    """One record for each holder. How many there are, the identity types say: a company's name may hold a comma."""
    texts = {name: member(licence, name, str, where) for name in _HOLDER_PARTS}
    count = texts["holder_identity_type"].count(_JOINT) + 1
    if fields.get(_SHARES):
        texts[_SHARES] = member(fields, _SHARES, str, where)
    columns = {name: text.split(_JOINT) if count > 1 else [text] for name, text in texts.items()}
    if any(len(parts) != count for parts in columns.values()):
        raise invalid(f"{where} holder_name, holder_identity_num", "do not have one part for each holder")
    return [{name: parts[place] for name, parts in columns.items()} for place in range(count)]
