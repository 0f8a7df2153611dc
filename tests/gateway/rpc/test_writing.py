"""What is sealed goes out whole and comes back the same, and nothing that is not sealed goes out."""

import inspect
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.client import Receipt
from gateway.client import answer as client
from gateway.ledger.tree import leaf_hash
from gateway.model.catalogue import COMMON, EVIDENCE_STATUS, EvidenceType, Field, ValueKind
from gateway.model.evidence import Coded, Evidence, EvidenceHolder, Finding, FindingCode, Holders, Period, Rows, Value
from gateway.model.exchange import Asked, Recorded, Sealed
from gateway.rpc import writing
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.gateway.client import notary
from tests.gateway.stages import builders

T = builders.NOW
SINGLE = {
    ValueKind.TEXT: st.text(),
    ValueKind.INTEGER: st.integers(-(2**63), 2**63 - 1),
    ValueKind.MONEY: st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
    ValueKind.DATE: st.dates().map(str),
    ValueKind.MONTH: st.dates().map(lambda day: day.isoformat()[:7]),
    ValueKind.DECIMAL: st.decimals(allow_nan=False, allow_infinity=False).map(str),
    ValueKind.CODED: st.builds(Coded, st.text(), st.text()),
    ValueKind.PERIOD: st.builds(Period, st.text(), st.text()),
}


def _own() -> dict[str, Field]:
    plain = {kind.value: Field(kind.value, "", "", kind) for kind in SINGLE}
    columns = tuple(plain.values())
    return plain | {"rows": Field("rows", "", "", ValueKind.ROWS, columns=columns)}


OWN = _own()
TYPE: EvidenceType = replace(builders.KIND, fields={**COMMON, **OWN})
rows = st.fixed_dictionaries({}, optional={kind.value: each for kind, each in SINGLE.items()})
own_values = st.fixed_dictionaries(
    {},
    optional={kind.value: each for kind, each in SINGLE.items()}
    | {"rows": st.lists(rows, max_size=3).map(lambda r: Rows(tuple(r)))},
)
holders = st.builds(EvidenceHolder, st.text(), st.text(), st.text(), st.text())
common_values = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.text() for name, each in COMMON.items() if each.kind in (ValueKind.TEXT, ValueKind.DATE)},
        "status": st.builds(Coded, st.sampled_from(tuple(EVIDENCE_STATUS)), st.text()),
        "holders": st.lists(holders, max_size=3).map(lambda each: Holders(tuple(each))),
    },
)
found = st.builds(Finding, st.sampled_from(FindingCode), st.sampled_from(sorted(TYPE.fields)))
papers = st.builds(
    lambda common, own, odd: Evidence(TYPE, {**common, **own}, tuple(odd)), common_values, own_values, st.lists(found, max_size=3)
)


def sealed(*evidence: Evidence, **changes: Any) -> Sealed:
    when: dict[str, Any] = {
        "asked": Asked(T + timedelta(microseconds=1), T + timedelta(milliseconds=250), 0.0, 0.25),
        "response_out": T + timedelta(seconds=1, microseconds=999_999),
    }
    return notary.sealed(*evidence)._replace(**when | changes)


def crossed(made: Sealed) -> client.Answer:
    """Over the wire, as bytes, and read by the client."""
    return client.read(pb.QueryResponse.FromString(writing.answer(made).SerializeToString()), made.call.question())


def text_of(values: dict[str, Value], name: str) -> Value:
    return values.get(name, "")


@settings(max_examples=100, deadline=None, database=None)
@given(st.lists(papers, min_size=1, max_size=3))
def test_every_value_of_every_kind_comes_back_the_same(shown: list[Evidence]) -> None:
    got = crossed(sealed(*shown))
    assert got.outcome is client.Outcome.ISSUED
    assert len(got.evidence) == len(shown)
    for sent, paper in zip(shown, got.evidence, strict=True):
        values = dict(sent.values)
        assert dict(paper.fields) == {name: each for name, each in values.items() if name in OWN}
        for name in ("identifier", "number", "issuer", "issuer_code", "issued_on", "valid_from", "valid_to"):
            assert getattr(paper, name) == text_of(values, name)
        status, named = values.get("status"), values.get("holders")
        assert paper.status == (status.code if isinstance(status, Coded) else "")
        assert paper.holders == (named.holders if isinstance(named, Holders) else ())
        assert paper.findings == tuple((each.code.value, each.field) for each in sent.findings)
        assert (paper.type, paper.name) == (TYPE.code, TYPE.zh)


