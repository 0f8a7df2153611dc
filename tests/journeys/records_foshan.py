"""What Foshan's own records say in canonical words, by hand after docs/interfaces/foshan.md.

Law: the gateway's tables are not looked at, so that a mistake in one of them shows as a difference.
"""

from decimal import Decimal
from functools import partial
from typing import Any

from adapters.foshan.simulator.licences import Licence
from adapters.foshan.simulator.records import Register
from adapters.simulation.population import company_situation, invoice, situation
from tests.journeys.canonical import CODES, Months, Plain, Truth, coded, day, expected, money, month

REGISTER = Register()

STATUS = {"1": "VALID", "2": "REVOKED", "3": "SUSPENDED", "4": "EXPIRED"}
SEX = {"1": "MALE", "2": "FEMALE"}
INSURED = {"1": "ACTIVE", "2": "SUSPENDED", "3": "ENDED"}
INSURANCE = {"01": "PENSION", "02": "UNEMPLOYMENT", "03": "WORK_INJURY"}
PLANNED_USE = {"11": "RESIDENTIAL", "12": "APARTMENT", "13": "VILLA", "19": "RESIDENTIAL"}
OWNERSHIP = {"D": "SOLE", "G": "JOINT", "A": "BY_SHARES"}
INCOME = {"01": "WAGES", "02": "LABOUR_SERVICES", "03": "AUTHORSHIP", "04": "ROYALTIES"}
ACCOUNT = {"0": "ACTIVE", "1": "SEALED", "2": "CLOSED"}
LICENCE = {"00": "VALID", "02": "SUSPENDED", "03": "EXPIRED", "04": "REVOKED"}
PAYMENT = {"Y": "PAID", "N": "UNPAID"}
SCHEME = {"310": "EMPLOYEE", "390": "RESIDENT"}
MEDICALLY_INSURED = {"1": "ACTIVE", "2": "SUSPENDED", "4": "ENDED"}
RIGHT_NATURE = {
    "市场化商品房": "MARKET_HOUSING",
    "房改房": "REFORM_HOUSING",
    "自建房": "SELF_BUILT",
    "拆迁安置房": "RESETTLEMENT",
}
TITLE_USE = {"住宅": "RESIDENTIAL", "公寓": "APARTMENT", "商业": "COMMERCIAL", "办公": "OFFICE", "车库": "PARKING"}
TITLE_OWNERSHIP = {"单独所有": "SOLE", "共同共有": "JOINT", "按份共有": "BY_SHARES"}
VEHICLE_TYPE = {
    "小型轿车": "SMALL_SALOON",
    "小型越野客车": "SMALL_OFF_ROAD",
    "小型普通客车": "SMALL_COACH",
    "轻型普通货车": "LIGHT_TRUCK",
}
VEHICLE_USE = {"非营运": "PRIVATE", "公路客运": "ROAD_PASSENGER", "出租客运": "TAXI", "货运": "FREIGHT"}
FOOD_FORM = {"食品销售经营者": "FOOD_SALES", "餐饮服务经营者": "CATERING", "单位食堂": "CANTEEN"}
SCHOOL_TYPE = {
    "幼儿园": "KINDERGARTEN",
    "小学": "PRIMARY",
    "初级中学": "JUNIOR_SECONDARY",
    "普通高中": "SENIOR_SECONDARY",
    "培训机构": "TRAINING",
}
DISABILITY = {
    "视力": "VISUAL",
    "听力": "HEARING",
    "言语": "SPEECH",
    "肢体": "PHYSICAL",
    "智力": "INTELLECTUAL",
    "精神": "MENTAL",
    "多重": "MULTIPLE",
}
GRADE = {"一级": "GRADE_1", "二级": "GRADE_2", "三级": "GRADE_3", "四级": "GRADE_4"}
TAX = {
    "增值税": "VALUE_ADDED_TAX",
    "企业所得税": "CORPORATE_INCOME_TAX",
    "个人所得税": "PERSONAL_INCOME_TAX",
    "城市维护建设税": "CITY_MAINTENANCE_TAX",
    "房产税": "PROPERTY_TAX",
    "印花税": "STAMP_DUTY",
    "契税": "DEED_TAX",
}
INVOICE = {"S": "ELECTRONIC_SPECIAL", "P": "ELECTRONIC_ORDINARY", "ZS": "PAPER_SPECIAL", "ZP": "PAPER_ORDINARY"}
INVOICE_STATUS = {"正常": "NORMAL", "作废": "VOIDED", "全额红冲": "OFFSET", "部分红冲": "PARTLY_OFFSET"}
VEHICLE_CATEGORY = {"乘用车": "PASSENGER_CAR", "客车": "BUS", "货车": "TRUCK", "摩托车": "MOTORCYCLE"}
COMPANY = {
    "1130": "SOLE_SHAREHOLDER_LIMITED",
    "1150": "SOLE_SHAREHOLDER_LIMITED",
    "1190": "LIMITED_LIABILITY",
    "1219": "JOINT_STOCK",
}


