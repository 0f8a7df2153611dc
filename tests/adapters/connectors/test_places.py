"""So many at a time, in the order of asking, and no place is ever lost."""

import asyncio

from adapters.connectors.places import Places


async def settled() -> None:
    """Every task has gone as far as it goes by itself."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_so_many_at_a_time() -> None:
    places = Places(2)
    assert [places.take(), places.take(), places.take()] == [True, True, False]
    assert places.taken == 2
    places.give_back()
    assert (places.taken, places.take()) == (1, True)


async def test_who_has_waited_longest_is_next_and_nobody_comes_before() -> None:
    places, came = Places(1), list[int]()

    async def waiting(number: int) -> None:
        await places.wait()
        came.append(number)

    assert places.take()
    tasks = [asyncio.create_task(waiting(number)) for number in range(3)]
    await settled()
    for number in range(3):
        assert came == list(range(number))
        places.give_back()
        assert not places.take()
        await settled()
    await asyncio.gather(*tasks)
    places.give_back()
    assert places.taken == 0


async def test_whoever_stops_waiting_loses_no_place() -> None:
    places = Places(1)
    assert places.take()
    first, second, third = (asyncio.create_task(places.wait()) for _ in range(3))
    await settled()
    first.cancel()
    await settled()
    places.give_back()  # the second's turn comes, and in the same moment it is told to stop
    second.cancel()
    await settled()
    assert (first.cancelled(), second.cancelled(), third.done(), places.taken) == (True, True, True, 1)
    places.give_back()
    assert (places.taken, places.take()) == (0, True)
