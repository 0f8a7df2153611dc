from datetime import datetime, timedelta, timezone

import pytest

from gateway.config.effective import effective
from gateway.model.agreement import Hidden
from gateway.model.query import LegalBasisKind

FILE = "rights.yaml"
CHINA = timezone(timedelta(hours=8))
RIGHTS = """\
search_rights:
  - id: foshan-desk
    department: 11440600MB2D3E5F51
    department_name: Desk of Foshan
    department_region: "440600"
    systems: [desk]
    regions: ["440100"]
    evidence: [social-insurance-proof]
    matters: ["440600-0099"]
    legal_bases: [STATUTORY_DUTY]
    valid: {from: 2026-09-01, to: 2026-09-01}
  - id: all-of-it
    department: 11440600MB2D3E5F51
    department_name: Desk of Foshan
    department_region: "440100"
    regions: ["440100", "440600"]
    evidence: all
    matters: ["440600-0099"]
    legal_bases: [ENTRUSTED]
    valid: {from: 2026-09-01, to: 2027-08-31}
"""


@pytest.fixture
def granting(site):
    site.write(FILE, RIGHTS)
    site.change("gateway.yaml", "agreements: [agreements]", f"agreements: [agreements]\nsearch_rights: [{FILE}]")
    return site


def test_nobody_may_search_unless_a_file_says_so(site):
    assert site.load().world.search_rights == {}
    assert {row.value for row in effective(site.load()) if row.key == "search_rights"} == {"none"}


def test_rights_are_read_by_department_and_the_region_that_vouches_for_it(granting):
    world = granting.load().world
    (desk,), (everything,) = (world.search_rights[region, "11440600MB2D3E5F51"] for region in ("440600", "440100"))
    assert (desk.id, desk.region, desk.systems) == ("foshan-desk", "440600", frozenset({"desk"}))
    assert (desk.provider_regions, desk.evidence_types) == ({"440100"}, {"11100000M00000035K201"})
    assert (desk.matters, desk.legal_bases) == ({"440600-0099"}, {LegalBasisKind.STATUTORY_DUTY})
    assert (desk.valid_from, desk.valid_to) == (datetime(2026, 9, 1, tzinfo=CHINA), datetime(2026, 9, 2, tzinfo=CHINA))
    assert (everything.systems, everything.evidence_types) == (None, {each.code for each in world.catalogue.types.values()})


def test_a_right_is_part_of_the_edition(granting):
    before = granting.load().world.edition
    granting.change(FILE, "Desk of Foshan", "Window of Foshan")
    assert granting.load().world.edition != before


CHANGES = {
    "region": ('regions: ["440100"]', 'regions: ["440101"]', ":7:15: search_rights[0].regions[0]: unknown region '440101'"),
    "authority": (
        'department_region: "440600"',
        'department_region: "440601"',
        ":5:24: search_rights[0].department_region: unknown region '440601'",
    ),
    "type": ("[social-insurance-proof]", "[social]", ":8:16: search_rights[0].evidence[0]: unknown evidence type 'social'"),
    "no types": ("[social-insurance-proof]", "[]", ":8:15: search_rights[0].evidence: names nothing; "),
    "any type": ("[social-insurance-proof]", '["*"]', ":8:16: search_rights[0].evidence[0]: a wildcard is not allowed; "),
    "no systems": ("[desk]", "[]", ":6:14: search_rights[0].systems: names nothing; "),
    "no matters": (
        'matters: ["440600-0099"]\n    legal_bases: [S',
        "matters: []\n    legal_bases: [S",
        ":9:14: search_rights[0]",
    ),
    "holder's authorisation": (
        "[ENTRUSTED]",
        "[HOLDER_AUTHORISED]",
        ":19:19: search_rights[1].legal_bases[0]: HOLDER_AUTHORISED",
    ),
    "id twice": (
        "id: all-of-it",
        "id: foshan-desk",
        ":12:9: search_rights[1].id: the right to search 'foshan-desk' stands also at rights.yaml:2:9; keep one",
    ),
    "unknown key": (
        "    evidence: all",
        "    fields: all\n    evidence: all",
        ":17:5: search_rights[1].fields: unknown key 'fields'",
    ),
}


@pytest.mark.parametrize(("old", "new", "told"), CHANGES.values(), ids=CHANGES)
def test_fault(granting, old: str, new: str, told: str):
    granting.change(FILE, old, new)
    (message,) = granting.messages()
    assert message.startswith(f"{FILE}{told}")


def test_an_agreement_is_hidden_until_the_end_of_its_day_or_for_good(site):
    for until, moment in (("2027-12-31", datetime(2028, 1, 1, tzinfo=CHINA)), ("for-good", None)):
        site.write("agreements/both.yaml", (site.folder / "agreements/both.yaml").read_text().split("    hidden:")[0])
        with (site.folder / "agreements/both.yaml").open("a") as file:
            file.write(f"    hidden: {{authority: 粤监调〔2026〕1号, until: {until}}}\n")
        hidden = {each.id: each.hidden for each in site.load().world.agreements["11440600MB2D3E5F51"]}
        assert hidden == {"gz-fs-001": None, "fs-gz-001": Hidden("粤监调〔2026〕1号", moment)}


@pytest.mark.parametrize("mark", ["{until: for-good}", "{authority: x}", "{authority: x, until: forever}", "true"])
def test_a_mark_without_authority_or_end_is_refused(site, mark: str):
    with (site.folder / "agreements/both.yaml").open("a") as file:
        file.write(f"    hidden: {mark}\n")
    (message,) = site.messages()
    assert "agreements[1].hidden" in message
