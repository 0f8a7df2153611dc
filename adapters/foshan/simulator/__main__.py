"""The program: `python -m adapters.foshan.simulator`, Foshan's systems on a TLS socket.

Laws: the frame's options, and three of Foshan's own: how long an F2 secret lives, how long a replaced one still works, and how long F4
takes to answer.
"""

import argparse
import sys
from collections.abc import Sequence

from adapters.foshan.simulator.certshare import LicenceLibrary
from adapters.foshan.simulator.envelope import Keys
from adapters.foshan.simulator.exchange import Exchange, Subscriber
from adapters.foshan.simulator.front import Counter, front
from adapters.foshan.simulator.insurance import Insurance
from adapters.foshan.simulator.records import Register
from adapters.foshan.simulator.wallet import Wallet
from adapters.simulation.front import Front
from adapters.simulation.operation import Operation
from adapters.simulation.server import Settings, main

_LIFE_SECONDS = 7200.0
_OVERLAP_SECONDS = 60.0
_FRONT_SECONDS = 0.05


def operations(settings: Settings, life: float, overlap: float) -> Sequence[Operation]:
    """All interfaces over one register; `life` and `overlap` of an F2 secret in seconds."""
    register = Register(settings.people, settings.companies, settings.seed)
    f1, f2 = settings.secrets["f1"], settings.secrets["f2"]
    wallet = Wallet(register)
    library = LicenceLibrary(register, (f1["access_id"], f1["access_token"]), wallet)
    subscriber = Subscriber(f2["sid"], f2["app_secret"], bytes.fromhex(f2["aes_key"]))
    exchange = Exchange(register, subscriber, life, overlap)
    insurance = Insurance(register, Keys.of(settings.secrets["f3"]))
    tables = Counter(register, settings.secrets["f4"]["account"]).operations() if "f4" in settings.secrets else ()
    return (*library.operations(), wallet.operation(), *exchange.operations(), *insurance.operations(), *tables)


def front_of(settings: Settings, delay: float) -> Front | None:
    """The front-end database, where the city was given one."""
    return front(settings.secrets["f4"]["database"], delay) if "f4" in settings.secrets else None


def run(arguments: Sequence[str]) -> int:
    """Serve until told to end; the exit status."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--secret-life", type=float, metavar="SECONDS")
    parser.add_argument("--secret-overlap", type=float, default=_OVERLAP_SECONDS, metavar="SECONDS")
    parser.add_argument("--front-delay", type=float, default=_FRONT_SECONDS, metavar="SECONDS")
    own, rest = parser.parse_known_args(arguments)

    def build(settings: Settings) -> Sequence[Operation]:
        life = own.secret_life or settings.token_life or _LIFE_SECONDS
        return operations(settings, life, own.secret_overlap)

    return main("adapters.foshan.simulator", build, rest, lambda settings: front_of(settings, own.front_delay))


if __name__ == "__main__":
    raise SystemExit(run(sys.argv[1:]))
