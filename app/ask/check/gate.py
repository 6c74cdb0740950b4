"""Answered, unsure or not in the documents: decided by code after the model has written. Pure.

A plea in the prompt hardly makes a small model refuse, and one similarity score tells little. So several signals that
cost little are put together by a logistic model, fitted on questions whose answers are known (see app/calibrate.py),
into one confidence; and the threshold it must pass was chosen for a stated rate of wrong answers.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from app.ask.check.verify import Claim, refuses
from app.ask.language.quantities import quantities
from app.ask.language.words import codes, content_words, has_code, names, telling_words
from app.datatypes import Citation, Hit, Sentence, Status
from app.settings import BOLDNESS
from ingest.errors import InvalidInput

UNSURE_FROM = 0.12  # of confidence: with less, what the model wrote is not shown, not even as doubtful
DOUBT = "The quotes speak of this, but it is not certain that they answer the question: please read them."
YES_OR_NO = "Whether this means yes or no is not certain: please read the quote."
NEAREST = "No passage was found that states the answer; this sentence comes nearest."
_SERIAL = re.compile(r"\d{5}")  # documents speak of models, not of the one that a user has

SIGNALS = {  # in words for people
    "asked": "the model, asked again: the quotes answer the question (log-odds)",
    "stated": "the model, asked again: the answer is right by the quotes (log-odds)",
    "certain": "how sure the model was of each word, on average (log-probability)",
    "least_certain": "how sure it was of the word it was least sure of (log-probability)",
    "refusing": "how near it was to saying that the passages do not hold it (log-probability)",
    "nearest": "how near the best sentence comes to the question in meaning",
    "quoted": "share of the question's words in the quotes and the headings above them",
    "nearby": "share of the question's words in the whole passage",
    "strangers": "names and numbers of the question that the passage does not know",
    "agreement": "share of the passages that both searches found",
    "place": "place of the cited passage among those found (1: the first)",
    "coverage": "share of the answer that stands in its quotes",
    "missing": "share of the question's words of which the quotes know nothing, in meaning too",
    "unnamed": "codes and numbers of the question that the quotes do not name",
}


@dataclass(frozen=True, slots=True)
class Level:
    """One stop between careful and bold, with what was measured there.

    `error` is the share, of the answers shown as sure, that the documents do not support, `bound` its upper limit with
    90 % confidence; `refused` and `caught` are the shares of answerable and of unanswerable questions that get no sure
    answer: they are shown as unsure, or refused.
    """

    name: str
    aim: float  # the highest share of unsupported answers that the level stands for; 1.0: none was asked for
    threshold: float
    error: float
    bound: float
    refused: float
    caught: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model over signals, and its levels. `n` questions were known, from `sources`."""

    weights: Mapping[str, float]
    centres: Mapping[str, float]
    bias: float
    levels: tuple[Level, ...]
    n: int
    sources: tuple[str, ...]

    def confidence(self, signals: Mapping[str, float]) -> float:
        """0 to 1. A signal that was not taken counts as an ordinary one."""
        total = self.bias
        for name, weight in self.weights.items():
            total += weight * (signals.get(name, self.centres[name]) - self.centres[name])
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))

    def level(self, name: str) -> Level:
        return next(level for level in self.levels if level.name == name)

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=1)


def read_calibration(text: str) -> Calibration:
    """Raises ValueError, KeyError or TypeError for what is not a calibration of this version."""
    data = json.loads(text)
    levels = tuple(Level(**level) for level in data["levels"])
    if [level.name for level in levels] != list(BOLDNESS):
        raise ValueError("other levels")
    return Calibration(
        data["weights"], data["centres"], float(data["bias"]), levels, int(data["n"]), tuple(data["sources"])
    )


def levels_table(calibration: Calibration) -> str:
    """The levels with their measured rates, for people."""
    lines = [f"{'':10}  wrong, of those sure   not sure, of answerable   not sure, of unanswerable"]
    for level in calibration.levels:
        wrong = f"{level.error:.0%} (at most {level.bound:.0%})"
        lines.append(f"{level.name:10}  {wrong:20}  {level.refused:<23.0%}  {level.caught:.0%}")
    lines.append(f"Measured on {calibration.n} questions ({', '.join(calibration.sources)}); limits hold with 90 %.")
    return "\n".join(lines)


def shipped_calibration() -> Calibration:
    """Fitted on several public sets and the sample documents, so that it is not one domain's."""
    return read_calibration(files("app.ask.check").joinpath("calibration.json").read_text(encoding="utf-8"))


def calibration_for(home: Path, index_dir: Path) -> Calibration:
    """An index's own where it was made, else the shipped one. Raises InvalidInput when its own cannot be used."""
    file = calibration_file(home, index_dir)
    if not file.is_file():
        return shipped_calibration()
    try:
        return read_calibration(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"{file} cannot be used: {error}", "Make it anew: docent calibrate. Or delete it."
        ) from error


def calibration_file(home: Path, index_dir: Path) -> Path:
    return home / "calibrations" / f"{index_dir.resolve().name}.json"


@dataclass(frozen=True, slots=True)
class Verdict:
    status: Status
    text: str
    reason: str
    citations: tuple[Citation, ...]