def _business(licence: Licence) -> Plain:
    face = licence.data
    return expected(
        "business-licence",
        [(face["QYMC"], "001", face["TYSHXYDM"], "")],
        **_licence(licence, number=face["TYSHXYDM"], issued_on=day(face["HZRQ"])),
        valid_from=day(face["YYQXQ"]),
        valid_to=_end(face["YYQXZ"]),
        enterprise_type=coded(COMPANY, face["LXDM"]),
        legal_representative=face["FDDBR"],
        registered_capital=money(Decimal(face["ZCZB"]) * 10_000),
        established_on=day(face["CLRQ"]),
        address=face["ZS"],
        business_scope=face["JYFW"],
    )


def _driving(licence: Licence) -> Plain:
    face, info = licence.data, licence.info
    return expected(
        "driving-licence",
        [(info["CZZT"], "111", info["CZZTDM"], "")],
        **_licence(licence, number=info["CZZTDM"], issued_on=day(info["ZZBFRQ"])),
        valid_from=day(face["YXQQ"]),
        valid_to=_end(face["YXQZ"]),
        sex=coded(SEX, face["XBDM"]),
        nationality=face["GJDM"],
        address=face["ZZ"],
        born_on=day(face["CSRQ"]),
        first_issued_on=day(face["CCLZRQ"]),
        vehicle_class=face["ZJCX"],
        file_number=face["DABH"],
        demerit_points=int(face["LJJF"]),
    )


def _marriage(licence: Licence) -> Plain:
    face, info = licence.data, licence.info
    joined = (info["CZZT"].split("^"), info["CZZTDM"].split("^"), face["XBDM"].split("^"))
    return expected(
        "marriage-certificate",
        [(name, "111", number, SEX[sex]) for name, number, sex in zip(*joined, strict=True)],
        **_licence(licence, number=face["JHZZH"], issued_on=day(info["ZZBFRQ"])),
        **({"remark": face["BZ"]} if "BZ" in face else {}),
    )


def _title(licence: Licence) -> Plain:
    face, info = licence.data, licence.info
    owners = list(zip(info["CZZT"].split("^"), info["CZZTDM"].split("^"), strict=True))
    shares = face["QLBL"].split("^") if "QLBL" in face else [None] * len(owners)
    return expected(
        "real-estate-title",
        [(name, "111", number, "") for name, number in owners],
        **_licence(licence, number=info["ZZBH"], issued_on=day(info["ZZBFRQ"])),
        unit_number=face["BDCDYH"],
        location=face["ZL"],
        right_type=face["QLLX"],
        right_nature=coded(RIGHT_NATURE, face["QLXZ"]),
        planned_use=coded(TITLE_USE, face["GHYT"]),
        ownership=coded(TITLE_OWNERSHIP, face["GYQK"]),
        owners=[
            {"name": name, "id_number": number, **({} if share is None else {"share": share})}
            for (name, number), share in zip(owners, shares, strict=True)
        ],
        floor_area=Decimal(face["JZMJ"]),
        **({"land_use_until": day(face["TDSYQZZ"])} if "TDSYQZZ" in face else {}),
        registered_on=day(face["DJRQ"]),
        **({"remark": face["FJ"]} if "FJ" in face else {}),
    )


