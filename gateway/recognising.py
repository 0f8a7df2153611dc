"""Whether what somebody wants refused is anything that this gateway knows: a name that nobody bears refuses nobody.

Laws: pure but for `items`; it never keeps anybody from being refused, it only tells; a serial number's issuer is taken as the certificate
has it, where what was given differs from it by order, spaces or the case of letters only, as other programs write names.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from certs import seen
from certs.denying import Denied
from certs.inventory import Item, inventory
from gateway.config import Loaded
from gateway.holdings import holdings
from gateway.model.refusal import Refusal
from gateway.stages.identify import claimed

_BETWEEN = re.compile(r"(?<!\\)[,/+]")


def items(loaded: Loaded) -> tuple[Item, ...]:
    """Every certificate in use, and every one that a caller has shown; without those of a source that for any reason cannot be read."""
    in_use = _readable(lambda: inventory(holdings(loaded), ()))
    shown = _readable(lambda: inventory((), seen.read(seen.beside(loaded.beside))))
    return (*in_use, *shown)


def _readable(read: Callable[[], tuple[Item, ...]]) -> tuple[Item, ...]:
    try:
        return read()
    except Exception:  # noqa: BLE001  whatever a file holds, it keeps nobody from being refused
        return ()


def spelled(denied: Denied, known: Iterable[Item]) -> Denied:
    """With its issuer as the certificate of that serial number has it."""
    issuers = {each.facts.issuer for each in known if each.facts.serial == denied.serial}
    meant = [each for each in issuers if _parts(each) == _parts(denied.issuer)]
    return denied if denied.issuer in issuers or len(meant) != 1 else replace(denied, issuer=meant[0])


def is_known(denied: Denied, known: Iterable[Item], loaded: Loaded) -> bool:
    """Whether any certificate bears it, or, of a system, an agreement names it."""
    if denied.uri and (_is_agreed(denied.uri, loaded) or denied.uri == loaded.world.trust.front_proxy):
        return True
    wanted = (denied.uri, denied.fingerprint, denied.issuer, denied.serial)
    return any(
        all(asked in ("", borne) for asked, borne in zip(wanted, (of.uri, of.fingerprint, of.issuer, of.serial), strict=True))
        for of in (each.facts for each in known)
    )


def _is_agreed(uri: str, loaded: Loaded) -> bool:
    try:
        claim = claimed(uri, loaded.world.trust)
    except Refusal:
        return False
    agreed = (each for each in loaded.world.agreements.get(claim.department, ()) if each.region == claim.anchor.region)
    return any(each.systems is None or claim.system in each.systems for each in agreed)


def _parts(name: str) -> Counter[str]:
    """`C = CN, O=X`, `O=X,C=CN` and `/C=CN/O=X` have the same."""
    parts = (each for each in _BETWEEN.split(name) if each.strip())
    return Counter("=".join(" ".join(side.split()) for side in each.split("=", 1)).casefold() for each in parts)
