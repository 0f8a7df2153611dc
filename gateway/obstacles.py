"""What keeps a gateway from starting with a configuration that reads well, each with its place; and what is wrong with the CAs it trusts.

Law: `kuacheng config check` and the start of a gateway ask here, and nowhere else: what one of them tells, the other does.
"""

from importlib.util import find_spec

from certs.preflight import Trust, examine
from gateway import connecting, keeping, witnessed
from gateway.clock import SystemClock
from gateway.config import Loaded, Problem, placed
from gateway.model.refusal import Reason
from gateway.rpc.status import WORDINGS


def obstacles(loaded: Loaded) -> tuple[Problem, ...]:
    """All that keeps a gateway from starting with this configuration, although each part of it reads well. Blocks."""
    unkept = keeping.fault(loaded)
    return (*problems(loaded), *([loaded.document.problem(("state",), unkept)] if unkept else []))


def problems(loaded: Loaded) -> tuple[Problem, ...]:
    """What keeps a gateway from being made of this configuration, wherever it keeps its records. Blocks."""
    return (
        *connecting.problems(loaded),
        *witnessed.problems(loaded),
        *_untraceable(loaded),
        *(loaded.document.problem((), f"Reason {each.name} has no wording") for each in Reason if each not in WORDINGS),
    )


def _untraceable(loaded: Loaded) -> tuple[Problem, ...]:
    if loaded.settings.traces is None or find_spec("opentelemetry"):
        return ()
    message, hint = "OpenTelemetry is not installed", "pip install kuacheng[traces], or take `traces` out"
    return (loaded.document.problem(("traces",), message, hint, key=True),)


def material_findings(loaded: Loaded) -> tuple[Problem, ...]:
    """What is wrong with the authorities that this gateway would trust, now."""
    now, document = SystemClock().now(), loaded.document
    trusted: list[tuple[tuple[str | int, ...], str, bytes]] = [
        (("regions", each.region, "authorities"), f"authorities of region {each.region}", each.authorities)
        for each in loaded.world.trust.anchors.values()
    ]
    if loaded.witnesses and loaded.witnesses.authorities:
        trusted.append((("ledger", "witnesses", "authorities"), "authorities of the witnesses", loaded.witnesses.authorities))
    systems = [(at, loaded.systems[each.connector]) for at, each in placed(loaded.settings)]
    trusted += [((*at, "authorities"), f"authorities of system {each.name}", each.authorities) for at, each in systems]
    return tuple(
        document.problem(at, str(finding))
        for at, name, pem in trusted
        for finding in examine(Trust(name=name, authorities=pem), now)
    )
