"""A table's own comparison: each fault at its line, and what is sound is compiled."""

import pytest

LICENCE = "tables/business-licence.yaml"
SOUND = """verify:
  operation: verify
  claims:
    vd.mc: {from: holder.name}
    vd.bh: {from: claims.number}
    vd.rq: {from: claims.issued_on, date: "%Y%m%d"}
    vd.zt: {from: claims.status, codes: {VALID: "1", REVOKED: "2"}}
"""


def test_a_sound_comparison_is_compiled(site):
    site.change(LICENCE, "answer:\n", f"{SOUND}answer:\n")
    (table,) = (each for each in site.load().world.tables.values() if each.verifying)
    assert table.verifying.claims.keys() == {"number", "issued_on", "status"}
    assert table.operations[1] == "verify"


CHANGES = {
    "holder": ("    vd.mc: {from: holder.name}\n", "", "does not compare the holder"),
    "money": ("claims.number", "claims.registered_capital", "unknown claim that a city can compare"),
    "field": (
        "claims.number",
        "claims.numbr",
        "unknown claim that a city can compare 'claims.numbr'; did you mean 'claims.number'?",
    ),
    "form": ("{from: claims.number}", '{from: claims.number, date: "%Y%m%d"}', "this form does not fit a value of kind text"),
    "date": ('issued_on, date: "%Y%m%d"', 'issued_on, codes: {a: "1"}', "this form does not fit a value of kind date"),
    "no codes": (', codes: {VALID: "1", REVOKED: "2"}', "", "a code needs the city's code"),
    "lossy": ('REVOKED: "2"', 'REVOKED: "1"', "several codes become one"),
    "code": ("REVOKED:", "REVOCKED:", "unknown code of status 'REVOCKED'"),
    "twice": ("    vd.bh", "    vd.b2: {from: claims.number}\n    vd.bh", "names one part of the question twice"),
}


@pytest.mark.parametrize(("before", "after", "told"), CHANGES.values(), ids=CHANGES)
def test_each_fault_is_told(site, before: str, after: str, told: str):
    assert before in SOUND
    site.change(LICENCE, "answer:\n", f"{SOUND.replace(before, after, 1)}answer:\n")
    (problem, *_) = site.messages()
    assert told in problem
    assert ": verify.claims" in problem
