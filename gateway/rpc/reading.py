"""Protobuf -> model: a well-formed question, or the refusal that reading it earns.

Laws: every violation is found, not the first only; a violation names the field and what is asked of it, never the value;
a birth is judged by the day in China at the moment `now` of the call.
Source: GB 11643, GB 32100 (numbers); GB/T 2260 (regions); GB/T 36904 (type codes).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType

from gateway.model.civil_day import day
from gateway.model.identifiers import HolderIdType, InvalidIdentifier, parse_holder_number
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
from gateway.rpc import claiming, decoding, forms, parameters, personal, shown_code
from gateway.rpc.decoding import Unread
from gateway.rpc.forms import Asking, Request, Texts
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.rpc.texts import PLAIN

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

_RECEIPT_FORMS = frozenset(pb.ReceiptForm.values())
_NAMED_BY: Mapping[str, HolderType] = MappingProxyType({each.value: HolderType(each.holder_kind.value) for each in HolderIdType})


def question(request: pb.QueryRequest | Unread, now: datetime) -> Query | Refusal:
    """The question, in canonical form: numbers at full length and in upper case, request_id in lower case."""
    if isinstance(request, Unread):
        return decoding.refusal(request, pb.QueryRequest)
    texts = forms.asked(request)
    if request.HasField("presented_code"):
        return _by_code(request, texts, now)
    number = holder_number(request, texts, now, _violations(request, texts))
    return number if isinstance(number, Refusal) else _built(request, texts, _holder(request, texts, number), request.fields)


def _by_code(request: pb.QueryRequest, texts: Texts, now: datetime) -> Query | Refusal:
    violations = (*shown_code.faults(request), *_asking(request, texts), *_why(request, texts))
    if not violations:
        violations = personal.told(texts, (request.presented_code,), day(now))
    if violations:
        return Refusal(Reason.INVALID_REQUEST, _at_fault(violations), violations=violations)
    return _built(request, texts, PresentedCode(request.presented_code), request.fields)


def verification(request: pb.VerifyRequest | Unread, now: datetime) -> Query | Refusal:
    """The question whether claims hold, in canonical form as `question`, and so are the claims."""
    if isinstance(request, Unread):
        return decoding.refusal(request, pb.VerifyRequest)
    claims, faults = claiming.read(request.claims)
    texts = forms.asked(request)
    number = holder_number(request, texts, now, (*_violations(request, texts), *faults))
    return number if isinstance(number, Refusal) else _built(request, texts, _holder(request, texts, number), claims=claims)


def download(request: pb.DownloadRequest | Unread, now: datetime) -> Query | Refusal:
    """The question for a file, in canonical form as `question`."""
    if isinstance(request, Unread):
        return decoding.refusal(request, pb.DownloadRequest)
    texts = forms.asked(request)
    number = holder_number(request, texts, now, (*_violations(request, texts), *_file(request)))
    if isinstance(number, Refusal):
        return number
    wanted = FileWanted(FileFormat(request.format), request.number)
    return replace(_built(request, texts, _holder(request, texts, number)), file=wanted)


def _file(request: pb.DownloadRequest) -> Iterator[Violation]:
    if request.format not in FileFormat.__members__:
        yield Violation("format", f"is required: {', '.join(FileFormat)}")
    if request.number and not PLAIN.fullmatch(request.number):
        yield Violation("number", "the number printed on the paper, 1 to 200 characters, or left out")


def holder_number(request: Request, texts: Texts, now: datetime, further: Iterable[Violation]) -> str | Refusal:
    """The holder's number in canonical form, or the refusal of the whole request, with what is at fault in it `further`."""
    kind = request.holder.type
    today = day(now)
    number = _number(texts, today)
    violations = (*further, *_why(request, texts), *_kinds(kind, texts["holder.id_type"]))
    if isinstance(number, Violation):
        reason = Reason.INVALID_REQUEST if violations else Reason.INVALID_IDENTIFIER
        violations = (*violations, number)
        return Refusal(reason, _at_fault(violations), violations=violations)
    if violations or number is None:
        return Refusal(Reason.INVALID_REQUEST, _at_fault(violations), violations=violations)
    person = kind == pb.HOLDER_TYPE_PERSON
    secret = {texts["holder.name"], number, texts["holder.id_number"]} if person else ()
    if violations := personal.told(texts, secret, today):
        return Refusal(Reason.INVALID_REQUEST, _at_fault(violations), violations=violations)
    return number


