"""Every type of both cities, for many people and companies: the answer is what the city's own record says, field by field.

Law: the expected answer is made by hand from the simulators' records and the interface pages; the gateway's tables have no part in it.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
import yaml

import gateway
from adapters.simulation.population import Company, Person
from tests.journeys import tested
from tests.journeys.asking import REGIONS, TRUTHS, YEARS, Question, desk, same
from tests.journeys.canonical import COMMON, E_LICENCES, KINDS, OF_COMPANIES, WRONG_CHECK, Plain, number_of
from tests.journeys.choosing import chosen
from tests.journeys.conftest import Up

ANY_PERSON = {"abandoned division", "outside GB2312", "beyond the BMP", "papers: 0", "papers: 1"}
EITHER = {"papers: 0", "papers: 1", "payments: some", "a person", "a company"}
INVOICES = {"papers: 0", "papers: 1", "items: some", "buyer_code", "no buyer_code", "no items.tax_rate", "no items.unit"}
TITLES = {"papers: 0", "papers: 1", "owners: 1", "owners: 2", "owners.share", "land_use_until", "no land_use_until", "remark"}
VEHICLES = {"papers: 0", "papers: 1", "papers: 2", "a person", "a company"}
BIRTHS = {"papers: 0", "papers: 1", "no father", "status: VALID", "status: REVOKED"}
PERMITS = {"papers: 0", "papers: 1", "status: VALID", "status: SUSPENDED", "status: REVOKED"}
DISABILITIES = PERMITS | {"guardian", "no guardian"}
WANTED = {
    ("440100", "social-insurance-proof"): ANY_PERSON
    | {"contributions: some", "contributions: empty"}
    | {f"contributions.base: {each}" for each in ("whole yuan", "tenths", "to the fen")}
    | {f"contributions.insurance: {each}" for each in ("110", "210", "410")}
    | {f"insured_status: {each}" for each in "123"},
    ("440100", "housing-record"): ANY_PERSON
    | {f"homes: {each}" for each in "123"}
    | {f"homes.planned_use: {each}" for each in ("成套住宅", "非成套住宅", "别墅", "商住两用")}
    | {f"homes.ownership: {each}" for each in ("单独所有", "共同共有", "按份共有")}
    | {"full-width area", "full-width number", "plain day", "dashed day"},
    ("440100", "income-tax-statement"): ANY_PERSON
    | {"payments: some", "payments: empty"}
    | {f"payments.income: {each}" for each in ("whole yuan", "tenths", "to the fen")}
    | {f"payments.income_item: {each}" for each in ("0101", "0400", "0500", "0802")},
    ("440100", "medical-insurance-statement"): ANY_PERSON
    | {"allocations: some", "allocations: empty"}
    | {f"allocations.base: {each}" for each in ("whole yuan", "tenths", "to the fen")}
    | {f"scheme: {each}" for each in ("31", "39")}
    | {f"insured_status: {each}" for each in "APT"},
    ("440100", "provident-fund-statement"): ANY_PERSON
    | {"deposits: some", "deposits: empty"}
    | {f"account_status: {each}" for each in ("01", "02", "09")},
    ("440100", "traffic-fine-record"): ANY_PERSON
    | {"fines: some", "fines: empty"}
    | {f"licence_status: {each}" for each in "ABMR"}
    | {f"fines.payment: {each}" for each in "01"},
    ("440100", "tax-payment-proof"): EITHER
    | {f"payments.tax: {each}" for each in ("10101", "10104", "10106", "10109", "10110", "10111")},
    ("440100", "invoice-check"): INVOICES
    | {f"invoice_kind: {each}" for each in ("81", "82", "85", "86")}
    | {f"invoice_status: {each}" for each in "0237"},
    ("440100", "vehicle-tax-record"): EITHER | {f"payments.vehicle_category: {each}" for each in "1234"},
    ("440100", "business-licence"): {"papers: 0", "papers: 1", "no end", "wrong check character"}
    | {"single quotes", "quotation mark", "registered_capital: a round sum", "registered_capital: parts of ten thousand yuan"}
    | {f"enterprise_type: {each}" for each in ("1130", "1151", "1190", "1219")}
    | {f"status: {each}" for each in ("VALID", "SUSPENDED", "REVOKED")},
    ("440100", "driving-licence"): ANY_PERSON
    | {"papers: 2", "no end", "wrong check character", "single quotes", "sex: 1", "sex: 2"}
    | {f"status: {each}" for each in ("VALID", "SUSPENDED", "REVOKED")},
    ("440100", "marriage-certificate"): ANY_PERSON
    | {"wrong check character", "single quotes", "apostrophe", "remark", "status: VALID", "status: REVOKED"},
    ("440600", "social-insurance-proof"): ANY_PERSON
    | {"contributions: some", "contributions: empty"}
    | {f"contributions.base: {each}" for each in ("whole yuan", "tenths", "to the fen")}
    | {f"contributions.insurance: {each}" for each in ("01", "02", "03")}
    | {f"insured_status: {each}" for each in "123"},
    ("440600", "housing-record"): ANY_PERSON
    | {f"homes: {each}" for each in "123"}
    | {f"homes.planned_use: {each}" for each in ("11", "12", "13", "19")}
    | {f"homes.ownership: {each}" for each in "DGA"},
    ("440600", "income-tax-statement"): ANY_PERSON
    | {f"payments.income: {each}" for each in ("whole yuan", "tenths", "to the fen")}
    | {f"payments.income_item: {each}" for each in ("01", "02", "03", "04")},
    ("440600", "medical-insurance-statement"): ANY_PERSON
    | {"allocations: some", "allocations: empty"}
    | {f"allocations.base: {each}" for each in ("whole yuan", "tenths", "to the fen")}
    | {f"scheme: {each}" for each in ("310", "390")}
    | {f"insured_status: {each}" for each in "124"},
    ("440600", "provident-fund-statement"): ANY_PERSON
    | {"deposits: some", "deposits: empty"}
    | {f"account_status: {each}" for each in "012"},
    ("440600", "traffic-fine-record"): ANY_PERSON
    | {"fines: some", "fines: empty"}
    | {f"licence_status: {each}" for each in ("00", "02", "03", "04")}
    | {f"fines.payment: {each}" for each in "YN"},
    ("440600", "tax-payment-proof"): EITHER
    | {f"payments.tax: {each}" for each in ("增值税", "企业所得税", "个人所得税", "城市维护建设税", "房产税", "印花税", "契税")},
    ("440600", "invoice-check"): INVOICES
    | {f"invoice_kind: {each}" for each in ("S", "P", "ZS", "ZP")}
    | {f"invoice_status: {each}" for each in ("正常", "作废", "全额红冲", "部分红冲")},
    ("440600", "vehicle-tax-record"): EITHER
    | {f"payments.vehicle_category: {each}" for each in ("乘用车", "客车", "货车", "摩托车")},
    ("440600", "business-licence"): {"papers: 0", "papers: 1", "no end", "wrong check character", "empty trust level"}
    | {"registered_capital: a round sum", "registered_capital: parts of ten thousand yuan"}
    | {f"enterprise_type: {each}" for each in ("1130", "1150", "1190", "1219")}
    | {f"status: {each}" for each in ("VALID", "REVOKED")},
    ("440600", "driving-licence"): ANY_PERSON
    | {"no end", "empty trust level", "sex: 1", "sex: 2"}
    | {f"status: {each}" for each in ("VALID", "SUSPENDED", "REVOKED", "EXPIRED")},
    ("440600", "marriage-certificate"): ANY_PERSON | {"empty trust level", "remark", "status: VALID", "status: REVOKED"},
    ("440100", "real-estate-title"): TITLES
    | {f"right_nature: {each}" for each in ("101", "102", "105", "107")}
    | {f"planned_use: {each}" for each in ("11", "12", "21", "31")}
    | {f"ownership: {each}" for each in "012"},
    ("440100", "vehicle-licence"): VEHICLES
    | {f"vehicle_type: {each}" for each in ("K33", "K32", "K31", "H31")}
    | {f"use: {each}" for each in "ABDF"}
    | {f"status: {each}" for each in ("VALID", "SUSPENDED", "REVOKED")},
    ("440100", "birth-certificate"): BIRTHS | {"sex: 1", "sex: 2", "single quotes"},
    ("440100", "food-business-licence"): PERMITS | {f"business_form: {each}" for each in "123"} | {"single quotes"},
    ("440100", "school-operating-licence"): PERMITS
    | {f"school_type: {each}" for each in ("111", "211", "311", "342", "900")}
    | {"profit: 1", "profit: 2", "single quotes"},
    ("440100", "disability-certificate"): DISABILITIES
    | {f"category: {each}" for each in "1234567"}
    | {f"grade: {each}" for each in "1234"},
    ("440600", "real-estate-title"): TITLES
    | {f"right_nature: {each}" for each in ("市场化商品房", "房改房", "自建房", "拆迁安置房")}
    | {f"planned_use: {each}" for each in ("住宅", "公寓", "商业", "办公", "车库")}
    | {f"ownership: {each}" for each in ("单独所有", "共同共有", "按份共有")},
    ("440600", "vehicle-licence"): VEHICLES
    | {f"vehicle_type: {each}" for each in ("小型轿车", "小型越野客车", "小型普通客车", "轻型普通货车")}
    | {f"use: {each}" for each in ("非营运", "公路客运", "出租客运", "货运")}
    | {f"status: {each}" for each in ("VALID", "EXPIRED", "REVOKED")},
    ("440600", "birth-certificate"): BIRTHS | {"sex: 男", "sex: 女"},
    ("440600", "food-business-licence"): PERMITS
    | {f"business_form: {each}" for each in ("食品销售经营者", "餐饮服务经营者", "单位食堂")},
    ("440600", "school-operating-licence"): PERMITS
    | {f"school_type: {each}" for each in ("幼儿园", "小学", "初级中学", "普通高中", "培训机构")}
    | {"profit: N", "profit: Y", "no end"},
    ("440600", "disability-certificate"): DISABILITIES
    | {f"category: {each}" for each in ("视力", "听力", "言语", "肢体", "智力", "精神", "多重")}
    | {f"grade: {each}" for each in ("一级", "二级", "三级", "四级")},
}
"""What the chosen holders have among them, by the interface pages: every code of every list, and every odd spelling."""

SYSTEMS = {"440100": ("guangzhou.g1", "guangzhou.g2"), "440600": ("foshan.f1", "foshan.f2")}
"""Of e-licences and of certificates, but for these:"""
OTHER_SYSTEMS = {
    ("440100", "housing-record"): "guangzhou.g3",
    ("440600", "medical-insurance-statement"): "foshan.f3",
    ("440600", "social-insurance-proof"): "foshan.f4",
}
ROWS = {
    "social-insurance-proof": "contributions",
    "income-tax-statement": "payments",
    "medical-insurance-statement": "allocations",
    "provident-fund-statement": "deposits",
    "tax-payment-proof": "payments",
}
PERIODICAL = tuple(ROWS)
CATALOGUE = Path(gateway.__file__).parent / "catalogue"

by_kind = pytest.mark.parametrize("kind", KINDS)
by_region = pytest.mark.parametrize("region", REGIONS)


@by_kind
@by_region
async def test_an_answer_is_the_citys_own_record(up: Up, region: str, kind: str) -> None:
    holders, peculiarities = chosen(TRUTHS[region], kind, YEARS)
    assert WANTED[region, kind] <= peculiarities.keys()
    async with desk(up, region) as window:
        ended = await window.ask_all(Question(kind, each) for each in holders)
    papers = tuple(chain.from_iterable(same(each, region) for each in ended))
    fields = set(chain.from_iterable(map(_given, papers)))
    assert fields == set(_catalogued(kind))
    system = OTHER_SYSTEMS.get((region, kind)) or SYSTEMS[region][kind not in E_LICENCES]
    assert {each.answer.provenance.system for each in ended} == {system}
    assert {each.answer.provenance.region for each in ended} == {region}
    held = sum(each.told == "ISSUED" for each in ended)
    tested.see(kind, region, system, len(ended), held, len(ended) - held, len(fields))


def _given(paper: Plain) -> Iterator[str]:
    """The canonical fields, and the columns of their rows, that stand on a paper."""
    for name, value in paper.items():
        if value != "" and name not in {"type", "name", "findings"}:
            yield name
        for row in value if isinstance(value, list) and name not in {"holders", "findings"} else ():
            yield from (f"{name}.{column}" for column in row)


def _catalogued(kind: str) -> Iterator[str]:
    """The canonical fields and columns that the catalogue promises."""
    described = yaml.safe_load((CATALOGUE / f"{kind}.yaml").read_text())
    assert set(described["common"]) <= {*COMMON, "holders"}
    yield from described["common"]
    for name, field in described["fields"].items():
        yield name
        yield from (f"{name}.{column}" for column in field.get("columns", ()))


@pytest.mark.parametrize("kind", PERIODICAL)
@by_region
async def test_the_rows_are_those_of_the_months_asked(up: Up, region: str, kind: str) -> None:
    spans = (("2024-03", "2024-03"), ("2023-12", "2024-01"), ("2020-01", "2024-12"))
    async with desk(up, region) as window:
        people = TRUTHS[region].people[:10]
        ended = await window.ask_all(Question(kind, each, months) for each in people for months in spans)
    numbers = [len(paper[ROWS[kind]]) for each in ended for paper in same(each, region)]
    assert len(numbers) == len(ended)
    assert min(numbers) > 0


@pytest.mark.parametrize("kind", PERIODICAL)
@by_region
async def test_no_rows_in_the_months_asked_is_an_empty_proof_and_not_no_record(up: Up, region: str, kind: str) -> None:
    async with desk(up, region) as window:
        ended = await window.ask_all(Question(kind, each, ("2005-01", "2005-06")) for each in TRUTHS[region].people[:10])
    assert {each.told for each in ended} == {"ISSUED"}
    assert [paper[ROWS[kind]] for each in ended for paper in same(each, region)] == [[]] * len(ended)


@by_region
async def test_either_spouse_finds_the_same_certificate_of_both(up: Up, region: str) -> None:
    truth = TRUTHS[region]
    spouses = {index: truth.situation(index).spouse for index in range(120)}
    couples = [(index, other) for index, other in spouses.items() if other is not None and index < other]
    async with desk(up, region) as window:
        first = await window.ask_all(Question("marriage-certificate", truth.people[one]) for one, _ in couples)
        second = await window.ask_all(Question("marriage-certificate", truth.people[other]) for _, other in couples)
    for one, other, couple in zip(first, second, couples, strict=True):
        (paper,) = same(one, region)
        assert same(other, region) == (paper,)
        assert {number for _, _, number, _ in paper["holders"]} == {truth.people[index].number for index in couple}
        assert {role for _, _, _, role in paper["holders"]} == {"MALE", "FEMALE"}
    assert len(couples) > 30


@by_region
async def test_either_owner_finds_the_same_title_of_both(up: Up, region: str) -> None:
    truth = TRUTHS[region]
    kind = "real-estate-title"
    async with desk(up, region) as window:
        first, second = await window.ask_all(Question(kind, each) for each in truth.people[:2])
    ((paper,), (again,)) = same(first, region), same(second, region)
    assert paper == again
    assert [owner["id_number"] for owner in paper["owners"]] == [each.number for each in truth.people[:2]]
    assert all(owner["share"] for owner in paper["owners"])


@by_region
async def test_a_wrong_check_character_is_found_and_let_through(up: Up, region: str) -> None:
    truth = TRUTHS[region]
    licensed = [index for index in range(150) if truth.standing(index).licensed]
    async with desk(up, region) as window:
        ended = await window.ask_all(Question("business-licence", truth.companies[index]) for index in licensed)
    found = [list(each.answer.evidence[0].findings) for each in ended]
    assert found == [[WRONG_CHECK] if truth.standing(index).wrong_check else [] for index in licensed]
    assert found[9] == [WRONG_CHECK]
    assert found.count([WRONG_CHECK]) > 3


@by_region
async def test_a_lower_case_x_is_an_x(up: Up, region: str) -> None:
    people = [each for each in TRUTHS[region].people[:120] if each.number.endswith("X")]
    async with desk(up, region) as window:
        kinds = [kind for kind in KINDS if kind not in OF_COMPANIES]
        ended = await window.ask_all(Question(kind, each, number=each.number.lower()) for each in people for kind in kinds)
    assert len([paper for each in ended for paper in same(each, region)]) > 5


@by_region
def test_the_records_compared_are_those_of_the_samples(up: Up, region: str) -> None:
    asked = {each["holder"]["id_number"] for each in up.said["samples"] if each["region"] == region}
    truth = TRUTHS[region]
    known: tuple[Person | Company, ...] = (*truth.people[:20], *truth.companies[:20])
    assert asked <= set(map(number_of, known))
