"""How the sample documents look: fonts, styles, covers, running heads and simple drawings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_JUSTIFY, TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph

COMPANY = "Brennhollow Thermal"
INK, GREY, RULE, PALE = (HexColor(c) for c in ("#22282c", "#66727a", "#c4ccd0", "#eef2f4"))
FAMILIES = {
    "sans": ("Helvetica", "Helvetica-Bold"),
    "serif": ("Times-Roman", "Times-Bold"),
    "vera": ("Vera", "VeraBd"),
}
BOXES = {"DANGER": "#a3231f", "WARNING": "#b85c00", "CAUTION": "#8a7400", "NOTE": "#2b6178"}
for name in ("Vera", "VeraBd"):
    pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))  # shipped inside reportlab
pdfmetrics.registerFontFamily("Vera", normal="Vera", bold="VeraBd", italic="Vera", boldItalic="VeraBd")

MARGIN, TOP, BOTTOM, GUTTER = 22 * mm, 27 * mm, 22 * mm, 8 * mm
WIDTH, HEIGHT = A4
BODY = WIDTH - 2 * MARGIN


@dataclass(frozen=True)
class Source:
    """One document: its front matter and the lines below it."""

    name: str
    meta: dict[str, str]
    lines: list[str]

    @property
    def accent(self) -> Color:
        return HexColor(self.meta.get("accent", "#1f4e5f"))

    @property
    def fonts(self) -> tuple[str, str]:
        return FAMILIES[self.meta.get("font", "sans")]

    @property
    def columns(self) -> int:
        return int(self.meta.get("columns", "1"))


def hyphenate(word: str) -> Iterator[tuple[str, str]]:
    """Longest head first: between two consonants that stand between vowels, never inside a cluster."""
    pairs = re.finditer(r"(?<=[aeiouy][bcdfglmnprst])(?=[bcdfglmnpqrstvw][aeiouy])", word, re.I)
    for cut in sorted((m.start() for m in pairs), reverse=True):
        cluster = re.fullmatch(r"[stcpg]h|st|[bcdfgpt]r|[bcfgp]l", word[cut - 1 : cut + 1], re.I)
        if not cluster and 3 <= cut <= len(word) - 3:
            yield word[:cut], word[cut:]


def make_styles(source: Source) -> dict[str, ParagraphStyle]:
    regular, bold = source.fonts
    size = float(source.meta.get("size", "9.6"))
    justified = source.columns > 1
    text = ParagraphStyle(
        "text", fontName=regular, fontSize=size, leading=size * 1.42, textColor=INK, spaceAfter=size * 0.62,
        allowWidows=0, allowOrphans=0,
        alignment=TA_JUSTIFY if justified else TA_LEFT, hyphenationLang=hyphenate if justified else "",
    )  # fmt: skip
    styles = {
        "text": text,
        "item": ParagraphStyle("item", text, leftIndent=15, bulletIndent=1, spaceAfter=2.6, alignment=TA_LEFT),
    }
    for level, (scale, before) in enumerate([(1.62, 15), (1.22, 11), (1.04, 8)], 1):
        styles[f"h{level}"] = ParagraphStyle(
            f"h{level}", fontName=bold, fontSize=size * scale, leading=size * scale * 1.22, keepWithNext=1,
            textColor=source.accent if level < 3 else INK, spaceBefore=before, spaceAfter=size * 0.55,
        )  # fmt: skip
    small = size * 0.87
    flush = {"alignment": TA_LEFT, "hyphenationLang": "", "spaceAfter": 0}
    styles["cell"] = ParagraphStyle("cell", text, fontSize=small, leading=small * 1.28, **flush)
    styles["head"] = ParagraphStyle("head", styles["cell"], fontName=bold)
    styles["box"] = ParagraphStyle("box", text, fontSize=size * 0.95, leading=size * 1.32, **flush)
    styles["caption"] = ParagraphStyle("caption", styles["head"], textColor=GREY, spaceBefore=5, spaceAfter=4)
    styles["figure"] = ParagraphStyle("figure", styles["caption"], spaceBefore=0, spaceAfter=10)
    return styles


class Book(BaseDocTemplate):
    """Draws the furniture of each page; `pages` and `front` come from a first run that only counts."""

    def __init__(self, target: Any, source: Source, pages: int, front: int) -> None:
        meta = source.meta
        super().__init__(
            target, pagesize=A4, invariant=1, title=f"{meta['title']} ({meta['number']} {meta['revision']})",
            author=COMPANY, subject=meta["subject"], creator=COMPANY, producer=COMPANY, lang="en-GB",
        )  # fmt: skip
        self.source, self.total, self.front, self.first_main = source, pages, front, 0
        self.addPageTemplates(list(self.templates()))

    def templates(self) -> Iterator[PageTemplate]:
        cover = "cover" in self.source.meta
        if cover:
            yield PageTemplate("cover", [Frame(MARGIN, BOTTOM, BODY, 40 * mm)], onPage=self.draw_cover)
            yield PageTemplate("front", self.frames(0), onPage=self.draw_page)
        else:
            yield PageTemplate("title", self.frames(47 * mm), onPage=self.draw_title, autoNextPageTemplate="main")
        yield PageTemplate("main", self.frames(0), onPage=self.draw_page)

    def frames(self, lower: float) -> list[Frame]:
        n = self.source.columns
        wide, high = (BODY - (n - 1) * GUTTER) / n, HEIGHT - TOP - BOTTOM - lower
        bare = {"leftPadding": 0, "rightPadding": 0, "topPadding": 0, "bottomPadding": 0}
        return [Frame(MARGIN + i * (wide + GUTTER), BOTTOM, wide, high, **bare) for i in range(n)]

    def label(self, canvas: Canvas) -> str:
        if self.pageTemplate.id != "main" and "cover" in self.source.meta:
            return ("i", "ii", "iii", "iv", "v", "vi")[canvas.getPageNumber() - 1]
        return f"Page {canvas.getPageNumber() - self.front} of {self.total - self.front}"

    def draw_page(self, canvas: Canvas, _: BaseDocTemplate) -> None:
        meta, (regular, bold) = self.source.meta, self.source.fonts
        if self.pageTemplate.id == "main" and not self.first_main:
            self.first_main = canvas.getPageNumber()
        canvas.setFillColor(GREY)
        canvas.setFont(bold, 8)
        canvas.drawString(MARGIN, HEIGHT - 16 * mm, COMPANY)
        canvas.setFont(regular, 8)
        canvas.drawRightString(WIDTH - MARGIN, HEIGHT - 16 * mm, meta["title"])
        canvas.drawString(MARGIN, 13 * mm, f"{meta['number']}  ·  {meta['revision']}  ·  {meta['date']}")
        canvas.drawRightString(WIDTH - MARGIN, 13 * mm, self.label(canvas))
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.5)
        canvas.line(MARGIN, HEIGHT - 18.5 * mm, WIDTH - MARGIN, HEIGHT - 18.5 * mm)
        canvas.line(MARGIN, 17 * mm, WIDTH - MARGIN, 17 * mm)

    def draw_title(self, canvas: Canvas, doc: BaseDocTemplate) -> None:
        """The first page of a short document: a band with its title instead of a cover."""
        self.draw_page(canvas, doc)
        meta, (regular, bold) = self.source.meta, self.source.fonts
        y = HEIGHT - TOP - 37 * mm
        canvas.setFillColor(self.source.accent)
        canvas.rect(MARGIN, y, BODY, 37 * mm, stroke=0, fill=1)
        self.rings(canvas, WIDTH - MARGIN - 17 * mm, y + 18.5 * mm, 15 * mm)
        self.write(canvas, meta["kind"].upper(), regular, 8.5, MARGIN + 7 * mm, y + 29 * mm, BODY)
        top = self.write(canvas, meta["title"], bold, 21, MARGIN + 7 * mm, y + 24.5 * mm, BODY - 45 * mm)
        self.write(canvas, meta["subject"], regular, 9.5, MARGIN + 7 * mm, top - 2.5 * mm, BODY - 45 * mm)

    def draw_cover(self, canvas: Canvas, _: BaseDocTemplate) -> None:
        meta, (regular, bold) = self.source.meta, self.source.fonts
        canvas.setFillColor(self.source.accent)
        canvas.rect(0, 92 * mm, WIDTH, HEIGHT - 92 * mm, stroke=0, fill=1)
        self.rings(canvas, WIDTH - 62 * mm, 150 * mm, 46 * mm)
        self.write(canvas, COMPANY, bold, 13, MARGIN, HEIGHT - 24 * mm, BODY)
        self.write(canvas, meta["kind"].upper(), regular, 10, MARGIN, HEIGHT - 58 * mm, BODY)
        top = self.write(canvas, meta["title"], bold, 34, MARGIN, HEIGHT - 64 * mm, 130 * mm)
        self.write(canvas, meta["subject"], regular, 13, MARGIN, top - 6 * mm, 105 * mm)
        foot = f"{meta['number']}<br/>{meta['revision']}<br/>{meta['date']}"
        self.write(canvas, foot, bold, 10.5, MARGIN, 80 * mm, 50 * mm, INK)
        self.write(canvas, meta["cover"], regular, 10, MARGIN + 55 * mm, 80 * mm, BODY - 55 * mm, INK)

    def write(
        self,
        canvas: Canvas,
        text: str,
        font: str,
        size: float,
        x: float,
        top: float,
        width: float,
        ink: Color = white,
    ) -> float:
        """Draws text below `top` and returns the height where it ends."""
        style = ParagraphStyle("at", fontName=font, fontSize=size, leading=size * 1.24, textColor=ink)
        words = Paragraph(text, style)
        _, high = words.wrapOn(canvas, width, HEIGHT)
        words.drawOn(canvas, x, top - high)
        return float(top - high)

    def rings(self, canvas: Canvas, x: float, y: float, radius: float) -> None:
        """The fan grille that serves as the company's mark."""
        canvas.saveState()
        canvas.setStrokeColor(Color(1, 1, 1, 0.28))
        canvas.setLineWidth(radius / 34)
        for n in range(1, 7):
            canvas.circle(x, y, radius * n / 6, stroke=1, fill=0)
        canvas.restoreState()

    def beforeDocument(self) -> None:
        self.headings = self.first_main = 0

    def beforePage(self) -> None:
        if self.page == 1 and "cover" in self.source.meta:
            self.canv.addPageLabel(0, "ROMAN_LOWER", 1)
            self.canv.addPageLabel(self.front, "ARABIC", 1)

    def afterFlowable(self, flowable: Flowable) -> None:
        """Headings become bookmarks and lines of the table of contents."""
        name = flowable.style.name if isinstance(flowable, Paragraph) else ""
        if not re.fullmatch(r"h[123]", name):
            return
        level, text, key = int(name[1]) - 1, flowable.getPlainText(), f"h{self.headings}"
        self.headings += 1
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(text, key, level, closed=level > 0)
        if level < 2 and self.first_main:
            self.notify("TOCEntry", (level, text, self.page - self.front, key))


