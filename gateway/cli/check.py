"""`kuacheng check`: everything that a gateway needs, before it starts and while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli import printing
from gateway.cli.language import ZH, lang

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.checking.line import Line

_MARKS: Final = {"fine": "√", "warning": "‼", "failed": "×", "left-out": "-"}
_COLOURS: Final = {"fine": "green", "warning": "yellow", "failed": "red", "left-out": "bright_black"}
_CATEGORIES_ZH: Final = {
    "configuration": "配置",
    "tables": "映射表",
    "certificates": "证书",
    "file-rights": "文件权限",
    "ledger": "存证日志",
    "cities": "城市系统",
    "clock": "时钟",
    "limits": "资源限制",
    "gateway": "运行中的网关",
}
_PAUSE: Final = 1.0


@click.command("check")
@click.option(
    "--wait", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS", help="Look again until all is well, so long."
)
@click.option("--metrics", default="", help="http://host:port/metrics of a gateway that runs; without it, by the configuration.")
@printing.config
@lang
@printing.output
def command(path: str, wait: float, metrics: str, lang: str, output: str) -> None:
    """Check everything that a gateway needs, before it starts and beside one that runs.

    Configuration, tables, certificates, rights of files, the evidence log and its witnesses, each city's system by a handshake and a
    log-in, clocks, limits, and the gateway that runs. Nobody is asked about. Each finding says why, what mends it, and where to read more.

    Exit status: 0 nothing failed (there may be warnings), 1 something did, 2 wrong use.
    """
    from gateway.checking.line import failing

    if metrics and not metrics.startswith(("http://", "https://")):
        raise click.UsageError("--metrics is an address as http://127.0.0.1:9464/metrics")
    lines = _waited(Path(path), metrics, wait)
    if output == "json":
        printing.as_json({"checked": path, "fine": not failing(lines), "lines": [_plain(each) for each in lines]})
    else:
        _told(lines, lang)
    raise SystemExit(printing.FINDING if failing(lines) else 0)


def _waited(path: Path, metrics: str, wait: float) -> tuple[Line, ...]:
    """The first look that fails nowhere, or the last one in the time there is."""
    import asyncio
    import os
    from time import sleep

    from gateway.checking.everything import everything
    from gateway.checking.line import failing
    from gateway.clock import SystemClock

    clock = SystemClock()
    until = clock.monotonic() + wait
    while True:
        lines = asyncio.run(everything(path, os.environ, metrics, clock))
        if not failing(lines) or clock.monotonic() + _PAUSE > until:
            return lines
        sleep(_PAUSE)


def _told(lines: Iterable[Line], lang: str) -> None:
    category = None
    for each in lines:
        if each.category != category:
            category = each.category
            click.secho(_CATEGORIES_ZH[category.value] if lang == ZH else category.value, bold=True)
        reason, mend = (each.reason_zh, each.mend_zh) if lang == ZH else (each.reason, each.mend)
        click.echo(f"  {click.style(_MARKS[each.state], fg=_COLOURS[each.state])} {each.what}{_joined(reason, lang)}")
        if mend:
            click.echo(f"      {'处理' if lang == ZH else 'to mend'}: {mend}")
        if each.link:
            click.echo(f"      {'参见' if lang == ZH else 'see'} {each.link}")


def _joined(reason: str, lang: str) -> str:
    return f"{'：' if lang == ZH else ': '}{reason}" if reason else ""


def _plain(line: Line) -> dict[str, Any]:
    return {
        "category": line.category.value,
        "what": line.what,
        "state": line.state.value,
        "code": line.code or None,
        "reason": line.reason,
        "mend": line.mend,
        "reason_zh": line.reason_zh,
        "mend_zh": line.mend_zh,
        "link": line.link or None,
    }
