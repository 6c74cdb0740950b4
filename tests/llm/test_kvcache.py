"""Kept states against reading, with a small real model: what is exact is equal, what is not is at least stable."""

import random
import threading
import time

import pytest

from app.llm.kvcache import common
from app.llm.llamacpp import LlamaCpp
from app.llm.protocol import Kept, State
from app.models.store import find, path
from app.settings import load_settings

pytestmark = pytest.mark.model

RULES = "Answer from the passages only."
PASSAGES = [
    "[pump.pdf] The pump is filled to 2.1 bar before the first start. It must never run dry for 40 seconds.\n",
    "[filter.pdf] The filter is cleaned every 11 weeks. Use only water, because solvents attack the blue seal.\n",
    "[depot.txt] The depot in Marlow opens at 06:30. Keys hang behind the green door.\n",
]


def opened(kind=LlamaCpp, **options) -> LlamaCpp:
    settings = load_settings()
    spec = find("smollm2-135m", settings.models_dir)
    return kind(path(spec, settings.models_dir), spec.id, n_ctx=1024, **options)


@pytest.fixture(scope="module")
def llm() -> LlamaCpp:
    model = opened()
    yield model
    model.close()


def never() -> bool:
    return False


def parts(llm: LlamaCpp, question: str = "How often is the filter cleaned?"):
    head, tail = llm.render(RULES, "@@").split("@@")
    rules = llm.tokenize(head, special=True)
    passages = [llm.tokenize(text) for text in PASSAGES]
    return rules, passages, llm.tokenize(f"Question: {question}") + llm.tokenize(tail, special=True)


def forgotten(llm: LlamaCpp) -> None:
    """Another prompt, so that nothing of the last one is left in the stream."""
    "".join(llm.stream(llm.tokenize("Something else entirely, and at some length."), 1))


def composed(rules, passages, states) -> list[Kept]:
    kept, at = [], len(rules)
    for tokens, state in zip(passages, states, strict=True):
        kept.append(Kept(at, len(tokens), state))
        at += len(tokens)
    return kept


def test_the_first_passage_behind_the_rules_is_as_if_read(llm):
    rules, passages, rest = parts(llm)
    tokens = rules + passages[0] + rest
    read = "".join(llm.stream(tokens, 12))
    certain = list(llm.last_logprobs)
    state = llm.state(rules, passages[0], never)
    forgotten(llm)
    assert "".join(llm.stream(tokens, 12, [Kept(len(rules), len(passages[0]), state)])) == read
    assert llm.last_logprobs == pytest.approx(certain, abs=1e-3)
    stats = llm.last_stats
    assert stats.composed_tokens == len(passages[0])
    assert stats.prompt_tokens == stats.cached_tokens + stats.composed_tokens + len(rest)


def test_composing_is_stable_whatever_was_asked_between(llm):
    rules, passages, rest = parts(llm)
    states = [llm.state(rules, tokens, never) for tokens in passages]
    assert all(
        isinstance(state, State) and state.n_tokens == len(tokens)
        for state, tokens in zip(states, passages, strict=True)
    )
    tokens = rules + [t for p in passages for t in p] + rest
    kept = composed(rules, passages, states)
    forgotten(llm)
    first = "".join(llm.stream(tokens, 16, kept))
    forgotten(llm)
    other = composed(rules, passages[::-1], states[::-1])
    "".join(llm.stream(rules + [t for p in passages[::-1] for t in p] + rest, 8, other))
    assert "".join(llm.stream(tokens, 16, kept)) == first
    assert llm.last_stats.composed_tokens == sum(map(len, passages))


