from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.model.query import LegalBasisKind

FILE = "agreements/both.yaml"
CHINA = timezone(timedelta(hours=8))


def test_agreements_are_read(site):
    world = site.load().world
    ((department, found),) = world.agreements.items()
    assert department == "11440600MB2D3E5F51"
    all_fields, some = found
    assert (all_fields.id, some.id) == ("fs-gz-001", "gz-fs-001")
    assert (all_fields.systems, some.systems) == (None, frozenset({"window", "terminal"}))
    assert some.provider_region == "440100"
    assert some.matters == {"440600-0042"}
    assert some.legal_bases == {LegalBasisKind.STATUTORY_DUTY}
    (grant,) = some.grants.values()
    assert (grant.evidence_type, grant.fields) == ("11100000M00000035K201", {"number", "months_paid", "contributions"})
    (everything,) = all_fields.grants.values()
    assert everything.fields == world.catalogue.types["business-licence"].fields.keys()


def test_what_may_be_asked_only_by_a_shown_code_says_so(site):
    site.change(FILE, "contributions]", "contributions], holder_present: true")
    everything, some = site.load().world.agreements["11440600MB2D3E5F51"]
    assert [grant.holder_present for each in (everything, some) for grant in each.grants.values()] == [False, True]


def test_days_are_calendar_days_of_china_and_the_last_is_included(site):
    one_day, year = site.load().world.agreements["11440600MB2D3E5F51"]
    assert one_day.valid_from == datetime(2026, 9, 1, tzinfo=CHINA)
    assert one_day.valid_to == datetime(2026, 9, 2, tzinfo=CHINA)
    assert year.valid_to == datetime(2027, 9, 1, tzinfo=CHINA)
    assert {each.tzinfo for each in (one_day.valid_from, one_day.valid_to)} == {UTC}


CHANGES = {
    "department": (
        "department: 11440600MB2D3E5F51\n    systems",
        "department: 11440600MB2D3E5F52\n    systems",
        ":4:17: agreements[0].department: must be a unified social credit code; the last character does not fit the others",
    ),
    "region": (
        'region: "440100"',
        'region: "440101"',
        ":6:13: agreements[0].region: unknown region '440101'; did you mean '440100'? Known: 440100, 440600",
    ),
    "type": (
        "social-insurance-proof,",
        "social-insurance-prof,",
        ":8:16: agreements[0].evidence[0].type: unknown evidence type 'social-insurance-prof'; did you mean 'social-insurance-proof'?",
    ),
    "field": (
        "months_paid",
        "month_paid",
        ":8:57: agreements[0].evidence[0].fields[1]: unknown field of social-insurance-proof 'month_paid'; did you mean 'months_paid'?",
    ),
    "type twice": (
        "evidence:\n      - {type: social",
        "evidence:\n      - {type: 11100000M00000035K201, fields: all}\n      - {type: social",
        ":9:16: agreements[0].evidence[1].type: the agreement names this evidence type twice; put the fields together under evidence[0]",
    ),
    "no fields": (
        "[number, months_paid, contributions]",
        "[]",
        ":8:48: agreements[0].evidence[0].fields: names nothing; name at least one, or take out what holds it",
    ),
    "no such word": (
        "fields: all",
        "fields: any",
        ":18:47: agreements[1].evidence[0].fields: is none of the values allowed here; known: all",
    ),
    "no systems": (
        "[window, terminal]",
        "[]",
        ":5:14: agreements[0].systems: names nothing; name at least one, or take out what holds it",
    ),
    "no matters": (
        "[440600-0042]",
        "[]",
        ":9:14: agreements[0].matters: names nothing; name at least one, or take out what holds it",
    ),
    "no basis": (
        "[STATUTORY_DUTY]\n",
        "[]\n",
        ":10:18: agreements[0].legal_bases: names nothing; name at least one, or take out what holds it",
    ),
    "any system": (
        "[window, terminal]",
        '["*"]',
        ":5:15: agreements[0].systems[0]: must be a system's name as its certificate has it; ",
    ),
    "any matter": (
        "[440600-0042]",
        '["440600-*"]',
        ":9:15: agreements[0].matters[0]: a wildcard is not allowed; name each one; what is not named is refused",
    ),
    "any field": ("[number, ", '["*", ', ":8:49: agreements[0].evidence[0].fields[0]: a wildcard is not allowed; "),
    "holder's authorisation": (
        "[STATUTORY_DUTY, ENTRUSTED]",
        "[HOLDER_AUTHORISED]",
        ":20:19: agreements[1].legal_bases[0]: HOLDER_AUTHORISED cannot be agreed upon yet: the gateway cannot verify a holder's"
        " signed authorisation, so it would be an open door; take it out",
    ),
    "no such basis": (
        "[STATUTORY_DUTY, ENTRUSTED]",
        "[STATUTORY]",
        ":20:19: agreements[1].legal_bases[0]: is none of the values allowed here; did you mean 'STATUTORY_DUTY'? Known: ",
    ),
    "no such day": (
        "2027-08-31",
        "2027-09-31",
        ":11:35: agreements[0].valid.to: must be a day; write it as 2026-09-01, between the years 2000 and 2199",
    ),
    "backwards": (
        "to: 2027-08-31",
        "to: 2026-08-31",
        ":11:12: agreements[0].valid: ends before it begins; `to` is the last day, included",
    ),
    "by a code nothing is verified": (
        "contributions]",
        "contributions], holder_present: true, verify: all",
        ":8:9: agreements[0].evidence[0]: is asked by a shown code, by which nothing is verified or downloaded; "
        "take out `verify` and `download`",
    ),
    "quota": (
        "    title:",
        "    quota: 5\n    title:",
        ":3:5: agreements[0].quota: unknown key 'quota'; known: department, department_name, department_region, evidence,",
    ),
    "id twice": (
        "id: fs-gz-001",
        "id: gz-fs-001",
        ":14:9: agreements[1].id: the agreement 'gz-fs-001' stands also at agreements/both.yaml:2:9; keep one",
    ),
    "no table": (
        "social-insurance-proof, fields: [number, months_paid, contributions]",
        "housing-record, fields: all",
        ":8:7: agreements[0].evidence: no table says how 440100 answers for housing-record;"
        " add the table, or take the type out; there are: social-insurance-proof",
    ),
}


@pytest.mark.parametrize(("old", "new", "told"), CHANGES.values(), ids=CHANGES)
def test_fault(site, old: str, new: str, told: str):
    site.change(FILE, old, new)
    (message,) = site.messages()
    assert message.startswith(FILE + told)


def test_a_fault_in_one_agreement_hides_none_in_another(site):
    site.change(FILE, "[window, terminal]", "[]")
    site.change(FILE, "fields: all", "fields: [capital]")
    assert [each.split(":")[1] for each in site.messages()] == ["5", "18"]


def test_an_id_in_two_files_names_both_places(site):
    text = (site.folder / FILE).read_text(encoding="utf-8")
    site.write("agreements/again.yaml", text)
    assert site.messages() == [
        "agreements/both.yaml:2:9: agreements[0].id: the agreement 'gz-fs-001' stands also at agreements/again.yaml:2:9; keep one",
        "agreements/both.yaml:14:9: agreements[1].id: the agreement 'fs-gz-001' stands also at agreements/again.yaml:14:9; keep one",
    ]


def test_an_empty_file_of_agreements_grants_nothing_and_says_so(site):
    site.write(FILE, "agreements: []\n")
    assert site.messages() == [
        "agreements/both.yaml:1:13: agreements: names nothing; name at least one, or take out what holds it"
    ]
