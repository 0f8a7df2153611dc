"""Question and answer have one spelling each, and their digests are those of docs/receipts.md."""

import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.model import binding
from gateway.model.evidence import Coded, Evidence, EvidenceHolder, Finding, FindingCode, Holders, Period, Rows
from gateway.model.query import Claimed, FileFormat, FileWanted, HolderType, LegalBasis, LegalBasisKind, MonthRange, Query
from tests.gateway.stages import builders

PAGE = Path(__file__).parents[3] / "docs" / "receipts.md"
KEY = bytes(range(32))
QUESTION = builders.query(
    parameters={"months": MonthRange("2029-11", "2030-04"), "day": date(2030, 1, 31), "reference": "文号"},
    fields=frozenset({"number", "employer"}),
    legal_basis=LegalBasis(LegalBasisKind.HOLDER_AUTHORISED, "article 17", b"\x00\xff"),
)
PAPER = Evidence(
    builders.KIND,
    {
        "number": "17",
        "status": Coded("VALID", "1"),
        "holders": Holders((EvidenceHolder(builders.NAME, "111", builders.NUMBER),)),
        "months_paid": 41,
        "cover": Period("2026-01-01"),
        "payments": Rows(({"month": "2030-03", "insurance": Coded("PENSION", "110")},)),
    },
    (Finding(FindingCode.HOLDER_NAME_DIFFERS, "holders"),),
)


def test_a_question_is_spelt_as_the_page_says() -> None:
    assert binding.question(QUESTION) == {
        "request_id": "0192f3a4-5b6c-7d8e-9f00-112233445566",
        "evidence_type": "everything-proof",
        "provider_region": "440600",
        "holder": {"type": "PERSON", "id_type": "111", "id_number": builders.NUMBER, "name": builders.NAME},
        "purpose": {
            "matter_code": "440100-17",
            "matter_name": "样样事项",
            "case_number": "case-1",
            "operator": {"account": "window-3", "role": "clerk", "name": builders.OPERATOR_NAME},
        },
        "legal_basis": {"kind": "HOLDER_AUTHORISED", "reference": "article 17", "token": "00ff"},
        "parameters": {"months": {"first": "2029-11", "last": "2030-04"}, "day": "2030-01-31", "reference": "文号"},
        "fields": ["employer", "number"],
    }


def test_a_paper_is_spelt_as_the_page_says() -> None:
    assert binding.paper(PAPER) == {
        "type": builders.KIND.code,
        "name": builders.KIND.zh,
        "identifier": "",
        "number": "17",
        "issuer": "",
        "issuer_code": "",
        "issued_on": "",
        "valid_from": "",
        "valid_to": "",
        "status": "VALID",
        "holders": [{"name": builders.NAME, "id_type": "111", "id_number": builders.NUMBER, "role": ""}],
        "fields": {
            "months_paid": 41,
            "cover": {"first": "2026-01-01", "last": ""},
            "payments": {"rows": [{"month": "2030-03", "insurance": {"code": "PENSION", "text": "110"}}]},
        },
        "findings": [["HOLDER_NAME_DIFFERS", "holders"]],
    }


def test_the_digests_are_those_of_another_implementation() -> None:
    """Written again, in other words: what the page says and nothing of ours."""
    body = b'answer\x00{"evidence":[],"outcome":"NO_RECORD","v":1}'
    assert binding.answer_digest(KEY, "NO_RECORD", []) == hmac.new(KEY, body, "sha256").hexdigest()
    spelt = json.dumps(
        {"v": 1, "question": binding.question(QUESTION)}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    assert (
        binding.request_digest(KEY, binding.question(QUESTION))
        == hmac.new(KEY, b"question\0" + spelt.encode(), "sha256").hexdigest()
    )


_JSON = st.recursive(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.integers(-(10**15), 10**15),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('aA_0"\\中€😀', max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(_JSON, max_size=3))
def test_whatever_is_bound_is_bound_by_its_canonical_json(evidence: list[object]) -> None:
    spelt = json.dumps(
        {"evidence": evidence, "outcome": "ISSUED", "v": 1}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    wanted = hmac.new(KEY, b"answer\0" + spelt.encode(), "sha256").hexdigest()
    assert binding.answer_digest(KEY, "ISSUED", evidence) == wanted


def test_the_vectors_of_the_page_hold() -> None:
    found = re.findall(r"```text\n(question|answer)\n(\{.*\})\n([0-9a-f]{64})\n```", PAGE.read_text(encoding="utf-8"))
    assert [use for use, _, _ in found] == ["question", "answer"]
    for use, body, digest in found:
        assert hmac.new(KEY, use.encode() + b"\0" + body.encode(), "sha256").hexdigest() == digest
        read = json.loads(body)
        made = (
            binding.request_digest(KEY, read["question"])
            if use == "question"
            else binding.answer_digest(KEY, read["outcome"], read["evidence"])
        )
        assert made == digest, "ours spells it alike"


def others(value: Any) -> Iterator[Any]:
    """Of a question, or a part of it, each that differs in one place; every place there is comes up."""
    if isinstance(value, FileFormat | HolderType | LegalBasisKind):
        yield next(each for each in type(value) if each is not value)
    elif is_dataclass(value) and not isinstance(value, type):
        for place in fields(value):
            yield from (replace(value, **{place.name: other}) for other in others(getattr(value, place.name)))
    elif isinstance(value, tuple | frozenset | Mapping):
        yield type(value)()
    else:
        yield ANOTHER[type(value)](value)


ANOTHER: Mapping[type, Callable[[Any], object]] = {str: lambda text: f"{text}x", bytes: lambda token: token + b"x"}
EVERYTHING = replace(QUESTION, claims=(Claimed("number", "text", "17"),), file=FileWanted(FileFormat.OFD, "17"))


def test_a_question_that_differs_anywhere_has_another_digest() -> None:
    asked = [EVERYTHING, QUESTION, *others(EVERYTHING)]
    digests = {binding.request_digest(KEY, each) for each in asked}
    assert len(asked) == 2 + len(fields(QUESTION)) + sum(len(fields(part)) - 1 for part in parts(EVERYTHING))
    assert len(digests) == len(asked)
    assert digests == {binding.request_digest(KEY, binding.question(each)) for each in asked}, "as a receipt file spells it, too"
    assert digests.isdisjoint({binding.request_digest(KEY[::-1], each) for each in asked}), "another exchange's is another too"


def parts(question: Query) -> tuple[Any, ...]:
    return question.holder, question.purpose, question.purpose.operator, question.legal_basis, question.file


def test_the_order_of_values_does_not_matter() -> None:
    turned = replace(PAPER, values=dict(reversed(PAPER.values.items())))
    assert binding.answer_digest(KEY, "ISSUED", [binding.paper(turned)]) == binding.answer_digest(
        KEY, "ISSUED", [binding.paper(PAPER)]
    )
