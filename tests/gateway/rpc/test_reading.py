"""Reading is total: whatever arrives is a well-formed question or one of two refusals, and no refusal repeats what it was given."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.simulation.identifiers import credit_code, resident_number
from gateway.client import question as client_question
from gateway.model.query import HolderType, LegalBasisKind, MonthRange, Query
from gateway.model.refusal import Reason, Refusal
from gateway.rpc import reading
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.gateway.rpc.house import request
from tests.gateway.stages import builders

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MARK = "ζ"
"""Stands in every value that the properties make up, and in no sentence of ours."""
REQUIRED = (
    "request_id",
    "evidence_type",
    "provider_region",
    "holder.type",
    "holder.id_type",
    "holder.id_number",
    "holder.name",
    "purpose.matter_code",
    "purpose.matter_name",
    "purpose.case_number",
    "purpose.operator.account",
    "purpose.operator.name",
    "purpose.operator.role",
    "legal_basis.kind",
    "legal_basis.reference",
)
OPTIONAL = ("legal_basis.token", "parameters", "fields", "presented_code", "receipt_form")
LOGGED = (
    "purpose.matter_code",
    "purpose.matter_name",
    "purpose.case_number",
    "purpose.operator.account",
    "purpose.operator.role",
    "legal_basis.reference",
)
EIGHTEEN = next(number for each in range(1, 40) if (number := resident_number("440106", date(1890, 3, 5), each)).endswith("X"))

fast = settings(max_examples=150, deadline=None, database=None)
marked = st.text(max_size=30).map(lambda text: MARK + text)
numbers = st.integers(-3, 9)


def holder_of(number: str, id_type: str = "111") -> pb.Holder:
    return pb.Holder(id_number=number, id_type=id_type)


def at(message: Message | Query, path: str) -> tuple[Any, str]:
    """The part that holds the field, and the field's own name."""
    *parts, name = path.split(".")
    holder: Any = message
    for part in parts:
        holder = getattr(holder, part)
    return holder, name


def without(path: str) -> pb.QueryRequest:
    made = request()
    holder, name = at(made, path)
    holder.ClearField(name)
    return made


def having(path: str, value: object) -> pb.QueryRequest:
    made = request()
    holder, name = at(made, path)
    setattr(holder, name, value)
    return made


def refused(made: pb.QueryRequest) -> Refusal:
    got = reading.question(made, NOW)
    assert isinstance(got, Refusal), "it was taken for a question"
    return got


def understood(made: pb.QueryRequest) -> Query:
    got = reading.question(made, NOW)
    assert isinstance(got, Query), got.violations
    return got


def at_fault(made: pb.QueryRequest) -> list[str]:
    return [each.field for each in refused(made).violations]


def lawful(got: Query | Refusal) -> None:
    """What holds of every result, whatever was asked."""
    if isinstance(got, Refusal):
        assert got.reason in {Reason.INVALID_REQUEST, Reason.INVALID_IDENTIFIER}
        assert got.violations
        said = repr((got.detail, got.city_status, got.args, got.violations))
        assert MARK not in said
        assert len(said) < 8000, "what is said of it must fit into a caller's metadata"
        return
    texts = [getattr(*at(got, path)) for path in LOGGED]
    assert not any(got.purpose.operator.name in text for text in texts)
    if got.holder.type is HolderType.PERSON:
        assert not any(secret in text for secret in (got.holder.id_number, got.holder.name) for text in texts)


def leaves(descriptor: Descriptor, under: str = "") -> Iterator[str]:
    for each in descriptor.fields:
        nested = each.type == FieldDescriptor.TYPE_MESSAGE and not each.is_repeated
        yield from leaves(each.message_type, f"{under}{each.name}.") if nested else (f"{under}{each.name}",)


def test_every_field_of_the_contract_is_required_or_known_to_be_optional() -> None:
    assert sorted(leaves(pb.QueryRequest.DESCRIPTOR)) == sorted((*REQUIRED, *OPTIONAL))


