"""The city's app makes a code for one holder and one paper, and the licence library takes it once."""

import json
from typing import Any

import pytest

from adapters.foshan.simulator.certshare import LicenceLibrary
from adapters.foshan.simulator.licences import BUSINESS_LICENCE, DRIVING_LICENCE, MARRIAGE_CERTIFICATE
from adapters.foshan.simulator.records import Register
from adapters.foshan.simulator.wallet import LIFE_SECONDS, PATH, Wallet
from adapters.simulation.operation import Asked
from tests.adapters.foshan.simulator.serving import envelope, parsed, request

REGISTER = Register(20, 5)
HOLDER = REGISTER.people[1].number
NOW = 1_700_000_000.0


@pytest.fixture
def wallet() -> Wallet:
    return Wallet(REGISTER)


def made(wallet: Wallet, body: Any) -> tuple[int, Any]:
    reply = wallet.operation().answer(Asked("POST", PATH, {}, {}, json.dumps(body).encode(), NOW))
    return reply.status, json.loads(reply.body)


def shown(wallet: Wallet, code: str, type_code: str = DRIVING_LICENCE, now: float = NOW) -> Any:
    library = LicenceLibrary(REGISTER, ("test-access", "test-token"), wallet)
    inner = request({"qrCode": code, "certTypeCode": type_code})
    body = envelope("queryCertInfoByQRcode", inner).encode("gb18030")
    reply = library.answer(Asked("POST", "/", {}, {}, body, now))
    return parsed(parsed(reply.body.decode("gb18030")).findtext(".//return") or "")


def status(answer: Any) -> str:
    return str(answer.findtext("head/status"))


def test_a_code_brings_its_holders_paper_once(wallet: Wallet) -> None:
    told, code = made(wallet, {"certTypeCode": DRIVING_LICENCE, "holderCode": HOLDER})
    assert (told, code["lifeSeconds"]) == (200, LIFE_SECONDS)
    answer = shown(wallet, code["qrCode"])
    assert (status(answer), answer.findtext("data/holderCode")) == ("0", HOLDER)
    assert answer.findtext("data/certInfo/CZZTDM") == HOLDER
    assert status(shown(wallet, code["qrCode"])) == "102"


def test_a_code_of_either_spouse_says_which(wallet: Wallet) -> None:
    couple = [REGISTER.people[0].number, HOLDER]
    codes = [made(wallet, {"certTypeCode": MARRIAGE_CERTIFICATE, "holderCode": each})[1]["qrCode"] for each in couple]
    assert [shown(wallet, each, MARRIAGE_CERTIFICATE).findtext("data/holderCode") for each in codes] == couple


@pytest.mark.parametrize(("type_code", "now"), [(DRIVING_LICENCE, NOW + LIFE_SECONDS), (BUSINESS_LICENCE, NOW)])
def test_a_code_that_has_ended_or_is_of_another_kind_is_refused_and_used_up(wallet: Wallet, type_code: str, now: float) -> None:
    _, code = made(wallet, {"certTypeCode": DRIVING_LICENCE, "holderCode": HOLDER})
    assert status(shown(wallet, code["qrCode"], type_code, now)) == "102"
    assert status(shown(wallet, code["qrCode"])) == "102"


def test_a_code_that_nobody_made_is_refused(wallet: Wallet) -> None:
    assert status(shown(wallet, "00" * 16)) == "102"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"certTypeCode": DRIVING_LICENCE}, 400),
        ({"certTypeCode": "1", "holderCode": HOLDER}, 400),
        ([], 400),
        ({"certTypeCode": BUSINESS_LICENCE, "holderCode": HOLDER}, 404),
    ],
)
def test_nothing_is_made_for_nobody(wallet: Wallet, body: Any, told: int) -> None:
    assert made(wallet, body)[0] == told
