"""Permits that organisations hold on G1: food business (食品经营许可证), private schools (民办学校办学许可证).

Laws: a licence is a function of the register's seed. Interface: docs/interfaces/guangzhou.md, G1.
"""

from datetime import date, timedelta

from adapters.guangzhou.simulator.authorities import education_bureau, market_regulator
from adapters.guangzhou.simulator.licences import FOOD, SCHOOL, Issue, Licence, chinese, issued, mostly_fine, years_after
from adapters.guangzhou.simulator.register import Register

_FOOD, _SCHOOL = 0.5, 0.4
_FOOD_STATES = {"10": "ISSUED", "20": "SUSPENDED", "30": "ABOLISHED"}
_SCHOOL_STATES = {"1": "ISSUED", "3": "SUSPENDED", "9": "ABOLISHED"}
_BUSINESS = {"1": "预包装食品销售;散装食品销售", "2": "热食类食品制售;冷食类食品制售", "3": "热食类食品制售"}
_SCHOOLS = {"111": "学前教育", "211": "小学教育", "311": "初级中学教育", "342": "高级中学教育", "900": "非学历文化教育培训"}


def food_business(register: Register, number: str, name: str | None) -> tuple[Licence, ...]:
    """食品经营许可证."""
    index = register.company_index(number, name)
    if index is None or not register.holds("food", index, _FOOD):
        return ()
    company, lot = register.companies[index], register.lot("food", index)
    issuer, day = market_regulator(company.division), date(2020, 7, 1) + timedelta(days=lot.randrange(1600))
    state, form = mostly_fine(lot, index, "10", ("20", "30")), lot.choice("123")
    permit = f"JY{form}{company.division}{lot.randrange(10**7):07d}"
    issue = Issue(
        item=FOOD,
        issuer=issuer,
        number=permit,
        holders=((company.name, company.code),),
        identity="31",
        issued=day,
        begins=day,
        ends=years_after(day, 5),
        status=_FOOD_STATES[state],
        serial=permit,
    )
    fields = {
        "XKZBH": permit,
        "JYZMC": company.name,
        "TYSHXYDM": company.code,
        "FDDBR": company.legal_person.name,
        "ZS": company.address,
        "JYCS": company.address if lot.random() < 1 / 2 else f"{company.address}之一",
        "ZTYT": form,
        "JYXM": _BUSINESS[form],
        "RCJGJG": f"{issuer.name}街道监管所",
        "FZJG": issuer.name,
        "FZJGDM": issuer.code,
        "FZRQ": chinese(day),
        "YXQZ": chinese(years_after(day, 5)),
        "ZT": state,
    }
    return (issued(issue, lot, index, fields),)


def school_operating(register: Register, number: str, name: str | None) -> tuple[Licence, ...]:
    """民办学校办学许可证."""
    index = register.company_index(number, name)
    if index is None or not register.holds("school", index, _SCHOOL):
        return ()
    company, lot = register.companies[index], register.lot("school", index)
    issuer, day = education_bureau(company.division), date(2018, 9, 1) + timedelta(days=lot.randrange(2200))
    state, kind = mostly_fine(lot, index, "1", ("3", "9")), lot.choice(tuple(_SCHOOLS))
    permit = f"教民1{company.division}{lot.randrange(10**8):08d}号"
    ends = years_after(day, 6)
    issue = Issue(
        item=SCHOOL,
        issuer=issuer,
        number=permit,
        holders=((company.name, company.code),),
        identity="31",
        issued=day,
        begins=day,
        ends=ends,
        status=_SCHOOL_STATES[state],
        serial=f"BX{day:%Y}{index:08d}",
    )
    fields = {
        "BXXKZH": permit,
        "XXMC": company.name,
        "TYSHXYDM": company.code,
        "XZXM": lot.choice(register.people).name,
        "JBZMC": lot.choice(register.companies).name,
        "XXLX": kind,
        "YLXZ": "1" if kind in {"211", "311"} else lot.choice("12"),
        "BXNR": _SCHOOLS[kind],
        "XXDZ": company.address,
        "ZGBM": issuer.name,
        "ZGBMDM": issuer.code,
        "FZRQ": f"{day:%Y%m%d}",
        "YXQZ": f"{ends:%Y%m%d}",
        "ZT": state,
    }
    return (issued(issue, lot, index, fields),)
