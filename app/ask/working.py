"""What code makes of an answer that was quoted: a date from a period, a number from numbers. Its working is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.ask.check.gate import Verdict
from app.ask.check.verify import quoted
from app.ask.language.dates import asks_when, dates_in, period_of, start_of, worked_out
from app.ask.language.quantities import quantities
from app.ask.write.arithmetic import result_of, wants_result
from app.datatypes import Answer, Citation, Plan, Sentence
from app.llm.protocol import Llm

_DATES = Plan("dates", "Took the period from your documents and counted on the calendar.")
_SUM = Plan("arithmetic", "Took the numbers from your documents; the model wrote the formula, code worked it out.")
_CHECK = "Please check the formula: it is not in your documents."


@dataclass(frozen=True, slots=True)
class Worked:
    verdict: Verdict
    plan: Plan


def with_date(question: str, verdict: Verdict, ask: Callable[[str, str], Answer]) -> Worked | None:
    """The date that a quoted period leads to, from the date in the question, or from that of the event which the quote
    counts from: `ask` looks that up, given a question and the file to look in. None where a part is missing."""
    if verdict.status == "abstained" or not (period := period_of(verdict.text, verdict.citations)):
        return None
    citations, status = verdict.citations, verdict.status
    start = start_of(question)
    if start is None:
        if not asks_when(question) or dates_in(verdict.text) or not (period.event and period.back):
            return None
        found = ask(f"On which date is {period.event}?", citations[0].file)
        days = [one.day for citation in found.citations for one in dates_in(citation.quote) if one.day]
        stated = [one.day for one in dates_in(found.text) if one.day in days]
        if found.status == "abstained" or len(set(stated)) != 1 or stated[0] is None:
            return None
        start, citations = stated[0], (*citations, *found.citations)
        status = "answered" if status == found.status == "answered" else "unsure"
    text = worked_out(start, period)
    if not text:
        return None
    return Worked(replace(verdict, text=text, citations=citations, status=status), _DATES)


def with_sum(question: str, verdict: Verdict, evidence: Sequence[Sentence], llm: Llm) -> Worked | None:
    """The number that the model's formula comes to, as an unsure answer; None where none is wanted or it does not
    stand on the documents."""
    quoted = " ".join(citation.quote for citation in verdict.citations) if verdict.status == "answered" else ""
    if not wants_result(question, evidence, quoted) or not (result := result_of(question, evidence, llm)):
        return None
    citations = _sources(evidence, result.used, f"{result.value}: {result.working}")
    if not citations:
        return None
    return Worked(Verdict("unsure", f"{result.value}. Worked out: {result.working}.", _CHECK, citations), _SUM)


def _sources(evidence: Sequence[Sentence], used: frozenset[str], claim: str) -> tuple[Citation, ...]:
    """The sentences that the numbers stand in."""
    held = [s for s in evidence if {quantity.value for quantity in quantities(s.meaning)} & used]
    return tuple(quoted(sentence, claim) for sentence in held)
