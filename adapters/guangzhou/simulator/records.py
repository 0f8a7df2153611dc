"""The records of Guangzhou without a socket: what the city would answer, for a test to compare with.

Laws: exactly the values that G1, G2 and G3 send, in the city's own words; None or an empty tuple is 'no such record'.
"""

import json
from dataclasses import dataclass
from typing import Any

from adapters.guangzhou.simulator.catalogue import CATALOGUE
from adapters.guangzhou.simulator.certificates import housing_record, income_tax_statement, insurance_proof
from adapters.guangzhou.simulator.fund import deposit_proof
from adapters.guangzhou.simulator.housing import gsb_record
from adapters.guangzhou.simulator.invoices import checked_invoice
from adapters.guangzhou.simulator.licences import Licence
from adapters.guangzhou.simulator.medical import medical_statement
from adapters.guangzhou.simulator.payments import tax_payment_proof, vehicle_tax_record
from adapters.guangzhou.simulator.register import Month, Register
from adapters.guangzhou.simulator.traffic import violation_fines

__all__ = ["Licence", "Records", "data_fields_text"]


@dataclass(frozen=True, slots=True)
class Records:
    """All that the city knows, for one register. Numbers are the holder's; a wrong name finds nothing."""

    register: Register

    @classmethod
    def of(cls, people: int = 2000, companies: int = 800, seed: int = 1) -> "Records":
        """The records of a program started with these options."""
        return cls(Register(people, companies, seed))

    def insurance_proof(self, number: str, first: str, last: str, name: str | None = None) -> dict[str, Any] | None:
        """The object in `data` of insuredProof, for months in `yyyyMM`."""
        index = self.register.person_index(number, name)
        return None if index is None else insurance_proof(self.register, index, Month.of(first), Month.of(last))

    def housing_record(self, number: str, name: str | None = None) -> dict[str, Any] | None:
        """The object in `data` of personalRecords."""
        index = self.register.person_index(number, name)
        return None if index is None else housing_record(self.register, index)

    def gsb_record(self, number: str, name: str | None = None) -> dict[str, Any] | None:
        """What stands in `record` of houseRecordQuery."""
        index = self.register.person_index(number, name)
        return None if index is None else gsb_record(self.register, index)

    def income_tax_statement(self, number: str, first: str, last: str, name: str | None = None) -> dict[str, Any] | None:
        """The object in `data` of incomeStatement, for months in `yyyy-MM`."""
        index = self.register.person_index(number, name)
        return None if index is None else income_tax_statement(self.register, index, Month.of(first), Month.of(last))

    def medical_statement(self, number: str, first: str, last: str, name: str | None = None) -> dict[str, Any] | None:
        """The object in `data` of accountTransfers, for months in `yyyyMM`."""
        index = self.register.person_index(number, name)
        return None if index is None else medical_statement(self.register, index, Month.of(first), Month.of(last))

    def deposit_proof(self, number: str, first: str, last: str, name: str | None = None) -> dict[str, Any] | None:
        """The object in `data` of depositProof, for months in `yyyyMM`."""
        index = self.register.person_index(number, name)
        return None if index is None else deposit_proof(self.register, index, Month.of(first), Month.of(last))

    def violation_fines(self, number: str, first: str, last: str, name: str | None = None) -> dict[str, Any] | None:
        """The object in `data` of the fines, for months in `yyyy-MM`."""
        index = self.register.person_index(number, name)
        return None if index is None else violation_fines(self.register, index, Month.of(first), Month.of(last))

    def tax_payment_proof(self, number: str, first: str, last: str, name: str | None = None) -> dict[str, Any] | None:
        """The object in `data` of paymentProof, for months in `yyyy-MM`."""
        holder = self.register.holder(number, name)
        return None if holder is None else tax_payment_proof(self.register, holder, Month.of(first), Month.of(last))

    def vehicle_tax_record(self, number: str, first: str, last: str, name: str | None = None) -> dict[str, Any] | None:
        """The object in `data` of vehicleTax, for months in `yyyyMM`."""
        holder = self.register.holder(number, name)
        return None if holder is None else vehicle_tax_record(self.register, holder, Month.of(first), Month.of(last))

    def checked_invoice(self, seller: str, name: str | None = None) -> dict[str, Any] | None:
        """The object in `data` of invoiceCheck: the invoice of this seller."""
        index = self.register.company_index(seller, name)
        return None if index is None else checked_invoice(self.register, index)

    def licences(self, number: str, item: str, name: str | None = None) -> tuple[Licence, ...]:
        """The licences of catalogue `item` ("100012001", ...), newest first; KeyError where the catalogue has none."""
        return CATALOGUE[item].find(self.register, number, name)


def data_fields_text(licence: Licence) -> str:
    """`data_fields` as it is sent: JSON, or the older program's form with single quotes."""
    if not licence.single_quoted:
        return json.dumps(licence.fields, ensure_ascii=False, separators=(",", ":"))
    pairs = (f"{_single(key)}:{_single(value)}" for key, value in licence.fields.items())
    return "{" + ",".join(pairs) + "}"


def _single(value: str | int | None) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    inside = json.dumps(value, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inside}'"