def _vehicle(licence: Licence) -> Plain:
    face, info = licence.data, licence.info
    return expected(
        "vehicle-licence",
        [(info["CZZT"], info["CZZTDMLXDM"], info["CZZTDM"], "")],
        **_licence(licence, number=info["ZZBH"], issued_on=day(info["ZZBFRQ"])),
        plate_number=face["HPHM"],
        vehicle_type=coded(VEHICLE_TYPE, face["CLLX"]),
        address=face["ZZ"],
        use=coded(VEHICLE_USE, face["SYXZ"]),
        model=face["PPXH"],
        vin=face["CLSBDM"],
        engine_number=face["FDJHM"],
        registered_on=day(face["ZCRQ"]),
        seats=int(face["HDZRS"]),
        gross_mass=int(face["ZZL"]),
        inspection_valid_to=month(face["JYYXQ"]),
    )


def _birth(licence: Licence) -> Plain:
    face, info = licence.data, licence.info
    return expected(
        "birth-certificate",
        [(info["CZZT"], "111", info["CZZTDM"], "")],
        **_licence(licence, number=info["ZZBH"], issued_on=day(info["ZZBFRQ"])),
        sex=coded({"男": "MALE", "女": "FEMALE"}, face["XB"]),
        born_on=day(face["CSRQ"]),
        birthplace=face["CSDD"],
        gestation=int(face["YZ"]),
        weight=int(face["TZ"]),
        length=int(face["SC"]),
        mother=face["MQXM"],
        mother_id_number=face["MQZJHM"],
        **({"father": face["FQXM"], "father_id_number": face["FQZJHM"]} if "FQXM" in face else {}),
    )


def _food(licence: Licence) -> Plain:
    face, info = licence.data, licence.info
    return expected(
        "food-business-licence",
        [(info["CZZT"], "001", info["CZZTDM"], "")],
        **_licence(licence, number=info["ZZBH"], issued_on=day(info["ZZBFRQ"])),
        **_term(licence),
        legal_representative=face["FZR"],
        address=face["ZS"],
        premises=face["JYCS"],
        business_form=coded(FOOD_FORM, face["ZTYT"]),
        business_items=face["JYXM"],
        supervised_by=face["JGJG"],
    )


def _school(licence: Licence) -> Plain:
    face, info = licence.data, licence.info
    return expected(
        "school-operating-licence",
        [(info["CZZT"], "001", info["CZZTDM"], "")],
        **_licence(licence, number=info["ZZBH"], issued_on=day(info["ZZBFRQ"])),
        **_term(licence),
        principal=face["XZ"],
        organiser=face["JBZ"],
        school_type=coded(SCHOOL_TYPE, face["XXLB"]),
        profit=coded({"N": "NON_PROFIT", "Y": "FOR_PROFIT"}, face["YLX"]),
        teaching=face["BXNR"],
        address=face["XXDZ"],
        supervised_by=face["ZGJG"],
    )


def _disability(licence: Licence) -> Plain:
    face, info = licence.data, licence.info
    return expected(
        "disability-certificate",
        [(info["CZZT"], "111", info["CZZTDM"], "")],
        **_licence(licence, number=info["ZZBH"], issued_on=day(info["ZZBFRQ"])),
        **_term(licence),
        sex=coded(SEX, face["XBDM"]),
        born_on=day(face["CSRQ"]),
        category=coded(DISABILITY, face["CJLB"]),
        grade=coded(GRADE, face["CJDJ"]),
        address=face["JTZZ"],
        **({"guardian": face["JHRXM"]} if "JHRXM" in face else {}),
    )


