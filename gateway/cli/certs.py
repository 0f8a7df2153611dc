"""`kuacheng certs`: the certificates of a gateway, its cities and its callers: changed step by step, and revoked."""

import click

from gateway.cli import certs_changing, certs_revoking


@click.group("certs")
def command() -> None:
    """Change and revoke certificates (证书)."""


for each in (*certs_changing.COMMANDS, *certs_revoking.COMMANDS):
    command.add_command(each)
