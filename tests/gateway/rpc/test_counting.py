"""Nobody is told how an exchange ended before it is counted and logged: whoever is told may ask the operator at once."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import grpc
import pytest

from gateway.model.city import CityAnswer
from gateway.model.refusal import Reason, Refusal
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.rpc.services import Evidence
from tests.gateway.rpc.house import PATIENCE, House, house, papers, request
from tests.gateway.rpc.test_watch import TICKET
from tests.gateway.stages import builders
from tests.gateway.test_delivery import message, opened


class Told:
    """What the methods use of a call: keeps how many exchanges were logged by each moment that the caller was told something."""

    def __init__(self, gateway: House) -> None:
        self.logged: list[int] = []
        self._gateway = gateway

    def auth_context(self) -> dict[str, list[bytes]]:
        return {"x509_pem_cert": [papers().sound.certificate]}

    def invocation_metadata(self) -> None:
        """None came."""

    def time_remaining(self) -> float:
        return PATIENCE

    async def write(self, _: object) -> None:
        self.hear()

    async def abort(self, *_: object) -> None:
        self.hear()
        raise grpc.aio.AbortError

    def hear(self) -> None:
        self.logged.append(sum(each["event"] == "exchange" for each in self._gateway.lines()))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (request, builders.answer()),
        (pb.QueryRequest, builders.answer()),
        (request, Refusal(Reason.CITY_UNAVAILABLE, "")),
        (request, ValueError()),
    ],
    ids=["answered", "refused", "refused by the city", "broken by a fault of ours"],
)
async def test_a_question_is_logged_before_its_caller_is_told(
    asked: Callable[[], pb.QueryRequest], told: CityAnswer | Exception
) -> None:
    async with house() as gateway:
        gateway.city.told = told
        context: Any = Told(gateway)
        with suppress(grpc.aio.AbortError):
            await Evidence(gateway.inside).Query(asked(), context)
            context.hear()
        assert context.logged == [1]


async def test_a_download_is_logged_before_its_header_leaves() -> None:
    async with house() as gateway:
        opened(gateway)
        context: Any = Told(gateway)
        await Evidence(gateway.inside).Download(message(), context)
        assert len(context.logged) > 1
        assert set(context.logged) == {1}


async def test_an_answer_that_was_watched_for_is_logged_before_it_leaves() -> None:
    async with house() as gateway:
        gateway.city.told = TICKET
        context: Any = Told(gateway)
        question = request()
        await Evidence(gateway.inside).Query(question, context)
        gateway.city.told = builders.answer()
        async for each in Evidence(gateway.inside).Watch(pb.WatchRequest(question=question), context):
            if each.HasField("answer"):
                context.hear()
        assert context.logged == [2]
