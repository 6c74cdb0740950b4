"""What a question does with a table, from its words alone: operation, order, comparisons, dates. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.ask.kinds.tables.links import Token, tokens_of
from app.ask.kinds.tables.vocabulary import SUPERLATIVES, TWO_WORDS
from app.ask.language.dates import MONTHS
from app.ask.language.words import plain_number

_NUM = r"(?:(?:eur|usd|gbp|chf|€|\$|£)\s?)?(?P<{0}>-?\d+(?:[.,]\d+)*)(?:\s?(?P<{0}u>[%€$£]|[^\W\d_][\w²³/().]*))?"
_MORE = (
    r"(?:more|greater|higher|longer|heavier|larger|bigger|louder|dearer|wider|taller|faster|deeper|hotter|warmer|"
    r"stronger|older|costlier|pricier|more expensive) than|above|over|exceed(?:s|ing)?|beyond|>"
)
_LESS = (
    r"(?:less|fewer|lower|smaller|shorter|lighter|cheaper|quieter|slower|narrower|colder|cooler|thinner|weaker|younger|"
    r"less expensive) than|below|under|<"
)
_COMPARISON = re.compile(
    rf"(?P<how>(?P<ge>at least|(?:no|not) less than|a minimum of|>=|≥)|(?P<le>at most|(?:no|not) more than|up to|"
    rf"a maximum of|<=|≤)|(?P<gt>{_MORE})|(?P<lt>{_LESS})|(?P<eq>exactly|equal to|equals|=))"
    rf"\s*{_NUM.format('n')}"
    rf"|between (?:the )?{_NUM.format('a')} and {_NUM.format('b')}"
    rf"|{_NUM.format('m')} (?:or|and) (?:(?P<up>more|above|over|longer|higher|larger|heavier|greater)|"
    r"(?P<down>less|below|under|fewer|shorter|lower|smaller|cheaper))\b"
)
_MONTH = "|".join([*MONTHS, *(name[:3] for name in MONTHS), "sept"])
_DATE = (
    rf"(?:(?P<{{0}}y1>\d{{{{4}}}})-(?P<{{0}}m1>\d\d)(?:-(?P<{{0}}d1>\d\d))?"
    rf"|(?:the )?(?P<{{0}}d2>\d\d?)(?:st|nd|rd|th)?(?: of)? (?P<{{0}}m2>{_MONTH})\b(?:,? (?P<{{0}}y2>\d{{{{4}}}}))?"
    rf"|(?P<{{0}}m3>{_MONTH})\b(?: (?P<{{0}}d3>\d\d?)(?:st|nd|rd|th)?\b)?(?:,? (?:of )?(?P<{{0}}y3>\d{{{{4}}}}))?"
    rf"|(?:q(?P<{{0}}q>[1-4])|the (?P<{{0}}qw>first|second|third|fourth) quarter)(?: of)? (?P<{{0}}y4>\d{{{{4}}}})"
    rf"|(?P<{{0}}y5>(?:19|20)\d\d)(?![\w.,-]?\d|\w))"
)
_ON_DATE = re.compile(
    r"\b(?:(?P<how>before|prior to|earlier than|older than|after|later than|newer than|since|until|till|by|in|on|"
    r"during|from|of|for|dated) (?:the (?:month|year) (?:of )?)?)?"
    rf"{_DATE.format('a')}(?: (?:to|until|and|through) {_DATE.format('b')})?",
)
_GROUP = re.compile(
    r"\b(?:per|by|for each|for every|of each|of every|in each|in every|each|every|grouped by|broken down by|across|"
    r"for all|by each) (?:of the |the |single )?(?=\w)"
)
_NEGATION = re.compile(
    r"\b(?:(?:not|never|isn't|aren't|wasn't|weren't|haven't|hasn't|don't|doesn't|without|except|excluding|other than|"
    r"apart from|but not|no longer)(?: (?:been|be|yet|being|for|have|has|having|a|an|any|the|of|in|from|on|by))*|no|no "
    r"(?:such|valid)) (?=\w)"
)
_NOT_IN_ORDER = frozenset(
    {"quarter", "time", "name", "names", "half", "week", "month", "year", "page", "row", "column"}
)
_ORDERED = re.compile(r"\b(?:which|what|who|when)\b.*\b(?:first|last)\b")
_NUMBER_WORDS = {w: n for n, w in enumerate("two three four five six seven eight nine ten".split(), 2)}
_TOP = re.compile(
    rf"\b(?:top|first|last|bottom)? ?(\d{{1,3}}|{'|'.join(_NUMBER_WORDS)}) (?:of the )?(?:{'|'.join(SUPERLATIVES)})\b"
    rf"|\b(?:{'|'.join(SUPERLATIVES)}) ({'|'.join(_NUMBER_WORDS)}|\d{{1,2}})\b(?! ?(?:%|per cent))"
    rf"|\b(?:top|bottom) (\d{{1,3}}|{'|'.join(_NUMBER_WORDS)})\b"
)


@dataclass(frozen=True, slots=True)
class NumberFilter:
    how: str  # '<', '<=', '>', '>=', '=', 'between'
    values: tuple[float, ...]
    unit: str
    words: tuple[int, ...]  # tokens of the whole comparison
    adjective: str = ""  # 'longer', 'cheaper'


@dataclass(frozen=True, slots=True)
class DateFilter:
    how: str  # as above; 'during' for a period, 'month' for a month of any year
    values: tuple[str, ...]
    words: tuple[int, ...]
    year: int = 0  # token of a bare year, which may be a plain value


@dataclass(slots=True)
class Intent:
    tokens: list[Token]
    operation: str
    said: str = ""  # the word that tells the direction: 'cheapest', 'most'
    meant: tuple[str, ...] = ()  # concepts of that word
    top: int = 1
    groups: tuple[int, ...] = ()  # tokens behind 'per', 'by', 'each'
    aggregate: str = ""  # 'sum' or 'mean' said beside a superlative
    numbers: list[NumberFilter] = field(default_factory=list)
    dates: list[DateFilter] = field(default_factory=list)
    follows: int = 0  # token at which a follow-up begins, whose values stand instead of earlier ones
    negated: set[int] = field(default_factory=set)  # tokens right behind a negation
    used: set[int] = field(default_factory=set)


_OPERATIONS = (
    (
        "share",
        r"(?<!\bat what )(?<!\bat which )\b(?:percentage|percent|per cent|share|proportion|fraction) of\b|"
        r"\bhow many (?:percent|per cent|%)",
    ),
    ("compare", r"\b(?:difference|differences) between\b|\bcompare\b|\bcompared\b|\b(?:vs|versus)\b|\bdiffer\b|"
                r"\bcomparison\b"),
    ("median", r"\bmedian\b"),
    ("mean", r"\b(?:average|mean|averaged)\b(?! by| that)"),
    ("sum", r"\b(?:total(?! number)|sum|add(?:ed)? up|altogether|in total|combined|together|totals|overall)\b"),
    ("sum", r"^how much\b.*\b(?:spent|spend|paid|pay|costs?|claim(?:ed)?|earn(?:ed|s)?|bought|sold|invoiced|billed)\b"),
    ("count", r"(?<!after )(?<!within )(?<!into )(?<!until )(?<!every )(?<!\bat )\bhow many\b|\bhow often\b|"
              r"(?:^|\bthe |\btotal )number of\b|^count\b"),
)  # fmt: skip
_ROWS = re.compile(
    r"^(?:which|what|list|show|name|give|find|display|who|whose|where|when|tell|are there|is there|do we have|get|all|"
    r"in which|on which|for which|at which|by whom|how (?:much|long|high|heavy|big|large|old|far|tall|loud))\b"
)
_PHRASE = 9  # words, up to which 'tickets that are open' is a question
_QUESTION = re.compile(r"^(?:how|is|are|do|does|did|has|have|was|were|will|would|i|my|we|and|but|so|then|or)\b")
_NO_TABLE = re.compile(
    r"^(?:why|how (?:do|does|can|should|did|is|are|to)\b|can|could|should|may|must|is it|summar|explain|describe)"
    r"|\b(?:what happens|what does \S+ mean|what is meant|stand for|how do i|how do you|steps?)\b"
)


def intent_of(plain: str) -> Intent | None:
    """Of the question in lower case; None where it asks for nothing that a table is asked for."""
    if _NO_TABLE.search(plain) and not re.search(r"\bdiffer\b|\bhow (?:do|does) .* compare\b", plain):
        return None
    tokens = tokens_of(plain)
    if not 2 <= len(tokens) <= 45:
        return None
    intent = Intent(tokens, "rows")
    operations = [name for name, pattern in _OPERATIONS if re.search(pattern, plain)]
    _superlative(plain, intent)
    if "compare" in operations or "share" in operations:
        intent.operation = operations[0]
    elif intent.said and not ("count" in operations and not re.search(r"\band (?:by )?how (?:many|much)\b", plain)):
        intent.aggregate = next((name for name in operations if name in ("sum", "mean")), "")
    elif operations:
        intent.operation = operations[0]
        if operations[:2] == ["sum", "count"] and re.search(r"\bhow many\b", plain):
            intent.operation = "count"
    _comparisons(plain, intent)
    _on_dates(plain, intent)
    intent.groups = tuple(i for m in _GROUP.finditer(plain) for i in _within(intent, m.end(), m.end() + 1))
    for found in _NEGATION.finditer(plain):
        intent.negated.update(_within(intent, found.end(), found.end() + 1))
        intent.used.update(_within(intent, found.start(), found.end()))
    asks = intent.said or operations or intent.numbers or intent.dates or intent.groups or _ROWS.search(plain)
    is_phrase = len(tokens) <= _PHRASE and not _QUESTION.search(plain)
    return intent if asks or is_phrase else None


def _superlative(plain: str, intent: Intent) -> None:
    """The first word that asks for the most or the least, if any."""
    for i, token in enumerate(intent.tokens):
        following = intent.tokens[i + 1].text if i + 1 < len(intent.tokens) else ""
        way, meant = SUPERLATIVES.get(token.text, ("", ()))
        if token.text in ("top", "peak") and (following.isdecimal() or following in SUPERLATIVES | _NUMBER_WORDS):
            continue
        if (
            token.text in ("first", "last")
            and following not in _NOT_IN_ORDER
            and not intent.said
            and _ORDERED.search(plain)
        ):
            way, meant = ("least" if token.text == "first" else "most"), ("DATE",)
        if not way or re.search(r"\bat (?:the )?(?:very )?(?:most|least)$", plain[: token.end]):
            continue
        if token.text in ("most", "least") and following in TWO_WORDS:
            meant = (TWO_WORDS[following],)
            if following == "cheap":
                way = "least" if way == "most" else "most"
            intent.used.add(i + 1)
        intent.operation, intent.said, intent.meant = way, token.text, meant
        intent.used.add(i)
        break
    if found := _TOP.search(plain):
        number = found[1] or found[2] or found[3]
        intent.top = max(1, int(_NUMBER_WORDS.get(number, 0) or number))
        intent.used.update(_within(intent, found.start(), found.end()))
        if not intent.said:
            intent.operation, intent.said = ("least" if "bottom" in found[0] else "most"), "most"


def value_of(number: str) -> float | None:
    """None of '1.2.3', which is no number."""
    try:
        return float(plain_number(number))
    except ValueError:
        return None


def _comparisons(plain: str, intent: Intent) -> None:
    names = {"ge": ">=", "le": "<=", "gt": ">", "lt": "<", "eq": "="}
    for found in _COMPARISON.finditer(plain):
        words = tuple(_within(intent, found.start(), found.end()))
        values: tuple[str, ...]
        if found["a"]:
            values, how, unit = (found["a"], found["b"]), "between", found["bu"] or found["au"]
        elif found["m"]:
            values, how, unit = (found["m"],), ">=" if found["up"] else "<=", found["mu"]
        else:
            how = next(sign for name, sign in names.items() if found[name])
            values, unit = (found["n"],), found["nu"]
        currency = re.search(r"(eur|usd|gbp|chf|€|\$|£)\s?\d", found[0])
        numbers = tuple(number for value in values if (number := value_of(value)) is not None)
        if len(numbers) < len(values):
            continue
        adjective = (found["how"] or found["up"] or found["down"] or "").split(" ")[0]
        told = NumberFilter(how, numbers, currency[1] if currency else unit or "", words, adjective)
        if not _is_date(plain, found, numbers):
            intent.numbers.append(told)
            intent.used.update(i for i in words if intent.tokens[i].text != unit)


def _is_date(plain: str, found: re.Match[str], numbers: Sequence[float]) -> bool:
    return (
        bool(_ON_DATE.match(plain, found.start("n")))
        and found["n"] is not None
        and not (len(numbers) == 1 and found["nu"] and found["nu"] not in _MONTH)
        and re.fullmatch(r"(?:19|20)\d\d|\d\d?", found["n"]) is not None
        and found["how"].startswith(("older", "newer"))
    )


def _on_dates(plain: str, intent: Intent) -> None:
    signs = {"before": "<", "prior to": "<", "earlier than": "<", "older than": "<", "after": ">", "later than": ">",
             "newer than": ">", "since": ">=", "until": "<=", "till": "<=", "by": "<="}  # fmt: skip
    compared = {i for one in intent.numbers for i in one.words}
    for found in _ON_DATE.finditer(plain):
        words = tuple(_within(intent, found.start(), found.end()))
        how, first = found["how"] or "", _date(found, "a")
        if first is None or compared & set(words) or (first[:5] == "????-" and not _says_month(found)):
            continue
        second = _date(found, "b")
        if second:
            told = DateFilter("between", (first, second), words)
        elif first[:5] == "????-" and len(first) == 7:
            told = DateFilter("month", (first[5:],), words)
        elif first[:5] == "????-":
            continue
        else:
            told = DateFilter(signs.get(how, ">=" if how == "from" and "on" in plain else "during"), (first,), words)
        bare = next((i for i in words if intent.tokens[i].text == found["ay5"]), -1) if found["ay5"] else -1
        intent.dates.append(DateFilter(told.how, told.values, told.words, bare))


def _says_month(found: re.Match[str]) -> bool:
    """'in May' is a month, 'may' alone is not; nor is 'sat' or 'mar'."""
    name = found["am3"] or found["am2"] or ""
    return bool(found["how"]) or (name in MONTHS and name not in ("may", "march"))


def _date(found: re.Match[str], name: str) -> str | None:
    """'2024', '2024-03', '2024-03-01', '2024-Q1'; '????-03' where no year is said."""
    year = next((found[f"{name}y{n}"] for n in (1, 2, 3, 4, 5) if found[f"{name}y{n}"]), "")
    quarter = found[f"{name}q"] or {"first": 1, "second": 2, "third": 3, "fourth": 4}.get(found[f"{name}qw"] or "")
    if quarter:
        return f"{year}-Q{quarter}"
    month = found[f"{name}m1"] or found[f"{name}m2"] or found[f"{name}m3"]
    if not month:
        return year or None
    number = int(month) if month.isdecimal() else [m[:3] for m in MONTHS].index(month[:3]) + 1
    day = found[f"{name}d1"] or found[f"{name}d2"] or found[f"{name}d3"]
    return f"{year or '????'}-{number:02}" + (f"-{int(day):02}" if day else "")


def _within(intent: Intent, start: int, end: int) -> list[int]:
    """Tokens that touch the span."""
    return [i for i, token in enumerate(intent.tokens) if token.start < end and token.end > start]
