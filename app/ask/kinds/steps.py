"""How something is done: a section's own steps, whole and in order, to the letter. And how many there are.

Found by structure: numbered lines, bullets, and otherwise the section's sentences where nearly all of them tell what to
do. A section is answered from only where it is clearly about what was asked: its headings or first sentences must hold
the telling words, object and action.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.ask.find.sections import Fit, fit, sections_about
from app.ask.language.relevance import Wanted, roots, wanted
from app.ask.plan import Asked, Computed, cite
from app.ask.structure.lists import Entry, Listed, asides, marked_lists, sentences
from app.ask.structure.sections import Section
from app.datatypes import Kind, Plan, Status

_WHO = r"(?:i|we|you|one|someone|somebody|people|they|(?:an?|the|our|my|new)(?: \w+){1,2}?)"
_STEPS = r"(?:steps|instructions|directions|procedures?|process|sequence|recipe|workflow|walkthrough)"
_GIVE = r"(?:(?:what|which)(?: is| are|'s)?|list|give|show|tell|describe|explain|name)"
_FOR = r"(?:for|to|of|in|when|with|on|needed|required|involved|necessary|after|if)"
_CUES = [  # what is asked for stands behind the cue
    r"\bhow (?:do|can|should|must|would|could|may|shall|am|are|is) (?:i|we|you|one|someone|people|they)\b"
    r"(?: (?:supposed|going|able|meant) to)?(?P<what>.+)",
    r"\bhow[ -]to\b(?! spot| tell| know)(?P<what>.+)",
    rf"(?:^|[.:,] )(?:(?:please|can you|could you) )*{_GIVE}(?: me| us)?(?: all)?(?: the| a)?(?: \w+){{0,2}} "
    rf"{_STEPS}\b,? (?:of actions? )?(?:(?:is|are) )?{_FOR}\b(?P<what>.+)",
    rf"^(?:the )?(?:\w+ )?{_STEPS} {_FOR}\b(?P<what>.+)",
    r"\b(?:walk|guide|talk|take|lead) (?:me|us) through\b(?P<what>.+)",
    r"\b(?:what(?: is|'s) )?(?:the )?(?:best|right|correct|proper|usual) way (?:to|of|for)\b(?P<what>.+)",
]
_WEAK = [  # only where the steps are marked as such, and clearly meant
    rf"\bwhat (?:do|does|should|must|can|shall|has|have|is|are|am) {_WHO} "
    r"(?:have |need |supposed |got )?(?:to )?do\b(?P<what>.*)",
    r"\bwhat (?:to do|(?:has|have|needs?|ought|is|are) to (?:be done|happen)|(?:must|should|can) be done)\b"
    r"(?P<what>.*)",
    r"\bhow (?:is|are|does|do|must|should|can) (?P<what>.+? (?:be )?"
    r"(?:\w+ed|done|set|put|built|cut|drawn|taken|made|hung|shut|reset|sent|sold|bought|paid|given)\b.*)",
]
_CUE, _WEAK_CUE = ([re.compile(cue, re.IGNORECASE) for cue in cues] for cues in (_CUES, _WEAK))
_WITHIN = re.compile(
    r"\b(?:which|what|who|whose|where|when|why|whether|is|are|does|did|was)\b[^.?!:,]*$", re.IGNORECASE
)
_SIGNS = re.compile(
    r"\b(?:step[ -]by[ -]step|in (?:which|what) (?:order|sequence)|(?:what|which) (?:are the )?steps)\b", re.IGNORECASE
)
_EVENT = re.compile(r"\b(?:of|in|when|with|on|after|if|through|the)\s*$", re.IGNORECASE)  # no action stands behind it
_NOT_HOW = re.compile(
    r"\bhow (?:do|can|could|should|would|will) (?:i|we|you|one|they|people) "
    r"(?:know|recogni[sz]e|tell|see|notice|contact|reach|find out|compare|differ|summari[sz]e|feel|think|call)\b"
    r"|\bhow (?:long|often|much|many|far|fast|high|large|big|old|quickly)\b|\bsummar",
    re.IGNORECASE,
)
_COUNT = re.compile(r"\b(?:how many|number of) (?:\w+ )?(?:steps|stages|phases)\b(?P<what>.*)", re.IGNORECASE)
_GENERIC = """
    step steps stage stages phase phases procedure process order sequence instruction instructions direction
    directions way method methods preparation
    guide explain describe tell show shown list give please need needed want know do done make go get take thing things
    properly correctly correct right best myself yourself exactly follow following perform carry place happen appear
    occur come case event necessary required involved current currently latest newest divide divided split consist
    comprise contain have has supposed whole full all time action actions display
