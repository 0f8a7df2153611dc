"""The root of the command: which groups there are. A group's module is imported when it is called, not for --help."""

import importlib
import os
from collections.abc import Mapping
from types import MappingProxyType

import click

_COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "demo": ("gateway.cli.demo", "Show the main job: two cities, the gateway and a caller, from start to end."),
        "dev": ("gateway.cli.dev", "Run both cities' simulators and the gateway until you stop them."),
        "serve": ("gateway.cli.serve", "Run the gateway."),
        "reload": ("gateway.cli.reload", "Have a running gateway take up its files, or restart its workers one by one."),
        "health": ("gateway.cli.health", "Say whether the gateway of this machine serves, for probes."),
        "query": ("gateway.cli.query", "Ask the gateway for evidence, as a departmental system does."),
        "verify": ("gateway.cli.verify", "Have claims about somebody's evidence verified, without seeing it."),
        "watch": ("gateway.cli.watch", "Wait for the answer to a question that a city deferred."),
        "download": ("gateway.cli.download", "Download the file of somebody's evidence."),
        "config": ("gateway.cli.config", "Check and show the configuration."),
        "tables": ("gateway.cli.tables", "Check the translation tables of every city and evidence type."),
        "explain": ("gateway.cli.explain", "Say whether a system may ask something, and by which agreement or why not."),
        "check": ("gateway.cli.check", "Check everything that a gateway needs, before it starts and while it runs."),
        "top": ("gateway.cli.top", "Show live what a gateway does."),
        "console": ("gateway.cli.console", "Serve the console: pages that tell in a browser how everything stands."),
        "ledger": ("gateway.cli.ledger", "Read and verify the evidence log."),
        "receipt": ("gateway.cli.receipt", "Verify, show and fetch receipts."),
        "certs": ("gateway.cli.certs", "List, check, issue, change and revoke certificates."),
        "usage": ("gateway.cli.usage", "Find out who looked at a holder's data."),
        "witness": ("gateway.cli.witness", "Run a witness, which vouches for the growth of somebody's log."),
        "support": ("gateway.cli.support", "Pack a bundle for whoever helps, without persons and secrets."),
        "completion": ("gateway.cli.completion", "Print the completion script of your shell."),
    }
)


class Root(click.Group):
    """Knows its commands by name and one line; loads one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """In the order in which one meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command, from its module."""
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} has no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        """The list in --help, without loading anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="kuacheng", message="%(prog)s %(version)s")
def main() -> None:
    """Kuacheng (跨城): two cities ask each other for certificates and e-licences, lawfully and with evidence.

    Begin with `kuacheng demo`. Exit status: 0 fine, 1 a finding, 2 wrong use.
    """
    # Read when grpcio is loaded: its core writes of what fails, and each command says the same in better words.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
