"""F2's dialect: certificates (证明) in the style of the national exchange (gjgxjhpt), signed REST with two levels of success.

Laws: pure; `status` is the platform's word and `custom` the department's, and both are read; the type and meaning of
`custom.code` are each service's own; 'owns no home' is said by flag, count and list together, and by nothing less.
Source: docs/interfaces/foshan.md, F2. Standards: NIST SP 800-38A section 6.2 (CBC), RFC 5652 section 6.3 (padding).
"""

import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from adapters.connectors.json_body import expect, member, read_object, write_json
from adapters.connectors.lease import Lease
from adapters.connectors.message import HttpRequest, HttpResponse, accepted_body
from adapters.connectors.nesting import nest
from adapters.connectors.signing import ClockUnit, Digest, Part, Scheme, Signer, Spelling, Stamp, signed_headers
from adapters.connectors.verdict import CodeTable, Meaning, invalid, spelled
from gateway.model.city import CityAnswer, CityRequest, Record
from gateway.model.refusal import Reason, Refusal

SYSTEM = "foshan.f2"
CREDENTIALS = frozenset({"sid", "app_secret", "aes_key"})

SCHEME = Scheme(
    headers={Part.ACCOUNT: "gjgxjhpt_sid", Part.NONCE: "gjgxjhpt_rid", Part.MOMENT: "gjgxjhpt_rtime"},
    signature_header="gjgxjhpt_sign",
    parts=(Part.ACCOUNT, Part.NONCE, Part.MOMENT),
    digest=Digest.HMAC_SHA256,
    spelling=Spelling.BASE64,
    unit=ClockUnit.MILLISECONDS,
)

STATUS = CodeTable(
    str,
    {
        "200": Meaning.OK,
        "40001": Meaning.REFUSED,
        "40002": Meaning.REFUSED,
        "40101": Meaning.REFUSED,
        "40102": Meaning.REFUSED,
        "40103": Meaning.REFUSED,
        "40104": Meaning.REFUSED,
        "40105": Meaning.EXPIRED_TOKEN,
        "40301": Meaning.REFUSED,
        "40401": Meaning.REFUSED,
        "50001": Meaning.UNAVAILABLE,
        "50301": Meaning.UNAVAILABLE,
    },
)

_Data = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Service:
    """One service: where it is, what its codes mean, and how it says by data that there is no record."""

    path: str
    codes: CodeTable
    says_none: Callable[[_Data, str], bool] = lambda *_: False


def _no_home(data: _Data, where: str) -> bool:
    """Whether the data says 'no home is recorded'. Where flag, count and list do not agree, nothing is said about the holder."""
    flag, total, homes = (
        member(data, "wfbz", str, where),
        member(data, "total", int, where),
        member(data, "fwxx", list[object], where),
    )
    if total != len(homes) or flag != ("0" if homes else "1"):
        raise invalid(f"{where} wfbz, total, fwxx", "contradict one another")
    return not homes


SERVICES: Mapping[str, _Service] = MappingProxyType(
    {
        "insuredProof": _Service(
            "/gjgxjhpt/rest/fsrs/insuredProof",
            CodeTable(int, {1: Meaning.OK, 2: Meaning.NO_RECORD, 3: Meaning.REFUSED, 4: Meaning.REFUSED, 9: Meaning.UNAVAILABLE}),
        ),
        "houseRecord": _Service(
            "/gjgxjhpt/rest/fszrzy/houseRecord",
            CodeTable(str, {"0": Meaning.OK, "1001": Meaning.REFUSED, "1002": Meaning.REFUSED, "9999": Meaning.UNAVAILABLE}),
            says_none=_no_home,
        ),
        "incomeTaxList": _Service(
            "/gjgxjhpt/rest/fssw/incomeTaxList",
            CodeTable(
                str,
                {
                    "0000": Meaning.OK,
                    "1404": Meaning.NO_RECORD,
                    "1400": Meaning.REFUSED,
                    "1422": Meaning.REFUSED,
                    "1500": Meaning.UNAVAILABLE,
                },
            ),
        ),
        "depositProof": _Service(
            "/gjgxjhpt/rest/fszfgjj/depositProof",
            CodeTable(
                str,
                {"S": Meaning.OK, "N": Meaning.NO_RECORD, "P1": Meaning.REFUSED, "P2": Meaning.REFUSED, "E": Meaning.UNAVAILABLE},
            ),
        ),
        "fineRecord": _Service(
            "/gjgxjhpt/rest/fsjj/fineRecord",
            CodeTable(
                int, {0: Meaning.OK, 404: Meaning.NO_RECORD, 400: Meaning.REFUSED, 422: Meaning.REFUSED, 500: Meaning.UNAVAILABLE}
            ),
        ),
        "taxPaid": _Service(
            "/gjgxjhpt/rest/fssw/taxPaid",
            CodeTable(
                str,
                {
                    "1": Meaning.OK,
                    "0": Meaning.NO_RECORD,
                    "-1": Meaning.REFUSED,
                    "-2": Meaning.REFUSED,
                    "-9": Meaning.UNAVAILABLE,
                },
            ),
        ),
        "invoiceCheck": _Service(
            "/gjgxjhpt/rest/fssw/invoiceCheck",
            CodeTable(
                str,
                {
                    "001": Meaning.OK,
                    "002": Meaning.NO_RECORD,
                    "101": Meaning.REFUSED,
                    "102": Meaning.REFUSED,
                    "900": Meaning.UNAVAILABLE,
                },
            ),
        ),
        "vehicleTax": _Service(
            "/gjgxjhpt/rest/fssw/vehicleTax",
            CodeTable(
                int,
                {
                    200: Meaning.OK,
                    204: Meaning.NO_RECORD,
                    400: Meaning.REFUSED,
                    422: Meaning.REFUSED,
                    500: Meaning.UNAVAILABLE,
                },
            ),
        ),
    }
)
OPERATIONS = frozenset(SERVICES)