""".split()
_OPPOSITE = {
    word: tuple(others.split())
    for word, others in [
        ("before", "after"),
        ("after", "before"),
        ("on", "off"),
        ("off", "on"),
        ("without", "with"),
        ("disable", "enable"),
        ("enable", "disable"),
    ]
}
_EMPTY = frozenset("do make made done go get give take handle deal treat perform follow carry need know please".split())
_ENOUGH, _SURE = 0.75, 0.85  # share of the telling words that section and document hold
_NEAR, _CLEAR = 0.45, 0.6  # and that its headings and first words hold, of those that do not only name the document
_AS_GOOD = 0.1  # behind the best: steps of another document that may be meant as well
_MOST_STEPS, _MOST_ASIDES, _LONGEST_PROSE = 40, 4, 9
_ORDERS, _FEWEST_ORDERS = 0.75, 3  # share of a section's sentences that tell what to do, and how many there must be
_NO_ORDER = re.compile(  # how a sentence begins that states something
    r"(?:the|an?|this|that|these|those|it|its|they|there|he|she|we|i|you|your|our|their|his|her|who|what|which|some|any|"
    r"all|each|every|no|in|on|at|of|by|with|from|for|since|both|many|most|one|two|three|\d.*|\w+[^s]s|\w{2,}[^e]ed|\w{3,}ing)$",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"(?:if|when|before|after|once|then|first|finally|next|only then|to \w+)\b[^,.]*,?\s*", re.IGNORECASE
)
_STATES = re.compile(r"\S+ (?:is|are|was|were|has|have|had|must|can|may|will|does|do|should|shall|cannot)\b")


@dataclass(frozen=True, slots=True)
class _Goal:
    """What is to be done; `action` is its first word. `weak` where only steps that are clearly meant are an answer."""

    sought: Wanted
    action: str
    weak: bool = False
    sides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    steps: Listed
    fit: Fit
    acts: bool  # whether headings and first words name the action

    @property
    def rank(self) -> float:
        bonus = {"numbered": 0.3, "bullets": 0.15}.get(self.steps.style, 0.0)
        return self.fit.share + 0.5 * self.fit.clear + bonus + 0.1 * self.acts

    @property
    def sure(self) -> bool:
        marked = self.steps.style != "prose"
        return marked and self.acts and self.fit.share >= _SURE and self.fit.clear >= _CLEAR


def answer(asked: Asked) -> Computed | None:
    """The steps; how many there are; None where no section is near enough to be about it, or has none."""
    if count := _COUNT.search(asked.query):
        return _counted(asked, count["what"])
    goal = _goal(asked)
    found = _best_first(asked, goal) if goal and goal.sought.weights else []
    return _answered(asked, found) if found else None


def _goal(asked: Asked) -> _Goal | None:
    """What the question wants done; None where it does not ask how."""
    question = re.sub(r"[?!]+", ".", re.sub(r"[“”\"]+", " ", asked.query))
    if _NOT_HOW.search(question):
        return None
    strong = next(filter(None, (cue.search(question) for cue in _CUE)), None)
    found = strong or next(filter(None, (cue.search(question) for cue in _WEAK_CUE)), None)
    if found and _WITHIN.search(question[: found.start()]):  # 'Which video shows how to …'
        return None
    if not (found or _SIGNS.search(question)):
        return None
    what = found["what"] if found else question
    verb = "" if not strong or _EVENT.search(question[: strong.start("what")]) else what.split()[0].lower()
    sought = _wanted(asked, what, verb)
    if found and not sought.weights:  # 'F-17 is shown. What does the technician do?'
        sought = _wanted(asked, question[: found.start()])
    sides = tuple(word for word in re.findall(r"[a-z]+", question.lower()) if word in _OPPOSITE)
    action = _action(what, sought) if verb else ""
    return _Goal(sought, action, not strong and not _SIGNS.search(question), sides)


def _action(what: str, sought: Wanted) -> str:
    first = next((word for word in re.findall(r"[^\W_]+", what) if roots(word) & sought.weights.keys()), "")
    return next(iter(roots(first) & sought.weights.keys()), "")


def _wanted(asked: Asked, text: str, verb: str = "") -> Wanted:
    """`verb` tells something also where the same word as a noun does not: 'order', 'process'."""
    generic = [word for word in _GENERIC if word != verb or word in _EMPTY]
    return wanted(text, asked.index.frequency, len(asked.index), generic)


def _best_first(asked: Asked, goal: _Goal) -> list[_Found]:
    found = [
        one
        for section in sections_about(asked, goal.sought)
        for one in _found(section, goal)
        if one.sure or (one.acts and one.fit.share >= _ENOUGH and one.fit.clear >= _NEAR and not goal.weak)
    ]
    return sorted(found, key=lambda one: -one.rank)


def _found(section: Section, goal: _Goal) -> Iterator[_Found]:
    heading = set(re.findall(r"[a-z]+", section.heading.lower()))
    if any(heading & {other} and not heading & {word} for word in goal.sides for other in _OPPOSITE[word]):
        return
    lists = marked_lists(section)
    title = re.sub(r"^[\d.\s]+", "", section.heading)
    is_method = title != "" and not wanted(title, lambda _: 1, 1, _GENERIC).weights  # 'Procedure'
    for steps in lists:
        if steps.style == "bullets" and sum(_is_order(entry.text) for entry in steps.entries) * 2 < len(steps.entries):
            continue
        about = fit(section, goal.sought, roots(steps.lead) | (section.context if is_method else frozenset()))
        own = is_method or bool(goal.sought.found(roots(f"{section.heading} . {steps.lead}")))
        acts = own and (goal.action in about.label or not goal.action)
        yield _Found(steps, about, acts)
    said = [] if lists else sentences(section)
    orders = sum(_is_order(entry.text) and entry.text[-1] in ".!" for entry in said)
    if (
        goal.sought.found(section.label)
        and _FEWEST_ORDERS <= orders >= _ORDERS * len(said)
        and len(said) <= _LONGEST_PROSE
    ):
        about = fit(section, goal.sought, roots(" ".join(entry.text for entry in said[:2])))
        yield _Found(Listed(section, "prose", tuple(said)), about, goal.action in about.label or not goal.action)


def _is_order(sentence: str) -> bool:
    """Whether it tells what to do: 'Open the valve.', 'If it drips, close it.'"""
    said = _CONDITION.sub("", sentence, count=1)
    first, _, rest = said.partition(" ")
    return bool(rest) and not first.isupper() and not _NO_ORDER.match(first.strip(",;:")) and not _STATES.match(said)


def _answered(asked: Asked, ranked: Sequence[_Found]) -> Computed:
    best, section = ranked[0], ranked[0].steps.section
    sure, entries, reasons = best.sure, best.steps.entries[:_MOST_STEPS], []
    if len(best.steps.entries) > len(entries):
        reasons.append(f"Only the first {len(entries)} of {len(best.steps.entries)} steps are shown")
    if not sure:
        about = section.named or section.document.title
        reasons.append(f"the nearest section is “{about}”; it may be about something else")
    others = [one.steps.section for one in ranked[1:] if one.rank >= best.rank - _AS_GOOD]
    if other := next((one for one in others if one.document.id != section.document.id), None):
        sure = False
        reasons.append(f"other steps stand in {other.described}")
    apart = [one for one in asides(section) if not any(e.start <= one.start < e.end for e in entries)][:_MOST_ASIDES]
    before = [one for one in apart if one.start < entries[0].start]
    after = [one for one in apart if one not in before]
    numbered = [f"{i}. {entry.text}" for i, entry in enumerate(entries, 1)]
    text = "\n".join([*(f"{one.text}\n" for one in before), *numbered, *(f"\n{one.text}" for one in after)])
    return _computed(
        asked, "how-to", best.steps, [*before, *entries, *after], text, "answered" if sure else "unsure", reasons
    )


def _counted(asked: Asked, what: str) -> Computed | None:
    """How many steps a section's own list has. Never a count of sentences."""
    sought = _wanted(asked, what)
    sought = sought if sought.weights else _wanted(asked, asked.query)
    found = _best_first(asked, _Goal(sought, "", weak=True)) if sought.weights else []
    if not found or found[0].steps.style != "numbered" or found[0].fit.share < _SURE or found[0].fit.clear < _CLEAR:
        return None
    entries = found[0].steps.entries
    text = "\n".join([f"{len(entries)} steps:", *(f"{i}. {entry.text}" for i, entry in enumerate(entries, 1))])
    return _computed(asked, "list", found[0].steps, entries, text, "answered", [])


def _computed(
    asked: Asked, kind: Kind, steps: Listed, shown: Sequence[Entry], text: str, status: Status, reasons: Sequence[str]
) -> Computed:
    section = steps.section
    said = (
        f"Counted the steps in {section.described}." if kind == "list" else f"Took the steps from {section.described}."
    )
    citations = tuple(cite(asked.index, section.document, one.start, one.end, one.text) for one in shown)
    plan = Plan(kind, said, (section.document.path,), section.named, "count" if kind == "list" else "")
    reason = "; ".join(reasons)
    return Computed(plan, text, citations, status, reason[:1].upper() + reason[1:] + "." * bool(reason))
