"""Tables against the catalogue: each fault at its line, and the coverage."""

from pathlib import Path

import pytest

from gateway.config import survey, survey_tables

INSURANCE = "tables/social-insurance-proof.yaml"
LICENCE = "tables/business-licence.yaml"


def test_coverage(site):
    insurance, licence = site.load().coverage
    assert (insurance.region, insurance.type, insurance.code) == ("440100", "social-insurance-proof", "11100000M00000035K201")
    assert (insurance.system, insurance.edition) == ("guangzhou.g2", "2026.11.1")
    assert insurance.withheld == {
        "employer_code": "the interface has no credit code of the unit",
        "contributions.employer_amount": "the interface does not tell it",
    }
    assert insurance.lossy == ("insured_status",)
    assert (insurance.missing, insurance.unasked) == ((), ())
    assert {"months_paid", "contributions", "contributions.base"} <= set(insurance.mapped)
    assert licence.withheld == {"enterprise_type": "not given"}
    assert len(licence.mapped) == 14


def test_parameters_that_do_not_reach_the_city_are_told(site):
    site.change(INSURANCE, '  yae311: {from: parameters.months.last, month: "%Y%m"}\n', "")
    insurance, licence = site.load().coverage
    assert insurance.unasked == ("parameters.months.last",)
    assert licence.unasked == ()


