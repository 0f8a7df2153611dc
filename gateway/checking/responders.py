"""Whether the responders of the regions' CAs vouch (OCSP). Asks about nobody."""

from gateway.asking import tried
from gateway.checking.files import line
from gateway.checking.line import Category, Line, fine
from gateway.clock import entropy
from gateway.config import Loaded
from gateway.ports import Clock


async def responders(loaded: Loaded, clock: Clock) -> tuple[Line, ...]:
    """One line for each fault, or one that all is well; nothing where gateway.yaml names no responder."""
    named = [code for code, each in loaded.settings.regions.items() if each.ocsp and each.ocsp.responder]
    found = tuple(line(each) for each in await tried(loaded, clock, entropy)) if named else ()
    if found or not named:
        return found
    what = f"responders of {', '.join(named)}"
    return (fine(Category.CERTIFICATES, what, "they vouch for their CAs", "均能为其 CA 应答"),)
