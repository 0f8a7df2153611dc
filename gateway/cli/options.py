"""Options that several commands take: why something is asked, and the way to the gateway."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_file = click.Path(dir_okay=False, path_type=Path)


def _together(*options: Decorator) -> Decorator:
    """All of them, in this order in --help."""
    return lambda command: reduce(lambda done, option: option(done), reversed(options), command)


why = _together(
    click.option("--matter-code", help="Code of the matter (事项编码)."),
    click.option("--matter-name", help="Name of the matter."),
    click.option("--case-number", help="Number of your case."),
    click.option("--operator-account", help="Account of the operator."),
    click.option("--operator-name", help="Name of the operator."),
    click.option("--operator-role", help="Role of the operator."),
    click.option(
        "--basis",
        type=click.Choice(["STATUTORY_DUTY", "HOLDER_AUTHORISED", "ENTRUSTED"]),
        default="STATUTORY_DUTY",
        show_default=True,
    ),
    click.option("--reference", help="Article or number of the legal basis."),
)
way = _together(
    click.option("--gateway", help="host:port of the gateway."),
    click.option("--server-name", help="Name expected in the gateway's certificate, if it is not the host."),
    click.option("--cert", type=_file, help="Your certificate, PEM."),
    click.option("--key", type=_file, help="Its key, PEM."),
    click.option("--ca", type=_file, help="The gateway's authorities, PEM."),
    click.option("--dev", type=_file, help="dev.json of a running `kuacheng dev`; .kuacheng/dev.json is found."),
    click.option("--client", help="Which client of dev.json asks."),
)
parameters = _together(
    click.option("--months", help="Months wanted, e.g. 2024-01..2024-06."),
    click.option(
        "--parameter",
        "parameters",
        multiple=True,
        metavar="NAME=VALUE",
        help="What else is asked, as the directory names it; may be given again. A date is 2024-05-17, months are 2024-01..2024-06.",
    ),
)
receipt = click.option(
    "--receipt",
    type=click.Choice(["full", "reference"]),
    default="full",
    show_default=True,
    help="With its proof, or short; `kuacheng receipt fetch --complete` gets the proof later.",
)
control: Decorator = click.option(
    "--control",
    type=_file,
    envvar="KUACHENG_CONTROL",
    help="Socket by which `kuacheng reload` reaches the gateway; beside the configuration unless given. Or KUACHENG_CONTROL.",
)
