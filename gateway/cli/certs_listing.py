"""`kuacheng certs list`, `inspect` and `needs-renewal`: what there is, who uses it, and how long it lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli import printing
from gateway.cli.language import ZH, lang

if TYPE_CHECKING:
    from certs.inventory import Item, Use

_WIDTH: Final = 12
_WIDTH_WHOLE: Final = 16
_WIDE: Final = 0x2E7F
_DAY: Final = timedelta(days=1)
_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "subject": "主体",
        "used as": "用途",
        "issuer": "签发者",
        "key": "密钥",
        "serial": "序列号",
        "left": "剩余",
        "generation": "代",
        "file": "文件",
        "place in file": "文件内位置",
        "kind": "类别",
        "authority": "CA 证书",
        "leaf": "终端证书",
        "not before": "生效",
        "not after": "失效",
        "last seen": "最近出现",
        "authority key": "签发者密钥标识",
        "served": "对调用方出示",
        "presented": "对城市系统出示",
        "published": "已公布",
        "trusted": "受信任",
        "seen": "调用方出示过",
        "gateway": "网关",
        "witnesses": "见证方",
        "region": "地区",
        "expired": "已过期",
        "nothing is due": "没有需要续期的证书",
        "due for renewal": "需要续期",
    }
)


@click.command("list")
@printing.config
@lang
@printing.output
def listed(path: str, lang: str, output: str) -> None:
    """List all certificates and their uses.

    Those that the gateway shows, believes, or has seen from its callers; what ends first stands first. Works before the
    gateway starts and beside one that runs.
    """
    now, items = _inventory(Path(path), output)
    if output == "json":
        printing.as_json({"at": now.isoformat(), "certificates": [as_plain(each, now) for each in items]})
        return
    _blocks(items, now, lang)


@click.command("inspect")
@click.argument("what")
@printing.config
@lang
@printing.output
def inspect(what: str, path: str, lang: str, output: str) -> None:
    """Show one certificate whole.

    WHAT is a PEM file, or of the list a URI, a serial number or the first digits of a fingerprint.
    """
    from gateway.clock import SystemClock

    if Path(what).is_file():
        now, found = SystemClock().now(), _of_files((Path(what),))
    else:
        now, items = _inventory(Path(path), output)
        wanted = what.lower().replace(":", "")
        found = [
            each
            for each in items
            if what == each.facts.uri
            or wanted == each.facts.serial
            or (len(wanted) >= 6 and each.facts.fingerprint.startswith(wanted))  # noqa: PLR2004  six digits are no accident
        ]
    if not found:
        printing.fail(
            f"{what}: neither a file nor a certificate of the list; `kuacheng certs list -o json` has every fingerprint"
        )
    if output == "json":
        printing.as_json({"at": now.isoformat(), "certificates": [as_plain(each, now) for each in found]})
        return
    for each in found:
        click.echo("\n".join(f"{_padded(name, _WIDTH_WHOLE)}{value}" for name, value in _whole(each, now, lang)))


@click.command("needs-renewal")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--expires-in", metavar="SPAN", help="Due if it ends within so long, e.g. 30d or 12h; else at two thirds of its life."
)
@click.option("--all", "everything", is_flag=True, help="Authorities and callers too, not only what the gateway shows.")
@printing.config
@lang
@printing.output
def needs_renewal(
    files: tuple[Path, ...], expires_in: str | None, path: str, lang: str, output: str, *, everything: bool
) -> None:
    """Say what is to be renewed.

    Of the certificates that the gateway shows, or of those in FILES. Exit status: 0 none, 1 some, 2 wrong use; for cron and for alarms.
    """
    from certs.inventory import due
    from gateway.clock import SystemClock

    span = None if expires_in is None else _span(expires_in)
    if files:
        now, items = SystemClock().now(), _of_files(files)
    else:
        now, items = _inventory(Path(path), output)
        items = [each for each in items if everything or each.ours]
    found = [each for each in items if due(each, now, span)]
    if output == "json":
        printing.as_json({"at": now.isoformat(), "due": [as_plain(each, now) for each in found]})
    elif found:
        click.echo(_say("due for renewal", lang))
        _blocks(found, now, lang)
    else:
        click.echo(_say("nothing is due", lang))
    raise SystemExit(printing.FINDING if found else 0)


COMMANDS: Final = (listed, inspect, needs_renewal)


def _inventory(path: Path, output: str) -> tuple[datetime, Sequence[Item]]:
    import sqlite3

    from certs import seen
    from certs.inventory import inventory
    from gateway.cli.problems import loaded_or_fail
    from gateway.clock import SystemClock
    from gateway.config.files import Unreadable
    from gateway.holdings import holdings

    loaded = loaded_or_fail(path, output)
    record = seen.beside(loaded.beside)
    try:
        return SystemClock().now(), inventory(holdings(loaded), seen.read(record))
    except Unreadable as error:
        printing.fail(f"{error.message}; {error.hint}")
    except ValueError as error:
        printing.fail(str(error))
    except sqlite3.Error as error:
        printing.fail(f"{record}: the record of callers cannot be read ({error}); if it is damaged, move it away: it fills again")


def _of_files(files: Sequence[Path]) -> Sequence[Item]:
    from certs.inventory import Holding, Role, Use, inventory
    from gateway.config.files import Unreadable, read_file
    from gateway.holdings import generation

    try:
        held = [Holding(Use(Role.SERVED, ""), each, generation(each), read_file(each, most=1 << 20)) for each in files]
        return [_unused(each) for each in inventory(held, ())]
    except Unreadable as error:
        printing.fail(f"{error.message}; {error.hint}")
    except ValueError as error:
        printing.fail(str(error))


def _unused(item: Item) -> Item:
    """Of a file that was named nobody knows here who uses it."""
    from dataclasses import replace

    return replace(item, uses=())


def _span(text: str) -> timedelta:
    units = {"d": _DAY, "h": timedelta(hours=1), "m": timedelta(minutes=1)}
    if not text[:-1].isdecimal() or text[-1] not in units:
        raise click.UsageError(f"--expires-in {text}: write a whole number and d, h or m, for instance 30d")
    return int(text[:-1]) * units[text[-1]]


def as_plain(item: Item, now: datetime) -> dict[str, Any]:
    """A certificate for programs. Keys are append-only."""
    facts = item.facts
    return {
        "uri": facts.uri,
        "name": facts.name,
        "issuer": facts.issuer,
        "authority": facts.authority,
        "key_type": facts.key_type,
        "serial": facts.serial,
        "sha256": facts.fingerprint,
        "subject_key": facts.subject_key,
        "issuer_key": facts.issuer_key,
        "not_before": facts.not_before.isoformat(),
        "not_after": facts.not_after.isoformat(),
        "days_left": round(facts.left(now) / _DAY, 2),
        "fraction_left": round(facts.fraction_left(now), 4),
        "uses": [{"role": each.role.value, "by": each.by} for each in item.uses],
        "generation": item.generation,
        "file": str(item.file) if item.file else "",
        "place": item.place,
        "last_seen": item.last_seen.isoformat() if item.last_seen else None,
    }


def _blocks(items: Sequence[Item], now: datetime, lang: str) -> None:
    """Each certificate in a few lines of at most 80 columns or so: a table of all this would not fit."""
    for each in items:
        facts = each.facts
        click.echo(f"{facts.uri or facts.name or '-'}  ({left(each, now, lang)})")
        for name, value in (
            ("used as", _uses(each.uses, lang)),
            ("issuer", facts.issuer),
            ("key", f"{facts.key_type}, {_say('serial', lang)} {facts.serial}"),
            ("SHA-256", facts.fingerprint),
            ("generation", each.generation),
        ):
            if value:
                click.echo(f"  {_padded(_say(name, lang), _WIDTH)}{value}")


def _padded(name: str, width: int) -> str:
    """To one width on a terminal, where a Chinese character takes two columns."""
    return name + " " * max(1, width - sum(2 if ord(each) > _WIDE else 1 for each in name))


def _uses(uses: Sequence[Use], lang: str) -> str:
    by_role: dict[str, list[str]] = {}
    for each in uses:
        by_role.setdefault(each.role.value, []).append(" ".join(_say(word, lang) for word in each.by.split()))
    return "; ".join(f"{_say(role, lang)} {', '.join(names)}".rstrip() for role, names in by_role.items())


def _whole(item: Item, now: datetime, lang: str) -> Sequence[tuple[str, str]]:
    facts = item.facts
    rows = {
        "subject": facts.uri or facts.name,
        "kind": _say("authority" if facts.authority else "leaf", lang),
        "used as": _uses(item.uses, lang),
        "issuer": facts.issuer,
        "authority key": facts.issuer_key,
        "key": facts.key_type,
        "serial": facts.serial,
        "SHA-256": facts.fingerprint,
        "not before": f"{facts.not_before:%Y-%m-%d %H:%M} UTC",
        "not after": f"{facts.not_after:%Y-%m-%d %H:%M} UTC",
        "left": left(item, now, lang),
        "generation": item.generation,
        "file": str(item.file or ""),
        "place in file": str(item.place) if item.file else "",
        "last seen": f"{item.last_seen:%Y-%m-%d %H:%M:%S} UTC" if item.last_seen else "",
    }
    return [(_say(name, lang), value) for name, value in rows.items() if value]


def left(item: Item, now: datetime, lang: str) -> str:
    """How long it lasts: `23.4 d, 78 %`."""
    remaining = item.facts.left(now)
    if remaining < timedelta():
        return _say("expired", lang)
    day = "天" if lang == ZH else "d"
    return f"{remaining / _DAY:.1f} {day}, {item.facts.fraction_left(now):.0%}"


def _say(word: str, lang: str) -> str:
    return _WORDS.get(word, word) if lang == ZH else word