CHANGES = {
    "missing": (
        INSURANCE,
        "  months_paid: {from: aae201}\n",
        "",
        ":13:1: answer: 'months_paid' is neither mapped nor withheld; add `months_paid: {from: ...}` or `months_paid: {withheld: why}`",
    ),
    "missing column": (
        INSURANCE,
        "      base: {from: aae180, unit: fen}\n",
        "",
        ":26:5: answer.contributions.columns: 'base' is neither mapped nor withheld; ",
    ),
    "unknown field": (
        LICENCE,
        "  address: {from: zs}",
        "  address: {from: zs}\n  adress: {from: zs}",
        ":23:3: answer.adress: unknown field of business-licence 'adress'; did you mean 'address'? Known: ",
    ),
    "unknown column": (
        INSURANCE,
        "      base: {from",
        "      total: {from: x}\n      base: {from",
        ":29:7: answer.contributions.columns.total: unknown column of contributions 'total'; known: base, ",
    ),
    "unknown code": (
        INSURANCE,
        '"1": ACTIVE',
        '"1": ACTIV',
        ":21:47: answer.insured_status.codes.1: unknown code of insured_status 'ACTIV'; did you mean 'ACTIVE'? Known: ",
    ),
    "lossy in silence": (
        INSURANCE,
        ", lossy: true",
        "",
        ":21:34: answer.insured_status.codes: several of the city's codes mean the same: SUSPENDED;"
        " map them apart, or add `lossy: true`",
    ),
    "lossy outward in silence": (
        INSURANCE,
        '"414": "20"',
        '"414": "10"',
        ":9:40: ask.certTypeCode.codes: several canonical codes become one code of the city; map them apart, or add `lossy: true`",
    ),
    "lossy without codes": (
        INSURANCE,
        "{from: aae201}",
        "{from: aae201, lossy: true}",
        ":23:16: answer.months_paid: is lossy without a code list; take out `lossy`",
    ),
    "no code list": (
        INSURANCE,
        '{from: aae140, codes: {"110": PENSION, "210": UNEMPLOYMENT}}',
        "{from: aae140}",
        ":28:18: answer.contributions.columns.insurance: a rule without a code list does not fit a value of kind coded; add `codes: ",
    ),
    "codes on a text": (
        INSURANCE,
        "{from: aab004}",
        '{from: aab004, codes: {"1": A}}',
        ":19:13: answer.employer: this form does not fit a value of kind text; use no form",
    ),
    "unit on a date": (
        LICENCE,
        "{from: clrq}",
        "{from: clrq, unit: fen}",
        ":21:38: answer.established_on.unit: this unit does not fit a value of kind date; ",
    ),
    "unit as-is on money": (
        INSURANCE,
        "unit: fen",
        "unit: as-is",
        ":29:34: answer.contributions.columns.base.unit: this unit does not fit a value of kind money; use `unit`: yuan, fen or wan-yuan",
    ),
    "no such unit": (
        INSURANCE,
        "unit: fen",
        "unit: jiao",
        ":29:34: answer.contributions.columns.base.unit: is none of the values allowed here; known: as-is, fen, wan-yuan, yuan",
    ),
    "month form on a date": (
        LICENCE,
        "{from: clrq}",
        '{from: clrq, month: "%Y%m"}',
        ":21:19: answer.established_on: this form does not fit a value of kind date; use `date`, ",
    ),
    "two forms": (
        LICENCE,
        "{from: clrq}",
        '{from: clrq, date: "%Y%m%d", month: "%Y%m"}',
        ":21:19: answer.established_on: has more than one of date, month, unit and codes; keep one",
    ),
    "half a date form": (
        LICENCE,
        'issueDate, date: "%Y%m%d"',
        'issueDate, date: "%Y%m"',
        ":13:38: answer.issued_on.date[0]: must be the form of a day; use %Y, %m and %d once each, and %H %M %S for a time that is cut off",
    ),
    "a day twice": (
        LICENCE,
        'issueDate, date: "%Y%m%d"',
        'issueDate, date: "%Y%m%d%d"',
        ":13:38: answer.issued_on.date[0]: must be",
    ),
    "a month's name": (
        LICENCE,
        'issueDate, date: "%Y%m%d"',
        'issueDate, date: "%Y%b%d"',
        ":13:38: answer.issued_on.date[0]: must be",
    ),
    "a day in a month": (
        INSURANCE,
        'aac049, month: "%Y%m"',
        'aac049, month: "%Y%m%d"',
        ":22:40: answer.insured_since.month[0]: must be the form of a month; use %Y and %m once each, and no other %",
    ),
    "rows for one value": (
        INSURANCE,
        "months_paid: {from: aae201}",
        "months_paid: {rows: a, columns: {b: {from: c}}}",
        ":23:16: answer.months_paid: this rule does not fit a field of kind integer; write {from: ...}",
    ),
    "holders by name alone": (
        LICENCE,
        'holders: {each: holders, name: {from: name}, id_type: {from: type, codes: {"1": "001"}}, id_number: {from: code}}',
        "holders: {from: name}",
        ":17:12: answer.holders: this rule does not fit a field of kind holders; write a list of {name, id_type, id_number}, or {each: ",
    ),
    "a kind of number that is none": (
        LICENCE,
        '{"1": "001"}',
        '{"1": "002"}',
        ":17:83: answer.holders.id_type.codes.1: unknown code of id_type '002'; did you mean '001'? Known: 001, 099, 111",
    ),
    "a constant that is no code": (
        INSURANCE,
        'id_type: {constant: "111"}',
        'id_type: {constant: "112"}',
        ":18:50: answer.holders[0].id_type.constant: unknown code of id_type '112'; ",
    ),
    "an integer that never changes": (
        INSURANCE,
        "{from: aae201}",
        '{constant: "5"}',
        ":23:27: answer.months_paid.constant: a value of kind integer is never constant; write {from: ...} or {withheld: ...}",
    ),
    "a day that is none": (
        LICENCE,
        "{from: clrq}",
        "{constant: 2026-02-30}",
        ":21:30: answer.established_on.constant: is no value of kind date; write it as 2026-09-01",
    ),
    "an unknown source": (
        INSURANCE,
        "{from: holder.name}",
        "{from: holder.nam}",
        ":8:25: ask.person.aac003.from: unknown part of a question 'holder.nam'; did you mean 'holder.name'? Known: ",
    ),
    "half a range": (
        INSURANCE,
        "parameters.months.first",
        "parameters.months",
        ":10:18: ask.yae310.from: unknown part of a question 'parameters.months'; ",
    ),
    "another type's parameter": (
        LICENCE,
        "ask:",
        "ask:\n  m: {from: parameters.months.first}",
        ":7:13: ask.m.from: unknown part of a question 'parameters.months.first'; ",
    ),
    "an outward form that does not fit": (
        INSURANCE,
        '{from: parameters.months.last, month: "%Y%m"}',
        '{from: parameters.months.last, date: "%Y%m%d"}',
        ":11:11: ask.yae311: this form does not fit parameters.months.last; use month, or no form",
    ),
    "several forms to write": (
        INSURANCE,
        '{from: parameters.months.last, month: "%Y%m"}',
        '{from: parameters.months.last, month: ["%Y%m", "%Y-%m"]}',
        ":11:11: ask.yae311: several forms are for reading; a question is written in one; keep one",
    ),
    "an outward code of no kind": (
        INSURANCE,
        '"414": "20"',
        '"415": "20"',
        ":9:61: ask.certTypeCode.codes.415: unknown code of holder.id_type '415'; did you mean '414'? Known: ",
    ),
    "a kind of holder's number that is none": (
        LICENCE,
        "{from: holder.id_number}",
        "{from: holder.id_number, of: ['111', '112']}",
        ":7:40: ask.holderCode.of: unknown code of holder.id_type '112'; did you mean '511'",
    ),
    "a kind of number of something else": (
        INSURANCE,
        "{from: holder.name}",
        "{from: holder.name, of: '111'}",
        ":8:38: ask.person.aac003.of: kinds of number are said of holder.id_number alone; move it there",
    ),
    "about nobody": (
        LICENCE,
        "{from: holder.id_number}",
        "{from: holder.name}",
        ":6:1: ask: the question does not say about whom it is; add a name with {from: holder.id_number}",
    ),
    "a value and a group": (
        INSURANCE,
        "  yae098:",
        "  person:",
        ":12:3: ask.person: is both a value and a group of values; rename one of them",
    ),
    "an empty part": (INSURANCE, "  yae098:", "  person..a:", ":12:3: ask.person..a: has an empty part; write name.name"),
    "no rule": (LICENCE, "{from: zs}", "zs", ":22:12: answer.address: must be a rule; write {from: ...}, "),
    "a rule misspelt": (
        LICENCE,
        "{from: zs}",
        "{from: zs, optionnal: true}",
        ":22:23: answer.address.optionnal: unknown key 'optionnal'; did you mean 'optional'? Known: absent, codes, date, from, lossy,",
    ),
    "unknown type": (
        LICENCE,
        "type: 11100000M00000035K101",
        "type: busines-licence",
        ":3:7: type: unknown evidence type 'busines-licence'; did you mean 'business-licence'?"
        " Known: birth-certificate, business-licence, ",
    ),
    "unknown region": (
        LICENCE,
        'region: "440600"',
        'region: "440300"',
        ":2:9: region: unknown region '440300'; did you mean '440600'? Known: 440100, 440600",
    ),
    "unknown system": (
        LICENCE,
        "system: foshan.f1",
        "system: foshan.f2",
        ":4:9: system: unknown system 'foshan.f2'; configure it under regions.440600.systems, or leave the table out;"
        " did you mean 'foshan.f1'? Known: foshan.f1, guangzhou.g2",
    ),
    "another region's system": (
        LICENCE,
        "system: foshan.f1",
        "system: guangzhou.g2",
        ":4:9: system: the system 'guangzhou.g2' stands under the region 440100; name a system of 440600",
    ),
}