class Drawing(Flowable):
    """A line drawing from text: one shape per line, in millimetres from the lower left corner."""

    def __init__(self, lines: list[str], width: float, font: str, accent: Color) -> None:
        super().__init__()
        shapes = [line.partition("|") for line in lines if not line.startswith("```")]
        self.shapes = [
            (head.split()[0], [float(n) for n in head.split()[1:]], tail.strip()) for head, _, tail in shapes
        ]
        self.font, self.accent = font, accent
        _, (wide, high), _ = self.shapes.pop(0)
        self.width, self.height, self.indent = wide * mm, high * mm, (width - wide * mm) / 2

    def draw(self) -> None:
        colours = {"hot": HexColor("#a8402f"), "cold": HexColor("#2f6690")}
        self.canv.translate(self.indent, 0)
        for shape, numbers, text in self.shapes:
            at = [n * mm for n in numbers]
            self.canv.setStrokeColor(colours.get(shape, INK))
            self.canv.setFillColor(INK)
            self.canv.setLineWidth(1.5 if shape in colours else 0.8)
            if shape in ("box", "zone"):
                self.canv.setDash(*([3, 2] if shape == "zone" else []))
                self.canv.setFillColor(white if shape == "zone" else PALE)
                self.canv.roundRect(*at, 1.2 * mm, stroke=1, fill=1)
                self.canv.setDash()
                self.label(
                    text,
                    at[0] + at[2] / 2,
                    at[1] + (at[3] - 4 * mm if shape == "zone" else at[3] / 2 - 1 * mm),
                )
            elif shape == "text":
                self.label(text, *at)
            elif shape == "pump":
                self.canv.circle(*at, 3 * mm, stroke=1, fill=0)
                self.canv.lines([(at[0] - 1.5 * mm, at[1] + s * 2.6 * mm, at[0] + 3 * mm, at[1]) for s in (1, -1)])
            elif shape == "valve":
                x, y, r = at[0], at[1], 2.2 * mm
                self.canv.lines([(x - r, y - r, x - r, y + r), (x + r, y - r, x + r, y + r)])
                self.canv.lines([(x - r, y - r, x + r, y + r), (x - r, y + r, x + r, y - r)])
            else:
                points = list(zip(at[::2], at[1::2], strict=True))
                self.canv.lines([(*a, *b) for a, b in pairwise(points)])

    def label(self, text: str, x: float, y: float) -> None:
        self.canv.setFillColor(INK)
        self.canv.setFont(self.font, 7.6)
        lines = text.split(" / ")
        for n, line in enumerate(lines):
            self.canv.drawCentredString(x, y + (len(lines) / 2 - n - 0.5) * 9, line)
