"""What Guangzhou's own records say in canonical words, by hand after docs/interfaces/guangzhou.md.

Law: the gateway's tables are not looked at, so that a mistake in one of them shows as a difference.
"""

import unicodedata
from decimal import Decimal
from functools import partial
from typing import Any

from adapters.guangzhou.simulator.records import Licence, Records
from adapters.simulation.population import invoice
from tests.journeys.canonical import Months, Plain, Truth, coded, day, expected, money, month

RECORDS = Records.of()
ITEMS = {
    "business-licence": "100012001",
    "driving-licence": "100034007",
    "marriage-certificate": "100051003",
    "real-estate-title": "100025001",
    "vehicle-licence": "100034008",
    "birth-certificate": "100068002",
    "food-business-licence": "100093005",
    "school-operating-licence": "100072004",
    "disability-certificate": "100081006",
}

LICENCE_STATUS = {"ISSUED": "VALID", "SUSPENDED": "SUSPENDED", "ABOLISHED": "REVOKED"}
SEX = {"1": "MALE", "2": "FEMALE"}
INSURED = {"1": "ACTIVE", "2": "SUSPENDED", "3": "ENDED"}
INSURANCE = {"110": "PENSION", "210": "UNEMPLOYMENT", "410": "WORK_INJURY"}
PLANNED_USE = {"成套住宅": "RESIDENTIAL", "非成套住宅": "RESIDENTIAL", "别墅": "VILLA", "商住两用": "OTHER"}
OWNERSHIP = {"单独所有": "SOLE", "共同共有": "JOINT", "按份共有": "BY_SHARES"}
INCOME = {"0101": "WAGES", "0400": "LABOUR_SERVICES", "0500": "AUTHORSHIP", "0802": "INTEREST_DIVIDENDS"}
ACCOUNT = {"01": "ACTIVE", "02": "SEALED", "09": "CLOSED"}
LICENCE = {"A": "VALID", "B": "SUSPENDED", "M": "REVOKED", "R": "EXPIRED"}
PAYMENT = {"0": "UNPAID", "1": "PAID"}
SCHEME = {"31": "EMPLOYEE", "39": "RESIDENT"}
MEDICALLY_INSURED = {"A": "ACTIVE", "P": "SUSPENDED", "T": "ENDED"}
RIGHT_NATURE = {"101": "SELF_BUILT", "102": "MARKET_HOUSING", "105": "REFORM_HOUSING", "107": "RESETTLEMENT"}
TITLE_USE = {"11": "RESIDENTIAL", "12": "APARTMENT", "21": "COMMERCIAL", "31": "PARKING"}
TITLE_OWNERSHIP = {"0": "SOLE", "1": "JOINT", "2": "BY_SHARES"}
VEHICLE_TYPE = {"K33": "SMALL_SALOON", "K32": "SMALL_OFF_ROAD", "K31": "SMALL_COACH", "H31": "LIGHT_TRUCK"}
VEHICLE_USE = {"A": "PRIVATE", "B": "ROAD_PASSENGER", "D": "TAXI", "F": "FREIGHT"}
FOOD_FORM = {"1": "FOOD_SALES", "2": "CATERING", "3": "CANTEEN"}
SCHOOL_TYPE = {"111": "KINDERGARTEN", "211": "PRIMARY", "311": "JUNIOR_SECONDARY", "342": "SENIOR_SECONDARY", "900": "TRAINING"}
PROFIT = {"1": "NON_PROFIT", "2": "FOR_PROFIT"}
DISABILITY = {
    "1": "VISUAL",
    "2": "HEARING",
    "3": "SPEECH",
    "4": "PHYSICAL",
    "5": "INTELLECTUAL",
    "6": "MENTAL",
    "7": "MULTIPLE",
}
GRADE = {each: f"GRADE_{each}" for each in "1234"}
TAXPAYER = {"1": "111", "2": "001"}
TAX = {
    "10101": "VALUE_ADDED_TAX",
    "10104": "CORPORATE_INCOME_TAX",
    "10106": "PERSONAL_INCOME_TAX",
    "10109": "CITY_MAINTENANCE_TAX",
    "10110": "PROPERTY_TAX",
    "10111": "STAMP_DUTY",
}
INVOICE = {"81": "ELECTRONIC_SPECIAL", "82": "ELECTRONIC_ORDINARY", "85": "PAPER_SPECIAL", "86": "PAPER_ORDINARY"}
INVOICE_STATUS = {"0": "NORMAL", "2": "VOIDED", "3": "OFFSET", "7": "PARTLY_OFFSET"}
VEHICLE_CATEGORY = {"1": "PASSENGER_CAR", "2": "BUS", "3": "TRUCK", "4": "MOTORCYCLE"}
COMPANY = {
    "1130": "LIMITED_LIABILITY",
    "1151": "SOLE_SHAREHOLDER_LIMITED",
    "1190": "LIMITED_LIABILITY",
    "1219": "JOINT_STOCK",
}


