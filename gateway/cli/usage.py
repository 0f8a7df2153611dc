"""`kuacheng usage`: who looked at a holder's data, on top of gateway.client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gateway.cli import options, printing

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.cli.usage_question import Searched
    from gateway.client import UsagePage

_day = click.DateTime(formats=["%Y-%m-%d"])


@click.command("usage")
@click.option("--holder-id-type", help="Kind of number: 111 resident number, 001 credit code.", default="111", show_default=True)
@click.option(
    "--holder-file",
    type=click.File(encoding="utf-8"),
    help="A file with the holder's number, - for standard input; without it you are asked, so that it stays out of your shell's history.",
)
@click.option(
    "--from", "first", type=_day, help="First day, China Standard Time, e.g. 2026-01-01; without it, from the log's beginning."
)
@click.option("--to", "last", type=_day, help="Last day, included; without it, until now.")
@click.option("--page-size", type=click.IntRange(1, 200), default=50, show_default=True, help="How many at most, newest first.")
@click.option("--page-token", default="", help="What the page before named as the next one.")
@click.option(
    "--language", type=click.Choice(["zh", "en"]), default="en", show_default=True, help="Of the sentences in the table."
)
@options.why
@options.way
@click.option("--deadline", type=click.FloatRange(min=0.1), default=20.0, show_default=True, help="Seconds for everything.")
@click.option("--sample", type=int, help="Search for the holder of sample N of dev.json.")
@printing.output
def command(**given: Any) -> None:
    """Find out who looked at a holder's data, what for, and what came of it.

    While `kuacheng dev` runs: kuacheng usage --sample 0. Against a gateway of your own give --gateway, --cert, --key and --ca, and for
    what you ask: matter, case, operator, and the legal basis with its --reference.

    Your department needs a right to search of its own (`search_rights` of the gateway's configuration). Each search is itself recorded,
    and the holder's next one shows it.

    Exit status: 0 answered, also where nobody looked; 1 refused or failed; 2 wrong use.
    """
    import asyncio

    from gateway.cli.query import failed
    from gateway.cli.usage_question import arranged
    from gateway.client import ClientFailure

    search = arranged(given)
    try:
        page = asyncio.run(_found(search, given["page_token"], given["deadline"]))
    except ClientFailure as failure:
        failed(failure, given["output"])
    if given["output"] == "json":
        printing.as_json(_plain(page))
    else:
        _told(page, given["language"])


async def _found(searched: Searched, token: str, deadline: float) -> UsagePage:
    from gateway.client import Client

    way = searched.way
    async with Client(way["target"], way["identity"], server_name=way["server_name"]) as client:
        return await client.find_usage(searched.search, token, deadline)


def _plain(page: UsagePage) -> dict[str, Any]:
    """A file that `kuacheng receipt verify` takes, for it has the search's receipt."""
    from dataclasses import asdict

    from gateway.model.binding import plain

    return {
        "exchange_id": page.exchange_id,
        "total_usages": page.total,
        "usages": [asdict(each) | {"logtime": each.logtime.isoformat()} for each in page.usages],
        "next_page_token": page.next_page_token,
        "receipt": plain(page.receipt),
    }


def _told(page: UsagePage, language: str) -> None:
    acts = "1 act" if page.total == 1 else f"{page.total} acts"
    click.echo(f"{acts} in the log about this holder; this search is one more  (exchange {page.exchange_id})")
    if page.usages:
        rows = ((_at(each.logtime), each.outcome, each.action if language == "zh" else each.action_en) for each in page.usages)
        printing.table("", ("at (UTC+8)", "outcome", "what was done"), rows)
    if page.next_page_token:
        click.echo(f"there are more: add --page-token {page.next_page_token}")


def _at(moment: datetime) -> str:
    from datetime import timedelta, timezone

    return f"{moment.astimezone(timezone(timedelta(hours=8))):%Y-%m-%d %H:%M:%S}"
