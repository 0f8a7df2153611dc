"""Papers that a reader of their format takes: each checked by the rules of its standard, small and padded."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence

import pytest
from lxml import etree

from adapters.simulation.papers import ofd, pdf, png

LINES = ("营业执照", "名称: 广州市丰粤<&>文化", "统一社会信用代码: 91440115M900000036")
OFD = {"ofd": "http://www.ofdspec.org/2016"}


@pytest.mark.parametrize("size", [0, 70_000])
def test_every_object_of_a_pdf_stands_where_its_table_says(size: int) -> None:
    made = pdf(LINES, size)
    assert not size or len(made) == size
    start = int(made.rsplit(b"startxref\n", 1)[1].split()[0])
    table = re.match(rb"xref\n0 (\d+)\n0000000000 65535 f \n((?:\d{10} 00000 n \n)+)trailer\n<< /Size (\d+) ", made[start:])
    assert table
    places = [int(each.split()[0]) for each in table[2].splitlines()]
    assert int(table[1]) == int(table[3]) == len(places) + 1
    for number, place in enumerate(places, 1):
        assert made[place:].startswith(b"%d 0 obj\n" % number)
    for found in re.finditer(rb"/Length (\d+) >>\nstream\n", made):
        assert made[found.end() + int(found[1]) :].startswith(b"\nendstream")
    shown = [bytes.fromhex(each.decode()).decode("utf-16-be") for each in re.findall(rb"<([0-9a-f]+)> Tj", made)]
    assert shown == list(LINES)


def test_an_ofd_is_a_package_whose_parts_lead_to_its_page() -> None:
    made = zipfile.ZipFile(io.BytesIO(ofd(LINES)))
    assert made.testzip() is None

    def part(name: str) -> etree._Element:
        return etree.fromstring(made.read(name))

    root = part("OFD.xml").findtext("ofd:DocBody/ofd:DocRoot", None, OFD)
    assert root == "Doc_0/Document.xml"
    (page,) = part(root).iterfind("ofd:Pages/ofd:Page", OFD)
    content = part(f"Doc_0/{page.get('BaseLoc')}")
    assert [each.text for each in content.iter("{*}TextCode")] == list(LINES)
    assert {each.get("Font") for each in content.iter("{*}TextObject")} == {
        each.get("ID") for each in part("Doc_0/PublicRes.xml").iter("{*}Font")
    }


def test_a_png_is_parts_with_sums_that_hold() -> None:
    made = png(LINES)
    assert made.startswith(b"\x89PNG\r\n\x1a\n")
    place, parts = 8, {}
    while place < len(made):
        length, name = int.from_bytes(made[place : place + 4]), made[place + 4 : place + 8]
        content = made[place + 8 : place + 8 + length]
        assert zlib.crc32(name + content) == int.from_bytes(made[place + 8 + length : place + 12 + length])
        parts[name], place = content, place + 12 + length
    assert list(parts)[-1] == b"IEND"
    assert len(zlib.decompress(parts[b"IDAT"])) == 64 * (1 + 8)


@pytest.mark.parametrize("make", [ofd, pdf, png])
def test_a_paper_is_the_same_each_time_and_another_for_another(make: Callable[[Sequence[str]], bytes]) -> None:
    assert make(LINES) == make(LINES) != make(LINES[:2])
