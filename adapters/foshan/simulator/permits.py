"""Foshan's permits of organisations: food business (食品经营许可证), private schools (民办学校办学许可证), in the words of F1.9.

Laws: functions of (company, index, seed) alone.
"""

from datetime import date

from adapters.foshan.simulator.licences import (
    CLOSED,
    FOOD_BUSINESS_LICENCE,
    NO_END,
    REGION,
    SCHOOL_OPERATING_LICENCE,
    TRUST_LEVELS,
    Issue,
    Licence,
    between,
    day_of,
    district,
    info_of,
    state_of,
    years_on,
)
from adapters.simulation.identifiers import credit_code
from adapters.simulation.population import Company, draw, forebear

_FORMS = {"食品销售经营者": "预包装食品销售", "餐饮服务经营者": "热食类食品制售", "单位食堂": "热食类食品制售"}
_SCHOOLS = {"幼儿园": "学前教育", "小学": "小学教育", "初级中学": "初中教育", "普通高中": "高中教育", "培训机构": "文化教育培训"}
_FOOD_STATES = (("有效", 88, "1"), ("暂停", 4, "3"), ("注销", 8, "2"))
_SCHOOL_STATES = (("正常", 90, "1"), ("停止招生", 4, "3"), ("终止", 6, "2"))


def food_business_licence(company: Company, index: int, seed: int) -> Licence:
    """食品经营许可证 of company `index`."""
    lot = draw(REGION, seed, "food", index)
    issued = between(lot, date(2020, 6, 1), CLOSED)
    own_state, state = state_of(lot, _FOOD_STATES, index)
    form = lot.choice(tuple(_FORMS))
    bureau = f"佛山市{district(company.division)}市场监督管理局"
    issue = Issue(
        type_code=FOOD_BUSINESS_LICENCE,
        number=f"JY{1 + tuple(_FORMS).index(form)}{company.division}{lot.randrange(10**7):07d}",
        issuer=bureau,
        issuer_code=credit_code("11", company.division, "M0000010"),
        serial=f"FS{issued.year}{index:06d}",
        issued=issued,
        begins=issued,
        ends=day_of(years_on(issued, 5)),
        state=state,
        trust=lot.choice(TRUST_LEVELS),
    )
    data = {
        "FZR": company.legal_person.name,
        "ZS": company.address,
        "JYCS": f"{company.address}首层",
        "ZTYT": form,
        "JYXM": _FORMS[form],
        "JGJG": f"{bureau}镇街所",
        "ZT": own_state,
    }
    return Licence(info_of(issue, (company.name,), (company.code,), "001"), data)


def school_operating_licence(company: Company, index: int, seed: int) -> Licence:
    """民办学校办学许可证 of company `index`; some are without end."""
    lot = draw(REGION, seed, "school", index)
    issued = between(lot, date(2018, 9, 1), CLOSED)
    own_state, state = state_of(lot, _SCHOOL_STATES, index)
    kind = lot.choice(tuple(_SCHOOLS))
    bureau = f"佛山市{district(company.division)}教育局"
    issue = Issue(
        type_code=SCHOOL_OPERATING_LICENCE,
        number=f"教民1{company.division}{lot.randrange(10**8):08d}号",
        issuer=bureau,
        issuer_code=credit_code("11", company.division, "M0000016"),
        serial=f"FS{issued.year}{index:06d}",
        issued=issued,
        begins=issued,
        ends=NO_END if lot.random() < 1 / 5 else day_of(years_on(issued, 5)),
        state=state,
        trust=lot.choice(TRUST_LEVELS),
    )
    data = {
        "XZ": forebear(REGION, index, seed, woman=True)[0],
        "JBZ": f"佛山市{lot.choice('粤岭鸿泰')}{lot.choice('华文学育')}教育投资有限公司",
        "XXLB": kind,
        "YLX": "N" if kind in {"小学", "初级中学"} else lot.choice("YN"),
        "BXNR": _SCHOOLS[kind],
        "XXDZ": company.address,
        "ZGJG": bureau,
        "ZT": own_state,
    }
    return Licence(info_of(issue, (company.name,), (company.code,), "001"), data)
