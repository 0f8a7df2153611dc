"""The files of Foshan's e-licences: bytes that look like nothing, the same each time.

Laws: a function of (e-licence, kind, seed). One licence in the population has a large file, for those who measure.
"""

from hashlib import sha256

from lxml import etree

from adapters.foshan.simulator.licences import BUSINESS_LICENCE, REGION, Licence
from adapters.simulation.population import draw

KINDS = ("ofd", "png")
LARGE = 50_000_000
"""Bytes of the picture of the large one, which is the licence of the company that was registered third."""

_PLAIN = 150_000
_THIRD = "000002"


def content(licence: Licence, kind: str, seed: int) -> bytes:
    """The file's bytes."""
    identifier = licence.info["ZZBS"]
    large = kind == "png" and identifier.split(".")[7][-6:] == _THIRD and licence.info["ZZLXDM"] == BUSINESS_LICENCE
    lot = draw(REGION, seed, "file", identifier, kind)
    return lot.randbytes(LARGE if large else _PLAIN + lot.randrange(_PLAIN))


def info(licence: Licence, seed: int, *, wrong_digest: bool) -> etree._Element:
    """The element fileInfo of a certInfo."""
    element = etree.Element("fileInfo")
    for kind in KINDS:
        held = content(licence, kind, seed)
        digest = sha256(held + b"!" if wrong_digest else held).hexdigest()
        told = {"fileId": f"{licence.info['ZZBS']}/{kind}", "fileType": kind, "fileSize": str(len(held)), "fileDigest": digest}
        file = etree.SubElement(element, "file")
        for name, text in told.items():
            etree.SubElement(file, name).text = text
    return element