def _business(licence: Licence) -> Plain:
    face = licence.fields
    return expected(
        "business-licence",
        [(face["MC"], "001", face["TYSHXYDM"], "")],
        **_licence(
            licence, number=face["TYSHXYDM"], issuer=face["DJJG"], issuer_code=face["DJJGDM"], issued_on=day(face["HZRQ"])
        ),
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
    face = licence.fields
    return expected(
        "driving-licence",
        [(face["XM"], "111", face["SFZMHM"], "")],
        **_licence(licence, number=face["SFZMHM"], issuer=face["FZJG"], issuer_code=face["FZJGDM"], issued_on=day(face["YXQS"])),
        valid_from=day(face["YXQS"]),
        valid_to=_end(face["YXQZ"]),
        sex=coded(SEX, face["XB"]),
        nationality=face["GJ"],
        address=face["ZZ"],
        born_on=day(face["CSRQ"]),
        first_issued_on=day(face["CCLZRQ"]),
        vehicle_class=face["ZJCX"],
        file_number=face["DABH"],
        demerit_points=face["LJJF"],
    )


def _marriage(licence: Licence) -> Plain:
    face = licence.fields
    husband = (face["NFXM"], "111", face["NFZJHM"], "MALE")
    wife = (face["VFXM"], "111", face["VFZJHM"], "FEMALE")
    return expected(
        "marriage-certificate",
        [husband, wife],
        **_licence(licence, number=face["JHZZH"], issuer=face["DJJG"], issuer_code=face["DJJGDM"], issued_on=day(face["DJRQ"])),
        **({} if face["BZ"] is None else {"remark": face["BZ"]}),
    )


def _title(licence: Licence) -> Plain:
    face, head = licence.fields, licence.head
    owners = list(zip(head["holder_name"].split(","), head["holder_identity_num"].split(","), strict=True))
    shares = face["GYFE"].split(",") if face["GYFE"] else [None] * len(owners)
    return expected(
        "real-estate-title",
        [(name, "111", number, "") for name, number in owners],
        **_licence(licence, number=face["BDCQZH"], issuer=face["DJJG"], issuer_code=face["DJJGDM"], issued_on=day(face["DJSJ"])),
        unit_number=face["BDCDYH"],
        location=face["ZL"],
        right_type=face["QLLX"],
        right_nature=coded(RIGHT_NATURE, face["QLXZ"]),
        planned_use=coded(TITLE_USE, face["GHYT"]),
        ownership=coded(TITLE_OWNERSHIP, face["GYFS"]),
        owners=[
            {"name": name, "id_number": number, **({} if share is None else {"share": share})}
            for (name, number), share in zip(owners, shares, strict=True)
        ],
        floor_area=Decimal(face["JZMJ"]),
        **({} if face["SYQJSSJ"] is None else {"land_use_until": day(face["SYQJSSJ"])}),
        registered_on=day(face["DJSJ"]),
        **({} if face["FJ"] is None else {"remark": face["FJ"]}),
    )


def _vehicle(licence: Licence) -> Plain:
    face, head = licence.fields, licence.head
    identity = {"10": "111", "31": "001"}[head["holder_identity_type"]]
    return expected(
        "vehicle-licence",
        [(face["SYR"], identity, head["holder_identity_num"], "")],
        **_licence(licence, number=head["id_code"], issuer=face["FZJG"], issuer_code=face["FZJGDM"], issued_on=day(face["FZRQ"])),
        plate_number=face["HPHM"],
        vehicle_type=coded(VEHICLE_TYPE, face["CLLX"]),
        address=face["ZZ"],
        use=coded(VEHICLE_USE, face["SYXZ"]),
        model=face["PPXH"],
        vin=face["CLSBDH"],
        engine_number=face["FDJH"],
        registered_on=day(face["ZCRQ"]),
        seats=face["HDZK"],
        gross_mass=face["ZZL"],
        inspection_valid_to=f"{face['JYYXQZ'][:4]}-{face['JYYXQZ'][5:7]}",
    )


def _birth(licence: Licence) -> Plain:
    face = licence.fields
    return expected(
        "birth-certificate",
        [(face["XSEXM"], "111", face["XSEZJHM"], "")],
        **_licence(licence, number=face["BH"], issuer=face["QFJG"], issuer_code=face["QFJGDM"], issued_on=day(face["QFRQ"])),
        sex=coded(SEX, face["XSEXB"]),
        born_on=day(face["CSSJ"][:10]),
        birthplace=face["CSD"],
        gestation=face["CSYZ"],
        weight=face["CSTZ"],
        length=face["CSSC"],
        mother=face["MQXM"],
        mother_id_number=face["MQZJHM"],
        **({} if face["FQXM"] is None else {"father": face["FQXM"], "father_id_number": face["FQZJHM"]}),
    )


def _food(licence: Licence) -> Plain:
    face = licence.fields
    return expected(
        "food-business-licence",
        [(face["JYZMC"], "001", face["TYSHXYDM"], "")],
        **_licence(licence, number=face["XKZBH"], issuer=face["FZJG"], issuer_code=face["FZJGDM"], issued_on=day(face["FZRQ"])),
        valid_from=day(face["FZRQ"]),
        valid_to=day(face["YXQZ"]),
        legal_representative=face["FDDBR"],
        address=face["ZS"],
        premises=face["JYCS"],
        business_form=coded(FOOD_FORM, face["ZTYT"]),
        business_items=face["JYXM"],
        supervised_by=face["RCJGJG"],
    )


def _school(licence: Licence) -> Plain:
    face = licence.fields
    return expected(
        "school-operating-licence",
        [(face["XXMC"], "001", face["TYSHXYDM"], "")],
        **_licence(licence, number=face["BXXKZH"], issuer=face["ZGBM"], issuer_code=face["ZGBMDM"], issued_on=day(face["FZRQ"])),
        valid_from=day(face["FZRQ"]),
        valid_to=day(face["YXQZ"]),
        principal=face["XZXM"],
        organiser=face["JBZMC"],
        school_type=coded(SCHOOL_TYPE, face["XXLX"]),
        profit=coded(PROFIT, face["YLXZ"]),
        teaching=face["BXNR"],
        address=face["XXDZ"],
        supervised_by=face["ZGBM"],
    )


def _disability(licence: Licence) -> Plain:
    face = licence.fields
    return expected(
        "disability-certificate",
        [(face["XM"], "111", face["SFZH"], "")],
        **_licence(licence, number=face["CJZH"], issuer=face["FZJG"], issuer_code=face["FZJGDM"], issued_on=day(face["FZRQ"])),
        valid_from=day(face["FZRQ"]),
        valid_to=day(face["YXQZ"]),
        sex=coded(SEX, face["XB"]),
        born_on=day(face["CSRQ"]),
        category=coded(DISABILITY, face["CJLB"]),
        grade=coded(GRADE, face["CJDJ"]),
        address=face["JTZZ"],
        **({} if face["JHR"] is None else {"guardian": face["JHR"]}),
    )


def _licence(licence: Licence, **values: str) -> dict[str, Any]:
    return {"identifier": licence.fields["ZZBS"], "status": LICENCE_STATUS[licence.head["license_status"]], **values}


def _end(text: str) -> str:
    return "" if text == "长期" else day(text)


def _insurance(number: str, months: Months) -> list[Plain]:
    first, last = (each.replace("-", "") for each in months)
    said = RECORDS.insurance_proof(number, first, last)
    if said is None:
        return []
    return [
        expected(
            "social-insurance-proof",
            [(said["aac003"], "111", said["aac002"], "")],
            number=said["bae007"],
            issuer=said["aab300"],
            issued_on=day(said["aae036"]),
            employer=said["aab004"],
            employer_code=said["bab010"],
            insured_status=coded(INSURED, said["aac031"]),
            insured_since=month(said["aac049"]),
            months_paid=said["aae201"],
            contributions=[
                {
                    "month": month(row["aae003"]),
                    "insurance": coded(INSURANCE, row["aae140"]),
                    "base": money(Decimal(str(row["aac040"]))),
                    "personal_amount": row["aae022"],
                    "employer_amount": row["aae020"],
                }
                for row in said["list"]
            ],
        )
    ]


def _housing(number: str, _: Months) -> list[Plain]:
    said = RECORDS.gsb_record(number)
    if said is None:
        return []
    return [
        expected(
            "housing-record",
            [(said["QLRMC"], "111", _narrow(said["QLRZJH"]), "")],
            number=said["ZMBH"],
            issuer=said["CJJG"],
            issued_on=day(said["CXSJ"][:8]),
            homes=[
                {
                    "title_number": row["BDCQZH"],
                    "location": row["ZL"],
                    "floor_area": Decimal(_narrow(row["FWMJ"])),
                    "planned_use": coded(PLANNED_USE, row["GHYT"]),
                    "ownership": coded(OWNERSHIP, row["GYQK"]),
                    **({"share": _narrow(row["GYFE"])} if row["GYFE"] else {}),
                    "registered_on": day(_narrow(row["DJSJ"])),
                }
                for row in said["FWXX"]
            ],
        )
    ]


def _narrow(figures: str) -> str:
    """Full-width figures as everybody else writes them."""
    return unicodedata.normalize("NFKC", figures)


def _tax(number: str, months: Months) -> list[Plain]:
    said = RECORDS.income_tax_statement(number, *months)
    if said is None:
        return []
    return [
        expected(
            "income-tax-statement",
            [(said["xm"], "111", said["zjhm"], "")],
            number=said["pzbh"],
            issuer=said["kjjg"],
            issued_on=day(said["kjrq"]),
            total_tax=_fen(said["yjsehj"]),
            payments=[
                {
                    "period": row["sksq"],
                    "income_item": coded(INCOME, row["sdxm"]),
                    "withholding_agent": row["kjywrmc"],
                    "income": _fen(row["sre"]),
                    "tax": _fen(row["yjse"]),
                    "tax_authority": row["zgswjg"],
                }
                for row in said["mxlb"]
            ],
        )
    ]


def _medical(number: str, months: Months) -> list[Plain]:
    said = RECORDS.medical_statement(number, *(each.replace("-", "") for each in months))
    if said is None:
        return []
    return [
        expected(
            "medical-insurance-statement",
            [(said["psn_name"], "111", said["certno"], "")],
            number=said["doc_no"],
            issuer=said["jbjg"],
            issued_on=day(said["prt_date"]),
            insured_place=said["insu_admdvs_name"],
            scheme=coded(SCHEME, said["insutype"]),
            insured_status=coded(MEDICALLY_INSURED, said["psn_insu_stas"]),
            balance=money(Decimal(str(said["acct_balc"]))),
            total_allocated=money(Decimal(str(said["trns_sum"]))),
            allocations=[
                {
                    "month": month(row["ym"]),
                    "employer": row["emp_name"],
                    "base": money(Decimal(str(row["clct_base"]))),
                    "personal_amount": row["psn_amt"],
                    "employer_amount": row["emp_amt"],
                    "amount": row["amt"],
                    "credited_on": day(row["acct_date"]),
                }
                for row in said["trns_list"]
            ],
        )
    ]


def _fund(number: str, months: Months) -> list[Plain]:
    said = RECORDS.deposit_proof(number, *(each.replace("-", "") for each in months))
    if said is None:
        return []
    return [
        expected(
            "provident-fund-statement",
            [(said["xm"], "111", said["zjhm"], "")],
            number=said["zmbh"],
            issuer=said["zxmc"],
            issued_on=day(said["kjrq"]),
            account_number=said["grzh"],
            employer=said["dwmc"],
            employer_code=said["dwxydm"],
            account_status=coded(ACCOUNT, said["grzhzt"]),
            opened_on=day(said["khrq"]),
            balance=money(Decimal(str(said["grzhye"]))),
            base=money(Decimal(str(said["grjcjs"]))),
            personal_rate=Decimal(str(said["grjcbl"])),
            employer_rate=Decimal(str(said["dwjcbl"])),
            deposits=[
                {
                    "month": month(row["jcny"]),
                    "personal_amount": row["grjce"],
                    "employer_amount": row["dwjce"],
                    "amount": row["hjje"],
                    "credited_on": day(row["dzrq"]),
                }
                for row in said["jcmx"]
            ],
        )
    ]


def _traffic(number: str, months: Months) -> list[Plain]:
    said = RECORDS.violation_fines(number, *months)
    if said is None:
        return []
    return [
        expected(
            "traffic-fine-record",
            [(said["xm"], "111", said["sfzmhm"], "")],
            number=said["zmbh"],
            issuer=said["fzjg"],
            issued_on=day(said["cjsj"][:8]),
            licence_status=coded(LICENCE, said["jszzt"]),
            demerit_points=said["ljjf"],
            unpaid_total=money(Decimal(said["wjkhj"])),
            fines=[
                {
                    "decision_number": row["jdsbh"],
                    "violated_on": day(row["wfsj"][:10]),
                    "place": row["wfdz"],
                    "offence": row["wfnr"],
                    "plate_number": row["hphm"],
                    "amount": money(Decimal(row["fkje"])),
                    "points": row["wfjfs"],
                    "payment": coded(PAYMENT, row["jkbj"]),
                }
                for row in said["wflb"]
            ],
        )
    ]


def _tax_paid(number: str, months: Months) -> list[Plain]:
    said = RECORDS.tax_payment_proof(number, *months)
    if said is None:
        return []
    return [
        expected(
            "tax-payment-proof",
            [(said["nsrmc"], TAXPAYER[said["nsrlx"]], said["nsrsbh"], "")],
            number=said["pzhm"],
            issuer=said["swjg"],
            issued_on=day(said["tfrq"]),
            total_paid=money(Decimal(said["hjje"])),
            payments=[
                {
                    "voucher_number": row["yspzh"],
                    "tax": coded(TAX, row["zsxm"]),
                    "period_from": day(row["skssqq"]),
                    "period_to": day(row["skssqz"]),
                    "amount": money(Decimal(row["sjje"])),
                    "paid_on": day(row["rkrq"]),
                }
                for row in said["mxlb"]
            ],
        )
    ]


def _invoice(number: str, _: Months) -> list[Plain]:
    said = RECORDS.checked_invoice(number)
    if said is None:
        return []
    return [
        expected(
            "invoice-check",
            [(said["xsfmc"], "001", said["xsfsbh"], "")],
            number=said["cyxh"],
            issuer=said["cyjg"],
            issued_on=day(said["cysj"][:10]),
            invoice_number=said["fphm"],
            invoice_kind=coded(INVOICE, said["fplx"]),
            invoiced_on=day(said["kprq"]),
            invoice_status=coded(INVOICE_STATUS, said["fpzt"]),
            buyer=said["gmfmc"],
            **({} if said["gmfsbh"] is None else {"buyer_code": said["gmfsbh"]}),
            amount=money(Decimal(said["hjje"])),
            tax=money(Decimal(said["hjse"])),
            total=money(Decimal(said["jshj"])),
            items=[
                {
                    "description": row["hwmc"],
                    **({} if row["dw"] is None else {"unit": row["dw"]}),
                    **({} if row["sl"] is None else {"quantity": Decimal(row["sl"])}),
                    **({} if row["dj"] is None else {"unit_price": row["dj"]}),
                    "amount": row["je"],
                    **({} if row["slv"] is None else {"tax_rate": Decimal(row["slv"])}),
                    "tax": row["se"],
                }
                for row in said["hwmx"]
            ],
        )
    ]


def _vehicle_tax(number: str, months: Months) -> list[Plain]:
    said = RECORDS.vehicle_tax_record(number, *(each.replace("-", "") for each in months))
    if said is None:
        return []
    return [
        expected(
            "vehicle-tax-record",
            [(said["nsrmc"], {"201": "111", "101": "001"}[said["zjlx"]], said["zjhm"], "")],
            number=said["pzbh"],
            issuer=said["kjjg"],
            issued_on=day(said["dysj"][:8]),
            total_paid=money(Decimal(str(said["ljse"]))),
            payments=[
                {
                    "plate_number": row["hphm"],
                    "vehicle_category": coded(VEHICLE_CATEGORY, row["cllx"]),
                    "tax_year": row["sknd"],
                    "tax": money(Decimal(row["se"])),
                    "late_fee": money(Decimal(str(row["znj"]))),
                    "paid_on": day(row["jkrq"]),
                    "collected_by": row["dsjg"],
                }
                for row in said["jnmx"]
            ],
        )
    ]


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
_SIGNS = {"'": "apostrophe", '"': "quotation mark"}


def papers(kind: str, number: str, months: Months) -> tuple[Plain, ...]:
    """What the city holds of this kind about this holder, in the city's order."""
    if kind in _FACES:
        return tuple(_FACES[kind](each) for each in RECORDS.licences(number, ITEMS[kind]))
    return tuple(_CERTIFICATES[kind](number, months))


def oddities(kind: str, number: str) -> frozenset[str]:
    """Which of the older programs' spellings the holder's licences and homes have."""
    found = set()
    for licence in RECORDS.licences(number, ITEMS[kind]) if kind in ITEMS else ():
        if licence.single_quoted:
            texts = "".join(map(str, licence.fields.values()))
            found |= {"single quotes"} | {name for sign, name in _SIGNS.items() if sign in texts}
    said = RECORDS.gsb_record(number) if kind == "housing-record" else None
    for home in said["FWXX"] if said else ():
        found |= {"full-width area"} if home["FWMJ"] != _narrow(home["FWMJ"]) else set()
        found |= {"dashed day"} if "-" in _narrow(home["DJSJ"]) else {"plain day"}
    return frozenset(found | ({"full-width number"} if said and said["QLRZJH"] != number else set()))


TRUTH = Truth(
    region="440100",
    people=RECORDS.register.people,
    companies=RECORDS.register.companies,
    papers=papers,
    oddities=oddities,
    situation=RECORDS.register.situation,
    standing=RECORDS.register.company_situation,
    invoice=partial(invoice, "440100", seed=RECORDS.register.seed),
)
