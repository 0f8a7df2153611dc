"""The synthetic population: what a demonstration and every test of a city rely on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.simulation.identifiers import credit_code, resident_number
from adapters.simulation.places import RARE, RARE_BEYOND_BMP, REGIONS
from adapters.simulation.population import (
    Company,
    Person,
    companies,
    company_situation,
    people,
    situation,
)
from tests.fuzzing import TIMES

REGION_CODES = st.sampled_from(sorted(REGIONS))
SEEDS = st.integers(min_value=0, max_value=10**9)


@settings(max_examples=20 * TIMES, deadline=None)
@given(REGION_CODES, SEEDS, st.integers(0, 60), st.integers(0, 60))
def test_a_longer_population_begins_with_the_shorter(region: str, seed: int, few: int, more: int) -> None:
    assert people(region, few + more, seed)[:few] == people(region, few, seed)
    assert companies(region, few + more, seed)[:few] == companies(region, few, seed)


@settings(max_examples=20 * TIMES, deadline=None)
@given(REGION_CODES, SEEDS)
def test_every_number_is_right_and_nobody_living_holds_it(region: str, seed: int) -> None:
    for person in people(region, 60, seed):
        number = person.number
        assert number == resident_number(number[:6], person.born, int(number[14:17]))
        assert 1880 <= person.born.year < 1900
        assert (int(number[16]) % 2 == 1) == (person.sex == "M")
        assert number[:6] in {person.division, *REGIONS[region].abandoned}
        assert person.division in REGIONS[region].divisions
    for company in companies(region, 60, seed):
        assert company.code == credit_code(company.code[:2], company.code[2:8], company.code[8:16])


@settings(max_examples=20 * TIMES, deadline=None)
@given(REGION_CODES, SEEDS)
def test_the_first_people_are_as_documented(region: str, seed: int) -> None:
    known = [situation(region, index, 100, seed) for index in range(20)]
    assert [person.homes for person in known[:15]] == [2, 1, 1, 1, 1, *[0] * 10]
    assert all(person.insured and person.taxed and person.drives and person.full_history for person in known[:10])
    assert not any(person.insured or person.taxed or person.drives or person.homes for person in known[10:15])
    spouses = [person.spouse for person in known]
    assert spouses == [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, *[None] * 6, 17, 16, 19, 18]
    assert RARE_BEYOND_BMP in people(region, 20, seed)[3].name


@settings(max_examples=20 * TIMES, deadline=None)
@given(REGION_CODES, SEEDS)
def test_the_first_companies_are_as_documented(region: str, seed: int) -> None:
    known = [company_situation(region, index, seed) for index in range(15)]
    assert [company.licensed for company in known] == [True] * 10 + [False] * 5
    assert [company.wrong_check for company in known] == [False] * 9 + [True] + [False] * 5
    unknown = set(people(region, 20, seed)[10:15])
    assert not unknown & {company.legal_person for company in companies(region, 100, seed)}


@settings(max_examples=10 * TIMES, deadline=None)
@given(REGION_CODES, SEEDS, st.integers(0, 200))
def test_a_marriage_is_of_two_and_of_both_sexes(region: str, seed: int, count: int) -> None:
    population = people(region, count, seed)
    for index, person in enumerate(population):
        spouse = situation(region, index, count, seed).spouse
        if spouse is not None:
            assert situation(region, spouse, count, seed).spouse == index
            assert {person.sex, population[spouse].sex} == {"M", "F"}


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_shares_are_near_what_was_asked(region: str) -> None:
    count = 2000
    population = people(region, count, 1)
    settled = [situation(region, index, count, 1) for index in range(count)]
    rare = sum(any(sign in person.name for sign in RARE) for person in population)
    wrong = sum(company_situation(region, index, 1).wrong_check for index in range(800))
    assert len({person.number for person in population}) == count
    assert len({company.code for company in companies(region, 800, 1)}) == 800
    assert 0.36 < sum(not person.homes for person in settled) / count < 0.44
    assert 0.45 < sum(person.spouse is not None for person in settled) / count < 0.55
    assert 0.01 < rare / count < 0.03
    assert 0.02 < wrong / 800 < 0.08


def test_rare_characters_are_outside_gb2312_and_all_others_inside() -> None:
    for sign in RARE:
        with pytest.raises(UnicodeEncodeError):
            sign.encode("gb2312")
        assert sign.encode("gb18030").decode("gb18030") == sign
    assert len(RARE_BEYOND_BMP.encode("gb18030")) == 4
    for region in REGIONS:
        for person in people(region, 500, 2):
            common = "".join(sign for sign in person.name if sign not in RARE)
            assert (common + person.address).encode("gb2312")


def test_neither_a_person_nor_a_company_shows_somebodys_data() -> None:
    person: Person = people("440100", 1, 1)[0]
    company: Company = companies("440100", 1, 1)[0]
    for shown in (repr(person), repr(company)):
        assert person.number not in shown
        assert person.name not in shown
        assert person.address not in shown