_REFRESH = _Service("/gjgxjhpt/sysapi/auth/refreshappsecret", CodeTable(int, {1: Meaning.OK}))
_CONTENT = "application/json; charset=UTF-8"
_BLOCK_BYTES = 16
_SECRET = re.compile(rb"[0-9A-Fa-f]{32}")
_LONGEST_LIFE = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class F2Dialect:
    """Foshan's certificate interface, as one subscriber. `aes_key` has 16 bytes."""

    sid: str
    app_secret: str = field(repr=False)
    aes_key: bytes = field(repr=False)

    def compose_refresh(self, stamp: Stamp) -> HttpRequest:
        """The call that lends a secret; signed with the subscriber's own."""
        return self._signed(_REFRESH, b"{}", stamp, self.app_secret)

    def read_refresh(self, response: HttpResponse, asked: datetime) -> Lease:
        """The secret lent, for as long as the city says, counted from `asked`. Raises Refusal, blame COUNTERPARTY."""
        where = f"{SYSTEM} refreshappsecret"
        _, _, data = _opened(response, _REFRESH, where)
        if data is None:
            raise invalid(f"{where} custom.data", "is missing")
        seconds = member(data, "secretEndTime", int, where) / 1000 - asked.timestamp()
        if not 0 < seconds <= _LONGEST_LIFE:
            raise invalid(f"{where} secretEndTime", "is past, or too far off")
        return Lease(self._decrypted(member(data, "secret", str, where), f"{where} secret"), seconds)

    def compose(self, request: CityRequest, stamp: Stamp, secret: str) -> HttpRequest:
        """The question on the wire, signed with the secret lent."""
        service = SERVICES.get(request.operation)
        if service is None:
            raise RuntimeError(f"{SYSTEM} has no such operation")
        return self._signed(service, write_json(nest(request.values)), stamp, secret)

    def read(self, request: CityRequest, response: HttpResponse) -> CityAnswer:
        """The record, or the city's word that there is none. Raises Refusal, blame COUNTERPARTY; TokenExpiredError among them."""
        where = f"{SYSTEM} {request.operation}"
        service = SERVICES[request.operation]
        status, meaning, data = _opened(response, service, where)
        if meaning is Meaning.NO_RECORD:
            if data is not None:
                raise invalid(f"{where} custom", "says that there is no record, and gives data", status)
            return CityAnswer(status, no_record=True)
        if data is None:
            raise invalid(f"{where} custom.data", "is missing", status)
        if service.says_none(data, f"{where} custom.data"):
            return CityAnswer(status, no_record=True)
        record: Record = data  # type: ignore[assignment]
        return CityAnswer(status, (record,))

    def _signed(self, service: _Service, body: bytes, stamp: Stamp, secret: str) -> HttpRequest:
        headers = signed_headers(SCHEME, Signer(self.sid, secret), stamp)
        headers["Content-Type"] = _CONTENT
        return HttpRequest("POST", service.path, headers, body)

    def _decrypted(self, text: str, where: str) -> str:
        try:
            sealed = binascii.a2b_base64(text, strict_mode=True)
            opener = Cipher(algorithms.AES(self.aes_key), modes.CBC(sealed[:_BLOCK_BYTES])).decryptor()
            unpadder = PKCS7(_BLOCK_BYTES * 8).unpadder()
            plain = unpadder.update(opener.update(sealed[_BLOCK_BYTES:]) + opener.finalize()) + unpadder.finalize()
        except ValueError:
            raise invalid(where, "cannot be decrypted") from None
        if not _SECRET.fullmatch(plain):
            raise invalid(where, "is not 32 hex digits")
        return plain.decode("ascii")


def _opened(response: HttpResponse, service: _Service, where: str) -> tuple[str, Meaning, _Data | None]:
    """Both levels of success read: the status, what it means (OK or NO_RECORD), and the department's data."""
    answer = read_object(accepted_body(response, where), where)
    outer = member(answer, "status", dict[str, object], where).get("code")
    STATUS.judge(outer, f"{where} status.code")
    custom = member(answer, "custom", dict[str, object], where)
    status = spelled(f"{outer}.{spelled(custom.get('code'))}")
    meaning = service.codes.judge(custom.get("code"), f"{where} custom.code", status)
    data = custom.get("data")
    if isinstance(data, list) and len(data) > 1:
        raise Refusal(Reason.HOLDER_AMBIGUOUS, f"{where} custom.data: is several records, where one is meant", city_status=status)
    return status, meaning, None if data is None else expect(data, dict[str, object], f"{where} custom.data")
