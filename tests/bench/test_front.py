"""The gateway behind Envoy that `make soak` loads is what it says: who asks is known by what Envoy was shown."""

from contextlib import AsyncExitStack
from pathlib import Path

from bench.front import PROXY, believed, fronted
from bench.soak import KIND
from bench.stage import METHOD, REGION, asked_once, start_quick_city
from bench.wire import Wire
from gateway.clock import SystemClock, entropy
from gateway.development.layout import SERVER_NAME, WINDOW, lay_out, write_configuration
from gateway.development.processes import start_gateway
from gateway.ledger.reading import Log
from gateway.model.exchange import EntryKind
from tests.gateway.rpc.house import PATIENCE


async def test_a_question_through_envoy_is_the_callers_own(tmp_path: Path) -> None:
    layout = lay_out(tmp_path / "dev", SystemClock().now(), entropy)
    async with AsyncExitStack() as stack:
        city = await start_quick_city(layout, [KIND])
        stack.push_async_callback(city.stop)
        write_configuration(layout, {REGION: city.said["url"], "440600": "https://127.0.0.1:1"}, "127.0.0.1:0", "127.0.0.1:0")
        believed(layout)
        gateway = await start_gateway(layout)
        stack.push_async_callback(gateway.stop)
        address = str(gateway.said["gateway"])
        question = await asked_once(KIND, layout, address)
        front = await stack.enter_async_context(fronted(layout, address))
        wire = await Wire.to(front.door, SERVER_NAME, METHOD, PATIENCE)
        reply = await wire.ask(question.fresh())
        wire.close()
    assert reply.status == 0
    with Log.open(layout.ledger) as log:
        direct, through = (each.entry.facts for each in log.entries(kind=EntryKind.INTENT))
    assert (direct["caller_system"], direct.get("caller_through")) == (WINDOW.system, None)
    assert (through["caller_system"], through["caller_through"]) == (WINDOW.system, PROXY)