def test_a_sound_request_is_the_question() -> None:
    made = request(fields=["number", "payments", "number"])
    made.request_id = made.request_id.upper()
    made.legal_basis.token = b"\x00\xff"
    got = understood(made)
    assert got == Query(
        request_id=made.request_id.lower(),
        evidence_type="everything-proof",
        provider_region="440600",
        holder=builders.query().holder,
        purpose=got.purpose,
        legal_basis=got.legal_basis,
        parameters={"months": MonthRange("2029-11", "2030-04")},
        fields=frozenset({"number", "payments"}),
    )
    assert (got.legal_basis.kind, got.legal_basis.token) == (LegalBasisKind.STATUTORY_DUTY, b"\x00\xff")
    assert (got.purpose.matter_name, got.purpose.operator.account) == ("样样事项", "window-3")


def test_what_the_client_writes_is_read_as_it_was_meant() -> None:
    meant = builders.query(parameters={"months": MonthRange("2024-01", "2024-12"), "day": date(2024, 2, 29), "reference": "甲 7"})
    assert understood(client_question.write(meant)) == meant


@pytest.mark.parametrize("path", REQUIRED)
def test_one_missing_field_is_one_violation(path: str) -> None:
    got = refused(without(path))
    assert [each.field for each in got.violations] == [path]
    assert got.reason is (Reason.INVALID_IDENTIFIER if path == "holder.id_number" else Reason.INVALID_REQUEST)
    assert got.violations[0].description


@pytest.mark.parametrize("part", ["holder", "purpose", "purpose.operator", "legal_basis"])
def test_a_missing_part_is_a_violation_of_each_of_its_fields(part: str) -> None:
    unreadable = {"holder.id_number"} if part == "holder" else set()
    wanted = {path for path in REQUIRED if path.startswith(f"{part}.")} - unreadable
    got = refused(without(part))
    assert {each.field for each in got.violations} == wanted
    assert len(got.violations) == len(wanted)


def test_nothing_at_all_is_everything_missing() -> None:
    # A number cannot be judged while nobody knows of what type it is.
    assert sorted(at_fault(pb.QueryRequest())) == sorted(set(REQUIRED) - {"holder.id_number"})


def test_a_wrong_number_is_told_together_with_the_other_violations() -> None:
    made = without("holder.name")
    made.holder.id_number = "44010618900305"
    assert at_fault(made) == ["holder.name", "holder.id_number"]
    assert refused(made).reason is Reason.INVALID_REQUEST


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("request_id", "0192f3a4-5b6c-7d8e-9f00-11223344556"),
        ("request_id", "0192f3a45b6c7d8e9f00112233445566"),
        ("request_id", "{0192f3a4-5b6c-7d8e-9f00-112233445566}"),
        ("request_id", "0192f3a4-5b6c-7d8e-9f00-112233445566\n"),
        ("request_id", "０192f3a4-5b6c-7d8e-9f00-112233445566"),
        ("evidence_type", "business licence"),
        ("evidence_type", "x" * 65),
        ("evidence_type", "../../etc/passwd"),
        ("provider_region", "44010"),
        ("provider_region", "4401000"),
        ("provider_region", "４４０１００"),
        ("provider_region", "440100\n"),
        ("holder.type", pb.HOLDER_TYPE_UNSPECIFIED),
        ("holder.type", 99),
        ("holder.id_type", "11"),
        ("holder.id_type", "998"),
        ("holder.name", " 测试甲"),
        ("holder.name", "测试甲 "),
        ("holder.name", "测试\x00甲"),
        ("holder.name", "测试\n甲"),
        ("holder.name", "甲" * 201),
        ("holder.name", "\u3000"),
        ("purpose.matter_code", "440100 17"),
        ("purpose.matter_code", "x" * 65),
        ("purpose.matter_name", "事" * 101),
        ("purpose.case_number", "c" * 65),
        ("purpose.case_number", "case\x7f1"),
        ("purpose.case_number", "case\ufffe1"),
        ("purpose.operator.account", "a" * 65),
        ("purpose.operator.name", "乙" * 51),
        ("purpose.operator.role", "岗" * 51),
        ("legal_basis.kind", 99),
        ("legal_basis.reference", "条" * 201),
    ],
)
def test_a_malformed_field_is_one_violation(path: str, value: object) -> None:
    got = refused(having(path, value))
    assert [each.field for each in got.violations] == [path]
    assert got.reason is Reason.INVALID_REQUEST


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("holder.name", "甲" * 200),
        ("holder.name", "阿卜杜拉·买买提"),
        ("holder.name", "𠮷" * 200),
        ("purpose.matter_code", "11440100007482532L4442111813000"),
        ("purpose.operator.name", "乙" * 50),
        ("legal_basis.reference", "条" * 200),
        ("legal_basis.reference", "在线政务服务的若干规定  第七条"),
    ],
)
def test_what_reaches_a_bound_is_taken(path: str, value: str) -> None:
    assert understood(having(path, value))


