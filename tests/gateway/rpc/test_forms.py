"""Texts that are looked at together are judged as each by itself, whatever stands in them."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.refusal import Violation
from gateway.rpc import forms
from gateway.rpc.forms import Form, Forms
from gateway.rpc.pb.v1 import ledger_service_pb2 as ledger_pb
from gateway.rpc.texts import text
from tests.gateway.rpc.house import request

TABLE = {
    "number": Form(re.compile(r"[0-9]{1,3}"), "a number"),
    "either": Form(re.compile(r"a|bc"), "one of two"),
    "name": Form(text(3), "a name"),
}
BOTH = Forms(TABLE)
# Signs that make and break each form, and those that stand between texts or might be taken to.
words = st.text("0 a bc测\0\n|", max_size=4) | st.sampled_from(("12", "a", "bc", "a b"))


@settings(max_examples=300, deadline=None, database=None)
@given(st.fixed_dictionaries(dict.fromkeys(TABLE, words)))
def test_what_is_at_fault_together_is_at_fault_alone_and_in_the_order_of_the_table(texts: dict[str, str]) -> None:
    alone = [path for path, form in TABLE.items() if not form.pattern.fullmatch(texts[path])]
    assert BOTH.faults(texts) == tuple(Violation(path, f"is required: {TABLE[path].wanted}") for path in alone)


def test_what_stands_between_texts_makes_no_two_of_one() -> None:
    assert [each.field for each in BOTH.faults({"number": "1\0a", "either": "", "name": "x"})] == ["number", "either"]


def test_each_text_is_found_under_its_path() -> None:
    made = request()
    asked = forms.asked(made)
    for path, found in asked.items():
        part: object = made
        for name in path.split("."):
            part = getattr(part, name)
        assert found == part
        assert found, "an empty one would be like any other"
    naming = ledger_pb.FindUsageRequest(holder=made.holder, purpose=made.purpose, legal_basis=made.legal_basis)
    assert forms.naming(naming).items() <= asked.items()
    assert not (*forms.WHAT.faults(asked), *forms.NAME.faults(asked), *forms.WHY.faults(asked))
