"""The files of Foshan's e-licences: the licence as a page, and its stamp, made of its own record.

Laws: a function of the e-licence and the kind, the same each time. One licence of all has a large file, for those who measure.
"""

from adapters.foshan.simulator.licences import BUSINESS_LICENCE, Licence
from adapters.simulation import papers

KINDS = ("ofd", "png")
LARGE = 50_000_000
"""Bytes of the picture of the large one, which is the licence of the company that was registered third."""

_THIRD = "000002"


def content(licence: Licence, kind: str) -> bytes:
    """The file's bytes."""
    lines = [licence.info["ZZMC"], *(f"{name}: {text}" for name, text in (licence.info | licence.data).items())]
    if kind == "ofd":
        return papers.ofd(lines)
    large = licence.info["ZZLXDM"] == BUSINESS_LICENCE and licence.info["ZZBS"].split(".")[7][-6:] == _THIRD
    return papers.png(lines, LARGE if large else 0)
