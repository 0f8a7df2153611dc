"""Foshan's real-estate titles (不动产权证书) and vehicle licences (机动车行驶证), in the words of F1.9.

Laws: functions of (owners, index, seed) alone; shares are joined by "^" in the order of the owners, and not there where nobody has one.
"""

from datetime import date

from adapters.foshan.simulator.licences import (
    CLOSED,
    NO_END,
    REAL_ESTATE_TITLE,
    REGION,
    TRUST_LEVELS,
    VEHICLE_LICENCE,
    Issue,
    Licence,
    between,
    day_of,
    info_of,
    state_of,
    years_on,
)
from adapters.simulation.identifiers import credit_code
from adapters.simulation.places import REGIONS, STREETS
from adapters.simulation.population import Company, Person, draw

_SHARES = ("50%^50%", "60%^40%", "1/3^2/3")
_NATURES = ("市场化商品房", "市场化商品房", "房改房", "自建房", "拆迁安置房")
_USES = ("住宅", "住宅", "住宅", "公寓", "商业", "办公", "车库")
_TYPES, _PURPOSES = ("小型轿车", "小型越野客车", "小型普通客车", "轻型普通货车"), ("非营运", "公路客运", "出租客运", "货运")
_MODELS = ("岭泰牌LT6460", "汾江牌FJ7000BEV", "陶都牌TD1041")
_TITLE_STATES = (("现势", 95, "1"), ("注销", 5, "2"))
_VEHICLE_STATES = (("正常", 90, "1"), ("逾期未检验", 5, "4"), ("注销", 5, "2"))


def real_estate_title(owners: tuple[Person, ...], index: int, seed: int) -> Licence:
    """不动产权证书 of one owner, or of a couple of which the first stands at `index`."""
    lot = draw(REGION, seed, "title", len(owners), index)
    registered = between(lot, date(2016, 1, 1), CLOSED)
    own_state, state = state_of(lot, _TITLE_STATES, index)
    division = lot.choice(tuple(REGIONS[REGION].divisions))
    district = REGIONS[REGION].divisions[division]
    number = f"粤({registered.year})佛{district[0]}不动产权第{lot.randrange(10**7):07d}号"
    issue = Issue(
        type_code=REAL_ESTATE_TITLE,
        number=number,
        issuer="佛山市自然资源局",
        issuer_code=credit_code("11", REGION, "M0000013"),
        serial=f"FS{registered.year}{len(owners)}{index:06d}",
        issued=registered,
        begins=registered,
        ends=NO_END,
        state=state,
        trust=lot.choice(TRUST_LEVELS),
    )
    form = "单独所有" if len(owners) == 1 else "按份共有" if index == 0 else lot.choice(("共同共有", "按份共有"))
    area = lot.randrange(2_000, 22_000)
    data = {
        "BDCDYH": f"{division}{lot.randrange(10**6):06d}GB{lot.randrange(10**5):05d}F{lot.randrange(10**8):08d}",
        "ZL": f"广东省佛山市{district}{lot.choice(STREETS)}{lot.randrange(1, 400)}号",
        "QLLX": "国有建设用地使用权/房屋所有权",
        "QLXZ": lot.choice(_NATURES),
        "GHYT": lot.choice(_USES),
        "GYQK": form,
        "JZMJ": f"{area // 100}.{area % 100:02d}",
        "DJRQ": day_of(registered),
        "QSZT": own_state,
    }
    if form == "按份共有":
        data["QLBL"] = lot.choice(_SHARES)
    if lot.random() < 3 / 4:
        data["TDSYQZZ"] = day_of(years_on(registered, lot.choice((40, 70))))
    if index == 0 or lot.random() < 1 / 4:
        data["FJ"] = "已设立抵押权"
    names, numbers = tuple(each.name for each in owners), tuple(each.number for each in owners)
    return Licence(info_of(issue, names, numbers, "111"), data)


def vehicle_licence(holder: Person | Company, index: int, which: int, seed: int) -> Licence:
    """机动车行驶证 of vehicle `which` of a person or a company."""
    company = isinstance(holder, Company)
    lot = draw(REGION, seed, "vehicle", company, index, which)
    registered = between(lot, date(2012, 1, 1), date(2024, 6, 30))
    issued = between(lot, registered, CLOSED)
    own_state, state = state_of(lot, _VEHICLE_STATES, index)
    core = f"44{lot.randrange(10**11):011d}"
    issue = Issue(
        type_code=VEHICLE_LICENCE,
        number=core,
        issuer="佛山市公安局交通警察支队",
        issuer_code=credit_code("11", REGION, "M0000011"),
        serial=f"FS{core}",
        issued=issued,
        begins=registered,
        ends=NO_END,
        state=state,
        trust=lot.choice(TRUST_LEVELS),
    )
    kind = lot.choice(_TYPES)
    data = {
        "HPHM": f"粤E{lot.randrange(10**5):05d}",
        "CLLX": kind,
        "ZZ": holder.address,
        "SYXZ": lot.choice(_PURPOSES),
        "PPXH": lot.choice(_MODELS),
        "CLSBDM": f"LFSN{lot.randrange(10**13):013d}",
        "FDJHM": f"F{lot.randrange(10**7):07d}",
        "ZCRQ": day_of(registered),
        "HDZRS": "2" if kind == "轻型普通货车" else lot.choice("57"),
        "ZZL": str(lot.randrange(1100, 4400, 5)),
        "JYYXQ": f"{2025 + lot.randrange(3)}{lot.randrange(1, 13):02d}",
        "JDCZT": own_state,
    }
    number = holder.code if isinstance(holder, Company) else holder.number
    return Licence(info_of(issue, (holder.name,), (number,), "001" if company else "111"), data)