@settings(max_examples=100, deadline=None, database=None)
@given(rows, rows, st.data())
def test_rows_that_have_values_in_common_come_back_the_same(
    one: dict[str, Value], other: dict[str, Value], data: st.DataObject
) -> None:
    mixed = st.fixed_dictionaries({name: st.sampled_from([cell, other.get(name, cell)]) for name, cell in one.items()})
    sent = Rows(tuple(data.draw(st.lists(st.one_of(mixed, st.just(other), st.just(one)), max_size=8))))
    paper = Evidence(TYPE, {"rows": sent})
    assert crossed(sealed(paper)).evidence[0].fields == {"rows": sent}


def test_every_kind_of_value_that_a_field_may_have_was_tried() -> None:
    tried = {each.kind for each in (*OWN.values(), *COMMON.values())}
    assert tried == set(ValueKind) - {ValueKind.MONTHS}, "months are a parameter's only"


def test_every_finding_and_status_has_its_number() -> None:
    named = {name.removeprefix("FINDING_CODE_") for name in pb.FindingCode.keys()} - {"UNSPECIFIED"}  # noqa: SIM118  no mapping
    assert named == {each.value for each in FindingCode}
    statuses = {name.removeprefix("EVIDENCE_STATUS_") for name in pb.EvidenceStatus.keys()} - {"UNSPECIFIED"}  # noqa: SIM118
    assert statuses == set(EVIDENCE_STATUS)


def test_where_it_came_from_and_where_it_is_recorded() -> None:
    got = crossed(sealed())
    assert got.outcome is client.Outcome.NO_RECORD
    assert got.evidence == ()
    assert (got.request_id, got.exchange_id) == (builders.query().request_id, "exchange-1")
    came = got.provenance
    assert (came.region, came.system, came.table_edition) == ("440600", "foshan.test", "2030.5.1")
    assert (came.agreement, came.city_status) == ("gz-fs-1", "00")


def test_the_receipt_comes_back_whole_at_any_index() -> None:
    intent, outcome = (
        Recorded("log.test", 2**63, b"i" * 40, "proof of i"),
        Recorded("log.test", 2**64 - 1, b"o" * 40, "proof of o\n"),
    )
    got = crossed(sealed(intent=intent, outcome=outcome)).receipt
    assert got == Receipt("log.test", 2**63, 2**64 - 1, leaf_hash(b"o" * 40), "proof of o\n", b"o" * 40, builders.BINDING_KEY)


@settings(max_examples=100, deadline=None, database=None)
@given(st.lists(papers, max_size=3))
def test_what_the_gateway_binds_the_caller_can_check_from_the_answer_alone(shown: list[Evidence]) -> None:
    verified = crossed(sealed(*shown)).verify([notary.VKEY])
    assert (verified.question, verified.answer) == (True, True)


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=4, max_size=4))
def test_the_four_moments_come_back_to_the_microsecond(moments: list[datetime]) -> None:
    first, second, third, fourth = moments
    made = sealed(call=replace(builders.call(), received=first), asked=Asked(second, third, 0.0, 1.0), response_out=fourth)
    came = crossed(made).provenance
    assert [came.request_in, came.request_out, came.response_in, came.response_out] == moments


def test_no_repr_shows_what_is_on_a_paper() -> None:
    values: dict[str, Value] = {
        "identifier": "ζ",
        "number": "ζ",
        "issuer": "ζ",
        "issued_on": "ζ",
        "holders": Holders((EvidenceHolder("ζ", "111", "ζ"),)),
        "text": "ζ",
        "rows": Rows(({"text": "ζ", "coded": Coded("ζ", "ζ"), "period": Period("ζ")},)),
    }
    got = crossed(sealed(Evidence(TYPE, values)))
    assert got.evidence[0].number == "ζ"
    assert (
        "ζ" not in f"{got!r} {got.evidence!r} {got.evidence[0]!s} {got.evidence[0].holders!r} {got.evidence[0].fields['rows']!r}"
    )


def test_only_a_sealed_exchange_is_written() -> None:
    """By its types, which mypy checks, and by its form: no other value of an exchange has what the answer needs."""
    taken = {
        name: [each.annotation for each in inspect.signature(function).parameters.values()]
        for name, function in inspect.getmembers(writing, inspect.isfunction)
        if function.__module__ == writing.__name__ and not name.startswith("_")
    }
    assert taken == {each: [Sealed, pb.ReceiptForm.ValueType] for each in ("announced", "answer", "verdicts")}
    whole = sealed()
    others: tuple[Any, ...] = (whole.disclosure, whole.route, whole.route.permit, whole.call, Evidence(TYPE, {}))
    for other in others:
        with pytest.raises(AttributeError):
            writing.answer(other)
    assert {*Sealed._fields} >= {"intent", "outcome"}