def _at_fault(violations: tuple[Violation, ...]) -> str:
    """For the log: the paths at fault, none of which the caller made up."""
    return f"at fault: {', '.join(sorted({each.field for each in violations}))}"


def purpose(texts: Texts) -> Purpose:
    """For what, of a request that is not at fault."""
    operator = Operator(texts["purpose.operator.account"], texts["purpose.operator.role"], texts["purpose.operator.name"])
    return Purpose(texts["purpose.matter_code"], texts["purpose.matter_name"], texts["purpose.case_number"], operator)


def legal_basis(request: Request, texts: Texts) -> LegalBasis:
    """On what ground, of a request that is not at fault."""
    basis = request.legal_basis
    return LegalBasis(LEGAL_BASES[basis.kind], texts["legal_basis.reference"], basis.token)


def _holder(request: Asking, texts: Texts, number: str) -> Holder:
    return Holder(HOLDER_TYPES[request.holder.type], texts["holder.id_type"], number, texts["holder.name"])


def _built(
    request: Asking, texts: Texts, holder: Holder | PresentedCode, fields: Iterable[str] = (), claims: tuple[Claimed, ...] = ()
) -> Query:
    return Query(
        request_id=texts["request_id"].lower(),
        evidence_type=texts["evidence_type"],
        provider_region=texts["provider_region"],
        holder=holder,
        purpose=purpose(texts),
        legal_basis=legal_basis(request, texts),
        parameters=parameters.read(request.parameters),
        fields=frozenset(fields),
        claims=claims,
    )


def _number(texts: Texts, today: date) -> str | Violation | None:
    """The canonical number, what is wrong with it, or None where the type itself is at fault and told elsewhere."""
    try:
        id_type = HolderIdType.parse(texts["holder.id_type"])
    except InvalidIdentifier:
        return None
    try:
        return parse_holder_number(id_type, texts["holder.id_number"], today)
    except InvalidIdentifier as error:
        return Violation("holder.id_number", str(error))


def _violations(request: Asking, texts: Texts) -> tuple[Violation, ...]:
    return (*_asking(request, texts), *forms.NAME.faults(texts))


def _asking(request: Asking, texts: Texts) -> tuple[Violation, ...]:
    receipt = () if request.receipt_form in _RECEIPT_FORMS else (Violation("receipt_form", "is FULL or REFERENCE, or left out"),)
    return (*forms.WHAT.faults(texts), *receipt, *parameters.faults(request.parameters))


def _why(request: Request, texts: Texts) -> tuple[Violation, ...]:
    faults = forms.WHY.faults(texts)
    if request.legal_basis.kind in LEGAL_BASES:
        return faults
    return (*faults, Violation("legal_basis.kind", "is required: STATUTORY_DUTY, HOLDER_AUTHORISED or ENTRUSTED"))


def _kinds(kind: int, id_type: str) -> tuple[Violation, ...]:
    """Whose number it is said to be, and whose the type says; what is wrong with either, or with both together."""
    told = HOLDER_TYPES.get(kind)
    if told and told is _NAMED_BY.get(id_type):
        return ()
    untold = () if told else (Violation("holder.type", "is required: PERSON or ORGANISATION"),)
    try:
        names = _NAMED_BY[HolderIdType.parse(id_type).value]
    except InvalidIdentifier as error:
        return (*untold, Violation("holder.id_type", str(error)))
    return untold or (Violation("holder.id_type", f"names a holder of type {names}; holder.type says otherwise"),)
