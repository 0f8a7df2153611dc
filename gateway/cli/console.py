"""`kuacheng console`: pages that tell in a browser how everything stands. docs/console.md."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli import printing


@click.command("console")
@click.option(
    "--metrics",
    "urls",
    multiple=True,
    help="http://host:port/metrics of the gateway, given again for each worker; without it, the address in the configuration.",
)
@click.option("--dev", type=click.Path(dir_okay=False, path_type=Path), help="dev.json of a running `kuacheng dev`.")
@printing.config
@printing.output
def command(path: str, output: str, urls: tuple[str, ...], dev: Path | None) -> None:
    """Serve the console, reading only, until SIGTERM or SIGINT: a program of its own beside the gateway.

    Where it listens and who may see what stands under `console` in gateway.yaml; without it, on 127.0.0.1:9463 for whoever is on this
    machine, who is shown how things stand and not what departments asked. It needs `pip install 'kuacheng[console]'`.

    \b
    kuacheng console -c gateway.yaml
    kuacheng console -c .kuacheng/gateway.yaml --dev .kuacheng/dev.json
    """
    import asyncio
    from importlib.util import find_spec

    from gateway.cli.problems import loaded_or_fail
    from gateway.cli.top import metrics_address

    if find_spec("jinja2") is None:
        printing.fail("the console is not installed: pip install 'kuacheng[console]'")
    loaded_or_fail(Path(path), output)
    where = tuple(metrics_address(path, output, each, dev) for each in urls or (None,))
    asyncio.run(_serve(Path(path), where, as_json=output == "json"))


async def _serve(path: Path, metrics: tuple[str, ...], *, as_json: bool) -> None:
    import asyncio
    import os
    import signal
    import sys

    from certs.denying import DenyListUnusable
    from gateway.config import ConfigError
    from gateway.console.running import console
    from gateway.telemetry.access import configure

    configure(sys.stderr)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async with console(path, os.environ, metrics) as running:
            if as_json:
                printing.as_json({"event": "serving", "console": running.address})
            else:
                click.echo(f"the console is at {running.address}, Ctrl-C ends it")
            await stop.wait()
    except (ConfigError, DenyListUnusable, OSError) as error:
        printing.fail(f"the console does not start: {error}", printing.FINDING)
