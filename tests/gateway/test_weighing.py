"""Downloads through a whole gateway from a city that says no digest: weighed before the outcome, and held against that when they leave."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from gateway.client import QueryRefused
from gateway.model.city import CityAnswer, CityFile
from gateway.model.refusal import Reason, Refusal
from tests.gateway.client.notary import VKEY
from tests.gateway.rpc.house import House, house
from tests.gateway.test_delivery import CONTENT, PIECES, opened, refused

UNWEIGHED = CityFile("OFD", "reference")
SIZE = len(CONTENT)


def asked_twice(gateway: House, *then: list[bytes | Exception]) -> dict[str, Any]:
    question = opened(gateway, files=(UNWEIGHED, CityFile("PDF", "reference")))
    gateway.city.then = list(then)
    return question


async def test_the_digest_is_recorded_before_the_first_byte_though_the_city_does_not_say_it() -> None:
    async with house() as gateway:
        question = asked_twice(gateway)
        async with gateway.client() as client, client.download(**question) as download:
            assert gateway.told() == ("INTENT", "OUTCOME ISSUED")
            announced = download.announced
            assert (announced.sha256, announced.size) == (sha256(CONTENT).hexdigest(), SIZE)
            assert b"".join([chunk async for chunk in download]) == CONTENT
        assert (announced.verify([VKEY]).question, announced.verify([VKEY]).answer) == (True, True)
        assert len(gateway.city.requests) == 3
        assert max(gateway.city.seconds[1:]) > gateway.world.limits.maximum_deadline


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ([b"%PDF-1.7", CONTENT], Reason.CITY_ANSWER_INVALID),
        ([], Reason.CITY_ANSWER_INVALID),
        ([PIECES[0], Refusal(Reason.CITY_TIMEOUT, "drips")], Reason.CITY_TIMEOUT),
        ([Refusal(Reason.CITY_REFUSED, "there is none")], Reason.CITY_REFUSED),
    ],
    ids=["another type", "nothing", "slow drip", "no such file"],
)
async def test_a_file_that_cannot_be_weighed_is_refused_and_that_is_its_outcome(
    pieces: list[bytes | Exception], reason: Reason
) -> None:
    async with house() as gateway:
        question = asked_twice(gateway)
        gateway.city.pieces = pieces
        told, came = await refused(gateway, question)
        assert (told.reason, told.blame, came) == (reason.name, "COUNTERPARTY", b"")
        assert gateway.told() == ("INTENT", f"OUTCOME REFUSED {reason.name}")
        assert (len(gateway.city.requests), gateway.city.fetching) == (2, 0)


@pytest.mark.parametrize("second", [[*PIECES[:2], PIECES[2][:-1] + b"!"], PIECES[:2], [*PIECES, b"!"]])
async def test_a_file_that_is_another_the_second_time_never_comes_whole(second: list[bytes | Exception]) -> None:
    async with house() as gateway:
        told, came = await refused(gateway, asked_twice(gateway, second))
        assert (told.reason, len(came) < SIZE) == (Reason.CITY_ANSWER_INVALID.name, True)
        assert gateway.told() == ("INTENT", "OUTCOME ISSUED")


async def test_what_is_refused_anyway_is_not_weighed() -> None:
    async with house() as gateway:
        question = asked_twice(gateway)
        told = gateway.city.told
        assert isinstance(told, CityAnswer)
        gateway.city.told = replace(told, records=told.records * 2, files=((UNWEIGHED,), (replace(UNWEIGHED, reference="2"),)))
        refusal, _ = await refused(gateway, question)
        assert [each.field for each in refusal.told.violations] == ["number"]
        gateway.city.told = CityAnswer("10", no_record=True)
        async with gateway.client() as client, client.download(**question) as download:
            assert [each async for each in download] == []
        assert len(gateway.city.requests) == 2
        assert isinstance(refusal, QueryRefused)
