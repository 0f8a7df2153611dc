"""The registers of the simulated city."""

from adapters.foshan.simulator.certificates import NO_HOME
from adapters.foshan.simulator.licences import (
    BUSINESS_LICENCE,
    DRIVING_LICENCE,
    MARRIAGE_CERTIFICATE,
)
from adapters.foshan.simulator.records import Register
from adapters.simulation.population import elicence_identifier
from tests.adapters.foshan.simulator.serving import REGISTER


def test_the_registers_hold_what_is_settled() -> None:
    number = [person.number for person in REGISTER.people]
    span = (2023, 1), (2024, 12)
    for index in range(10):
        proof, tax = REGISTER.insured_proof(number[index], *span), REGISTER.income_tax(number[index], *span)
        assert proof is not None
        assert len(proof["payList"]) == 72
        assert tax is not None
        assert len({row["SKSSQ"] for row in tax["MXLB"]}) == 24
        assert REGISTER.licences(DRIVING_LICENCE, number[index])
        assert REGISTER.licences(MARRIAGE_CERTIFICATE, number[index])
    assert [REGISTER.house_record(each)["total"] for each in number[:10]] == [2, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    for unknown in number[10:15]:
        assert REGISTER.insured_proof(unknown, *span) is None
        assert REGISTER.income_tax(unknown, *span) is None
        assert not REGISTER.licences(DRIVING_LICENCE, unknown)
        assert not REGISTER.licences(MARRIAGE_CERTIFICATE, unknown)


def test_only_the_identifier_that_should_be_is_wrong() -> None:
    for index in range(10):
        (licence,) = REGISTER.licences(BUSINESS_LICENCE, REGISTER.companies[index].code)
        type_code, issuer, serial, version, _ = licence.info["ZZBS"].split(".")[-5:]
        assert (type_code, issuer) == (BUSINESS_LICENCE, licence.info["ZZBFJGDM"])
        right = elicence_identifier(type_code, issuer, serial, version)
        assert (licence.info["ZZBS"] == right) == (index != 9)


def test_a_large_register_has_rare_states_and_consistent_terms() -> None:
    register = Register(2000, 800, 1)
    drivers = [licence for one in register.people for licence in register.licences(DRIVING_LICENCE, one.number)]
    assert {licence.data["JSZZT"] for licence in drivers} == {"00", "01", "02", "03", "04", "05"}
    couples = [licence for one in register.people for licence in register.licences(MARRIAGE_CERTIFICATE, one.number)]
    assert {licence.data["HYZT"] for licence in couples} == {"10", "20", "30"}
    assert {licence.info["ZZKXDJ"] for licence in couples} == {"A", "B", "C", "D", ""}
    for licence in drivers + couples:
        assert licence.info["ZZYXQQSRQ"] < licence.info["ZZYXQJZRQ"]
        assert licence.info["ZZYXQQSRQ"] <= licence.info["ZZBFRQ"] <= "20250115"
    homeless = sum(register.house_record(one.number) == NO_HOME for one in register.people)
    assert 700 < homeless < 900