def _term(licence: Licence) -> dict[str, str]:
    return {"valid_from": day(licence.info["ZZYXQQSRQ"]), "valid_to": _end(licence.info["ZZYXQJZRQ"])}


def _licence(licence: Licence, **values: str) -> dict[str, Any]:
    info = licence.info
    return {
        "identifier": info["ZZBS"],
        "issuer": info["ZZBFJG"],
        "issuer_code": info["ZZBFJGDM"],
        "status": STATUS[info["ZZZT"]],
        **values,
    }


def _end(text: str) -> str:
    return "" if text == "99991231" else day(text)


def _insurance(number: str, months: Months) -> list[Plain]:
    said = REGISTER.insured_proof(number, *_span(months))
    if said is None:
        return []
    return [
        expected(
            "social-insurance-proof",
            [(said["personName"], "111", said["idNo"], "")],
            number=said["proofNo"],
            issuer=said["agency"],
            issued_on=day(said["printDate"]),
            employer=said["unitName"],
            employer_code=said["unitCreditCode"],
            insured_status=coded(INSURED, said["insureState"]),
            insured_since=month(said["firstMonth"]),
            months_paid=said["paidMonths"],
            contributions=[
                {
                    "month": month(row["month"]),
                    "insurance": coded(INSURANCE, row["kind"]),
                    "base": _fen(row["payBase"]),
                    "personal_amount": _fen(row["personPay"]),
                    "employer_amount": _fen(row["unitPay"]),
                }
                for row in said["payList"]
            ],
        )
    ]


def _housing(number: str, _: Months) -> list[Plain]:
    said = REGISTER.house_record(number)
    if said["wfbz"] == "1":
        return []
    return [
        expected(
            "housing-record",
            [(said["xm"], "111", said["zjhm"], "")],
            number=said["zmbh"],
            issuer=said["cjjg"],
            issued_on=day(said["cjrq"]),
            homes=[
                {
                    "title_number": row["bdcqzh"],
                    "location": row["zl"],
                    "floor_area": Decimal(row["jzmj"]),
                    "planned_use": coded(PLANNED_USE, row["ghyt"]),
                    "ownership": coded(OWNERSHIP, row["gyqk"]),
                    **({"share": row["gyfe"]} if "gyfe" in row else {}),
                    "registered_on": day(row["djrq"]),
                }
                for row in said["fwxx"]
            ],
        )
    ]


def _tax(number: str, months: Months) -> list[Plain]:
    said = REGISTER.income_tax(number, *_span(months))
    if said is None:
        return []
    return [
        expected(
            "income-tax-statement",
            [(said["NSRXM"], "111", said["NSRSBH"], "")],
            number=said["QDBH"],
            issuer=said["KJJG"],
            issued_on=day(said["KJRQ"]),
            total_tax=money(Decimal(said["HJSE"])),
            payments=[
                {
                    "period": row["SKSSQ"],
                    "income_item": coded(INCOME, row["SDXM"]),
                    "withholding_agent": row["KJYWRMC"],
                    "income": money(Decimal(row["SRE"])),
                    "tax": money(Decimal(row["YJSE"])),
                    "tax_authority": row["ZGSWJG"],
                }
                for row in said["MXLB"]
            ],
        )
    ]


def _medical(number: str, months: Months) -> list[Plain]:
    said = REGISTER.account_transfers(number, *_span(months))
    if said is None:
        return []
    person, account = said["psninfo"], said["acct"]
    return [
        expected(
            "medical-insurance-statement",
            [(person["psnName"], "111", person["certno"], "")],
            number=said["docNo"],
            issuer=said["agency"],
            issued_on=day(said["makeTime"][:10]),
            insured_place=person["insuAdmdvs"],
            scheme=coded(SCHEME, person["insutype"]),
            insured_status=coded(MEDICALLY_INSURED, person["psnInsuStas"]),
            balance=_fen(account["balc"]),
            total_allocated=_fen(account["transferSum"]),
            allocations=[
                {
                    "month": month(row["accrym"]),
                    "employer": row["empName"],
                    "base": _fen(row["base"]),
                    "personal_amount": _fen(row["psnPart"]),
                    "employer_amount": _fen(row["empPart"]),
                    "amount": _fen(row["total"]),
                    "credited_on": day(row["crtTime"][:10]),
                }
                for row in said["transfers"]
            ],
        )
    ]


