"""A worker's answers are to the orders that they answer, whoever gave up waiting for one."""

import asyncio

import pytest

from gateway.workers.process import Worker

ANSWERS_THE_FIRST_WITH_THE_SECOND = """
import json, sys
print('{"event": "serving"}', flush=True)
held = [sys.stdin.readline(), sys.stdin.readline()]
for line in held:
    print(json.dumps({"to": json.loads(line)["do"]}), flush=True)
sys.stdin.read()
"""


async def test_who_gave_up_on_an_answer_leaves_it_to_nobody_else() -> None:
    worker = await Worker.start(("-c", ANSWERS_THE_FIRST_WITH_THE_SECOND))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(worker.ask({"do": "health"}), 0.01)
    assert await worker.ask({"do": "prepare"}) == {"to": "prepare"}
    await worker.stop()