def test_part_of_a_state_can_be_placed_again(llm):
    rules, passages, rest = parts(llm)
    state = llm.state(rules, passages[1], never)
    n = len(passages[1])
    part = passages[1][n // 2 :]
    tokens = rules + passages[1] + part + rest
    kept = [Kept(len(rules), n, state), Kept(len(rules) + n, len(part), state, first=n // 2)]
    forgotten(llm)
    assert "".join(llm.stream(tokens, 8, kept))
    assert llm.last_stats.composed_tokens == n + len(part)


def test_making_a_state_is_given_up_when_someone_asks_and_changes_no_answer(llm):
    rules, passages, rest = parts(llm)
    tokens = rules + passages[0] + rest
    text = "".join(llm.stream(tokens, 8))
    long = [t for p in passages for t in p] * 8
    asked = threading.Event()
    threading.Timer(0.02, asked.set).start()
    began = time.monotonic()
    assert llm.state(rules, long, asked.is_set) is None or time.monotonic() - began < 0.02
    assert llm.state(rules, long, lambda: True) is None
    assert "".join(llm.stream(tokens, 8)) == text


def test_pinned_rules_are_never_read_again(llm):
    rules, passages, rest = parts(llm)
    llm.pin(rules)
    forgotten(llm)
    "".join(llm.stream(rules + passages[0] + rest, 2))
    assert llm.last_stats.cached_tokens == len(rules)


def test_what_is_too_long_to_keep_is_not_kept(llm):
    rules, passages, _ = parts(llm)
    assert llm.state(rules, passages[0] * 60, never) is None


class Watched(LlamaCpp):
    """Remembers by how much each choice led the next one."""

    leads: tuple[float, ...] = ()

    def _choice(self, row: int = -1):
        choice, lead = super()._choice(row)
        self.leads += (lead,)
        return choice, lead


def test_drafts_change_nothing_but_the_pace_where_one_choice_leads(llm):
    rules, passages, rest = parts(llm, "Repeat the passages word for word.")
    tokens = rules + [t for p in passages for t in p] + rest
    text = "".join(llm.stream(tokens, 48))
    assert llm.last_stats.drafted_tokens > 0 and len(llm.last_logprobs) == llm.last_stats.output_tokens
    plain = opened(Watched, drafts=False)
    other = "".join(plain.stream(tokens, 48))
    assert plain.last_stats.drafted_tokens == 0
    same = common(llm.tokenize(text), llm.tokenize(other))
    assert text == other or min(plain.leads[: same + 2]) < 1.0  # two choices were nearly as likely
    plain.close()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_prompt_gives_the_same_digits_whatever_came_before(threads):
    """In any order, with and without what was read before, kept or drafted: equal to the last bit."""
    model = opened(threads=threads)
    rules, passages, rest = parts(model, "Repeat the passages word for word.")
    states = [model.state(rules, tokens, never) for tokens in passages]
    everything = rules + [t for p in passages for t in p]
    kept = composed(rules, passages, states)
    prompts = {
        "read": (everything + rest, ()),
        "placed": (everything + rest, kept),
        "half": (everything + rest, kept[:1]),
        "short": (rules + passages[2] + rest, ()),
        "longer": (everything + passages[0] * 8 + rest, ()),
    }

    def asked(name):
        text = "".join(model.stream(prompts[name][0], 24, prompts[name][1]))
        return text, list(model.last_logprobs), model.weigh(rest, ("Yes", "No"))

    first = {}
    for name in prompts:
        fresh = opened(threads=threads)
        fresh.pin(rules)
        model, kept_model = fresh, model
        first[name] = asked(name)
        fresh.close()
        model = kept_model
    orders = random.Random(threads)
    for _ in range(12):
        name = orders.choice(list(prompts))
        disturbance = orders.randrange(4)
        if disturbance == 0:
            model.state(rules, passages[orders.randrange(3)], never)
        elif disturbance == 1:
            forgotten(model)
        elif disturbance == 2:
            next(model.stream(prompts["longer"][0], 8), "")
            model.stop()
        assert asked(name) == first[name], name
    model.close()


def test_states_of_another_kind_have_another_key(llm):
    other = opened(kv_type="q8_0")
    rules, passages, rest = parts(other)
    state = other.state(rules, passages[1], never)
    ours = llm.state(rules, passages[1], never)
    assert other.states_key != llm.states_key and len(state.data) < 0.6 * len(ours.data)
    tokens = rules + passages[1] + rest
    forgotten(other)
    assert "".join(other.stream(tokens, 8, [Kept(len(rules), len(passages[1]), state)]))
    assert other.last_stats.composed_tokens == len(passages[1])
    forgotten(other)  # llama.cpp itself refuses what does not fit; then the passage is read
    read = "".join(other.stream(tokens, 8, [Kept(len(rules), len(passages[1]), ours)]))
    assert read and other.last_stats.composed_tokens == 0
    other.close()