@pytest.mark.parametrize(
    ("number", "id_type"),
    [
        (EIGHTEEN[:-1] + "1", "111"),
        (resident_number("440106", date(1890, 3, 5), 7)[:6] + "18900230" + "0074", "111"),
        ("440106189003050", "111"),
        ("44010618900305 0071", "111"),
        ("4401061890030500７1"[:18], "111"),
        ("", "111"),
        ("x" * 5000, "111"),
        ("11440500000000000X", "001"),
        (credit_code("11", "440106", "M0000007").lower(), "001"),
        ("g12345678", "414"),
        ("G123456789", "414"),
        (EIGHTEEN[:-1] + "2", "551"),
        ("12345 678", "999"),
    ],
)
def test_a_number_that_breaks_its_rule_is_an_invalid_identifier(number: str, id_type: str) -> None:
    made = request()
    made.holder.id_number, made.holder.id_type = number, id_type
    if id_type == "001":
        made.holder.type = pb.HOLDER_TYPE_ORGANISATION
    got = refused(made)
    assert got.reason is Reason.INVALID_IDENTIFIER
    assert [each.field for each in got.violations] == ["holder.id_number"]
    assert not number or number not in repr(got.violations) + got.detail


def test_fifteen_digits_become_eighteen() -> None:
    short = "000000" + "010203" + "007"  # a division that never was, so nobody's
    assert understood(request(holder=holder_of(short))).holder.id_number == resident_number("000000", date(1901, 2, 3), 7)


@pytest.mark.parametrize(("hour", "result"), [(15, Refusal), (16, Query)])
def test_who_is_born_today_in_china_is_taken_while_it_is_yesterday_in_utc(hour: int, result: type) -> None:
    newborn = request(holder=holder_of(resident_number("440604", date(1899, 3, 1), 21)))
    assert isinstance(reading.question(newborn, datetime(1899, 2, 28, hour, tzinfo=UTC)), result)


def test_a_small_x_becomes_a_large_one() -> None:
    assert understood(request(holder=holder_of(EIGHTEEN.lower()))).holder.id_number == EIGHTEEN


@pytest.mark.parametrize(("holder_type", "id_type"), [(pb.HOLDER_TYPE_PERSON, "001"), (pb.HOLDER_TYPE_ORGANISATION, "111")])
def test_the_two_types_of_a_holder_agree(holder_type: Any, id_type: str) -> None:
    number = builders.NUMBER if id_type == "111" else "11440600M00000027C"
    made = request(holder=pb.Holder(type=holder_type, id_type=id_type, id_number=number))
    assert at_fault(made) == ["holder.id_type"]


