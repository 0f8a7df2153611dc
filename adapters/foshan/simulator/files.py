"""The files of Foshan's e-licences: the licence as a page, and its stamp, made of its own record.

Laws: a function of the e-licence and the kind, the same each time.
"""

from hashlib import sha256

from lxml import etree

from adapters.foshan.simulator.licences import Licence
from adapters.simulation import papers

KINDS = {"ofd": papers.ofd, "png": papers.png}
"""By fileType: how it is made of lines."""


def content(licence: Licence, kind: str) -> bytes:
    """The file's bytes."""
    shown = (licence.info | licence.data).items()
    return KINDS[kind]([licence.info["ZZMC"], *(f"{name}: {text}" for name, text in shown)])


def info(licence: Licence, *, wrong_digest: bool) -> etree._Element:
    """The element fileInfo of a certInfo."""
    element = etree.Element("fileInfo")
    for kind in KINDS:
        held = content(licence, kind)
        digest = sha256(held + b"!" if wrong_digest else held).hexdigest()
        told = {"fileId": f"{licence.info['ZZBS']}/{kind}", "fileType": kind, "fileSize": str(len(held)), "fileDigest": digest}
        file = etree.SubElement(element, "file")
        for name, text in told.items():
            etree.SubElement(file, name).text = text
    return element
