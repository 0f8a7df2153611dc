import pytest

from gateway.config.document import read_document
from gateway.config.problem import ConfigError
from gateway.config.table_file import read_table
from gateway.model import rules

HEAD = 'edition: "1"\nregion: "440100"\ntype: housing-record\nsystem: guangzhou.g2\noperation: op\n'
RULES = {
    "{from: a.b}": rules.Read("a.b"),
    '{from: a, date: "%Y%m%d"}': rules.Read("a", rules.DateForm(("%Y%m%d",))),
    '{from: a, month: ["%Y%m", "%Y-%m"]}': rules.Read("a", rules.MonthForm(("%Y%m", "%Y-%m"))),
    "{from: a, unit: wan-yuan}": rules.Read("a", rules.MoneyUnit.WAN_YUAN),
    "{from: a, unit: as-is}": rules.Read("a"),
    '{from: a, codes: {"1": X, "2": X}, lossy: true}': rules.Read("a", rules.Codes({"1": "X", "2": "X"}, lossy=True)),
    '{from: a, absent: ["-"], optional: true}': rules.Read("a", absent=frozenset({"-"}), optional=True),
    '{constant: ""}': rules.Constant(""),
    "{withheld: why}": rules.Withheld("why"),
    "{rows: a, columns: {b: {from: c}, d: {withheld: why}}, optional: true}": rules.ReadRows(
        "a", {"b": rules.Read("c"), "d": rules.Withheld("why")}, optional=True
    ),
    "{first: {from: a}, last: {from: b, optional: true}}": rules.ReadPeriod(rules.Read("a"), rules.Read("b", optional=True)),
    "[{name: {from: a}, id_type: {constant: b}, id_number: {from: c}}]": rules.ReadHolders(
        (rules.HolderPlace(rules.Read("a"), rules.Constant("b"), rules.Read("c")),)
    ),
    "{each: e, name: {from: a}, id_type: {from: b}, id_number: {from: c}, role: {from: d}}": rules.ReadHolders(
        (rules.HolderPlace(rules.Read("a"), rules.Read("b"), rules.Read("c"), rules.Read("d"), "e"),)
    ),
}


@pytest.mark.parametrize(("written", "rule"), RULES.items())
def test_answer_rules(written: str, rule: rules.AnswerRule):
    text = f"{HEAD}ask: {{a: {{from: holder.name}}}}\nanswer: {{x: {written}}}\n"
    table, problems = read_table(read_document("t.yaml", text.encode()))
    assert problems == ()
    assert table.spec.answer == {"x": rule}


def test_head_and_ask_rules():
    asks = 'ask:\n  a.b: {from: holder.name}\n  c: {constant: "1"}\n  d: {from: holder.id_type, codes: {"111": "1"}}\n'
    table, problems = read_table(read_document("t.yaml", f"{HEAD}{asks}answer: {{x: {{from: a}}}}\n".encode()))
    spec = table.spec
    assert problems == ()
    assert (spec.edition, spec.region, spec.type, spec.system, spec.operation) == (
        "1",
        "440100",
        "housing-record",
        "guangzhou.g2",
        "op",
    )
    assert spec.ask == {
        "a.b": rules.Source("holder.name"),
        "c": rules.Constant("1"),
        "d": rules.Source("holder.id_type", rules.Codes({"111": "1"})),
    }


def test_a_rule_that_cannot_be_read_is_left_out_and_remembered():
    text = f"{HEAD}ask: {{a: {{from: holder.name}}, b: 1}}\nanswer: {{x: {{from: a..b}}, y: {{from: c}}}}\n"
    table, problems = read_table(read_document("t.yaml", text.encode()))
    assert [each.path for each in problems] == ["ask.b", "answer.x.from"]
    assert (set(table.spec.ask), set(table.spec.answer), table.names) == ({"a"}, {"y"}, {"x", "y"})


def test_what_is_no_table_is_refused():
    with pytest.raises(ConfigError) as caught:
        read_table(read_document("t.yaml", HEAD.encode()))
    assert [each.path for each in caught.value.problems] == ["answer", "ask"]
