"""Questions that work in the development environment, and how each ends: for the demo, for `kuacheng query --sample` and for scripts.

Everybody named here is synthetic: the first of the simulators' populations, whose situations are fixed.
"""

from dataclasses import dataclass, field

from adapters.simulation.population import Company, Person, companies, invoice, people
from certs.development import ClientSystem
from gateway.development.layout import MATTERS, STRANGER, TERMINAL, TYPES, WINDOW
from gateway.model.query import Holder, HolderType, LegalBasis, LegalBasisKind, MonthRange, Operator, Parameter, Purpose

SEED = 1
MONTHS = MonthRange("2024-01", "2024-06")
ASKED_BY = {"440100": WINDOW, "440600": TERMINAL}
PERIODICAL = frozenset(
    {
        "social-insurance-proof",
        "income-tax-statement",
        "medical-insurance-statement",
        "provident-fund-statement",
        "traffic-fine-record",
        "tax-payment-proof",
        "vehicle-tax-record",
    }
)
OF_COMPANIES = frozenset({"business-licence", "invoice-check", "food-business-licence", "school-operating-licence"})

WITH_RECORDS, WITHOUT_HOME, WITHOUT_ANYTHING = 0, 5, 10


@dataclass(frozen=True, slots=True)
class Sample:
    """One question, who asks it, and how it ends: ISSUED, NO_RECORD or the name of a reason."""

    type: str
    region: str
    holder: Holder
    client: ClientSystem
    outcome: str
    parameters: dict[str, Parameter] = field(default_factory=dict, repr=False)

    @property
    def purpose(self) -> Purpose:
        """The matter that the client's agreement covers."""
        return purpose(self.client)

    @property
    def legal_basis(self) -> LegalBasis:
        """The statute that the samples stand on."""
        return LegalBasis(LegalBasisKind.STATUTORY_DUTY, "在线政务服务若干规定第七条")


def purpose(client: ClientSystem) -> Purpose:
    """A case of the matter that a client's agreement, or its right to search, covers."""
    code, name = MATTERS.get(client.client, MATTERS[WINDOW.client])
    return Purpose(code, name, "KC2026000001", Operator(f"{client.system}-07", "综合窗口", "演示员甲"))


SEARCH_BASIS = LegalBasis(LegalBasisKind.STATUTORY_DUTY, "个人信息保护法第四十五条")
"""On which the client searches that may say who looked."""


def samples() -> tuple[Sample, ...]:
    """An answer, a refusal, then every type of both cities answered, and every way of NO_RECORD."""
    answered = [_sample(kind, region, WITH_RECORDS, "ISSUED") for region in ASKED_BY for kind in TYPES]
    homeless = [_sample("housing-record", region, WITHOUT_HOME, "NO_RECORD") for region in ASKED_BY]
    nothing = [_sample(kind, region, WITHOUT_ANYTHING, "NO_RECORD") for region in ASKED_BY for kind in TYPES]
    stranger = _sample("social-insurance-proof", "440100", WITH_RECORDS, "NO_AGREEMENT", STRANGER)
    return (answered[0], stranger, *answered[1:], *homeless, *nothing)


def _sample(kind: str, region: str, index: int, outcome: str, client: ClientSystem | None = None) -> Sample:
    parameters = _parameters(kind, region, index)
    return Sample(kind, region, _holder(kind, region, index), client or ASKED_BY[region], outcome, parameters)


def _parameters(kind: str, region: str, index: int) -> dict[str, Parameter]:
    if kind == "invoice-check":
        asked = invoice(region, index, SEED)
        return {"invoice_number": asked.number, "invoiced_on": asked.issued}
    return {"months": MONTHS} if kind in PERIODICAL else {}


def _holder(kind: str, region: str, index: int) -> Holder:
    if kind in OF_COMPANIES:
        company: Company = companies(region, index + 1, SEED)[index]
        return Holder(HolderType.ORGANISATION, "001", company.code, company.name)
    person: Person = people(region, index + 1, SEED)[index]
    return Holder(HolderType.PERSON, "111", person.number, person.name)
