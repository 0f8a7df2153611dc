"""Whether whoever is to be the front proxy could ever be known as it: it is known as any caller is, by stages.identify.

Law: one that would always be refused is told when the configuration is read, and not by every call.
"""

from collections.abc import Iterator

from gateway.config.document import Document
from gateway.config.problem import Problem
from gateway.config.settings import Settings
from gateway.model.identity import Anchor, Trust
from gateway.model.refusal import Refusal
from gateway.stages.identify import claimed

_HINT = (
    "write spiffe://<a region's trust_domain>/department/<your credit code>/system/<name>, "
    "of a region whose CA you would believe about any caller"
)


def unusable(document: Document, settings: Settings) -> Iterator[Problem]:
    """What keeps `listen.front_proxy` from being anybody's name."""
    if settings.listen.front_proxy is None:
        return
    named = {each.trust_domain: Anchor(code, each.trust_domain, b"") for code, each in settings.regions.items()}
    try:
        claimed(settings.listen.front_proxy, Trust("", named))
    except Refusal as refusal:
        yield document.problem(("listen", "front_proxy"), refusal.detail, _HINT)
