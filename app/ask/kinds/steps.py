"""How something is done: a section's own steps, whole and in order, to the letter. And how many there are.

Found by structure: numbered lines, bullets, the remedy in a table's row, and otherwise the section's sentences. A section
is answered from only where it is clearly about what was asked: its headings or first sentences must hold the telling
words, object and action.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.ask.editions import held_back
from app.ask.enumerations import Entry, Listed, asides, marked_lists, sentences
from app.ask.matching import Wanted, roots, wanted
from app.ask.plan import Asked, Computed, cite
from app.ask.sections import Section, near
from app.datatypes import Kind, Plan, Status

_WHO = r"(?:i|we|you|one|someone|somebody|people|they|(?:an?|the|our|my|new)(?: \w+){1,2}?)"
_CUES = [  # what is asked for stands behind the cue; `weak` ones need steps that are marked as such
    re.compile(r"\bhow (?:do|can|should|must|would|could|may|shall|am|are|is) (?:i|we|you|one|someone|people|they)\b(?: (?:supposed|going|able|meant) to)?(?P<what>.+)", re.I),
    re.compile(r"\bhow[ -]to\b(?! spot| tell| know)(?P<what>.+)", re.I),
    re.compile(rf"\bwhat (?:do|does|should|must|can|shall|has|have|is|are) {_WHO} (?:have |need |supposed |got )?(?:to )?do\b(?P<what>.*)", re.I),
    re.compile(r"\bwhat (?:to do|(?:has|have|needs?|ought|is|are) to be done|(?:must|should|can) be done)\b(?P<what>.*)", re.I),
    re.compile(r"\b(?:steps?|instructions?|directions?|procedures?|process|sequence|recipe|workflow|walkthrough)\b,? (?:of actions? )?(?:for|to|of|in|when|with|on|needed|required|involved|necessary|after|if)\b(?P<what>.+)", re.I),
    re.compile(r"\b(?:walk|guide|talk|take|lead) (?:me|us) through\b(?P<what>.+)", re.I),
    re.compile(r"\b(?:best|right|correct|proper|usual) way (?:to|of|for)\b(?P<what>.+)", re.I),
]  # fmt: skip
_SIGNS = re.compile(r"\b(?:step[ -]by[ -]step|in (?:which|what) (?:order|sequence)|(?:what|which) (?:are the )?steps)\b", re.I)
_PASSIVE = re.compile(r"\bhow (?:is|are|does|do|must|should|can) (?P<what>(?:(?:the|an?|my|our|your|its) )?.+? (?:be )?(?:\w+ed|done|set|put|built|cut|drawn|taken|made|hung|shut|reset|sent|sold|bought|paid|given))\b", re.I)  # fmt: skip
_NOT_HOW = re.compile(
    r"\bhow (?:do|can|could|should|would|will) (?:i|we|you|one) "
    r"(?:know|recogni[sz]e|tell|see|notice|contact|reach|find out|compare|differ|summari[sz]e)\b",
    re.I,
)
_COUNT = re.compile(r"\bhow many (?:\w+ )?(?:steps|stages|phases)\b(?P<what>.*)|\bnumber of (?:steps|stages|phases)\b(?P<rest>.*)", re.I)  # fmt: skip
_FURTHER = re.compile(r",? (?:and|then) (?=(?:how|what|where|when|who|which|why|is|are|can|do|does|must|may)\b)", re.I)
_GENERIC = """
    step steps stage stages phase phases procedure process order sequence instruction instructions direction way method
    guide explain describe tell show shown list give please need needed want know do done make go get take thing things
    properly correctly correct right best myself yourself exactly follow following perform carry place happen appear
    occur come case event necessary required involved current currently latest newest divide divided split consist
    comprise contain have has supposed whole full all time action actions display
