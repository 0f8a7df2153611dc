"""Protobuf -> model: a well-formed question, or the refusal that reading it earns.

Laws: every violation is found, not the first only; a violation names the field and what is asked of it, never the value; what the
evidence log will hold in clear must not carry a person's number or name.
Source: GB 11643, GB 32100 (numbers); GB/T 2260 (regions); GB/T 36904 (type codes).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from gateway.model.identifiers import HolderIdType, InvalidIdentifier, ResidentNumber, parse_holder_number
from gateway.model.query import (
    Claimed,
    FileFormat,
    FileWanted,
    Holder,
    HolderType,
    LegalBasis,
    LegalBasisKind,
    Operator,
    PresentedCode,
    Purpose,
    Query,
)
from gateway.model.refusal import Reason, Refusal, Violation
from gateway.rpc import claiming, parameters, shown_code
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.rpc.pb.v1 import ledger_service_pb2 as ledger_pb
from gateway.rpc.texts import PLAIN, text

Asking = pb.QueryRequest | pb.VerifyRequest | pb.DownloadRequest
"""What asks a city, by the same rules."""
Request = Asking | ledger_pb.FindUsageRequest
"""What names a holder and says why it is asked, by the same rules."""

LARGEST = 64 * 1024

HOLDER_TYPES: Mapping[int, HolderType] = MappingProxyType(
    {pb.HOLDER_TYPE_PERSON: HolderType.PERSON, pb.HOLDER_TYPE_ORGANISATION: HolderType.ORGANISATION}
)
LEGAL_BASES: Mapping[int, LegalBasisKind] = MappingProxyType(
    {
        pb.LEGAL_BASIS_KIND_STATUTORY_DUTY: LegalBasisKind.STATUTORY_DUTY,
        pb.LEGAL_BASIS_KIND_HOLDER_AUTHORISED: LegalBasisKind.HOLDER_AUTHORISED,
        pb.LEGAL_BASIS_KIND_ENTRUSTED: LegalBasisKind.ENTRUSTED,
    }
)

_CANDIDATE = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9Xx]|[0-9]{15})(?![0-9])")
_NAMED_IN_LOG = (
    "purpose.matter_code",
    "purpose.matter_name",
    "purpose.case_number",
    "purpose.operator.account",
    "purpose.operator.role",
    "legal_basis.reference",
)


@dataclass(frozen=True, slots=True)
class Form:
    """What one text of the request must look like."""

    read: Callable[[Any], str]
    pattern: re.Pattern[str]
    wanted: str


_FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "request_id": Form(
            lambda r: r.request_id,
            re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
            "a UUID such as 0192f3a4-5b6c-7d8e-9f00-112233445566",
        ),
        "evidence_type": Form(
            lambda r: r.evidence_type,
            re.compile(r"[0-9A-Za-z-]{1,64}"),
            "a canonical code or alias, such as business-licence",
        ),
        "provider_region": Form(
            lambda r: r.provider_region, re.compile(r"[0-9]{6}"), "a GB/T 2260 code of six digits, such as 440100"
        ),
    }
)
_NAME = Form(lambda r: r.holder.name, text(200), "the name as on the document, 1 to 200 characters")
_WHY: Mapping[str, Form] = MappingProxyType(
    {
        "purpose.matter_code": Form(
            lambda r: r.purpose.matter_code,
            re.compile(r"[0-9A-Za-z._:-]{1,64}"),
            "the item code (事项编码), 1 to 64 letters, digits, '.', '_', ':' or '-'",
        ),
        "purpose.matter_name": Form(
            lambda r: r.purpose.matter_name, text(100), "the item's name (事项名称), 1 to 100 characters"
        ),
        "purpose.case_number": Form(
            lambda r: r.purpose.case_number, text(64), "the case's number (业务流水号), 1 to 64 characters"
        ),
        "purpose.operator.account": Form(
            lambda r: r.purpose.operator.account, text(64), "the operator's account, 1 to 64 characters"
        ),
        "purpose.operator.name": Form(lambda r: r.purpose.operator.name, text(50), "the operator's name, 1 to 50 characters"),
        "purpose.operator.role": Form(
            lambda r: r.purpose.operator.role, text(50), "the operator's role (岗位), 1 to 50 characters"
        ),
        "legal_basis.reference": Form(
            lambda r: r.legal_basis.reference, text(200), "article or number of the legal basis, 1 to 200 characters"
        ),
    }
)


def no_message(kind: str) -> Refusal:
    """The refusal of bytes that do not read as the message of this kind, for instance because a text is in GBK."""
    wanted = Violation("", f"a message {kind} in protobuf's binary form, its texts in UTF-8")
    return Refusal(Reason.INVALID_REQUEST, "the bytes are no message", violations=(wanted,))


def question(request: pb.QueryRequest | None, today: date) -> Query | Refusal:
    """The question, in canonical form: numbers at full length and in upper case, request_id in lower case."""
    if request is None:
        return no_message(pb.QueryRequest.DESCRIPTOR.full_name)
    if request.HasField("presented_code"):
        return _by_code(request, today)
    number = holder_number(request, today, _violations(request))
    return number if isinstance(number, Refusal) else _built(request, _holder(request, number), request.fields)


def _by_code(request: pb.QueryRequest, today: date) -> Query | Refusal:
    violations = (*_size(request), *shown_code.faults(request), *_asking(request), *_why(request))
    if not violations:
        violations = tuple(_personal(request, {request.presented_code}, today))
    if violations:
        return Refusal(Reason.INVALID_REQUEST, _at_fault(violations), violations=violations)
    return _built(request, PresentedCode(request.presented_code), request.fields)


def verification(request: pb.VerifyRequest | None, today: date) -> Query | Refusal:
    """The question whether claims hold, in canonical form as `question`, and so are the claims."""
    if request is None:
        return no_message(pb.VerifyRequest.DESCRIPTOR.full_name)
    claims, faults = claiming.read(request.claims)
    number = holder_number(request, today, (*_violations(request), *faults))
    return number if isinstance(number, Refusal) else _built(request, _holder(request, number), claims=claims)


def download(request: pb.DownloadRequest | None, today: date) -> Query | Refusal:
    """The question for a file, in canonical form as `question`."""
    if request is None:
        return no_message(pb.DownloadRequest.DESCRIPTOR.full_name)
    number = holder_number(request, today, (*_violations(request), *_file(request)))
    if isinstance(number, Refusal):
        return number
    return replace(_built(request, _holder(request, number)), file=FileWanted(FileFormat(request.format), request.number))


def _file(request: pb.DownloadRequest) -> Iterator[Violation]:
    if request.format not in FileFormat.__members__:
        yield Violation("format", f"is required: {', '.join(FileFormat)}")
    if request.number and not PLAIN.fullmatch(request.number):
        yield Violation("number", "the number printed on the paper, 1 to 200 characters, or left out")


def holder_number(request: Request, today: date, further: Iterable[Violation]) -> str | Refusal:
    """The holder's number in canonical form, or the refusal of the whole request, with what is at fault in it `further`."""
    if too_large := tuple(_size(request)):
        return Refusal(Reason.INVALID_REQUEST, "the request is too large", violations=too_large)
    number = _number(request, today)
    violations = (*further, *_why(request), *_kinds(request.holder))
    if isinstance(number, Violation):
        reason = Reason.INVALID_REQUEST if violations else Reason.INVALID_IDENTIFIER
        violations = (*violations, number)
        return Refusal(reason, _at_fault(violations), violations=violations)
    if violations or number is None:
        return Refusal(Reason.INVALID_REQUEST, _at_fault(violations), violations=violations)
    person = request.holder.type == pb.HOLDER_TYPE_PERSON
    names = {request.holder.name, number, request.holder.id_number} if person else set()
    personal = tuple(_personal(request, names, today))
    if personal:
        return Refusal(Reason.INVALID_REQUEST, _at_fault(personal), violations=personal)
    return number


