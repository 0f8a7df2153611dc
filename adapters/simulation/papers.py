"""Papers as files: a text page as OFD, as PDF, and its stamp as PNG, each small and valid; a PDF with a scan is as long as is wanted.

Laws: a function of what is written on it, to the byte; a reader of the format finds no fault in it.
Standards: GB/T 33190-2016 (OFD), ISO 32000-1 (PDF 1.5), ISO/IEC 15948 (PNG).
"""

import io
import zipfile
import zlib
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from random import Random
from typing import Final
from xml.sax.saxutils import escape

_OFD: Final = 'xmlns:ofd="http://www.ofdspec.org/2016"'
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_LINE: Final = 8
_FIRST_YEAR: Final = (1980, 1, 1, 0, 0, 0)
_PICTURE: Final = 64
"""Rows and columns of the stamp."""


def ofd(lines: Sequence[str]) -> bytes:
    """One page with these lines."""
    title = escape(lines[0])
    parts = {
        "OFD.xml": f'<ofd:OFD {_OFD} DocType="OFD" Version="1.0"><ofd:DocBody><ofd:DocInfo><ofd:DocID>{_known(lines)[:32]}</ofd:DocID>'
        f"<ofd:Title>{title}</ofd:Title></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f"<ofd:Document {_OFD}><ofd:CommonData><ofd:MaxUnitID>{len(lines) + 3}</ofd:MaxUnitID><ofd:PageArea>"
        "<ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData>"
        '<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>',
        "Doc_0/PublicRes.xml": f'<ofd:Res {_OFD} BaseLoc="Res"><ofd:Fonts><ofd:Font ID="2" FontName="宋体" FamilyName="宋体"/>'
        "</ofd:Fonts></ofd:Res>",
        "Doc_0/Pages/Page_0/Content.xml": f'<ofd:Page {_OFD}><ofd:Content><ofd:Layer ID="3">{_texts(lines)}</ofd:Layer></ofd:Content>'
        "</ofd:Page>",
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        for name, text in parts.items():
            package.writestr(zipfile.ZipInfo(name, _FIRST_YEAR), f"{_XML}{text}")
    return made.getvalue()


def _texts(lines: Sequence[str]) -> str:
    return "".join(
        f'<ofd:TextObject ID="{place + 4}" Boundary="20 {20 + place * _LINE} 170 {_LINE}" Font="2" Size="4">'
        f'<ofd:TextCode X="0" Y="5">{escape(line)}</ofd:TextCode></ofd:TextObject>'
        for place, line in enumerate(lines)
    )


def pdf(lines: Sequence[str], size: int = 0) -> bytes:
    """One page with these lines; of `size` bytes where that is more, by a scan that is attached."""
    shown = b"\n".join(
        b"BT /F1 12 Tf 60 %d Td <%s> Tj ET" % (780 - place * 22, line.encode("utf-16-be").hex().encode())
        for place, line in enumerate(lines)
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        _stream(shown),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H /DescendantFonts [6 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 7 0 R"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 5 >> >>",
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880"
        b" /Descent -120 /CapHeight 880 /StemV 93 >>",
    ]
    room = size - len(_pdf([*objects, _stream(b"")]))
    return _pdf([*objects, _stream(_scan(room))] if room > 0 else objects)


def _pdf(objects: Sequence[bytes]) -> bytes:
    made, places = [b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"], []
    end = len(made[0])
    for number, each in enumerate(objects, 1):
        places.append(end)
        made.append(b"%d 0 obj\n%s\nendobj\n" % (number, each))
        end += len(made[-1])
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    # Numbers of one width, so that what is added to a file makes it longer by just so much.
    made.append(b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n" % (count, table, count))
    return b"".join((*made, b"%010d\n%%%%EOF\n" % end))


def _stream(content: bytes) -> bytes:
    return b"<< /Length %010d >>\nstream\n%s\nendstream" % (len(content), content)


def png(lines: Sequence[str]) -> bytes:
    """A stamp that is another for each paper."""
    lot = Random(_known(lines))
    rows = b"".join(b"\0" + lot.randbytes(_PICTURE // 8) for _ in range(_PICTURE))
    head = _PICTURE.to_bytes(4) * 2 + b"\x01\x00\x00\x00\x00"
    parts = (_part(b"IHDR", head), _part(b"IDAT", zlib.compress(rows)), _part(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _part(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + name + content + zlib.crc32(content, zlib.crc32(name)).to_bytes(4)


@lru_cache(maxsize=1)
def _scan(size: int) -> bytes:
    """Bytes that no packing makes smaller."""
    return Random(size).randbytes(size)


def _known(lines: Sequence[str]) -> str:
    return sha256("\n".join(lines).encode()).hexdigest()
