"""Which of a document's sentences tell most of it: how much, from when, what must be done, what is excepted.

No model: each sentence is weighed by what it holds, by the words it shares with its heading, its document and its
section's middle; then the best are taken, from all sections, as far as there is room.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.ask.language.quantities import quantities
from app.ask.language.words import content_words, names
from app.ask.structure.outline import Section
from app.ask.structure.statements import Statement

_MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_DATE = re.compile(rf"\b(?:{_MONTH})[a-z]*\.? \d|\d\.? (?:{_MONTH})[a-z]*\b|\b\d{{4}}-\d\d-\d\d\b|\b(?:19|20)\d\d\b")
_MONEY = re.compile(
    r"(?:[$€£¥]|\b(?:EUR|USD|GBP|CHF)) ?\d|\d(?: (?:million|billion|m|bn))? ?(?:[€£]|(?:EUR|USD|euros?|dollars?|"
    r"pounds?)\b)"
)
_DUTY = re.compile(
    r"\b(?:must|shall|ha(?:s|ve) to|may(?: not| only)?|cannot|needs?|needed|(?:is|are) to|requir\w+|oblig\w+|"
    r"owes?|bears?|"
    r"permitted|allowed|forbidden|prohibited|never|do not|at (?:least|most|the latest)|up to|not? (?:later|more|"
    r"less) than|"
    r"within|until|by (?:the end|\d)|responsible|liab\w+|entitled|due|deadline|valid)\b",
    re.IGNORECASE,
)
_DECIDED = re.compile(
    r"\b(?:decisions?|decided|agreed?|resolved|approved?|chosen|rejected|actions?|vote|recommend\w*|propos\w+|"
    r"conclu\w+|"
    r"results?|findings?|we (?:propose|present|introduce|find|found|show|accept|offer|order|ask)|"
    r"in this (?:paper|report|work|"
    r"study|document)|replac\w+|reason|because|caused?|total|campaign|warning|danger|purpose|aims?|goals?|budget|"
    r"targets?)\b",
    re.IGNORECASE,
)
_EXCEPTED = re.compile(
    r"\b(?:except\w*|unless|exclu\w+|not (?:covered|included|apply|permitted|released|valid)|does not|void|"
    r"exempt\w*|only|"
    r"instead|without|otherwise|free of charge|forbidden)\b",
    re.IGNORECASE,
)
_TOTAL = re.compile(r"\b(?:grand |sub)?(?:total|sum|overall|altogether|summe|gesamt\w*)\b", re.IGNORECASE)
_LEANING = re.compile(
    r"(?:it|its|this|these|those|they|them|he|she|such|that|here|both|however|therefore|thus|hence|otherwise|also|then|"
    r"after that|in (?:this|that|these) cases?|the (?:same|other|former|latter)|for (?:this|these|example|"
    r"instance)|and|but|or)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(?:see|refer to|as (?:shown|described|listed) in|figure \d|fig\. ?\d|for (?:example|instance))\b", re.I
)
_EMPTY = re.compile(
    r"\b(?:ltd|inc|gmbh|llc|corporation)\.?$|^(?:from|sent|to|cc|subject|date|von|an|gesendet|betreff): |"
    r"all rights reserved|copyright|©|\(c\) \d{4}|(?:\. ?){5,}|https?://|www\.|\S+@\S+|^(?:page|seite) \d+|"
    r"^(?:phone|tel|fax|e-?mail|address|contact|author|signature|signed|date)\b.{0,60}$|"
    r"\b(?:provision|clause)s? .{0,30}\b(?:void|invalid|unenforceable)|table of contents|"
    r"\barxiv\b|\bet al\.,? .{0,80}\bin proceedings|\bproceedings of\b.{0,120}\d{4}|\bpages? \d+[–-]\d+",
    re.IGNORECASE,
)
_ASIDE = re.compile(  # sections that no summary needs
    r"contents|references|bibliography|acknowledge?ments?|index|imprint|glossary|appendix.*|annex.*|signatures?|"
    r"copyright.*|"
    r"(?:table|list) of \w+|revision history|change history|inhalt\w*|literatur\w*|"
    r"(?:final|general|miscellaneous|closing) (?:provisions|terms|remarks)",
    re.IGNORECASE,
)
_GIST = re.compile(
    r"(?:executive |management )?summary|abstract|overview|in short|conclusions?|(?:main |key )?(?:findings|"
    r"points|results)|"
    r"recommendations?|purpose|scope|introduction",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(?:this|these|the present|our) (?:document|guide|manual|report|paper|policy|agreement|contract|protocol|"
    r"study|book|letter|"
    r"terms|reference|bulletin|work|article|note|handbook|plan|proposal|page|survey|review|chapter)\b|"
    r"\b(?:describes?|explains?|documents? that|contains?|covers?|lists?|sets out|governs|appl(?:y|ies) to|"
    r"between .{3,80} and|"
    r"we (?:propose|present|introduce|show|study|investigate)|purpose|lets|agree|concerns|replaces|in force|valid)\b",
    re.IGNORECASE,
)
_LABEL = re.compile(r"(?:[A-Z][\w-]*(?: \w+)?: |NOTE\b|replaces\b|edition \d|version \d)", re.IGNORECASE)
_SAME = 0.6  # share of words from which two say the same
_STRETCH = 8  # sentences
_FIRST = 0.5  # what the sentence that says what it is about counts more
_AGAIN = 0.22  # what a section's next sentence counts less


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is taken: characters, sentences in all, sections, sentences of one section. `introduced`: with the
    sentence that says what all of it is about, if there is one."""

    characters: int
    most: int = 16
    sections: int = 12
    each: int = 3
    introduced: bool = False


