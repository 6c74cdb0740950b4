"""The question made fit to be searched for: follow-ups stand alone, ratios name the figures they are made of. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from app.ask.language.words import STOP, stem
from app.datatypes import Turn

_LEANING = re.compile(
    r"^(?:and|but|so|or|then|why|how so|what about|how about|who else|what else|really|any (?:more|other)s?)\b"
    r"|\b(?:it|its|itself|they|them|theirs?|that|those|this|these|he|she|his|hers?|him|same|instead|else"
    r"|(?:that|this|which|the \w+) ones?|the (?:former|latter|others?)|(?<!is )(?<!are )(?<!was )(?<!were )there)\b",
    re.IGNORECASE,
)
_RELATIVE = re.compile(  # 'the valve that opens first' leans on nothing
    r"(?<!\bis)(?<!\bare)(?<!\bwas)(?<!\bdoes)(?<!\bdid)(?<!\bdo)(?<!\bof)(?<!\bfor)(?<!\bto)(?<!\bwith)(?<!\bat)"
    r"(?<!\bin)(?<!\bon)(?<!\bby)(?<!\babout)(?<!\blike)(?<!\bafter)(?<!\bbefore)(?<=\w) that\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:[-./’'][^\W_]+)*")
_NAME = re.compile(r"(?<![.!?] )(?<!^)\b[A-ZÀ-Þ][\w’'-]*(?:\s+(?:of |the |de |von )?[A-ZÀ-Þ0-9][\w’'-]*)*")
_CODE = re.compile(r"\b(?=[\w./-]*\d)(?=[\w./-]*[A-Za-z])[A-Za-z0-9]+(?:[-./][A-Za-z0-9]+)*\b")
_SHORT = 4  # words up to which a question can hardly stand alone
_FROM_ANSWER = 4  # names of the last answer that are carried over
_BACK = 3  # turns that are looked through for what a question leans on


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The question with the telling words of what it leans on, for the search; unchanged when it stands alone.

    Those are the words of the last question that stood alone and of the questions after it, and the names and codes
    in the last answer, which 'it' and 'they' often mean. Behind the question, so that its own words come first.
    """
    if not history or not _leans(question):
        return question
    chain: list[Turn] = []
    for turn in reversed(history[-_BACK:]):
        chain.append(turn)
        if not _leans(turn.question):
            break
    said = _stems(question)
    carried: list[str] = []
    sources = [turn.question for turn in reversed(chain)]
    for word in (word for source in sources for word in _WORD.findall(source)):
        if word.lower() not in STOP and stem(word.lower()) not in said:
            carried.append(word)
            said.add(stem(word.lower()))
    last = history[-1].answer
    if last.status != "abstained":
        for name in _named(last.text, said)[:_FROM_ANSWER]:
            carried.append(name)
            said |= _stems(name)
    return " ".join([question, *carried])


def _named(answer: str, said: set[str]) -> list[str]:
    """Codes and capitalised names in an answer that were not said before."""
    found = dict.fromkeys([*_CODE.findall(answer), *_NAME.findall(answer)])
    return [name for name in found if not said & _stems(name)]


def _stems(text: str) -> set[str]:
    return {stem(word.lower()) for word in _WORD.findall(text)}


def _leans(question: str) -> bool:
    if len(question.split()) <= _SHORT and not _CODE.search(question):
        return True
    return _LEANING.search(_RELATIVE.sub("", question)) is not None


_STATEMENTS = {
    "INCOME": "consolidated statements of income operations earnings",
    "BALANCE": "consolidated balance sheets",
    "CASH": "consolidated statements of cash flows",
}
_RATIOS = """
    returns? on (?:average )?equity|ROE: net income total stockholders shareholders equity BALANCE INCOME
    returns? on (?:average )?(?:total )?assets?|ROA: net income total assets BALANCE INCOME
    (?:current|quick|acid.test|working capital) ratio: total current assets liabilities BALANCE
    debt.to.equity|debt ratio|leverage ratio|gearing: total liabilities long-term debt equity BALANCE
    (?:interest|EBITDA) coverage: operating income interest expense INCOME
    interest expense to|debt to EBITDA: interest expense long-term debt BALANCE INCOME
    EBITDA: operating income depreciation and amortization INCOME CASH
    EBIT: operating income INCOME
    gross (?:profit )?margins?: gross profit revenue net sales cost of sales INCOME
    (?:operating|net|profit) (?:profit |income )?margins?: operating income net income revenue net sales INCOME
    inventory turnover|days (?:of |sales (?:of|in) )?inventory: cost of sales inventories BALANCE INCOME
    receivables? turnover|days sales outstanding: accounts receivable revenue net sales BALANCE INCOME
    payables? turnover|days payable: accounts payable cost of sales BALANCE INCOME
    cash conversion cycle: inventories accounts receivable payable cost of sales revenue BALANCE INCOME
    asset turnover: revenue net sales total assets BALANCE INCOME
    payout ratio: dividends net income INCOME CASH
    free cash flow: net cash provided by operating activities purchases of property and equipment CASH
    effective tax rate: provision for income taxes income before taxes INCOME
"""


@cache
def _ratios() -> list[tuple[re.Pattern[str], list[str]]]:
    """What each ratio is called, and the words of what it is made of."""
    lines = [line.strip().rpartition(": ") for line in _RATIOS.strip().splitlines()]
    return [
        (
            re.compile(rf"\b(?:{called})\b", re.IGNORECASE),
            [part for word in figures.split() for part in _STATEMENTS.get(word, word).split()],
        )
        for called, _, figures in lines
    ]


def with_figures(query: str) -> str:
    """The query and, where it asks for a ratio that accounts seldom print, the figures and statements it is made of.

    A 10-K states net income and equity, not the 'return on equity' that it is asked for.
    """
    figures = [word for ratio, words in _ratios() if ratio.search(query) for word in words]
    said = {word.lower() for word in _WORD.findall(query)}
    return " ".join([query, *(word for word in dict.fromkeys(figures) if word not in said)])