def _fund(number: str, months: Months) -> list[Plain]:
    said = REGISTER.deposit_proof(number, *_span(months))
    if said is None:
        return []
    return [
        expected(
            "provident-fund-statement",
            [(said["name"], "111", said["idCard"], "")],
            number=said["certNo"],
            issuer=said["center"],
            issued_on=day(said["certDate"]),
            account_number=said["accountNo"],
            employer=said["unit"],
            employer_code=said["unitCode"],
            account_status=coded(ACCOUNT, said["state"]),
            opened_on=day(said["openDate"]),
            balance=_fen(said["balance"]),
            base=_fen(said["base"]),
            personal_rate=Decimal(said["psnRate"]),
            employer_rate=Decimal(said["unitRate"]),
            deposits=[
                {
                    "month": row["ym"],
                    "personal_amount": _fen(row["psn"]),
                    "employer_amount": _fen(row["unit"]),
                    "amount": _fen(row["sum"]),
                    "credited_on": day(row["date"]),
                }
                for row in said["rows"]
            ],
        )
    ]


def _traffic(number: str, months: Months) -> list[Plain]:
    said = REGISTER.fine_record(number, *_span(months))
    if said is None:
        return []
    return [
        expected(
            "traffic-fine-record",
            [(said["XM"], "111", said["JSZH"], "")],
            number=said["ZMBH"],
            issuer=said["CJDW"],
            issued_on=day(said["CJRQ"]),
            licence_status=coded(LICENCE, said["JSZZT"]),
            demerit_points=int(said["LJJF"]),
            unpaid_total=money(Decimal(said["WJHJ"])),
            fines=[
                {
                    "decision_number": row["JDSH"],
                    "violated_on": day(row["WFRQ"]),
                    "place": row["WFDD"],
                    "offence": row["WFXW"],
                    "plate_number": row["HPHM"],
                    "amount": money(Decimal(row["FKJE"])),
                    "points": int(row["JF"]),
                    "payment": coded(PAYMENT, row["JKZT"]),
                }
                for row in said["FKLB"]
            ],
        )
    ]


def _tax_paid(number: str, months: Months) -> list[Plain]:
    said = REGISTER.tax_paid(number, *_span(months))
    if said is None:
        return []
    return [
        expected(
            "tax-payment-proof",
            [(said["NSRMC"], {"自然人": "111", "企业": "001"}[said["NSRLX"]], said["NSRSBH"], "")],
            number=said["WSZH"],
            issuer=said["KJJG"],
            issued_on=day(said["KJSJ"][:10]),
            total_paid=_fen(said["HJJE"]),
            payments=[
                {
                    "voucher_number": row["SPH"],
                    "tax": coded(TAX, row["SZ"]),
                    "period_from": day(row["SSQS"]),
                    "period_to": day(row["SSZZ"]),
                    "amount": _fen(row["SJJE"]),
                    "paid_on": day(row["RKRQ"]),
                }
                for row in said["MX"]
            ],
        )
    ]