def is_aside(section: Section) -> bool:
    return bool(_ASIDE.fullmatch(section.name))


def most_salient(sections: Sequence[Section], title: str, budget: Budget) -> list[tuple[int, list[Statement]]]:
    """The places of the sections that are kept, in order, each with its best sentences in order."""
    statements = [(place, n, statement) for place, one in enumerate(sections) for n, statement in enumerate(_of(one))]
    if not statements:
        return []
    words = [frozenset(content_words(statement.meaning)) for _, _, statement in statements]
    scores, first = _central(words), introduction(sections, title) if budget.introduced else None
    title_words = frozenset(content_words(title))
    for i, (place, n, statement) in enumerate(statements):
        section = sections[place]
        heading = frozenset(content_words(section.name))
        scores[i] += (
            salience(statement)
            + (0.6 if statement.said[0].islower() else 0.2) * (n == 0)
            + 0.12 * bool(_GIST.fullmatch(section.name))
        )
        scores[i] += _FIRST * (statement is first)
        scores[i] += 0.25 * _share(heading, words[i]) + 0.15 * _share(title_words, words[i])
    chosen = _taken(
        [place for place, _, _ in statements], [statement for _, _, statement in statements], words, scores, budget
    )
    found: dict[int, list[Statement]] = {}
    for i in sorted(chosen):
        found.setdefault(statements[i][0], []).append(statements[i][2])
    return list(found.items())


