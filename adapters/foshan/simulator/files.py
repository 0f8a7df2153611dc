"""The files of Foshan's e-licences: the licence as a page, and its stamp, made of its own record.

Laws: a function of the e-licence and the kind, the same each time.
"""

from adapters.foshan.simulator.licences import Licence
from adapters.simulation import papers

KINDS = {"ofd": papers.ofd, "png": papers.png}
"""By fileType: how it is made of lines."""


def content(licence: Licence, kind: str) -> bytes:
    """The file's bytes."""
    shown = (licence.info | licence.data).items()
    return KINDS[kind]([licence.info["ZZMC"], *(f"{name}: {text}" for name, text in shown)])
