"""The bodies of Guangzhou that issue things, with synthetic unified social credit codes.

Laws: every code has both checks right (GB 32100, GB 11714); none is a real body's.
"""

from dataclasses import dataclass
from functools import lru_cache

from adapters.guangzhou.simulator.register import REGION
from adapters.simulation.identifiers import credit_code
from adapters.simulation.places import REGIONS

_CITY = REGIONS[REGION]


@dataclass(frozen=True, slots=True)
class Authority:
    """A body: its name, its credit code, and the division it is of."""

    name: str
    code: str
    division: str


def _body(kind: str, name: str, division: str, line: int) -> Authority:
    return Authority(name, credit_code(kind, division, f"M1{line:06d}"), division)


@lru_cache(maxsize=64)
def market_regulator(division: str) -> Authority:
    """The district's market regulator (市场监督管理局)."""
    return _body("11", f"{_CITY.name}{_CITY.divisions[division]}市场监督管理局", division, 101)


@lru_cache(maxsize=64)
def civil_affairs(division: str) -> Authority:
    """The district's civil affairs bureau (民政局)."""
    return _body("11", f"{_CITY.name}{_CITY.divisions[division]}民政局", division, 102)


@lru_cache(maxsize=64)
def tax_office(division: str) -> Authority:
    """The district's tax office."""
    return _body("11", f"国家税务总局{_CITY.name}{_CITY.divisions[division]}税务局", division, 103)


@lru_cache(maxsize=64)
def hospital(division: str) -> Authority:
    """The district's hospital for mothers and children (妇幼保健院)."""
    return _body("12", f"{_CITY.name}{_CITY.divisions[division]}妇幼保健院", division, 104)


@lru_cache(maxsize=64)
def education_bureau(division: str) -> Authority:
    """The district's education bureau (教育局)."""
    return _body("11", f"{_CITY.name}{_CITY.divisions[division]}教育局", division, 105)


@lru_cache(maxsize=64)
def disabled_federation(division: str) -> Authority:
    """The district's federation of the disabled (残疾人联合会)."""
    return _body("13", f"{_CITY.name}{_CITY.divisions[division]}残疾人联合会", division, 106)


TRAFFIC_POLICE = _body("11", "广州市公安局交通警察支队", REGION, 201)
TAX_BUREAU = _body("11", "国家税务总局广州市税务局", REGION, 202)
INSURANCE_FUND = _body("12", "广州市社会保险基金管理中心", REGION, 203)
LAND_REGISTRY = _body("12", "广州市不动产登记中心", REGION, 204)
FUND_CENTRE = _body("12", "广州住房公积金管理中心", REGION, 206)
MEDICAL_BUREAU = _body("11", "广州市医疗保障局", REGION, 205)
