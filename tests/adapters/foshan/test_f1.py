"""F1's dialect against the interface page's examples, and against answers that no city should give."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.connectors.cutting import Cutter
from adapters.connectors.message import HttpResponse
from adapters.connectors.signing import Stamp
from adapters.foshan.f1 import BY_CODE, DOWNLOAD, ENVELOPE, FILE_MARKER, STATUS, F1Dialect
from gateway.model.city import CityAnswer, CityFile, CityRequest
from gateway.model.refusal import Reason, Refusal
from tests.adapters.hostile import answer_or_refusal, drawn, edited, noise, replaced
from tests.fuzzing import TIMES

Example = Callable[..., str]
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
STAMP = Stamp(datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), "0" * 32)
DIALECT = F1Dialect("KC-FS-01", "6f0c1f5c9a7b4d0e8f1a2b3c4d5e6f70")
MARRIAGE = "111000000000131433001"
DATA = {"JHZZH": "J440605-2011-000042", "XBDM": "1^2", "DJRQ": "20110520", "HYZT": "10"}
CERTIFICATE = {
    "ZZBS": "1.2.156.3005.2.111000000000131433001.11440600M00000123M.FS20250000001.001.0",
    "ZZLXDM": MARRIAGE,
    "ZZBH": "J440605-2011-000042",
    "ZZBFRQ": "20110520",
    "CZZT": "何㛃^梁秋月",
    "CZZTDM": "440604189002140210^440605189103051221",
    "CZZTDMLXDM": "111^111",
    "ZZZT": "1",
    "ZZKXDJ": "",
    "certData": json.dumps(DATA),
}


def asked(type_code: str = MARRIAGE, operation: str = "queryCertInfoByHolderCode") -> CityRequest:
    return CityRequest("foshan.f1", operation, {"certTypeCode": type_code})


def response(document: str, operation: str = "queryCertInfoByHolderCode", status: int = 200) -> HttpResponse:
    inner = document.replace("&", "&amp;").replace("<", "&lt;")
    body = f'<a:{operation}Response xmlns:a="urn:certshare:foshan"><return>{inner}</return></a:{operation}Response>'
    envelope = f'<?xml version="1.0" encoding="gb2312"?><s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'
    return HttpResponse(status, {}, envelope.encode("gb18030", "replace"))


def element(name: str, *parts: str) -> str:
    return f"<{name}>{''.join(parts)}</{name}>"


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def certificate(**other: str | None) -> str:
    parts = {**CERTIFICATE, **other}
    return element("certInfo", *(element(name, escaped(text)) for name, text in parts.items() if text is not None))


def document(*certificates: str, status: str = "0", total: str | None = None) -> str:
    count = sum(each.startswith("<certInfo>") for each in certificates)
    data = element("data", element("totalCount", str(count) if total is None else total), *certificates)
    return element("response", element("head", element("status", status), "<message>何</message>"), data)


def read(text: str) -> CityAnswer:
    return DIALECT.read(asked(), response(text))


def by_code(text: str) -> CityAnswer:
    return DIALECT.read(asked(operation=BY_CODE), response(text, BY_CODE))


def leaves(node: etree._Element, prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for child in node:
        name = f"{prefix}{child.tag}"
        found |= leaves(child, f"{name}.") if len(child) else {name: child.text or ""}
    return found


def parsed(text: str) -> etree._Element:
    return etree.fromstring(text.strip().removeprefix('<?xml version="1.0" encoding="gb2312"?>'))


@pytest.mark.parametrize("operation", ["queryCertInfoByHolderCode", "queryCert"])
def test_question_as_the_page_has_it(operation: str, example: Example) -> None:
    word = "<holderCode>" if operation == "queryCertInfoByHolderCode" else "<certNo>"
    page = parsed(example("foshan", "<request>", "<accessId>", word, after="## F1.10"))
    data = page.find("data")
    assert data is not None
    request = DIALECT.compose(CityRequest("foshan.f1", operation, leaves(data)), STAMP)
    assert (request.method, request.path) == ("POST", "/CertShare/services/CertShareService")
    assert dict(request.headers) == {"Content-Type": "text/xml; charset=gb2312", "SOAPAction": '""'}
    sent = parsed(request.body.decode("gb18030"))
    inner = sent.findtext(f"{{{SOAP}}}Body/{{urn:certshare:foshan}}{operation}/xmlParam")
    assert inner is not None
    assert leaves(parsed(inner)) == leaves(page)


@pytest.mark.parametrize(
    ("type_code", "holders"), [("11100000M00000035K101", 1), ("11100000M00000035K102", 1), ("111000000000131433001", 2)]
)
def test_answer_as_the_page_has_it(type_code: str, holders: int, example: Example) -> None:
    page = example("foshan", "<certInfo>", f"<ZZLXDM>{type_code}", after="## F1.10")
    answer = DIALECT.read(asked(type_code), response(page))
    (record,) = answer.records
    told = record["holders"]
    assert isinstance(told, list)
    assert (answer.status, answer.no_record, len(told)) == ("0", False, holders)
    truth = leaves(parsed(page))
    assert "^".join(holder["CZZTDM"] for holder in told) == truth["data.certInfo.CZZTDM"]  # type: ignore[call-overload, index, misc]
    assert record["certData"] == json.loads(truth["data.certInfo.certData"])


def test_the_question_by_a_code_and_its_answer_as_the_page_has_them(example: Example) -> None:
    page = parsed(example("foshan", "<request>", "<accessId>", "<qrCode>", after="## F1.10"))
    data = page.find("data")
    assert data is not None
    request = DIALECT.compose(CityRequest("foshan.f1", BY_CODE, leaves(data)), STAMP)
    inner = parsed(request.body.decode("gb18030")).findtext(f"{{{SOAP}}}Body/{{urn:certshare:foshan}}{BY_CODE}/xmlParam")
    assert inner is not None
    assert leaves(parsed(inner)) == leaves(page)
    answer = by_code(example("foshan", "<certInfo>", "</totalCount><holderCode>", after="## F1.10"))
    (record,) = answer.records
    assert answer.shown_by == "440607188309055023"
    assert answer.shown_by in str(record["CZZTDM"])
    assert answer.shown_by not in repr(answer)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("10", Reason.PRESENTED_CODE_REFUSED),
        ("102", Reason.PRESENTED_CODE_REFUSED),
        ("11", Reason.CITY_REFUSED),
        ("12", Reason.CITY_REFUSED),
        ("99", Reason.CITY_UNAVAILABLE),
        ("100", Reason.CITY_REFUSED),
        ("113", Reason.CITY_REFUSED),
        ("77", Reason.CITY_ANSWER_INVALID),
    ],
)
def test_of_a_code_no_status_is_no_record(status: str, reason: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        by_code(f"<response><head><status>{status}</status></head></response>")
    assert (caught.value.reason, caught.value.city_status) == (reason, status)


def test_an_answer_to_a_code_says_who_showed_it() -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        by_code(document(certificate()))


def test_no_record_as_the_page_has_it(example: Example) -> None:
    answer = read(example("foshan", "<status>10</status>", after="## F1.10"))
    assert (answer.no_record, answer.status) == (True, "10")


def test_holders_stand_apart_and_their_sexes_with_them() -> None:
    (record,) = read(document(certificate())).records
    assert record["holders"] == [
        {"CZZT": "何㛃", "CZZTDM": "440604189002140210", "CZZTDMLXDM": "111", "XBDM": "1"},
        {"CZZT": "梁秋月", "CZZTDM": "440605189103051221", "CZZTDMLXDM": "111", "XBDM": "2"},
    ]
    assert record["certData"] == DATA


def test_the_shares_of_a_title_stand_with_their_owners() -> None:
    (record,) = read(document(certificate(certData='{"QLBL":"60%^40%"}'))).records
    assert [each["QLBL"] for each in record["holders"]] == ["60%", "40%"]  # type: ignore[index, union-attr]
    with pytest.raises(Refusal, match="QLBL"):
        read(document(certificate(certData='{"QLBL":"100%"}')))


def test_a_joint_in_one_holders_name_is_part_of_it() -> None:
    (record,) = read(document(certificate(CZZT="佛山^公司", CZZTDM="x", CZZTDMLXDM="001", certData="{}"))).records
    assert record["holders"] == [{"CZZT": "佛山^公司", "CZZTDM": "x", "CZZTDMLXDM": "001"}]


def test_what_the_page_does_not_list_is_ignored_and_what_stands_twice_is_no_text() -> None:
    more = certificate(NEW="1").replace("<ZZZT>", "<ZZZT>2</ZZZT><ZZZT>")
    (record,) = read(document(more, "<file><name/></file><file/>")).records
    assert (record["ZZZT"], record["NEW"]) == (["2", "1"], "1")


def test_several_certificates() -> None:
    assert len(read(document(certificate(), certificate(ZZBH="J440605-2012-000001"))).records) == 2


@pytest.mark.parametrize(
    "text",
    [
        document(),
        document(certificate(), total="2"),
        document(certificate(), total="01"),
        document(certificate(), total=""),
        document(certificate()).replace("<head>", "<head><status>10</status></head><head>"),
        document(certificate()).replace("<data>", "<data/><data>"),
        document(certificate()).replace("<totalCount>1</totalCount>", ""),
        document(certificate()).replace("response>", "answer>"),
        document(certificate(), status="10"),
        "<response><head><status>0</status></head></response>",
        "<response><head/></response>",
        document(certificate(ZZLXDM="11100000M00000035K101")),
        document(certificate(ZZLXDM=None)),
        document(certificate(certData=None)),
        document(certificate(certData="")),
        document(certificate(certData="[]")),
        document(certificate(certData="{'XBDM':'1^2'}")),
        document(certificate(certData='{"XBDM":"1"}')),
        document(certificate(certData='{"XBDM":1}')),
        document(certificate(CZZT="何㛃")),
        document(certificate(CZZTDM="440604189002140210")),
        document(certificate(CZZTDMLXDM=None)),
        document(certificate().replace("<ZZLXDM>", f"<ZZLXDM>{MARRIAGE}</ZZLXDM><ZZLXDM>")),
        document(certificate().replace("<CZZT>", "<CZZT>何㛃^梁秋月</CZZT><CZZT>")),
        document(certificate().replace("<certData>", "<certData>{}</certData><certData>")),
    ],
)
def test_no_answer(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        read(text)
    assert caught.value.reason is Reason.CITY_ANSWER_INVALID
    assert "440604189002140210" not in caught.value.detail


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("11", Reason.CITY_REFUSED),
        ("12", Reason.CITY_REFUSED),
        ("99", Reason.CITY_UNAVAILABLE),
        ("100", Reason.CITY_REFUSED),
        ("102", Reason.CITY_REFUSED),
        ("113", Reason.CITY_REFUSED),
        ("77", Reason.CITY_ANSWER_INVALID),
        ("00", Reason.CITY_ANSWER_INVALID),
    ],
)
def test_status(status: str, reason: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        read(f"<response><head><status>{status}</status><message>何</message></head></response>")
    assert (caught.value.reason, caught.value.city_status) == (reason, status)
    assert "何" not in caught.value.detail


def test_an_http_status_is_read_first() -> None:
    with pytest.raises(Refusal, match="CITY_UNAVAILABLE"):
        DIALECT.read(asked(), response(document(certificate()), status=500))


@given(st.text("0123456789 ", max_size=4) | st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=6))
def test_a_status_in_no_table_is_never_no_record(status: str) -> None:
    found = answer_or_refusal(lambda: read(f"<response><head><status>{escaped(status)}</status></head></response>"))
    if status.strip() == "10":
        assert isinstance(found, CityAnswer)
    else:
        assert isinstance(found, Refusal)
        assert status.strip() in STATUS.meanings or found.reason is Reason.CITY_ANSWER_INVALID


TRUE = response(document(certificate())).body


@settings(max_examples=200 * TIMES)
@given(drawn(noise) | edited(TRUE))
def test_bytes_give_an_answer_or_a_refusal(body: bytes) -> None:
    found = answer_or_refusal(lambda: DIALECT.read(asked(), HttpResponse(200, {}, body)))
    assert isinstance(found, Refusal) or not found.no_record


@settings(max_examples=200 * TIMES)
@given(edited(document(certificate()).encode()))
def test_documents_give_an_answer_or_a_refusal(inner: bytes) -> None:
    found = answer_or_refusal(lambda: read(inner.decode("utf-8", "replace")))
    assert isinstance(found, Refusal) or not found.no_record


@settings(max_examples=200 * TIMES)
@given(replaced(DATA))
def test_certificate_data_gives_an_answer_or_a_refusal(data: object) -> None:
    text = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace").decode()
    answer_or_refusal(lambda: read(document(certificate(certData=text.replace("\x00", "")))))


def test_no_secret_shows() -> None:
    assert "6f0c" not in repr(DIALECT)
    assert ENVELOPE.declared == "gb2312"
    with pytest.raises(RuntimeError):
        DIALECT.compose(asked(operation="another"), STAMP)


CLAIMS = {"certTypeCode": MARRIAGE, "verifyData.ZZBH": "J", "verifyData.ZZZT": "1"}


def compared(*infos: str, total: str | None = None) -> CityAnswer:
    data = element("data", element("totalCount", str(len(infos)) if total is None else total), *infos)
    text = element("response", element("head", element("status", "0"), "<message>何</message>"), data)
    return DIALECT.read(CityRequest("foshan.f1", "verifyCertInfo", CLAIMS), response(text, "verifyCertInfo"))


def info(number: str, state: str, whole: str | None = None, more: str = "") -> str:
    items = element("verifyItems", element("ZZBH", number), element("ZZZT", state), more)
    result = str(int(number == state == "1")) if whole is None else whole
    return element("verifyInfo", element("ZZBS", "1.2"), element("ZZBH", "J"), element("verifyResult", result), items)


def test_claims_are_put_and_their_verdicts_read() -> None:
    request = DIALECT.compose(CityRequest("foshan.f1", "verifyCertInfo", CLAIMS), STAMP)
    inner = request.body.decode("gb18030").replace("&lt;", "<").replace("&gt;", ">")
    assert "<verifyData><ZZBH>J</ZZBH><ZZZT>1</ZZZT></verifyData>" in inner
    assert compared(info("1", "0"), info("1", "1"), info("2", "1")).verdicts == (
        {"verifyData.ZZBH": True, "verifyData.ZZZT": False},
        {"verifyData.ZZBH": True, "verifyData.ZZZT": True},
        {"verifyData.ZZBH": None, "verifyData.ZZZT": True},
    )


@pytest.mark.parametrize(
    "infos",
    [
        (),
        (info("1", "1", whole="0"),),
        (info("1", "0", whole="1"),),
        (info("3", "1"),),
        (info("1", ""),),
        (info("1", "1", more="<ZZMC>1</ZZMC>"),),
        (info("1", "1", more="<ZZBH>1</ZZBH>"),),
        (element("verifyInfo", element("verifyResult", "1")),),
    ],
)
def test_verdicts_that_are_none_are_refused(infos: tuple[str, ...]) -> None:
    with pytest.raises(Refusal) as refused:
        compared(*infos)
    assert refused.value.reason is Reason.CITY_ANSWER_INVALID


FILE = CityFile("OFD", "an-id/ofd", "ab" * 32, 7)
FILE_INFO = {"fileId": FILE.reference, "fileType": "ofd", "fileSize": "7", "fileDigest": FILE.sha256.upper()}


def with_file(**other: str | None) -> str:
    parts = {**FILE_INFO, **other}
    info = element("fileInfo", element("file", *(element(name, text) for name, text in parts.items() if text is not None)))
    return document(certificate().replace("</certInfo>", f"{info}</certInfo>"))


def test_files_are_asked_about_and_read_only_where_they_are_wanted() -> None:
    wanted = replace(asked(), files=True)
    assert DIALECT.read(wanted, response(with_file())).files == ((FILE,),)
    assert DIALECT.read(wanted, response(document(certificate()))).files == ((),)
    assert read(with_file()).files == ()
    composed = [DIALECT.compose(each, STAMP).body for each in (wanted, asked())]
    assert [b"&lt;fileInfo&gt;1&lt;/fileInfo&gt;" in each for each in composed] == [True, False]


@pytest.mark.parametrize(
    "other", [{"fileType": "exe"}, {"fileSize": "0"}, {"fileSize": "-7"}, {"fileDigest": "ab"}, {"fileId": ""}, {"fileId": None}]
)
def test_a_file_that_is_not_announced_in_full_is_no_answer(other: dict[str, str | None]) -> None:
    with pytest.raises(Refusal) as refused:
        DIALECT.read(replace(asked(), files=True), response(with_file(**other)))
    assert refused.value.reason is Reason.CITY_ANSWER_INVALID


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        ("<response><head><status>0</status></head><data><fileData></fileData></data></response>", None),
        ("<response><head><status>0</status></head><data></data></response>", Reason.CITY_ANSWER_INVALID),
        ("<response><head><status>10</status></head></response>", Reason.CITY_ANSWER_INVALID),
        ("<response><head><status>11</status></head></response>", Reason.CITY_REFUSED),
        ("<response><head><status>0</status></head><data><fileData>", Reason.CITY_ANSWER_INVALID),
    ],
)
def test_what_stands_around_a_file_is_read_as_any_answer(inner: str, reason: Reason | None) -> None:
    around = response(inner, DOWNLOAD)
    if reason is None:
        DIALECT.read_download(around, around.body)
        return
    with pytest.raises(Refusal) as refused:
        DIALECT.read_download(around, around.body)
    assert refused.value.reason is reason


FILED = response(
    "<response><head><status>0</status></head><data><fileName>a.ofd</fileName><fileData>UEsDBAE=</fileData></data></response>",
    DOWNLOAD,
)


def cut(body: bytes, pieces: int) -> bytes:
    """The file that comes in this answer, as the client reads it."""
    cutter, step = Cutter(FILE_MARKER, "test"), len(body) // pieces + 1
    found = b"".join(cutter.feed(body[place : place + step]) for place in range(0, len(body), step))
    DIALECT.read_download(FILED, cutter.envelope)
    return found


def test_a_file_is_cut_out_of_its_answer() -> None:
    assert cut(FILED.body, 5) == b"PK\x03\x04\x01"


@settings(max_examples=150 * TIMES)
@given(drawn(noise) | edited(FILED.body), st.integers(1, 9))
def test_a_file_or_a_refusal(body: bytes, pieces: int) -> None:
    found = answer_or_refusal(lambda: CityAnswer("", ({"file": cut(body, pieces).hex()},)))
    assert isinstance(found, Refusal) or FILE_MARKER.search(body)
