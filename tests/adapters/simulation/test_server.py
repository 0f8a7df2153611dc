"""The frame round a city of two doors: control, and every fault of transport and of bytes as a client meets it."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from adapters.simulation.faults import FaultBook
from adapters.simulation.operation import Asked, Operation, Reply, json_reply
from adapters.simulation.server import application
from adapters.simulation.tape import Tape

TRUE = {"名称": "广州", "rows": list(range(200))}
Client = TestClient[Any, Any]


def answer(asked: Asked) -> Reply:
    """The true answer, or one with the operation's own fault."""
    return json_reply({"fault": asked.fault} if asked.fault else TRUE)


CITY = (
    Operation("g1", "ask", "POST", "/g1/ask", answer, faults=frozenset({"bad_date"})),
    Operation("g1", "rest", "*", "/g1/{rest:.*}", lambda asked: json_reply(asked.path, 404)),
    Operation(
        "f1",
        "soap",
        "POST",
        "/f1",
        lambda _: Reply("<r>佛山</r>".encode("gb18030"), 200, "text/xml; charset=gb18030", "gb18030"),
        xml=True,
        name_of=lambda asked: "query" if asked.headers.get("soapaction") == "query" else "other",
    ),
)


def with_city(story: Callable[[Client], Awaitable[None]]) -> None:
    """Tell `story` to a client of the city."""

    async def go() -> None:
        async with TestClient(TestServer(application(CITY, Tape(), FaultBook(CITY)))) as client:
            await story(client)

    asyncio.run(go())


async def arm(client: Client, fault: str, interface: str = "g1", **more: Any) -> None:
    """Arm one fault, once."""
    order = {"interface": interface, "fault": fault, **more}
    assert (await client.post("/_simulator/faults", json=order)).status == 200


async def ask(client: Client) -> Any:
    """The JSON of one true question."""
    async with client.post("/g1/ask", json={}) as response:
        return json.loads(await response.read())


def test_a_path_that_no_door_takes_goes_to_the_last_one() -> None:
    async def story(client: Client) -> None:
        async with client.get("/g1/nothing?a=1") as response:
            assert (response.status, await response.json()) == (404, "/g1/nothing?a=1")

    with_city(story)


def test_faults_are_armed_listed_and_cleared() -> None:
    async def story(client: Client) -> None:
        await arm(client, "empty", times=3)
        listing = await (await client.get("/_simulator/faults")).json()
        assert listing["armed"] == [{"interface": "g1", "fault": "empty", "times": 3, "operation": None}]
        assert {"hang", "bad_date"} <= set(listing["offered"]["g1"])
        await client.delete("/_simulator/faults")
        assert await ask(client) == TRUE

    with_city(story)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"interface":"g1","fault":"none"}', b'{"interface":"g1","fault":"hang","times":"x"}']
)
def test_nonsense_is_not_armed(body: bytes) -> None:
    async def story(client: Client) -> None:
        response = await client.post("/_simulator/faults", data=body, headers={"Content-Type": "application/json"})
        assert response.status == 400
        assert "error" in await response.json()

    with_city(story)


def test_the_operations_own_fault_is_left_to_it() -> None:
    async def story(client: Client) -> None:
        await arm(client, "bad_date")
        assert [await ask(client), await ask(client)] == [{"fault": "bad_date"}, TRUE]

    with_city(story)


@pytest.mark.parametrize("fault", ["reset", "truncated"])
def test_half_an_answer_is_an_error_of_the_connection(fault: str) -> None:
    async def story(client: Client) -> None:
        await arm(client, fault)
        with pytest.raises(aiohttp.ClientError):
            await ask(client)
        assert await ask(client) == TRUE

    with_city(story)


def test_a_hang_ends_with_the_clients_patience() -> None:
    async def story(client: Client) -> None:
        await arm(client, "hang")
        with pytest.raises(TimeoutError):
            await client.post("/g1/ask", json={}, timeout=aiohttp.ClientTimeout(total=0.2))
        assert await ask(client) == TRUE

    with_city(story)


def test_latency_delays_the_true_answer() -> None:
    async def story(client: Client) -> None:
        await arm(client, "latency", seconds=0.05)
        begun = asyncio.get_running_loop().time()
        assert await ask(client) == TRUE
        assert asyncio.get_running_loop().time() - begun >= 0.05

    with_city(story)


def test_a_huge_body_is_64_mib_to_whoever_reads_on() -> None:
    async def story(client: Client) -> None:
        await arm(client, "huge", times=2)
        async with client.post("/g1/ask", json={}) as response:
            size = sum([len(chunk) async for chunk in response.content.iter_any()])
        assert size == 64 * 1024 * 1024 + len(b'{"data":"')
        async with client.post("/g1/ask", json={}) as response:
            assert await response.content.readany()
            response.close()
        assert await ask(client) == TRUE

    with_city(story)


@pytest.mark.parametrize(("fault", "status"), [("status_500", 500), ("garbage", 200), ("empty", 200), ("not_object", 200)])
def test_a_spoilt_body_is_no_object(fault: str, status: int) -> None:
    async def story(client: Client) -> None:
        await arm(client, fault)
        async with client.post("/g1/ask", json={}) as response:
            body = await response.read()
        assert response.status == status
        with contextlib.suppress(ValueError):
            assert not isinstance(json.loads(body), dict)

    with_city(story)


def test_the_tape_names_the_operation_by_the_request_and_the_fault() -> None:
    async def story(client: Client) -> None:
        await arm(client, "entity_bomb", "f1", operation="query")
        for action in ("other", "query"):
            async with client.post("/f1", data="<q>广州</q>".encode("gb18030"), headers={"SOAPAction": action}) as response:
                await response.read()
        told = await (await client.get("/_simulator/tape")).json()
        entries = told["entries"]
        assert told["last"] == entries[-1]["seq"]
        assert [(entry["operation"], entry["fault"]) for entry in entries] == [
            ("other", None),
            ("query", "entity_bomb"),
        ]
        assert [entry["request"]["body"] for entry in entries] == ["<q>广州</q>"] * 2
        assert entries[0]["response"]["body"] == "<r>佛山</r>"
        assert "<!ENTITY" in entries[1]["response"]["body"]

    with_city(story)
