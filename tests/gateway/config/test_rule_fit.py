import pytest

from gateway.config.catalogue_file import SINGLE
from gateway.config.document import read_document
from gateway.config.rule_fit import cell_problems, lossless
from gateway.model import rules
from gateway.model.catalogue import Field, ValueKind

DOCUMENT = read_document("r.yaml", b"{from: a}")
FORMS = {
    None: None,
    "codes": rules.Codes({"1": "A"}),
    "date": rules.DateForm(("%Y%m%d",)),
    "month": rules.MonthForm(("%Y%m",)),
    "unit": rules.MoneyUnit.FEN,
}
FITTING = {
    ValueKind.TEXT: {None},
    ValueKind.INTEGER: {None},
    ValueKind.DECIMAL: {None},
    ValueKind.MONEY: {None, "unit"},
    ValueKind.DATE: {None, "date"},
    ValueKind.MONTH: {None, "month"},
    ValueKind.CODED: {"codes"},
}


def field(kind: ValueKind) -> Field:
    return Field("f", "字段", "Field", kind, codes={"A": "甲", "B": "乙"} if kind is ValueKind.CODED else {})


def test_every_single_kind_is_tabled():
    assert FITTING.keys() == SINGLE


@pytest.mark.parametrize("kind", FITTING)
@pytest.mark.parametrize("form", FORMS)
def test_which_form_fits_which_kind(kind: ValueKind, form: str | None):
    problems = tuple(cell_problems(DOCUMENT, (), field(kind), rules.Read("a", FORMS[form])))
    assert (not problems) == (form in FITTING[kind])


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (ValueKind.TEXT, ["广州"], ["", " a"]),
        (ValueKind.DATE, ["2026-09-01"], ["20260901", "2026-02-30", ""]),
        (ValueKind.MONTH, ["2026-09"], ["202609", "2026-13"]),
        (ValueKind.MONEY, ["10.00", "-0.50"], ["10", "10.0", "1e3"]),
        (ValueKind.DECIMAL, ["89.5", "3"], [".5", "a"]),
        (ValueKind.CODED, ["A"], ["C", ""]),
        (ValueKind.INTEGER, [], ["1"]),
    ],
)
def test_constants_are_written_as_canonical_values(kind: ValueKind, good: list[str], bad: list[str]):
    for text in (*good, *bad):
        problems = tuple(cell_problems(DOCUMENT, (), field(kind), rules.Constant(text)))
        assert len(problems) == (text in bad)


def test_a_coded_value_without_known_codes_may_have_any():
    role = Field("role", "角色", "Role", ValueKind.CODED)
    assert tuple(cell_problems(DOCUMENT, (), role, rules.Constant("HUSBAND"))) == ()
    assert tuple(cell_problems(DOCUMENT, (), role, rules.Read("a", rules.Codes({"1": "HUSBAND"})))) == ()


def test_lossless():
    assert lossless(rules.Codes({"1": "A", "2": "B"}))
    assert not lossless(rules.Codes({"1": "A", "2": "A"}))
