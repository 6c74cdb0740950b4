"""Render the sample documents: tests/tools/sample_docs/*.md to sample_docs/*.pdf, the same bytes every time.

The dialect: front matter (`key: value`), `#` headings, paragraphs, lists, `[ ]` boxes, pipe tables (dashes
are widths), `> WARNING: boxes`, `!toc`, `!main` and `!page` lines, ```drawing blocks in millimetres.
"""

import re
import sys
from collections.abc import Iterator
from io import BytesIO
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    KeepTogether,
    NextPageTemplate,
    PageBreak,
    Paragraph,
    Spacer,
    Table,
)
from reportlab.platypus.tableofcontents import TableOfContents
from sample_pages import BODY, BOXES, GUTTER, PALE, RULE, Book, Drawing, Source, make_styles

SOURCES = Path(__file__).parent / "sample_docs"
TARGET = Path(__file__).parents[2] / "sample_docs"
KINDS = (
    (r"\|", "table"),
    (r"> ", "box"),
    (r"#", "head"),
    (r"!", "mark"),
    (r"Table \w+:", "caption"),
    (r"Figure \w+:", "figure"),
    (r"- |\d+\. |\[ \] ", "item"),
)
SHORT = 11  # lines of a table that is not torn apart at the end of a page


def read_source(path: Path) -> Source:
    _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    meta = dict(line.split(": ", 1) for line in head.strip().splitlines())
    return Source(path.stem, meta, body.splitlines())


def inline(text: str) -> str:
    """Markdown emphasis to reportlab's markup; an open check box becomes a Dingbat."""
    text = text or "\xa0"  # an empty cell to be filled in keeps its height
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(text))
    text = re.sub(r"`(.+?)`", r'<font face="Courier">\1</font>', text)
    return text.replace("[ ]", '<font face="ZapfDingbats">\u274f</font>')


def make_table(rows: list[str], styles: dict[str, ParagraphStyle], accent: Color, width: float) -> Table:
    cells = [[c.strip() for c in row.strip().strip("|").split("|")] for row in rows]
    marks = cells.pop(1)
    total = sum(len(m) for m in marks)
    sides = [TA_CENTER if m[0] == m[-1] == ":" else TA_RIGHT if m[-1] == ":" else TA_LEFT for m in marks]
    look = {
        (kind, side): ParagraphStyle(f"{kind}{side}", styles[kind], alignment=side)
        for kind in ("head", "cell")
        for side in sides
    }
    body = [
        [Paragraph(inline(c), look["cell" if n else "head", s]) for c, s in zip(row, sides, strict=True)]
        for n, row in enumerate(cells)
    ]
    return Table(
        body, colWidths=[width * len(m) / total for m in marks], repeatRows=1, spaceAfter=9,
        style=[
            ("BACKGROUND", (0, 0), (-1, 0), PALE), ("LINEBELOW", (0, 0), (-1, 0), 0.9, accent),
            ("LINEBELOW", (0, 1), (-1, -1), 0.3, RULE), ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("TOPPADDING", (0, 0), (-1, -1), 3.2), ("BOTTOMPADDING", (0, 0), (-1, -1), 4.2),
            ("LEFTPADDING", (0, 0), (-1, -1), 4), ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ],
    )  # fmt: skip


def make_box(text: str, styles: dict[str, ParagraphStyle], width: float) -> Table:
    label, _, rest = text.partition(": ")
    colour = HexColor(BOXES[label])
    words = Paragraph(f'<font color="#{colour.hexval()[2:]}"><b>{label}</b></font>  {inline(rest)}', styles["box"])
    return Table(
        [[words]], colWidths=[width], spaceBefore=4, spaceAfter=9,
        style=[
            ("LINEBEFORE", (0, 0), (0, -1), 3, colour), ("BACKGROUND", (0, 0), (-1, -1), PALE),
            ("LEFTPADDING", (0, 0), (-1, -1), 9), ("RIGHTPADDING", (0, 0), (-1, -1), 7),
            ("TOPPADDING", (0, 0), (-1, -1), 5), ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
        ],
    )  # fmt: skip


