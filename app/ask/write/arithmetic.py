"""A number that no document prints but that follows from those it prints: 'What do 80 licences cost a year?'

A small model reckons badly but often knows what to multiply. So it writes one formula; code checks that every number in
it stands in a quote or in the question, and does the sum. Since nobody has checked the formula, such an answer is
never sure: it is shown with its working.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from app.ask.language.quantities import Quantity, quantities
from app.ask.language.words import NUMBER, plain_number
from app.datatypes import Sentence
from app.llm.message import message, template
from app.llm.protocol import Llm

_LONGEST = 60  # tokens of a formula
_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_KNOWN = {0.0, 1.0, 2.0, 7.0, 12.0, 24.0, 52.0, 60.0, 100.0, 365.0, 1000.0}  # of the calendar, of units and of per cent
_WANTS_NUMBER = re.compile(
    r"\bhow (?:much|many|high|long|far|big|large|heavy|loud|warm|old|expensive|wide|deep)\b"
    r"|\b(?:what|which) (?:\w+ ){0,4}?(?:cost|costs|price|sum|total|amount|difference|load|pressure|power|output|level|"
    r"rate|share|percentage|temperature|time|volume|weight|fee|charge|rent|value|number)\b",
    re.IGNORECASE,
)
_APART = re.compile(
    r"\bby how (?:much|many)\b|\bhow (?:much|many) (?:\w+ ){0,3}?(?:more|less|fewer|cheaper|higher|lower|longer|"
    r"shorter|earlier|later)\b|\bdifference in\b",
    re.IGNORECASE,
)
_TOGETHER = re.compile(
    r"\b(?:in total|altogether|all together|in all|combined|per year|a year|yearly|over \w+ (?:months|years|weeks)|"
    r"per ?cent of|on average|sum of)\b",
    re.IGNORECASE,
)
_CALENDAR = {"day", "week", "month", "year", "decade", "century"}


@dataclass(frozen=True, slots=True)
class Result:
    """`working` is the formula as people read it, `value` what comes out, `used` the numbers in it that the documents
    give."""

    value: str
    working: str
    used: frozenset[str]


def wants_result(question: str, evidence: Sequence[Sentence], quoted: str = "") -> bool:
    """Whether a number is asked for that has to be worked out: from an amount of the asker's own, which no sentence
    found repeats, or as a difference or total. `quoted` is what a sure answer stands on, '' where there is none: a
    total is then taken to stand there, and a difference where the quote compares too."""
    if not _WANTS_NUMBER.search(question):
        return False
    printed = {quantity.value for sentence in evidence for quantity in quantities(sentence.meaning)}
    own = [one for one in quantities(question) if _is_amount(one) and one.value not in printed]
    if apart := _APART.search(question):
        return apart.group().split()[-1].lower() not in quoted.lower()
    return bool(own or (not quoted and _TOGETHER.search(question)))


def _is_amount(quantity: Quantity) -> bool:
    return bool(quantity.units - _CALENDAR)


def result_of(question: str, evidence: Sequence[Sentence], llm: Llm) -> Result | None:
    """What the model's formula comes to; None where it writes none, or one with a number from nowhere."""
    text = "\n".join(sentence.meaning for sentence in evidence)[:1500]
    tokens = message(llm, template("app.ask.write", "arithmetic"), {"question": question, "text": text})
    if len(tokens) + _LONGEST > llm.n_ctx:
        return None
    return calculated("".join(llm.stream(tokens, _LONGEST)), question, text)


def calculated(written: str, question: str, text: str) -> Result | None:
    """The first formula in what was written, worked out. None where a number in it stands neither in the text nor in
    the question, where none is the text's, where fewer than two numbers meet, and for a division by zero."""
    formula = next((f for line in written.splitlines() if (f := _formula(line))), None)
    if formula is None:
        return None
    given = {float(q.value) for q in quantities(f"{text}\n{question}")} | {float(plain_number(m)) for m in _all(text)}
    in_text = {float(q.value) for q in quantities(text)}
    constants = _numbers(formula)
    if len(constants) < 2 or not in_text & set(constants):
        return None
    if any(value not in given | _KNOWN and not _is_share(value, given) for value in constants):
        return None
    try:
        value = _value(formula.body)
    except (ZeroDivisionError, OverflowError):
        return None
    used = frozenset(_plain(constant) for constant in constants if constant in in_text)
    shown = _plain(abs(value)) if _wants_size(question) else _plain(value)
    return Result(shown, f"{_readable(formula)} = {_plain(value)}", used)


def _numbers(formula: ast.Expression) -> list[float]:
    found = (node.value for node in ast.walk(formula) if isinstance(node, ast.Constant))
    return [float(value) for value in found if isinstance(value, int | float)]


def _is_share(value: float, given: Collection[float]) -> bool:
    """0.06, 0.94 or 1.06 where 6 % are given."""
    return any(math.isclose(value, share) for one in given for share in (one / 100, 1 - one / 100, 1 + one / 100))


def _all(text: str) -> list[str]:
    return [match.group() for match in NUMBER.finditer(text)]


def _wants_size(question: str) -> bool:
    """Of a difference people want how big it is."""
    return (
        re.search(r"\b(?:by how|difference|more|less|fewer|cheaper|earlier|later)\b", question, re.IGNORECASE)
        is not None
    )


def _formula(line: str) -> ast.Expression | None:
    """A line that is nothing but numbers and the four operations."""
    right = re.sub(r"(?<=\d),(?=\d{3})", "", line.split("=", 1)[-1].split("#")[0]).strip(" `.")
    try:
        tree = ast.parse(right, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    allowed = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.USub, *_OPERATIONS)
    for node in ast.walk(tree):
        number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
        if not number and not isinstance(node, allowed):
            return None
    return tree if isinstance(tree.body, ast.BinOp) else None


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.UnaryOp(operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=operation, right=right):
            return _OPERATIONS[type(operation)](_value(left), _value(right))
    raise ValueError(ast.dump(node))


def _readable(formula: ast.Expression) -> str:
    return ast.unparse(formula).replace("*", "×").replace("/", "÷")


def _plain(value: float) -> str:
    """Without noise of the machine's arithmetic: at most six places that count."""
    return f"{value:.10g}" if value == int(value) else f"{round(value, 2 if abs(value) >= 1 else 4):g}"
