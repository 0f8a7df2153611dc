"""The program: Guangzhou's G1, G2 and G3 behind one TLS listener.

Secrets file: {"g1": {"app_key", "app_secret", "account", "password", "org_code"}, "g2": {"paasid", "token"}, "g3": {"paasid", "token"}}.
"""

from adapters.guangzhou.simulator.g1 import LicencePlatform
from adapters.guangzhou.simulator.g2 import SignedGateway
from adapters.guangzhou.simulator.g3 import HousingRegistry
from adapters.guangzhou.simulator.records import Records
from adapters.simulation.operation import Operation
from adapters.simulation.server import Settings, main


def build(settings: Settings) -> tuple[Operation, ...]:
    """All interfaces over one register; G2's last door takes whatever is left under its path."""
    records = Records.of(settings.people, settings.companies, settings.seed)
    return (
        *LicencePlatform(records, settings.secrets["g1"], settings.token_life).operations(),
        *HousingRegistry(records, settings.secrets["g3"]).operations(),
        *SignedGateway(records, settings.secrets["g2"]).operations(),
    )


if __name__ == "__main__":
    raise SystemExit(main("adapters.guangzhou.simulator", build))