@pytest.mark.parametrize(("file", "old", "new", "told"), CHANGES.values(), ids=CHANGES)
def test_fault(site, file: str, old: str, new: str, told: str):
    site.change(file, old, new)
    (message,) = site.messages()
    assert message.startswith(file + told)


def test_a_fault_in_one_rule_hides_none_in_another(site):
    site.change(INSURANCE, "{from: bzbh}", "{form: bzbh}")
    site.change(INSURANCE, '"1": ACTIVE', '"1": ACTIV')
    site.change(INSURANCE, "  months_paid: {from: aae201}\n", "")
    assert [each.split(": ")[1] for each in site.messages()] == [
        "answer", "answer.number.from", "answer.number.form", "answer.insured_status.codes.1",
    ]  # fmt: skip


def test_a_gap_is_told_and_surveyed(site):
    site.change(INSURANCE, "  months_paid: {from: aae201}\n", "")
    site.change(INSURANCE, "      base: {from: aae180, unit: fen}\n", "")
    found = survey(site.folder / "gateway.yaml", site.environment)
    assert len(found.problems) == 2
    insurance, licence = found.coverage
    assert insurance.missing == ("months_paid", "contributions.base")
    assert licence.missing == ()


def test_two_tables_for_one_kind_of_a_region_name_both_places(site):
    text = (site.folder / LICENCE).read_text(encoding="utf-8")
    site.write("tables/again.yaml", text.replace("11100000M00000035K101", "business-licence"))
    assert site.messages() == [
        "tables/business-licence.yaml:3:7: type: the table of '440600 business-licence' stands also at tables/again.yaml:3:7; keep one"
    ]


