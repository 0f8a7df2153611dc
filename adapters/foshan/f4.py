"""F4's dialect: social insurance (社会保险) through a front-end database, a request table and an answer that comes later.

Laws: pure; 办理状态 says whether there is an answer, 反馈代码 what it says, and the number of its rows that it is whole.
Source: docs/interfaces/foshan.md, F4.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from adapters.connectors.front_tables import Detail, FrontDialect, FrontTables
from adapters.connectors.verdict import CodeTable, Meaning

SYSTEM = "foshan.f4"
CREDENTIALS = frozenset({"account", "password"})

CODES: Final = CodeTable(
    str,
    {
        "00": Meaning.OK,
        "04": Meaning.NO_RECORD,
        "11": Meaning.REFUSED,
        "21": Meaning.REFUSED,
        "22": Meaning.REFUSED,
        "90": Meaning.UNAVAILABLE,
        "99": Meaning.UNAVAILABLE,
    },
)

COUNTERS: Mapping[str, FrontTables] = MappingProxyType(
    {
        "insuredProof": FrontTables(
            requests="qz_cbzm_sq",
            ticket="sqbh",
            moment="sqsj",
            moment_form="%Y%m%d%H%M%S",
            account="sqyh",
            constants=MappingProxyType({"clbz": "0"}),
            asked=("zjhm", "xm", "qsny", "zzny", "sxbm", "sxmc", "ywlsh"),
            responses="qz_cbzm_fk",
            flag="blzt",
            waiting=frozenset({"0", "1"}),
            done=frozenset({"2"}),
            code="fkdm",
            codes=CODES,
            holder="zjhm",
            columns=("xm", "zjhm", "dwmc", "dwxydm", "cbzt", "scny", "ljys", "jbjg", "dyrq", "zmbh"),
            details=(
                Detail(
                    part="jfmx",
                    table="qz_cbzm_jfmx",
                    ticket="sqbh",
                    order="xh",
                    columns=("jfny", "xz", "jfjs", "grjf", "dwjf"),
                    count="mxts",
                ),
            ),
        )
    }
)
OPERATIONS = frozenset(COUNTERS)


def dialect(account: str) -> FrontDialect:
    """Foshan's front-end database, for this account."""
    return FrontDialect(SYSTEM, account, COUNTERS)