def in_stretches(sections: Sequence[Section], most: int) -> list[Section]:
    """A long text with few headings in as many stretches as sentences are wanted, so that all of it is told of."""
    if len(sections) >= most // 2:
        return list(sections)
    length = max(_STRETCH, sum(len(section.statements) for section in sections) // most)
    return [
        replace(section, statements=section.statements[at : at + length])
        for section in sections
        for at in range(0, len(section.statements) or 1, length)
    ]


def introduction(sections: Sequence[Section], title: str) -> Statement | None:
    """The sentence with which a document says what it is about: one of its first whole ones."""
    wanted = frozenset(content_words(title))
    best: tuple[float, Statement] | None = None
    place = 0
    for section in sections:
        for statement in _of(section):
            if statement.form == "row" or _EMPTY.search(statement.said):
                continue
            length = len(statement.said.split())
            words = frozenset(content_words(statement.said))
            if words <= wanted or length < 4:
                continue  # the title again
            score = 0.6 * _share(wanted, words) + 0.5 * bool(_ABOUT.search(statement.said)) - 0.15 * place
            score += 0.3 * bool(_GIST.fullmatch(section.name)) + 0.1 * (statement.said[-1] == ".") + 0.2 * (length > 5)
            score -= 0.5 * (length > 60) + 0.6 * (statement.said[-1] in ":?") + 0.4 * bool(_LABEL.match(statement.said))
            score -= 0.3 * bool(_LEANING.match(statement.said)) + 0.5 * statement.said.isupper()
            place += 1
            if best is None or score > best[0]:
                best = score, statement
    return best[1] if best else None


def salience(statement: Statement) -> float:
    """What it holds that a careful person would write down."""
    text = statement.said
    measured = [quantity for quantity in quantities(text) if quantity.units]
    score = 0.4 * bool(_MONEY.search(text)) + 0.3 * bool(_DATE.search(text)) + min(0.4, 0.2 * len(measured))
    score += min(0.15, 0.05 * len(re.findall(r"\d+", text))) + min(0.15, 0.05 * len(names(text)))
    score += 0.25 * bool(_DUTY.search(text)) + 0.3 * bool(_DECIDED.search(text)) + 0.2 * bool(_EXCEPTED.search(text))
    length = len(text.split())
    score -= 0.25 * bool(_LEANING.match(text)) + 0.2 * bool(_POINTING.search(text)) + 0.8 * bool(_EMPTY.search(text))
    score -= (
        0.4 * (length < 5 and statement.form != "row")
        + 0.2 * (length > 45)
        + 0.5 * (length > 80)
        + 0.3 * text.endswith("?")
    )
    if statement.form == "row":
        score += 0.4 if _TOTAL.search(text.split(":")[0]) else -0.25
    elif text[0].islower() and not statement.leans:
        score -= 0.4  # the rest of a sentence
    return score - 0.3 * (text[-1] == ":" or (statement.form == "sentence" and text[-1] not in ".!?…)\"”'"))


def _of(section: Section) -> Sequence[Statement]:
    """Those that can be taken: up to where a list of references begins."""
    if is_aside(section):
        return ()
    end = next(
        (
            i
            for i, statement in enumerate(section.statements)
            if i and _ASIDE.fullmatch(statement.said.strip(" :0123456789."))
        ),
        None,
    )
    return section.statements[:end]


def _central(words: Sequence[frozenset[str]]) -> list[float]:
    """How near each is to the middle of the text: by its words that come again."""
    everywhere = Counter(word for found in words for word in found)
    most = math.log1p(3)
    return [0.3 * sum(math.log(everywhere[word]) for word in found) / (len(found) + 4) / most for found in words]


def _taken(
    places: Sequence[int],
    statements: Sequence[Statement],
    words: Sequence[frozenset[str]],
    scores: Sequence[float],
    budget: Budget,
) -> set[int]:
    """The best ones: first one of each section, then more where they tell most; none that says what another says."""
    chosen: set[int] = set()
    taken: Counter[int] = Counter()
    used, again = 0, 0.3 * min(1.0, len(statements) / 40)  # of a short text more is worth telling
    for first in (True, False):
        waiting = set(range(len(statements))) - chosen
        while waiting and len(chosen) < budget.most and used < budget.characters:
            i = max(waiting, key=lambda i: (scores[i] - _AGAIN * taken[places[i]], -i))
            waiting.remove(i)
            place, value = places[i], scores[i] - _AGAIN * taken[places[i]]
            full = taken[place] >= (1 if first else budget.each) or (not taken[place] and len(taken) >= budget.sections)
            if full or value < (0.2 if first else again) or any(_same(words[i], words[j]) for j in chosen):
                continue
            chosen.add(i)
            taken[place] += 1
            used += len(statements[i].said)
    return chosen


def _same(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= _SAME * max(1, min(len(one), len(other))) and len(one ^ other) < 6


def _share(wanted: frozenset[str], found: frozenset[str]) -> float:
    return len(wanted & found) / len(wanted) if wanted else 0.0
