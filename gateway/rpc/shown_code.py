"""The code that a holder shows (亮证码), as protobuf: what is at fault in a request that carries one.

Laws: a code stands in place of the holder, never beside them; a violation never repeats a part of it.
"""

import re
from collections.abc import Iterator
from typing import Final

from gateway.model.refusal import Violation
from gateway.rpc.pb.v1 import evidence_pb2 as pb

_FORM: Final = re.compile(r"[\x21-\x7e]{8,512}")


def faults(request: pb.QueryRequest) -> Iterator[Violation]:
    """What is wrong with a code that is there, maybe empty."""
    if not _FORM.fullmatch(request.presented_code):
        yield Violation(
            "presented_code", "is 8 to 512 visible ASCII signs, as they were scanned; leave it out where you ask by `holder`"
        )
    if request.holder.ByteSize():
        yield Violation("holder", "is left out where presented_code is given: the city says whose code it is")