def unknown_codes(question: str, hits: Sequence[Hit], mentions: Callable[[str], bool]) -> list[str]:
    """Models, parts and faults that the question names and the documents do not: whatever was found, it is about
    something else. Known before anything is generated. `mentions` looks a code up in the whole index."""
    texts = [f"{hit.file} {hit.title} {hit.chunk.heading} {hit.chunk.text}" for hit in hits]
    asked = [code for code in codes(question) if not _SERIAL.search(code)]
    return [code for code in asked if not any(has_code(text, code) for text in texts) and not mentions(code)]


def signals(
    question: str, claims: Sequence[Claim], hits: Sequence[Hit], evidence: Sequence[Sentence], nearest: float
) -> dict[str, float]:
    """What can be known without the model. `nearest` is the best sentence's cosine with the question."""
    cited = {(c.file, c.start) for claim in claims for c in claim.citations}
    held = [hit for hit in hits if any(hit.holds(*place) for place in cited)] or list(hits[:1])
    quoted = " ".join([*(c.quote for claim in claims for c in claim.citations)] or [s.meaning for s in evidence[:1]])
    around = " ".join(f"{hit.title} {hit.chunk.heading} {hit.file}" for hit in held)
    passage = f"{around} {' '.join(hit.chunk.text for hit in held)}"
    place = next((n for n, hit in enumerate(hits) if any(hit.holds(*p) for p in cited)), len(hits))
    return {
        "nearest": nearest,
        "quoted": _share(question, f"{quoted} {around}"),
        "nearby": _share(question, passage),
        "strangers": float(len(_strangers(question, passage))),
        "agreement": sum(len(hit.ranks) > 1 for hit in hits) / max(1, len(hits)),
        "both_first": float(
            bool(hits) and all(rank <= 2 for rank in hits[0].ranks.values()) and len(hits[0].ranks) > 1
        ),
        "place": 1 / (1 + place),
        "coverage": min((claim.coverage for claim in claims), default=0.0),
    }


def _share(question: str, text: str) -> float:
    wanted = telling_words(question)
    return len(wanted & (telling_words(text) | set(content_words(text)))) / max(1, len(wanted))


def _strangers(question: str, passage: str) -> list[str]:
    """Names and numbers of the question of which the passage knows nothing."""
    words, plain = set(content_words(passage)), passage.lower()
    values = {quantity.value for quantity in quantities(passage)}
    unknown = [name for name in names(question) if name not in plain and not set(content_words(name)) & words]
    return unknown + [q.text for q in quantities(question) if not q.spelled and q.value not in values]


def judge(
    reply: str,
    unknown: Sequence[str],
    claims: Sequence[Claim],
    hits: Sequence[Hit],
    *,
    confidence: float = 1.0,
    threshold: float = 0.0,
    stopped: bool = False,
    unnamed: Sequence[str] = (),
    contrary: bool = False,
) -> Verdict:
    """No citation, no answer. Of an answer that stands only in part, the part that stands.

    `unknown` are the question's codes that the documents nowhere name (see `unknown_codes`); `unnamed` what of the
    question the quotes do not name (see `app.ask.check.belonging`): however sure the model is, such an answer is not.
    With `contrary`, a yes or no that the quotes do not say, the quotes are shown in its place.
    """
    if not hits:
        return Verdict("abstained", "", "Nothing in your documents comes near this question.", ())
    if unknown:
        return Verdict("abstained", "", f"Your documents nowhere name {_listed(unknown)}.", ())
    if stopped and not reply.strip():
        return Verdict("abstained", "", "Stopped before an answer was written.", ())
    if refuses(reply):
        return Verdict("abstained", "", "The passages that come nearest do not state the answer.", ())
    kept = [claim for claim in claims if claim.supported]
    if not kept:
        return Verdict("abstained", "", _unsupported(claims), ())
    if confidence < min(threshold, UNSURE_FROM):
        return Verdict("abstained", "", "The passages that come nearest speak of something else.", ())
    left_out = len(claims) - len(kept)
    reason = "" if not left_out else f"{left_out} sentence{'s' * (left_out > 1)} left out: no passage supports it."
    citations = tuple(dict.fromkeys(citation for claim in kept for citation in claim.citations))
    text = " ".join(claim.text for claim in kept)
    if contrary:
        return Verdict("unsure", " ".join(citation.quote for citation in citations), YES_OR_NO, citations)
    if unnamed and threshold:
        return Verdict("unsure", text, f"The quotes do not name {_listed(unnamed)}. {reason}".rstrip(), citations)
    if confidence < threshold:
        return Verdict("unsure", text, f"{DOUBT} {reason}".rstrip(), citations)
    return Verdict("answered", text, reason, citations)


def _listed(names: Sequence[str]) -> str:
    return " or ".join(names[:3])


def _unsupported(claims: Sequence[Claim]) -> str:
    missing = list(dict.fromkeys(word for claim in claims for word in claim.missing))
    if missing:
        return f"The model's answer named {', '.join(missing[:3])}, which no passage supports, so it is not shown."
    return "No passage supports what the model wrote, so it is not shown."
