"""Foshan's registers: who is known, and what each register holds of whom, in the city's own vocabulary.

Laws: a function of (number of people, number of companies, seed); needs no socket, so that a test can lay an answer
beside the city's own record; records are made when asked for.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from adapters.foshan.simulator import certificates, civil, fund, licences, medical, permits, possessions, taxes, traffic
from adapters.foshan.simulator.certificates import Month, Record, Subject
from adapters.foshan.simulator.licences import (
    BIRTH_CERTIFICATE,
    BUSINESS_LICENCE,
    DISABILITY_CERTIFICATE,
    DRIVING_LICENCE,
    FIXED,
    FOOD_BUSINESS_LICENCE,
    MARRIAGE_CERTIFICATE,
    REAL_ESTATE_TITLE,
    REGION,
    SCHOOL_OPERATING_LICENCE,
    VEHICLE_LICENCE,
    Licence,
)
from adapters.simulation.population import Company, Person, companies, company_situation, draw, holds, people, situation

HOLDER_TYPES = {
    BUSINESS_LICENCE: ("001",),
    DRIVING_LICENCE: ("111",),
    MARRIAGE_CERTIFICATE: ("111",),
    REAL_ESTATE_TITLE: ("111",),
    VEHICLE_LICENCE: ("111", "001"),
    BIRTH_CERTIFICATE: ("111",),
    FOOD_BUSINESS_LICENCE: ("001",),
    SCHOOL_OPERATING_LICENCE: ("001",),
    DISABILITY_CERTIFICATE: ("111",),
}
_OF_COMPANIES = {FOOD_BUSINESS_LICENCE: permits.food_business_licence, SCHOOL_OPERATING_LICENCE: permits.school_operating_licence}
_OF_PEOPLE = {BIRTH_CERTIFICATE: civil.birth_certificate, DISABILITY_CERTIFICATE: civil.disability_certificate}
_HELD, _JOINT = 0.45, 0.6


class Register:
    """The registers of one population. Numbers and codes are the 18-character ones, check letter in upper case."""

    def __init__(self, people_count: int = 2000, company_count: int = 800, seed: int = 1) -> None:
        self.seed = seed
        self.people = people(REGION, people_count, seed)
        self.companies = companies(REGION, company_count, seed)
        self._person_at = {person.number: index for index, person in enumerate(self.people)}
        self._company_at = {company.code: index for index, company in enumerate(self.companies)}

    def name_of(self, holder_code: str) -> str | None:
        """The registered name of a person or company; None where the city knows nobody of this number."""
        if holder_code in self._person_at:
            return self.people[self._person_at[holder_code]].name
        if holder_code in self._company_at:
            return self.companies[self._company_at[holder_code]].name
        return None

    def licences(self, type_code: str, holder_code: str) -> tuple[Licence, ...]:
        """The e-licences of this type that this holder (or either of two holders) has."""
        types = HOLDER_TYPES[type_code]
        if "111" in types and holder_code in self._person_at:
            return self._licences_of_person(type_code, self._person_at[holder_code])
        if "001" in types and holder_code in self._company_at:
            return self._licences_of_company(type_code, self._company_at[holder_code])
        return ()

    def licences_numbered(self, type_code: str, number: str) -> tuple[Licence, ...]:
        """The e-licences of this type with this 证照编号 (ZZBH)."""
        if type_code in {BUSINESS_LICENCE, DRIVING_LICENCE}:
            return self.licences(type_code, number)
        of_all = self._of_pair(licences.pair_of(number)) if type_code == MARRIAGE_CERTIFICATE else self._all(type_code)
        return tuple(islice((held for held in of_all if held.info["ZZBH"] == number), 1))

    def licence_identified(self, type_code: str, identifier: str) -> Licence | None:
        """The e-licence of this type with this 证照标识 (ZZBS)."""
        return next((licence for licence in self._all(type_code) if licence.info["ZZBS"] == identifier), None)

    def licence_of_somebody_else(self, type_code: str, than: tuple[Licence, ...], holder_code: str) -> Licence:
        """The first e-licence of this type that is none of `than` and not the asked holder's: for faults only."""
        strangers = (
            licence
            for licence in self._all(type_code)
            if licence not in than and holder_code not in licence.info["CZZTDM"].split("^")
        )
        return next(strangers)

    def _of_pair(self, pair: int | None) -> Iterable[Licence]:
        known = pair is not None and 2 * pair < len(self.people)
        return self._licences_of_person(MARRIAGE_CERTIFICATE, 2 * pair) if pair is not None and known else ()

    def _all(self, type_code: str) -> Iterator[Licence]:
        """Every e-licence of this type, people's before companies'; a couple's stands twice."""
        types = HOLDER_TYPES[type_code]
        people_, companies_ = (
            range(len(each)) if sort in types else () for sort, each in (("111", self.people), ("001", self.companies))
        )
        yield from (licence for index in people_ for licence in self._licences_of_person(type_code, index))
        yield from (licence for index in companies_ for licence in self._licences_of_company(type_code, index))

    def insured_proof(self, number: str, begin: Month, end: Month) -> Record | None:
        """社会保险参保证明 with rows from `begin` to `end`, (year, month) both included; None: no such record."""
        subject = self._subject(number)
        return certificates.insured_proof(subject, begin, end) if subject else None

    def house_record(self, number: str) -> Record:
        """个人住房记录; `certificates.NO_HOME` says 'no such record'."""
        subject = self._subject(number)
        return certificates.house_record(subject) if subject else certificates.NO_HOME

    def income_tax(self, number: str, begin: Month, end: Month) -> Record | None:
        """个人所得税缴纳清单 with rows from `begin` to `end`, (year, month) both included; None: no such record."""
        subject = self._subject(number)
        return certificates.income_tax(subject, begin, end) if subject else None

    def account_transfers(self, number: str, begin: Month, end: Month) -> Record | None:
        """医保个人账户划拨清单 with rows from `begin` to `end`, (year, month) both included; None: no such record."""
        subject = self._subject(number)
        return medical.account_transfers(subject, begin, end) if subject else None

    def deposit_proof(self, number: str, begin: Month, end: Month) -> Record | None:
        """住房公积金缴存证明 with rows from `begin` to `end`, (year, month) both included; None: no such record."""
        subject = self._subject(number)
        return fund.deposit_proof(subject, begin, end) if subject else None

    def fine_record(self, number: str, begin: Month, end: Month) -> Record | None:
        """交通违法罚款记录 with fines from `begin` to `end`, (year, month) both included; None: no such record."""
        subject = self._subject(number)
        return traffic.fine_record(subject, begin, end) if subject else None

    def tax_paid(self, number: str, begin: Month, end: Month) -> Record | None:
        """完税证明 of a person or a company, periods from `begin` to `end`, (year, month) both included; None: no such record."""
        payer = self._taxpayer(number)
        return taxes.tax_paid(payer, begin, end) if payer else None

    def vehicle_tax(self, number: str, begin: Month, end: Month) -> Record | None:
        """车船税缴纳记录 of a person or a company, paid from `begin` to `end`, (year, month) both included; None: no such record."""
        payer = self._taxpayer(number)
        return taxes.vehicle_tax(payer, begin, end) if payer else None

    def checked_invoice(self, seller: str) -> Record | None:
        """发票查验: the invoice of this company; None: no such record."""
        index = self._company_at.get(seller)
        if index is None:
            return None
        lot = draw(REGION, self.seed, "invoice-buyer", index)
        private = index > 0 and lot.random() < 1 / 4
        buyer = lot.choice(self.people) if private else lot.choice(self.companies)
        return taxes.checked_invoice(self.companies[index], index, self.seed, buyer)

    def numbers_of_others(self, number: str) -> Iterator[str]:
        """The numbers of everybody else, people before companies, in the order of the population: for faults only."""
        numbers = chain((person.number for person in self.people), (company.code for company in self.companies))
        return (each for each in numbers if each != number)

    def _taxpayer(self, number: str) -> taxes.Taxpayer | None:
        index, company = self._person_at.get(number), False
        if index is None:
            index, company = self._company_at.get(number), True
        if index is None:
            return None
        name = (self.companies if company else self.people)[index].name
        return taxes.Taxpayer(name, number, index, company, self.seed)

    def _subject(self, number: str) -> Subject | None:
        index = self._person_at.get(number)
        if index is None:
            return None
        settled = situation(REGION, index, len(self.people), self.seed)
        return Subject(self.people[index], index, settled, self.companies, self.seed)

    def _licences_of_company(self, type_code: str, index: int) -> tuple[Licence, ...]:
        company = self.companies[index]
        if type_code == BUSINESS_LICENCE:
            held = company_situation(REGION, index, self.seed)
            made = licences.business_licence(company, index, self.seed, wrong_check=held.wrong_check)
            return (made,) if held.licensed else ()
        if type_code == VEHICLE_LICENCE:
            return self._vehicles(company, index)
        return (_OF_COMPANIES[type_code](company, index, self.seed),) if self._holds(type_code, index) else ()

    def _licences_of_person(self, type_code: str, index: int) -> tuple[Licence, ...]:
        if type_code in _OF_PEOPLE:
            return (_OF_PEOPLE[type_code](self.people[index], index, self.seed),) if self._holds(type_code, index) else ()
        if type_code == VEHICLE_LICENCE:
            return self._vehicles(self.people[index], index)
        settled = situation(REGION, index, len(self.people), self.seed)
        if type_code == DRIVING_LICENCE:
            return (licences.driving_licence(self.people[index], index, self.seed),) if settled.drives else ()
        pair = index // 2
        couple = self.people[2 * pair : 2 * pair + 2]
        if type_code == REAL_ESTATE_TITLE:
            return self._titles(index, couple if settled.spouse is not None else ())
        return () if settled.spouse is None else (licences.marriage_certificate((couple[0], couple[1]), pair, self.seed),)

    def _titles(self, index: int, couple: tuple[Person, ...]) -> tuple[Licence, ...]:
        """A couple's joint title, found by either, else the person's own."""
        first = index // 2 * 2
        # Of the settled couples every other one has a joint title; the rest by chance.
        if couple and (first % 4 == 0 if first < FIXED / 2 else holds(REGION, self.seed, "title-joint", first, _JOINT)):
            return (possessions.real_estate_title(couple, first, self.seed),)
        held = self._holds(REAL_ESTATE_TITLE, index)
        return (possessions.real_estate_title((self.people[index],), index, self.seed),) if held else ()

    def _vehicles(self, holder: Person | Company, index: int) -> tuple[Licence, ...]:
        company = isinstance(holder, Company)
        if not holds(REGION, self.seed, f"vehicle-{company}", index, _HELD):
            return ()
        count = 1 if index < FIXED else draw(REGION, self.seed, "vehicles", company, index).choice((1, 1, 2))
        return tuple(possessions.vehicle_licence(holder, index, which, self.seed) for which in range(count))

    def _holds(self, type_code: str, index: int) -> bool:
        return holds(REGION, self.seed, type_code, index, _HELD)