@pytest.mark.parametrize("path", LOGGED)
@pytest.mark.parametrize(
    "secret",
    [
        builders.NUMBER,
        EIGHTEEN.lower(),
        resident_number("350203", date(1888, 8, 8), 12),
        "000000010203007",
        f"FS-{resident_number('350203', date(1888, 8, 8), 12)}.1",
        f"x{builders.NUMBER}y",
    ],
)
def test_no_persons_number_in_what_the_log_holds(path: str, secret: str) -> None:
    got = refused(having(path, secret))
    assert (got.reason, [each.field for each in got.violations]) == (Reason.INVALID_REQUEST, [path])
    assert secret not in repr(got.violations) + got.detail


@pytest.mark.parametrize("path", sorted(set(LOGGED) - {"purpose.matter_code"}))  # which holds ASCII only
@pytest.mark.parametrize("secret", [builders.NAME, builders.OPERATOR_NAME])
def test_no_persons_name_in_what_the_log_holds(path: str, secret: str) -> None:
    assert at_fault(having(path, f"关于{secret}的事项")) == [path]


def test_the_number_as_it_was_written_is_refused_too() -> None:
    short = "000000010203007"
    made = request(holder=holder_of(short))
    made.purpose.case_number = f"FS{short}"
    assert at_fault(made) == ["purpose.case_number"]


@pytest.mark.parametrize("text", ["FS20260001", "440600202611210001", "202611210000017", "KC2026000001", "4" * 30])
def test_a_case_number_that_is_nobodys_number_is_taken(text: str) -> None:
    assert understood(having("purpose.case_number", text)).purpose.case_number == text


def test_an_organisations_name_may_stand_in_the_log() -> None:
    company = pb.Holder(type=pb.HOLDER_TYPE_ORGANISATION, id_type="001", id_number="11440600M00000027C", name="样样局")
    made = request(holder=company)
    made.purpose.matter_name = "样样局登记 11440600M00000027C"
    assert understood(made).holder.type is HolderType.ORGANISATION


def with_parameters(*parameters: pb.Parameter) -> pb.QueryRequest:
    made = request()
    del made.parameters[:]
    made.parameters.extend(parameters)
    return made


def months(first: str, last: str) -> pb.Parameter:
    return pb.Parameter(name="p", months=pb.MonthRange(first=first, last=last))


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (pb.Parameter(name="p", text="甲 7"), "甲 7"),
        (pb.Parameter(name="p", text="t" * 200), "t" * 200),
        (pb.Parameter(name="p", date="2024-02-29"), date(2024, 2, 29)),
        (months("2024-01", "2024-01"), MonthRange("2024-01", "2024-01")),
        (months("1999-12", "2024-01"), MonthRange("1999-12", "2024-01")),
    ],
)
def test_each_kind_of_parameter_is_read(parameter: pb.Parameter, value: object) -> None:
    assert dict(understood(with_parameters(parameter)).parameters) == {"p": value}


@pytest.mark.parametrize(
    "parameter",
    [
        pb.Parameter(),
        pb.Parameter(name="p"),
        pb.Parameter(text="a"),
        pb.Parameter(name=builders.NUMBER, text="a"),
        pb.Parameter(name="p" * 65, text="a"),
        pb.Parameter(name="P", text="a"),
        pb.Parameter(name="p", text=""),
        pb.Parameter(name="p", text="t" * 201),
        pb.Parameter(name="p", text="a\x00b"),
        pb.Parameter(name="p", date="2023-02-29"),
        pb.Parameter(name="p", date="20230228"),
        pb.Parameter(name="p", date="2023-W01-1"),
        pb.Parameter(name="p", date=""),
        pb.Parameter(name="p", months=pb.MonthRange()),
        months("2024-13", "2024-14"),
        months("2024-1", "2024-2"),
        months("2024-02", "2024-01"),
        months("2024-01", ""),
        months("2024-01\n", "2024-02"),
        months("２０２４-01", "2024-02"),
    ],
)
def test_a_malformed_parameter_is_one_violation_at_its_place(parameter: pb.Parameter) -> None:
    sound = pb.Parameter(name="q", text="a")
    assert at_fault(with_parameters(sound, parameter)) == ["parameters[1]"]