""".split()
_ENOUGH, _SURE = 0.7, 0.85  # share of the telling words that section and document hold
_NEAR, _CLEAR = 0.34, 0.6  # and that its headings and first words hold, of those that do not only name the document
_MOST_STEPS, _MOST_ASIDES, _LONGEST_PROSE = 40, 3, 16


@dataclass(frozen=True, slots=True)
class _Goal:
    """What is to be done. `action` is its first word, `further` a second question in the same sentence."""

    what: str
    sought: Wanted
    action: str
    weak: bool = False
    further: str = ""


@dataclass(frozen=True, slots=True)
class _Fit:
    steps: Listed
    share: float  # of the telling words, in the section or in what names its document
    clear: float  # of those, in headings and first words
    acts: bool  # whether the action is among the words found in the section
    prose: bool = False

    @property
    def rank(self) -> float:
        bonus = 0.0 if self.prose else 0.3 if self.steps.style == "numbered" else 0.15
        return self.share + 0.5 * self.clear + bonus + 0.1 * self.acts


def answer(asked: Asked) -> Computed | None:
    """The steps; how many there are; None where no section is near enough to be about it."""
    if count := _COUNT.search(asked.query):
        return _counted(asked, count.group("what") or count.group("rest") or "")
    goal = _goal(asked)
    if goal is None or not goal.sought.weights:
        return None
    best = _best(asked, goal)
    return _answered(asked, goal, best) if best else None


def _goal(asked: Asked) -> _Goal | None:
    """What the question wants done; None where it does not ask how."""
    question = re.sub(r"[“”\"?!]+|\.(?=\s|$)", " ", asked.query)
    if _NOT_HOW.search(question):
        return None
    cue = next(filter(None, (cue.search(question) for cue in _CUES)), None)
    passive = None if cue else _PASSIVE.search(question)
    if not (cue or passive or _SIGNS.search(question)):
        return None
    found = cue or passive
    what = found.group("what") if found else question
    parts = _FURTHER.split(what, maxsplit=1)
    frequency, passages = asked.index.frequency, len(asked.index)
    sought = wanted(parts[0], frequency, passages, _GENERIC)
    if not sought.weights:  # 'F-17 is shown. What does the technician do?'
        before = question[: found.start()] if found else question
        sought = wanted(before, frequency, passages, _GENERIC)
        parts = [before, *parts[1:]]
    first = next((word for word in re.findall(r"[^\W_]+", parts[0]) if roots(word) & sought.weights.keys()), "")
    action = next(iter(roots(first) & sought.weights.keys()), "")
    return _Goal(parts[0], sought, action, passive is not None, parts[1] if len(parts) > 1 else "")


def _best(asked: Asked, goal: _Goal) -> _Fit | None:
    """The steps that fit best, of the edition that is meant."""
    held = held_back(asked.query, *asked.index.superseded()) if asked.doc_ids is None else frozenset()
    fits = [
        fit
        for section in near(asked, asked.query, goal.sought)
        for fit in _fits(section, goal)
        if fit.share >= _ENOUGH and fit.clear >= _NEAR and not (goal.weak and fit.prose)
    ]
    fits = [fit for fit in fits if fit.steps.section.document.id not in held] or fits
    return max(fits, key=lambda fit: fit.rank, default=None)


def _fits(section: Section, goal: _Goal) -> Iterator[_Fit]:
    if re.match(r"(?:table of )?contents|index$", section.heading, re.I):
        return
    lists = [one for one in marked_lists(section) if not any(". . ." in entry.text for entry in one.entries)]
    for steps in lists:
        yield _fit(steps, goal, roots(steps.lead))
    said = sentences(section)
    if not lists and 0 < len(said) <= _LONGEST_PROSE:
        first = roots(" ".join(entry.text for entry in said[:2]))
        yield replace(_fit(Listed(section, "lines", tuple(said)), goal, first), prose=True)


def _fit(steps: Listed, goal: _Goal, first: frozenset[str]) -> _Fit:
    section, sought = steps.section, goal.sought
    label = sought.found(section.label | first)
    body = sought.found(roots(section.text)) | label
    naming = sought.found(section.context) - label
    own = 1.0 - sought.share(naming)
    clear = sought.share(label) / own if own > 0.25 else sought.share(label)
    return _Fit(steps, sought.share(body | naming), clear, goal.action in body)


def _answered(asked: Asked, goal: _Goal, fit: _Fit) -> Computed:
    section = fit.steps.section
    sure = fit.share >= _SURE and fit.clear >= _CLEAR and fit.acts
    entries, reasons = fit.steps.entries[:_MOST_STEPS], []
    if len(fit.steps.entries) > len(entries):
        reasons.append(f"Only the first {len(entries)} of {len(fit.steps.entries)} steps are shown")
    if not sure:
        reasons.append(f"the nearest section is “{section.named or section.document.title}”; it may be about something else")
    extra = [one for one in asides(section) if one.text not in {entry.text for entry in entries}][:_MOST_ASIDES]
    if goal.further:
        more = _further(asked, goal, section, [*entries, *extra])
        extra = [*extra, *more]
        if not more and not _covers(asked, goal.further, [*entries, *extra]):
            sure = False
            reasons.append(f"the other part of the question, “{goal.further.strip()}”, is not answered by it")
    text = "\n".join([*(f"{i}. {entry.text}" for i, entry in enumerate(entries, 1)), *(f"\n{one.text}" for one in extra)])
    return _computed(asked, "how-to", fit.steps, [*entries, *extra], text, "answered" if sure else "unsure", reasons)


def _further(asked: Asked, goal: _Goal, section: Section, shown: Sequence[Entry]) -> list[Entry]:
    """Sentences of the section, not shown yet, that the second part of the question is about."""
    sought = wanted(goal.further, asked.index.frequency, len(asked.index), _GENERIC)
    return [
        entry
        for entry in sentences(section)
        if sought.weights
        and sought.share(sought.found(roots(entry.text))) >= _ENOUGH
        and not any(one.start <= entry.start < one.end for one in shown)
    ][:2]


def _covers(asked: Asked, text: str, shown: Sequence[Entry]) -> bool:
    sought = wanted(text, asked.index.frequency, len(asked.index), _GENERIC)
    return sought.share(sought.found(roots(" ".join(entry.text for entry in shown)))) >= _ENOUGH


def _counted(asked: Asked, what: str) -> Computed | None:
    """How many steps a section's own list has. Never a count of sentences."""
    question = what if roots(what) - {*_GENERIC} else asked.query
    sought = wanted(question, asked.index.frequency, len(asked.index), _GENERIC)
    if not sought.weights:
        return None
    goal = _Goal(question, sought, "", weak=True)
    best = _best(asked, goal)
    if best is None or best.steps.style != "numbered" or best.share < _SURE or best.clear < _CLEAR:
        return None
    entries = best.steps.entries
    text = "\n".join([f"{len(entries)} steps:", *(f"{i}. {entry.text}" for i, entry in enumerate(entries, 1))])
    return _computed(asked, "list", best.steps, entries, text, "answered", [])


def _computed(
    asked: Asked, kind: Kind, steps: Listed, entries: Sequence[Entry], text: str, status: Status, reasons: Sequence[str]
) -> Computed:
    section = steps.section
    where = f"the section “{section.named}” of {section.document.path}" if section.named else section.document.path
    said = f"Counted the steps of {where}." if kind == "list" else f"Took the steps from {where}."
    citations = tuple(
        cite(asked.index, section.document, entry.start, entry.end, entry.text) for entry in entries
    )
    plan = Plan(kind, said, (section.document.path,), section.named, "count" if kind == "list" else "")
    reason = "; ".join(reasons)
    return Computed(plan, text, citations, status, reason[:1].upper() + reason[1:] + "." * bool(reason))
