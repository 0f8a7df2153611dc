from pathlib import Path

import pytest

from gateway.config.catalogue_file import read_type
from gateway.config.document import read_document
from gateway.config.problem import ConfigError
from gateway.model.catalogue import COMMON, EvidenceKind, ValueKind
from gateway.model.query import HolderType

TYPE = """\
code: 11100000M00000035K203
alias: income-tax-statement
name: {zh: 个人所得税缴纳清单, en: Statement of income tax paid}
kind: certificate
holder_types: [PERSON]
holder_count: 1
common: [number, holders]
parameters: {months: {zh: 税款所属期起止, en: Tax periods wanted, kind: months}}
fields:
  total_tax: {zh: 已缴税额合计, en: Tax paid in all, kind: money}
  payments:
    zh: 缴纳明细
    en: Payments
    kind: rows
    columns:
      income_item: {zh: 所得项目, en: Kind of income, kind: coded, codes: {WAGES: 工资、薪金所得, ROYALTIES: 特许权使用费所得}}
"""


def test_a_kind_of_evidence_is_read():
    kind = read_type(read_document("t.yaml", TYPE.encode()))
    assert (kind.code, kind.alias, kind.zh, kind.en) == (
        "11100000M00000035K203",
        "income-tax-statement",
        "个人所得税缴纳清单",
        "Statement of income tax paid",
    )
    assert (kind.kind, kind.holder_types, kind.holder_count) == (EvidenceKind.CERTIFICATE, frozenset({HolderType.PERSON}), 1)
    assert list(kind.fields) == ["number", "holders", "total_tax", "payments"]
    assert kind.fields["holders"] is COMMON["holders"]
    (column,) = kind.fields["payments"].columns
    assert (column.name, column.kind, list(column.codes.items())) == (
        "income_item",
        ValueKind.CODED,
        [("WAGES", "工资、薪金所得"), ("ROYALTIES", "特许权使用费所得")],
    )
    assert [(each.name, each.kind, each.required) for each in kind.parameters] == [("months", ValueKind.MONTHS, True)]


def test_the_shipped_catalogue_is_read():
    folder = Path(__file__).parents[3] / "gateway" / "catalogue"
    kinds = {path.stem: read_type(read_document(path.name, path.read_bytes())) for path in folder.glob("*.yaml")}
    assert len(kinds) >= 6
    assert all(kind.alias == name for name, kind in kinds.items())
    assert kinds["marriage-certificate"].holder_count == 2


CHANGES = {
    "code": (
        "K203",
        "K20",
        "t.yaml:1:7: code: must be a type code of GB/T 36903; write its 21 digits and capital letters between quotes",
    ),
    "common": ("[number,", "[numbre,", "t.yaml:7:10: common[0]: unknown common field 'numbre'; did you mean 'number'? Known: "),
    "common twice": ("[number,", "[holders,", "t.yaml:7:19: common[1]: stands twice; keep one"),
    "common name again": (
        "  total_tax:",
        "  number:",
        "t.yaml:10:3: fields.number: is the name of a common field; list it under `common`, or rename it",
    ),
    "parameter kind": (
        "kind: months",
        "kind: money",
        "t.yaml:8:66: parameters.months.kind: the kind money has no place here; write one of: date, months, text",
    ),
    "field kind": (
        "kind: money",
        "kind: months",
        "t.yaml:10:54: fields.total_tax.kind: the kind months has no place here; write one of: coded, date, decimal, ",
    ),
    "no such kind": (
        "kind: money",
        "kind: mony",
        "t.yaml:10:54: fields.total_tax.kind: is none of the values allowed here; did you mean 'money'? Known: ",
    ),
    "codes missing": (
        ", codes: {WAGES: 工资、薪金所得, ROYALTIES: 特许权使用费所得}",
        "",
        "t.yaml:16:7: fields.payments.columns.income_item: `codes` belong to the kind coded, and to no other; add or take out `codes`",
    ),
    "codes misplaced": (
        "kind: money",
        "kind: money, codes: {A: 甲}",
        "t.yaml:10:3: fields.total_tax: `codes` belong to the kind coded, and to no other; add or take out `codes`",
    ),
    "code twice": (
        "ROYALTIES: 特许权使用费所得",
        "WAGES: 所得",
        "t.yaml:16:88: fields.payments.columns.income_item.codes: the key 'WAGES' stands here a second time; ",
    ),
    "codes without Chinese": (
        "{WAGES: 工资、薪金所得, ROYALTIES: 特许权使用费所得}",
        "[WAGES, ROYALTIES]",
        "t.yaml:16:71: fields.payments.columns.income_item.codes: must say what each code is called in Chinese; "
        "write {PAID: 已缴, UNPAID: 未缴}",
    ),
    "code without Chinese": (
        "ROYALTIES: 特许权使用费所得",
        'ROYALTIES: ""',
        "t.yaml:16:99: fields.payments.columns.income_item.codes.ROYALTIES: is empty; write a value",
    ),
    "columns misplaced": (
        "kind: rows",
        "kind: text",
        "t.yaml:11:3: fields.payments: `columns` belong to the kind rows, and to no other; add or take out `columns`",
    ),
    "rows in rows": (
        "kind: coded, codes: {WAGES: 工资、薪金所得, ROYALTIES: 特许权使用费所得}",
        "kind: rows, columns: {a: {zh: 一, en: A, kind: text}}",
        "t.yaml:16:57: fields.payments.columns.income_item.kind: the kind rows has no place here; write one of: ",
    ),
    "holder type": (
        "[PERSON]",
        "[PEOPLE]",
        "t.yaml:5:16: holder_types[0]: is none of the values allowed here; known: ORGANISATION, PERSON",
    ),
    "no holder": ("holder_count: 1", "holder_count: 0", "t.yaml:6:15: holder_count: is too small; write 1 or more"),
}


@pytest.mark.parametrize(("old", "new", "told"), CHANGES.values(), ids=CHANGES)
def test_fault(old: str, new: str, told: str):
    assert old in TYPE
    with pytest.raises(ConfigError) as caught:
        read_type(read_document("t.yaml", TYPE.replace(old, new, 1).encode()))
    assert str(caught.value).startswith(told)
    assert len(caught.value.problems) == 1
