"""The city that stands behind one of the bench's own programs: the options that name it, and the client that asks it."""

import argparse
from pathlib import Path
from typing import Final

from adapters.connectors.http import HttpClient
from adapters.connectors.settings import SystemSettings

SECONDS: Final = 10.0
"""That an answer may take."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where the city is, and what each side shows the other."""
    for name, what in (
        ("client-cert", "what we show the city"),
        ("client-key", "its key"),
        ("city-ca", "who the city must be of"),
    ):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"{what}, PEM")
    parser.add_argument("--city", required=True, help="its URL")
    parser.add_argument("--city-name", required=True, help="the name that its certificate carries")


def client(options: argparse.Namespace) -> HttpClient:
    """The connections to it."""
    settings = SystemSettings(
        name="city",
        url=options.city,
        server_name=options.city_name,
        authorities=options.city_ca.read_bytes(),
        certificate=str(options.client_cert),
        key=str(options.client_key),
        timeout=SECONDS,
        connections=64,
        credentials={},
    )
    return HttpClient(settings)
