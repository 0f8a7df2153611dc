"""`kuacheng certs`: the certificates of a gateway, its cities and its callers: listed, checked, issued, changed step by step, revoked."""

import click

from gateway.cli import (
    certs_authority,
    certs_changing,
    certs_checking,
    certs_issuing,
    certs_listing,
    certs_reauthenticating,
    certs_renewing,
    certs_requesting,
    certs_revoking,
)

_PARTS = (
    certs_listing,
    certs_checking,
    certs_requesting,
    certs_authority,
    certs_issuing,
    certs_changing,
    certs_renewing,
    certs_revoking,
    certs_reauthenticating,
)


@click.group("certs")
def command() -> None:
    """List, check, issue, change and revoke certificates (证书)."""


for each in (each for part in _PARTS for each in part.COMMANDS):
    command.add_command(each)
