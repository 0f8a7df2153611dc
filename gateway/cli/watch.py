"""`kuacheng watch`: waits for the answer to a question that was deferred, and tells how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gateway.cli import printing, query

if TYPE_CHECKING:
    from gateway.cli.question import Asked
    from gateway.client import Answer


# Whoever watches gives the whole question again: it has the options of `kuacheng query`.
@click.command("watch", params=list(query.command.params))
def command(**given: Any) -> None:
    """Wait for the answer to a question that `kuacheng query` told was DEFERRED.

    \b
    Give the same options as then, its --request-id, and with --deadline how many seconds to wait:
        kuacheng watch --sample 19 --request-id 0192f3a4-5b6c-7d8e-9f00-112233445566 --deadline 600

    Exit status: 0 answered, 1 refused, failed or not answered in time, 2 wrong use.
    """
    import asyncio

    from gateway.cli.question import arranged
    from gateway.client import ClientFailure
    from gateway.model.binding import plain

    asked, output = arranged(given), given["output"]
    try:
        answer = asyncio.run(_watched(asked, quiet=output == "json"))
    except ClientFailure as failure:
        query.failed(failure, output)
    if answer is None:
        printing.fail("no answer yet; watch again whenever you like", printing.FINDING)
    if output == "json":
        printing.as_json(plain(answer))
    else:
        query.told(answer)


async def _watched(asked: Asked, *, quiet: bool) -> Answer | None:
    from gateway.client import Progress

    async with asked.client() as client:
        question = await asked.query(client)
        async for each in client.watch(question, deadline=asked.deadline, reference=asked.reference):
            if not isinstance(each, Progress):
                return each
            if not quiet:
                click.echo(f"{each.at.astimezone():%Y-%m-%d %H:%M:%S}  {each.stage}")
    return None
