"""Everything that an exchange needs, sound: a world, a question, a call, a table, a city's record.

Laws: every person is synthetic, born before 1900; a builder makes what is sound, and its keywords put one thing else in; the one
kind of evidence here has a field of each kind of value.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from adapters.simulation.identifiers import elicence_identifier, resident_number
from certs.authority import Authority
from gateway.model.agreement import Agreement, Grant
from gateway.model.catalogue import COMMON, Catalogue, EvidenceKind, EvidenceType, Field, ValueKind
from gateway.model.city import CityAnswer, Record
from gateway.model.exchange import Call, Permit, Route
from gateway.model.identity import Anchor, Caller, Peer, Trust
from gateway.model.query import Holder, HolderType, LegalBasis, LegalBasisKind, MonthRange, Operator, Purpose, Query
from gateway.model.refusal import Refusal
from gateway.model.rules import (
    AnswerRule,
    Codes,
    Constant,
    DateForm,
    HolderPlace,
    MoneyUnit,
    MonthForm,
    PresentSpec,
    Read,
    ReadHolders,
    ReadPeriod,
    ReadRows,
    Source,
    TableSpec,
    Withheld,
)
from gateway.model.table import Table
from gateway.model.usage import SearchRight
from gateway.model.world import HolderKey, Limits, Region, World
from gateway.stages.translate import compile_table
from tests.certs import faulty

NOW: Final = datetime(2030, 5, 17, 8, 30, 15, tzinfo=UTC)
EPOCH: Final = 1000.0
"""What the monotonic clock says at NOW."""
BINDING_KEY: Final = b"b" * 32

NUMBER: Final = resident_number("440106", date(1890, 3, 5), 1)
NAME: Final = "测试甲"
OPERATOR_NAME: Final = "经办乙"
IDENTIFIER: Final = elicence_identifier("11100000M00000035K901", "11440600M00000027C", "SYN2030000001")


@lru_cache(maxsize=1)
def authorities() -> faulty.Authorities:
    """The CAs of 440100 (own) and 440600 (other), a month old at NOW."""
    made, life = NOW - timedelta(days=30), timedelta(days=365)
    return faulty.Authorities(Authority.create("guangzhou CA", made, life), Authority.create("foshan CA", made, life))


@lru_cache(maxsize=1)
def peer() -> Peer:
    """A window of a department of 440100."""
    return Peer(faulty.sound(authorities(), NOW).certificate)


def trust(generation: str = "1", **changes: Any) -> Trust:
    own = Anchor("440100", faulty.OWN_TRUST_DOMAIN, authorities().own.certificate_pem)
    other = Anchor("440600", faulty.OTHER_TRUST_DOMAIN, authorities().other.certificate_pem)
    return replace(Trust(generation, {each.trust_domain: each for each in (own, other)}), **changes)


def _field(name: str, kind: ValueKind, **more: Any) -> Field:
    return Field(name, f"字段{name}", f"The {name}", kind, **more)


KIND: Final = EvidenceType(
    code="11100000M00000035K901",
    alias="everything-proof",
    zh="样样证明",
    en="Proof of everything",
    kind=EvidenceKind.E_LICENCE,
    holder_types=frozenset({HolderType.PERSON}),
    holder_count=1,
    parameters=(
        _field("months", ValueKind.MONTHS),
        _field("day", ValueKind.DATE, required=False),
        _field("reference", ValueKind.TEXT, required=False),
    ),
    fields={
        **{name: COMMON[name] for name in ("identifier", "number", "issuer", "issued_on", "valid_to", "status", "holders")},
        "employer": _field("employer", ValueKind.TEXT),
        "months_paid": _field("months_paid", ValueKind.INTEGER),
        "capital": _field("capital", ValueKind.MONEY),
        "since": _field("since", ValueKind.MONTH),
        "area": _field("area", ValueKind.DECIMAL),
        "cover": _field("cover", ValueKind.PERIOD),
        "remark": _field("remark", ValueKind.TEXT),
        "secret": _field("secret", ValueKind.TEXT),
        "payments": _field(
            "payments",
            ValueKind.ROWS,
            columns=(
                _field("month", ValueKind.MONTH),
                _field("insurance", ValueKind.CODED, codes={"PENSION": "基本养老保险", "MEDICAL": "基本医疗保险"}),
                _field("amount", ValueKind.MONEY),
                _field("agent", ValueKind.TEXT),
            ),
        ),
    },
)
COUPLE: Final = replace(KIND, holder_count=2)
SHOWN: Final = frozenset(KIND.fields) - {"secret"}

PLACE: Final = HolderPlace(Read("xm"), Constant("111"), Read("zjhm"))
ANSWER: Final[Mapping[str, AnswerRule]] = {
    "identifier": Read("zzbs", optional=True),
    "number": Read("bh"),
    "issuer": Constant("样样局"),
    "issued_on": Read("rq.fz", DateForm(("%Y%m%d", "%Y-%m-%d %H:%M:%S"))),
    "valid_to": Read("rq.zz", DateForm(("%Y%m%d",)), frozenset({"99991231"}), optional=True),
    "status": Read("zt", Codes({"1": "VALID", "2": "REVOKED"})),
    "holders": ReadHolders((PLACE,)),
    "employer": Read("dw"),
    "months_paid": Read("ys"),
    "capital": Read("zczb", MoneyUnit.WAN_YUAN),
    "since": Read("qs", MonthForm(("%Y%m",))),
    "area": Read("mj"),
    "cover": ReadPeriod(Read("ksrq", DateForm(("%Y%m%d",))), Read("jsrq", DateForm(("%Y%m%d",)), optional=True)),
    "remark": Read("bz", optional=True),
    "secret": Withheld("the city does not give it"),
    "payments": ReadRows(
        "mx",
        {
            "month": Read("ny", MonthForm(("%Y%m",))),
            "insurance": Read("xz", Codes({"110": "PENSION", "310": "MEDICAL"})),
            "amount": Read("je", MoneyUnit.FEN),
            "agent": Withheld("the city does not give it"),
        },
    ),
}
SPEC: Final = TableSpec(
    edition="2030.5.1",
    region="440600",
    type="everything-proof",
    system="foshan.test",
    operation="everything",
    ask={
        "zjhm": Source("holder.id_number"),
        "xm": Source("holder.name"),
        "zjlx": Source("holder.id_type", Codes({"111": "01"})),
        "sx.bm": Source("purpose.matter_code"),
        "qsny": Source("parameters.months.first", MonthForm(("%Y%m",))),
        "jzny": Source("parameters.months.last", MonthForm(("%Y%m",))),
        "rq": Source("parameters.day", DateForm(("%Y%m%d",))),
        "cxlx": Constant("1"),
    },
    answer=ANSWER,
)


def spec(*, ask: Mapping[str, Any] | None = None, **rules: AnswerRule) -> TableSpec:
    """The table as written, with other questions or with other rules for single fields."""
    return replace(SPEC, ask=SPEC.ask if ask is None else ask, answer={**ANSWER, **rules})


def presenting(kind: EvidenceType = KIND, **rules: AnswerRule) -> Table:
    """The table of a system that answers for a shown code as well."""
    return compile_table(replace(spec(**rules), presented=PresentSpec("by-code", "zzm")), kind)


def table(kind: EvidenceType = KIND, **changes: Any) -> Table:
    return compile_table(spec(**changes), kind)


def record(**changes: Any) -> dict[str, Any]:
    """What the city holds, in its words."""
    return {
        "zzbs": IDENTIFIER,
        "bh": "粤〔2030〕000017",
        "rq": {"fz": "20300501", "zz": "99991231"},
        "zt": "1",
        "xm": NAME,
        "zjhm": NUMBER,
        "dw": "样样有限公司",
        "ys": 41,
        "zczb": "120.5",
        "qs": "202612",
        "mj": "88.60",
        "ksrq": "20260101",
        "jsrq": None,
        "bz": "",
        "mx": [{"ny": "203003", "xz": "110", "je": "52840"}, {"ny": "203004", "xz": "310", "je": 12}],
        **changes,
    }


def answer(*records: Record) -> CityAnswer:
    return CityAnswer("00", records or (record(),))


def agreement(**changes: Any) -> Agreement:
    made = Agreement(
        id="gz-fs-1",
        region="440100",
        department=faulty.CREDIT_CODE,
        department_name="Department of Tests",
        systems=None,
        provider_region="440600",
        grants={KIND.code: Grant(KIND.code, SHOWN)},
        matters=frozenset({"440100-17"}),
        legal_bases=frozenset({LegalBasisKind.STATUTORY_DUTY}),
        valid_from=NOW - timedelta(days=10),
        valid_to=NOW + timedelta(days=10),
    )
    return replace(made, **changes)


def search_right(**changes: Any) -> SearchRight:
    """That the same department may search for holders."""
    made = SearchRight(
        id="desk",
        region="440100",
        department=faulty.CREDIT_CODE,
        department_name="Department of Tests",
        systems=None,
        provider_regions=frozenset({"440600"}),
        evidence_types=frozenset({KIND.code}),
        matters=frozenset({"440100-99"}),
        legal_bases=frozenset({LegalBasisKind.STATUTORY_DUTY}),
        valid_from=NOW - timedelta(days=10),
        valid_to=NOW + timedelta(days=10),
    )
    return replace(made, **changes)


def granting(*fields: str, **changes: Any) -> Agreement:
    """The agreement, with these fields only."""
    return agreement(grants={KIND.code: Grant(KIND.code, frozenset(fields))}, **changes)


def world(*agreements: Agreement, **changes: Any) -> World:
    """A world with these agreements, or with the sound one where none is named."""
    made = World(
        edition="world-1",
        catalogue=Catalogue.of((KIND,)),
        regions={"440100": Region("440100", "广州", "Guangzhou"), "440600": Region("440600", "佛山", "Foshan")},
        trust=trust(),
        agreements={faulty.CREDIT_CODE: agreements or (agreement(),)},
        tables={("440600", KIND.code): table()},
        holder_key=HolderKey("key-1", b"k" * 32),
        limits=Limits(),
    )
    return replace(made, **changes)


def query(**changes: Any) -> Query:
    made = Query(
        request_id="0192f3a4-5b6c-7d8e-9f00-112233445566",
        evidence_type="everything-proof",
        provider_region="440600",
        holder=Holder(HolderType.PERSON, "111", NUMBER, NAME),
        purpose=Purpose("440100-17", "样样事项", "case-1", Operator("window-3", "clerk", OPERATOR_NAME)),
        legal_basis=LegalBasis(LegalBasisKind.STATUTORY_DUTY, "article 17"),
        parameters={"months": MonthRange("2029-11", "2030-04")},
    )
    return replace(made, **changes)


def asking_for(**changes: Any) -> Query:
    """The question, about a holder of whom something is different."""
    return query(holder=replace(query().holder, **changes))


def call(asked: Query | Refusal | None = None, **changes: Any) -> Call:
    made = Call("exchange-1", peer(), query() if asked is None else asked, NOW, EPOCH + 20.0, BINDING_KEY, EPOCH)
    return replace(made, **changes)


def caller(**changes: Any) -> Caller:
    day = timedelta(days=1)
    made = Caller("440100", faulty.CREDIT_CODE, faulty.SYSTEM, faulty.SOUND_URI, "f" * 64, "a1", NOW - day, NOW + day)
    return replace(made, **changes)


def permit(asked: Query | None = None, **changes: Any) -> Permit:
    return Permit(caller(), asked or query(), KIND, agreement(), SHOWN)._replace(**changes)


def way(asked: Query | None = None, through: Table | None = None) -> Route:
    """The route of a question, through a table."""
    through = through or table()
    return Route(permit(asked, type=through.type), through)