def _invoice(number: str, _: Months) -> list[Plain]:
    said = REGISTER.checked_invoice(number)
    if said is None:
        return []
    return [
        expected(
            "invoice-check",
            [(said["XF"]["MC"], "001", said["XF"]["SBH"], "")],
            number=said["CYBH"],
            issuer=said["CYDW"],
            issued_on=day(said["CYRQ"]),
            invoice_number=said["FPHM"],
            invoice_kind=coded(INVOICE, said["FPZL"]),
            invoiced_on=day(said["KPRQ"]),
            invoice_status=coded(INVOICE_STATUS, said["FPZT"]),
            buyer=said["GF"]["MC"],
            **({"buyer_code": said["GF"]["SBH"]} if said["GF"]["SBH"] else {}),
            amount=money(Decimal(said["JE"])),
            tax=money(Decimal(said["SE"])),
            total=money(Decimal(said["JSHJ"])),
            items=[
                {
                    "description": row["MC"],
                    **({"unit": row["DW"]} if "DW" in row else {}),
                    **({"quantity": Decimal(row["SHL"])} if "SHL" in row else {}),
                    **({"unit_price": money(Decimal(row["DJ"]))} if "DJ" in row else {}),
                    "amount": money(Decimal(row["JE"])),
                    **({} if row["SL"] == "免税" else {"tax_rate": Decimal(row["SL"])}),
                    "tax": money(Decimal(row["SE"])),
                }
                for row in said["HW"]
            ],
        )
    ]


def _vehicle_tax(number: str, months: Months) -> list[Plain]:
    said = REGISTER.vehicle_tax(number, *_span(months))
    if said is None:
        return []
    return [
        expected(
            "vehicle-tax-record",
            [(said["ownerName"], {"P": "111", "E": "001"}[said["ownerKind"]], said["ownerNo"], "")],
            number=said["docNo"],
            issuer=said["bureau"],
            issued_on=day(said["docDate"]),
            total_paid=money(Decimal(said["sumPaid"])),
            payments=[
                {
                    "plate_number": row["plate"],
                    "vehicle_category": coded(VEHICLE_CATEGORY, row["kind"]),
                    "tax_year": int(row["year"]),
                    "tax": money(Decimal(row["tax"])),
                    "late_fee": money(Decimal(row["lateFee"])),
                    "paid_on": day(row["payDate"]),
                    "collected_by": row["agent"],
                }
                for row in said["list"]
            ],
        )
    ]


def _span(months: Months) -> tuple[tuple[int, int], tuple[int, int]]:
    first, last = ((int(each[:4]), int(each[5:])) for each in months)
    return first, last


def _fen(amount: int) -> str:
    return money(Decimal(amount) / 100)


_FACES = {
    "business-licence": _business,
    "driving-licence": _driving,
    "marriage-certificate": _marriage,
    "real-estate-title": _title,
    "vehicle-licence": _vehicle,
    "birth-certificate": _birth,
    "food-business-licence": _food,
    "school-operating-licence": _school,
    "disability-certificate": _disability,
}
_CERTIFICATES = {
    "social-insurance-proof": _insurance,
    "housing-record": _housing,
    "income-tax-statement": _tax,
    "medical-insurance-statement": _medical,
    "provident-fund-statement": _fund,
    "traffic-fine-record": _traffic,
    "tax-payment-proof": _tax_paid,
    "invoice-check": _invoice,
    "vehicle-tax-record": _vehicle_tax,
}


def papers(kind: str, number: str, months: Months) -> tuple[Plain, ...]:
    """What the city holds of this kind about this holder, in the city's order."""
    if kind in _FACES:
        return tuple(_FACES[kind](each) for each in REGISTER.licences(CODES[kind][0], number))
    return tuple(_CERTIFICATES[kind](number, months))


def oddities(kind: str, number: str) -> frozenset[str]:
    """Whether an element is there and empty."""
    held = REGISTER.licences(CODES[kind][0], number) if kind in _FACES else ()
    return frozenset("empty trust level" for licence in held if not licence.info["ZZKXDJ"])


TRUTH = Truth(
    region="440600",
    people=REGISTER.people,
    companies=REGISTER.companies,
    papers=papers,
    oddities=oddities,
    situation=partial(situation, "440600", count=len(REGISTER.people), seed=REGISTER.seed),
    standing=partial(company_situation, "440600", seed=REGISTER.seed),
    invoice=partial(invoice, "440600", seed=REGISTER.seed),
)
