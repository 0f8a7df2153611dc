"""Calls are found in the order in which they are made, wherever they stand, and a refusal's way is none of them."""

from gateway.development.pages.corridor import Called, called

SOURCE = """
from gateway.stages import seal
from gateway.stages.disclose import disclose
from gateway.stages.route import route as way
from elsewhere import other


async def exchange(call, world, ports):
    ports.clock.now()
    first = _pure(call)
    if isinstance(first, str):
        raise await _refuse(ports.ledger.append(first))
    await _wait(ports)
    told = await ports.adapters[first.system].ask(first)
    try:
        seen = disclose(way(told), other(told))
    except ValueError:
        seal.decline(told)
    ports.meter.ended(seen)
    return Sealed(seal.conclude(seen))


def _pure(call):
    try:
        return Prepared(call, seal.intend(call))
    except ValueError as error:
        return seal.decline(error)


async def _wait(ports):
    queued = ports.ledger.append(1)
    queued.add_done_callback(lambda done: ports.ledger.close(done))
    return await shield(queued)


async def _refuse(queued):
    return await shield(queued)
"""


def test_every_step_in_the_order_of_evaluation() -> None:
    assert called(SOURCE, "exchange") == (
        Called("seal.intend", waits=False),
        Called("ports.ledger.append", waits=True),
        Called("ports.adapters.ask", waits=True),
        Called("way", waits=False),
        Called("disclose", waits=False),
        Called("seal.conclude", waits=False),
    )


def test_a_function_of_its_own_can_be_walked_alone() -> None:
    assert called(SOURCE, "_wait") == (Called("ports.ledger.append", waits=True),)
