"""A desk that asks the other city through the running gateway, many questions at a time over one connection."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import grpc

from adapters.simulation.population import Company, Person
from gateway.client import Answer, Client, ClientFailure, Holder, HolderType, MonthRange, Outcome, QueryRefused, Unreachable
from tests.journeys.canonical import Months, Plain, Truth, number_of, plain
from tests.journeys.conftest import Up, question
from tests.journeys.records_foshan import TRUTH as FOSHAN
from tests.journeys.records_guangzhou import TRUTH as GUANGZHOU

TRUTHS: dict[str, Truth] = {each.region: each for each in (GUANGZHOU, FOSHAN)}
REGIONS = tuple(TRUTHS)
YEARS: Months = ("2023-01", "2024-12")
AT_A_TIME = 16
"""More would wait for each other in the city's one process, and the last for longer than a system may take."""


@dataclass(frozen=True)
class Question:
    """One holder's paper of one kind. `number` and `name` where others than the holder's own are to be asked."""

    kind: str
    holder: Person | Company
    months: Months = YEARS
    number: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Ended:
    """How a question ended, and after how many seconds."""

    question: Question
    result: Answer | ClientFailure
    seconds: float

    @property
    def answer(self) -> Answer:
        """The answer; a failure is raised."""
        if isinstance(self.result, ClientFailure):
            raise self.result
        return self.result

    @property
    def told(self) -> str:
        """ISSUED, NO_RECORD, or the name of the reason; a failure without a reason of the gateway is raised."""
        if isinstance(self.result, QueryRefused):
            return self.result.reason
        return self.answer.outcome.value

    @property
    def exchange_id(self) -> str:
        """Under which the evidence log has it."""
        return self.result.told.exchange_id if isinstance(self.result, QueryRefused) else self.answer.exchange_id


class Desk:
    """A client with an agreement on one region."""

    def __init__(self, client: Client, samples: dict[str, dict[str, Any]], region: str) -> None:
        self._client = client
        self._samples = samples
        self.region = region
        self.truth = TRUTHS[region]

    async def ask(self, asked: Question, deadline: float = 20.0) -> Ended:
        """Asks once; whatever comes of it within the deadline.

        What gRPC let go before the gateway took it up was not asked: that is a machine which stood still for two seconds. It is asked then,
        and what comes of it then counts.
        """
        ended = await self._asked(asked, deadline)
        let_go = isinstance(ended.result, Unreachable) and ended.result.code is grpc.StatusCode.CANCELLED
        return await self._asked(asked, deadline) if let_go else ended

    async def _asked(self, asked: Question, deadline: float) -> Ended:
        loop = asyncio.get_running_loop()
        began = loop.time()
        result: Answer | ClientFailure
        try:
            result = await self._client.query(**self._arguments(asked), deadline=deadline)
        except ClientFailure as failure:
            result = failure
        return Ended(asked, result, loop.time() - began)

    async def ask_all(self, questions: Iterable[Question], deadline: float = 20.0) -> tuple[Ended, ...]:
        """Asks all, some at a time, and waits for all."""
        turn = asyncio.Semaphore(AT_A_TIME)

        async def one(asked: Question) -> Ended:
            async with turn:
                return await self.ask(asked, deadline)

        return tuple(await asyncio.gather(*map(one, questions)))

    def _arguments(self, asked: Question) -> dict[str, Any]:
        arguments = question(self._samples[asked.kind])
        person = isinstance(asked.holder, Person)
        holder = Holder(
            HolderType.PERSON if person else HolderType.ORGANISATION,
            "111" if person else "001",
            asked.number or number_of(asked.holder),
            asked.name or asked.holder.name,
        )
        return {**arguments, "holder": holder, "parameters": self._parameters(asked, tuple(arguments["parameters"]))}

    def _parameters(self, asked: Question, names: tuple[str, ...]) -> dict[str, MonthRange | date | str]:
        known: dict[str, MonthRange | date | str] = {"months": MonthRange(*asked.months)}
        if asked.kind == "invoice-check":
            invoice = self.truth.invoice_of(asked.number or number_of(asked.holder))
            known |= {"invoice_number": invoice.number, "invoiced_on": invoice.issued}
        return {name: known[name] for name in names}


@asynccontextmanager
async def desk(up: Up, region: str, attempts: int = 1) -> AsyncIterator[Desk]:
    """A desk that may ask this region everything."""
    issued = [each for each in up.said["samples"] if each["region"] == region and each["outcome"] == "ISSUED"]
    samples = {each["type"]: each for each in issued}
    identity = up.identity(issued[0]["client"])
    async with Client(up.said["gateway"], identity, server_name=up.said["server_name"], attempts=attempts) as client:
        yield Desk(client, samples, region)


def same(ended: Ended, region: str) -> tuple[Plain, ...]:
    """The papers of the answer, once they are the city's own."""
    asked = ended.question
    papers = TRUTHS[region].papers(asked.kind, number_of(asked.holder), asked.months)
    assert ended.answer.outcome is (Outcome.ISSUED if papers else Outcome.NO_RECORD)
    assert tuple(map(plain, ended.answer.evidence)) == papers
    return papers