GOOD_RULES = {
    "constants": "address: {constant: 一街}",
    "constant money": 'registered_capital: {constant: "10000.00"}',
    "constant code": "status: {constant: VALID}",
    "constant day": "established_on: {constant: 2026-09-01}",
    "money in yuan": "registered_capital: {from: zczb}",
    "holders of a city with our codes": "holders: [{name: {from: a}, id_type: {from: b}, id_number: {from: c}}]",
    "roles": 'holders: [{name: {from: a}, id_type: {from: b}, id_number: {from: c}, role: {from: d, codes: {"1": BOSS}}}]',
}


@pytest.mark.parametrize("rule", GOOD_RULES.values(), ids=GOOD_RULES)
def test_rules_that_fit(site, rule: str):
    name = rule.split(":", maxsplit=1)[0]
    lines = (site.folder / LICENCE).read_text(encoding="utf-8").splitlines()
    site.write(LICENCE, "\n".join(f"  {rule}" if line.startswith(f"  {name}:") else line for line in lines))
    assert site.load().world.tables[("440600", "11100000M00000035K101")].edition == "2026.11.2"


def test_every_shipped_table_covers_its_kind():
    found = survey_tables(("shipped",), ("shipped",), Path())
    assert found.problems == ()
    assert {(each.region, each.type) for each in found.coverage} >= {
        (region, kind)
        for region in ("440100", "440600")
        for kind in ("business-licence", "social-insurance-proof", "housing-record")
    }


def test_a_survey_without_a_gateway_tells_what_it_cannot_read(tmp_path: Path):
    (problem,) = survey_tables(("shipped",), ("none",), tmp_path).problems
    assert problem.message == f"{tmp_path / 'none'} does not exist"


def test_an_operation_for_a_shown_code_is_compiled_in_the_place_of_the_holder(site):
    site.change(LICENCE, "ask:\n", "presented: {operation: byCode, code: zz.code}\nask:\n  kind: {from: type.code}\n")
    (table,) = (each for each in site.load().world.tables.values() if each.presenting)
    assert table.operations == ("queryCert", "byCode")
    assert [name for name, _ in table.presenting.outward] == ["zz.code", "kind"]


@pytest.mark.parametrize("code", ["holderCode", "zz..code"])
def test_the_citys_name_of_a_shown_code_is_one_of_its_own(site, code: str):
    site.change(LICENCE, "ask:\n", f"presented: {{operation: byCode, code: {code}}}\nask:\n")
    (problem,) = site.messages()
    assert "presented.code: stands in `ask` too, or has an empty part" in problem
