"""What the texts of a request must look like, and what is at fault in them.

Laws: every text at fault is told, in the order of the table; a violation says what is asked of it, never the value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.model.refusal import Violation
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.rpc.pb.v1 import ledger_service_pb2 as ledger_pb
from gateway.rpc.texts import text

Asking = pb.QueryRequest | pb.VerifyRequest | pb.DownloadRequest
"""What asks a city, by the same rules."""
Request = Asking | ledger_pb.FindUsageRequest
"""What names a holder and says why it is asked, by the same rules."""
Texts = Mapping[str, str]
"""The texts of a request by their paths: each is taken out of the message once, because that costs more than to look at it."""

_BETWEEN: Final = "\0"
"""Stands in no text that has its form."""


@dataclass(frozen=True, slots=True)
class Form:
    """What one text of the request must look like."""

    pattern: re.Pattern[str]
    wanted: str


def _line(longest: int, what: str) -> Form:
    return Form(text(longest), f"{what}, 1 to {longest} characters, no control characters")


class Forms:
    """The forms of texts by their paths. All are looked at together, and one by one only where something is at fault."""

    def __init__(self, forms: Mapping[str, Form]) -> None:
        self._forms = MappingProxyType(forms)
        self._all = re.compile(_BETWEEN.join(f"(?:{each.pattern.pattern})" for each in forms.values()))

    def faults(self, texts: Texts) -> tuple[Violation, ...]:
        """A violation for each text that has not its form."""
        if self._all.fullmatch(_BETWEEN.join([texts[path] for path in self._forms])):
            return ()
        return tuple(
            Violation(path, f"is required: {form.wanted}")
            for path, form in self._forms.items()
            if not form.pattern.fullmatch(texts[path])
        )


WHAT: Final = Forms(
    {
        "request_id": Form(
            re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
            "a UUID such as 0192f3a4-5b6c-7d8e-9f00-112233445566",
        ),
        "evidence_type": Form(re.compile(r"[0-9A-Za-z-]{1,64}"), "a canonical code or alias, such as business-licence"),
        "provider_region": Form(re.compile(r"[0-9]{6}"), "a GB/T 2260 code of six digits, such as 440100"),
    }
)
NAME: Final = Forms({"holder.name": _line(200, "the name as on the document")})
WHY: Final = Forms(
    {
        "purpose.matter_code": Form(
            re.compile(r"[0-9A-Za-z._:-]{1,64}"), "the item code (事项编码), 1 to 64 letters, digits, '.', '_', ':' or '-'"
        ),
        "purpose.matter_name": _line(100, "the item's name (事项名称)"),
        "purpose.case_number": _line(64, "the case's number (业务流水号)"),
        "purpose.operator.account": _line(64, "the operator's account"),
        "purpose.operator.name": _line(50, "the operator's name"),
        "purpose.operator.role": _line(50, "the operator's role (岗位)"),
        "legal_basis.reference": _line(200, "article or number of the legal basis"),
    }
)


def asked(request: Asking) -> Texts:
    """What is asked, of whom, and why."""
    return {
        "request_id": request.request_id,
        "evidence_type": request.evidence_type,
        "provider_region": request.provider_region,
        **naming(request),
    }


def naming(request: Request) -> dict[str, str]:
    """Who is named, and why."""
    holder, purpose = request.holder, request.purpose
    operator = purpose.operator
    return {
        "holder.id_type": holder.id_type,
        "holder.id_number": holder.id_number,
        "holder.name": holder.name,
        "purpose.matter_code": purpose.matter_code,
        "purpose.matter_name": purpose.matter_name,
        "purpose.case_number": purpose.case_number,
        "purpose.operator.account": operator.account,
        "purpose.operator.name": operator.name,
        "purpose.operator.role": operator.role,
        "legal_basis.reference": request.legal_basis.reference,
    }
