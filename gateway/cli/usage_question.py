"""What the options of `kuacheng usage` mean: a search and a way to the gateway, from options or from a running `kuacheng dev`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, TextIO

import click

from gateway.cli import question
from gateway.client import Holder, HolderType, UsageSearch

_LARGEST = 1024
_CHINA = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Searched:
    """One search, and the way by which it is made."""

    search: UsageSearch
    way: Mapping[str, Any]


def arranged(given: Mapping[str, Any]) -> Searched:
    """The search that the options ask for. Raises click.UsageError, which says what is missing."""
    dev = question.development(given)
    known = dev.get("usage", {})
    holder = question.sample(dev, given["sample"]).get("holder") or _holder(given)
    search = UsageSearch(
        holder=Holder(HolderType(holder["type"]), holder["id_type"], holder["id_number"], ""),
        purpose=question.purpose(given, known.get("purpose", {})),
        legal_basis=question.legal_basis(given, known.get("legal_basis", {})),
        period_start=_midnight(given["first"]),
        period_end=_midnight(given["last"], days=1),
        page_size=given["page_size"],
    )
    if search.period_start and search.period_end and search.period_start >= search.period_end:
        raise click.UsageError("--from is later than --to")
    return Searched(search, question.way({**given, "client": given["client"] or known.get("client")}))


def _holder(given: Mapping[str, Any]) -> Mapping[str, str]:
    file = given["holder_file"]
    number = _read(file) if file else click.prompt("number of the holder", err=True, hide_input=True)
    return {"type": question.holder_type(given["holder_id_type"]), "id_type": given["holder_id_type"], "id_number": number}


def _read(file: TextIO) -> str:
    try:
        number = file.read(_LARGEST).strip()
    except ValueError:
        number = ""
    if not number or len(number.split()) != 1:
        raise click.UsageError("--holder-file holds one number and nothing else, in UTF-8")
    return number


def _midnight(day: datetime | None, days: int = 0) -> datetime | None:
    return None if day is None else day.replace(tzinfo=_CHINA) + timedelta(days=days)