def blocks(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Runs of lines of one kind: table, box, drawing, head, item, mark or text."""
    fence = ""

    def kind(line: str) -> str:
        nonlocal fence
        if line.startswith("```"):
            fence = "" if fence else line[3:].strip()
            return "fence" if fence else "blank"
        if fence:
            return "fence"
        for start, name in KINDS:
            if re.match(start, line):
                return name
        return "text" if line.strip() else "blank"

    for name, run in groupby(lines, key=kind):
        if name != "blank":
            yield name, list(run)


def story(source: Source, width: float) -> list[Flowable]:
    styles, accent, out = make_styles(source), source.accent, list[Flowable]()
    for kind, run in blocks(source.lines):
        if kind == "head":
            for line in run:
                marks, text = line.split(" ", 1)
                out += [CondPageBreak(42 * mm), Paragraph(inline(text), styles[f"h{len(marks)}"])]
        elif kind == "table":
            out += keep_short(make_table(run, styles, accent, width), len(run), out)
        elif kind == "caption":
            out += [CondPageBreak(32 * mm), Paragraph(inline(" ".join(run)), styles["caption"])]
        elif kind == "box":
            out += [make_box(line[2:], styles, width) for line in run]
        elif kind == "fence":
            out += [Drawing(run, width, source.fonts[0], accent), Spacer(1, 8)]
        elif kind == "figure":
            out.append(Paragraph(inline(" ".join(run)), styles["figure"]))
        elif kind == "item":
            for line in run:
                mark, text = ("", line) if line.startswith("[") else line.split(" ", 1)
                out.append(Paragraph(inline(text), styles["item"], bulletText=mark.replace("-", "•")))
            out.append(Spacer(1, 5))
        elif kind == "mark":
            out += [flow for line in run for flow in marked(line, styles)]
        else:
            out.append(Paragraph(inline(" ".join(run)), styles["text"]))
    return out


def keep_short(table: Table, length: int, above: list[Flowable]) -> list[Flowable]:
    """A short table stays in one piece with its caption and the headings directly above it."""
    if length > SHORT:
        return [table]
    group: list[Flowable] = [table]
    while above and isinstance(above[-1], Paragraph | CondPageBreak):
        if isinstance(above[-1], Paragraph) and not re.match(r"h\d|caption", above[-1].style.name):
            break
        last = above.pop()
        if isinstance(last, Paragraph):
            group.insert(0, last)
    return [KeepTogether(group)]


def marked(line: str, styles: dict[str, ParagraphStyle]) -> list[Flowable]:
    if line == "!toc":
        toc = TableOfContents(dotsMinLevel=0)
        toc.levelStyles = [
            ParagraphStyle("toc1", styles["head"], fontSize=9.4, leading=11, spaceBefore=1),
            ParagraphStyle("toc2", styles["cell"], fontSize=9, leading=10.4, leftIndent=14),
        ]
        return [toc]
    return [NextPageTemplate("main"), PageBreak()] if line == "!main" else [PageBreak()]


def render(path: Path) -> bytes:
    """Two runs: the first counts the pages that the second prints as "Page n of N"."""
    source, pages, front = read_source(path), 0, 0
    width = (BODY - (source.columns - 1) * GUTTER) / source.columns
    for _ in range(2):
        target = BytesIO()
        book = Book(target, source, pages, front)
        opening: list[Flowable] = []
        if "cover" in source.meta:
            opening = [Spacer(1, 1), NextPageTemplate("front"), PageBreak()]
        book.multiBuild(opening + story(source, width))
        pages, front = book.page, book.first_main - 1 if opening else 0
    return target.getvalue()


def main(target: Path = TARGET) -> None:
    for path in sorted(p for p in SOURCES.glob("*.md") if p.name != "FACTS.md"):
        (target / f"{path.stem}.pdf").write_bytes(render(path))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