def _at_fault(violations: tuple[Violation, ...]) -> str:
    """For the log: the paths at fault, none of which the caller made up."""
    return f"at fault: {', '.join(sorted({each.field for each in violations}))}"


def purpose(request: Request) -> Purpose:
    """For what, of a request that is not at fault."""
    given = request.purpose
    operator = Operator(given.operator.account, given.operator.role, given.operator.name)
    return Purpose(given.matter_code, given.matter_name, given.case_number, operator)


def legal_basis(request: Request) -> LegalBasis:
    """On what ground, of a request that is not at fault."""
    basis = request.legal_basis
    return LegalBasis(LEGAL_BASES[basis.kind], basis.reference, basis.token)


def _holder(request: Asking, number: str) -> Holder:
    return Holder(HOLDER_TYPES[request.holder.type], request.holder.id_type, number, request.holder.name)


def _built(
    request: Asking, holder: Holder | PresentedCode, fields: Iterable[str] = (), claims: tuple[Claimed, ...] = ()
) -> Query:
    return Query(
        request_id=request.request_id.lower(),
        evidence_type=request.evidence_type,
        provider_region=request.provider_region,
        holder=holder,
        purpose=purpose(request),
        legal_basis=legal_basis(request),
        parameters=parameters.read(request.parameters),
        fields=frozenset(fields),
        claims=claims,
    )


