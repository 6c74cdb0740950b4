"""docent warm: what the questions find is read and no more, it can be interrupted, and says where nothing is kept."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from app.ahead import Ahead, read_ahead
from app.ask.assistant import Assistant
from app.commands.warm import _interrupts, read_for
from app.settings import Settings
from ingest.encoder.embed import SentenceEncoder

from command_line import docent


@pytest.fixture
def able(index_dir: Path, encoder: SentenceEncoder, reading) -> Assistant:
    llm = reading("The filter is cleaned every 11 weeks.")
    return Assistant(index_dir, encoder, lambda: llm, Settings(passages=1))


def never() -> bool:
    return False


def test_only_what_the_questions_find_is_read(able: Assistant):
    told: list[Ahead] = []
    questions = ["How often is the filter cleaned?", "When does the depot open?", "How often is the filter cleaned?"]
    read_for(able, questions, never, told.append)
    assert [one.read for one in told] == [1, 2] and told[-1].total == 2 == len(able.composer.store)
    read_for(able, questions, never, told.append)
    assert len(able.load_llm().read) == 2  # not a second time
    stream = able.ask(questions[0])
    assert stream.answer.status == "answered" and stream.answer.stats.composed_tokens > 0
    assert read_ahead(able).total == len(able.index) > 2


def test_an_interrupt_ends_it_and_keeps_what_was_read(able: Assistant):
    told: list[Ahead] = []
    before = signal.getsignal(signal.SIGINT)
    with _interrupts() as stopped:
        assert not stopped()

        def then_interrupted(ahead: Ahead) -> None:
            told.append(ahead)
            os.kill(os.getpid(), signal.SIGINT)

        read_for(able, ["How often is the filter cleaned?", "When does the depot open?"], stopped, then_interrupted)
        assert stopped()
    assert len(told) == 1 == len(able.composer.store) and signal.getsignal(signal.SIGINT) == before


@pytest.mark.slow
def test_where_nothing_is_kept_it_says_so(index_dir: Path, tmp_path: Path):
    done = docent("warm", "--index", index_dir, DOCENT_KV_GB="0", DOCENT_HOME=str(tmp_path))
    assert done.returncode == 1 and "kv_gb is 0" in done.stderr and "DOCENT_KV_GB=4 docent warm" in done.stderr
    done = docent("warm", "--index", tmp_path / "none", "--json", DOCENT_HOME=str(tmp_path))
    assert done.returncode == 1 and set(json.loads(done.stdout)) == {"error", "hint"}


@pytest.mark.model
def test_a_real_model_reads_ahead_and_the_answer_leans_on_it(folder: Path, tmp_path: Path):
    def said(*arguments: object) -> dict:
        return json.loads(
            docent(*arguments, "--index", tmp_path / "index", "--json", DOCENT_MODEL="smollm2-135m").stdout
        )

    said("ingest", folder)
    ahead = said("warm")
    assert ahead["read"] == ahead["total"] > 0 and ahead["size"] > 0 and not (ahead["full"] or ahead["stopped"])
    stats = said("ask", "How often is the filter cleaned?")["stats"]
    assert stats["composed_tokens"] > stats["prompt_tokens"] / 4