def test_a_parameter_given_twice_is_a_violation() -> None:
    assert at_fault(with_parameters(pb.Parameter(name="p", text="a"), pb.Parameter(name="p", text="b"))) == ["parameters"]


def test_a_flood_of_wrong_parameters_is_one_violation() -> None:
    """Or what is said of them would not fit into the metadata of an answer, and the caller would learn nothing."""
    assert at_fault(with_parameters(*[pb.Parameter()] * 20_000)) == ["parameters"]


texts = st.one_of(marked, st.just(""))
parameters = st.builds(
    lambda name, value: pb.Parameter(name=name, **value),
    st.one_of(texts, st.just("months")),
    st.one_of(
        st.just({}),
        st.fixed_dictionaries({"text": texts}),
        st.fixed_dictionaries({"date": texts}),
        st.builds(lambda first, last: {"months": pb.MonthRange(first=first, last=last)}, texts, texts),
    ),
)


@st.composite
def spoilt(draw: st.DrawFn) -> pb.QueryRequest:
    """A sound request of which some parts are anything."""
    made = request(fields=draw(st.lists(texts, max_size=3)))
    for path in draw(st.sets(st.sampled_from(REQUIRED), max_size=4)):
        holder, name = at(made, path)
        enum = isinstance(getattr(holder, name), int)
        setattr(holder, name, draw(numbers if enum else texts))
    made.parameters.extend(draw(st.lists(parameters, max_size=3)))
    made.legal_basis.token = draw(st.binary(max_size=20))
    return made


@fast
@given(spoilt())
def test_any_message_is_a_question_or_one_of_two_refusals(made: pb.QueryRequest) -> None:
    lawful(reading.question(made, NOW))


def _varint(value: int) -> bytes:
    low, high = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(high) if high else bytes([low])


def _delimited(number: int, body: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(body)) + body


def _fields(of: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Bytes in the form of protobuf's wire: any field numbers, in any order, any number of times."""
    plain = st.builds(lambda number, value: _varint(number << 3) + _varint(value), st.integers(1, 9), st.integers(0, 2**64 - 1))
    nested = st.builds(_delimited, st.integers(1, 9), of)
    return st.lists(st.one_of(plain, nested), max_size=6).map(b"".join)


ascii_ = st.text(st.characters(max_codepoint=127), max_size=20).map(str.encode)
wire = st.recursive(ascii_, _fields, max_leaves=20)


@fast
@given(st.sampled_from([b"", request().SerializeToString()]), _fields(wire), st.binary(max_size=2))
def test_any_bytes_that_are_a_message_are_a_question_or_one_of_two_refusals(before: bytes, body: bytes, after: bytes) -> None:
    for each in (before + body, before + body + after):
        try:
            made = pb.QueryRequest.FromString(each)
        except DecodeError:
            continue  # grpc itself refuses what is no message
        lawful(reading.question(made, NOW))


@fast
@given(st.sampled_from(LOGGED), st.text(max_size=8), st.text(max_size=8))
def test_whatever_surrounds_it_the_holder_never_reaches_the_log(path: str, before: str, after: str) -> None:
    assume(not re.search(r"[\x00-\x1f\x7f]", before + after))
    lawful(reading.question(having(path, f"{before}{builders.NUMBER}{after}"), NOW))


@fast
@given(st.sampled_from(REQUIRED), marked)
def test_asking_twice_gives_the_same(path: str, value: str) -> None:
    assume(not isinstance(getattr(*at(request(), path)), int))
    made = having(path, value)
    assert reading.question(made, NOW) == reading.question(made, NOW)


def test_a_receipt_form_that_is_none_is_refused_and_the_others_ask_the_same_question() -> None:
    forms = (pb.RECEIPT_FORM_UNSPECIFIED, pb.RECEIPT_FORM_FULL, pb.RECEIPT_FORM_REFERENCE)
    made = request()
    asked = understood(made)
    for form in forms:
        made.receipt_form = form
        assert understood(made) == asked
    assert at_fault(having("receipt_form", 7)) == ["receipt_form"]