def _number(request: Request, today: date) -> str | Violation | None:
    """The canonical number, what is wrong with it, or None where the type itself is at fault and told elsewhere."""
    try:
        id_type = HolderIdType.parse(request.holder.id_type)
    except InvalidIdentifier:
        return None
    try:
        return parse_holder_number(id_type, request.holder.id_number, today)
    except InvalidIdentifier as error:
        return Violation("holder.id_number", str(error))


def _size(request: Request) -> Iterator[Violation]:
    if request.ByteSize() > LARGEST:
        yield Violation("", f"at most {LARGEST} bytes in all")


def _violations(request: Asking) -> Iterator[Violation]:
    yield from _asking(request)
    yield from _formless({"holder.name": _NAME}, request)


def _asking(request: Asking) -> Iterator[Violation]:
    yield from _formless(_FORMS, request)
    if request.receipt_form not in pb.ReceiptForm.values():
        yield Violation("receipt_form", "is FULL or REFERENCE, or left out")
    yield from parameters.faults(request.parameters)


def _why(request: Request) -> Iterator[Violation]:
    yield from _formless(_WHY, request)
    if request.legal_basis.kind not in LEGAL_BASES:
        yield Violation("legal_basis.kind", "is required: STATUTORY_DUTY, HOLDER_AUTHORISED or ENTRUSTED")


def _formless(forms: Mapping[str, Form], request: Request) -> Iterator[Violation]:
    for field, form in forms.items():
        if not form.pattern.fullmatch(form.read(request)):
            yield Violation(field, f"is required: {form.wanted}")


def _kinds(holder: pb.Holder) -> Iterator[Violation]:
    if holder.type not in HOLDER_TYPES:
        yield Violation("holder.type", "is required: PERSON or ORGANISATION")
    try:
        names = HolderIdType.parse(holder.id_type).holder_kind
    except InvalidIdentifier as error:
        yield Violation("holder.id_type", str(error))
        return
    if holder.type in HOLDER_TYPES and HOLDER_TYPES[holder.type].value != names.value:
        yield Violation("holder.id_type", f"names a holder of type {names.value}; holder.type says otherwise")


def _personal(request: Request, secret: set[str], today: date) -> Iterator[Violation]:
    """What the log would hold in clear and must not: the holder or their code, the operator's name, anybody's resident number."""
    names = set(filter(None, {request.purpose.operator.name, *secret}))
    texts = {field: form.read(request) for field, form in _WHY.items() if field in _NAMED_IN_LOG}
    whole = "\n".join(texts.values())
    if not any(name in whole for name in names) and not _CANDIDATE.search(whole):
        return
    for field, said in texts.items():
        if any(name in said for name in names) or any(_is_resident_number(found, today) for found in _CANDIDATE.findall(said)):
            yield Violation(field, "is kept in the evidence log and must not hold a person's name or number, or a shown code")


def _is_resident_number(text: str, today: date) -> bool:
    try:
        ResidentNumber.parse(text, today)
    except InvalidIdentifier:
        return False
    return True
