"""A system that fails is left alone, the others are asked as ever, and it comes back by itself."""

import asyncio
from collections import Counter

from tests.journeys.asking import Question, desk, same
from tests.journeys.conftest import Up
from tests.journeys.faults import ISSUED, KINDS_OF, UNAVAILABLE
from tests.journeys.leaks import logged

REGION = "440600"
LICENCE, CERTIFICATE = KINDS_OF["f1"][0], KINDS_OF["f2"][0]


async def test_a_system_that_fails_is_left_alone_and_comes_back_and_the_other_is_asked_meanwhile(up: Up) -> None:
    city = up.city(REGION)
    async with desk(up, REGION) as window, desk(up, REGION, attempts=5) as patient:
        licences = [Question(LICENCE, each) for each in window.truth.holders(LICENCE)[:30]]
        certificate = Question(CERTIFICATE, window.truth.holders(CERTIFICATE)[0])
        await city.break_("f1", "status_500", -1)
        async with asyncio.timeout(60):
            while True:
                before = await city.last()
                refused = await window.ask_all(licences)
                assert {each.told for each in refused} == {UNAVAILABLE}
                if Counter(each["interface"] for each in await city.tape(before))["f1"] < len(licences) / 2:
                    break
        meanwhile = await window.ask(certificate)
        await city.mend()
        again = await patient.ask(licences[0], deadline=60.0)
    assert same(meanwhile, REGION)
    assert again.told == ISSUED, "whoever asks again as the refusal says gets through"
    *_, last = logged(up, refused[-1].exchange_id)
    assert "left alone" in str(last.entry.facts["detail"])
