"""docent bench: what was asked in which way, and what becomes of it in figures. Times themselves are never asserted."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from app.bench.ask import FOLLOW_UP, PLAIN, PREFILL, WAYS, Parts, Sample, ask, quote, search
from app.bench.machine import WATTS, Usage, counters, energy_note, joules_between, joules_of, tokens_per_second
from app.bench.measure import Measured, Reading, choose_cases, measure_reading
from app.bench.report import figures, ratios, readable, summary, tables
from app.bench.rival import Ingested, is_installed
from app.bench.rival_process import NODES, RIVAL, RivalResult, measure_rival
from app.commands.bench import bench
from app.evaluation.baseline import PROMPT
from app.evaluation.cases import Case
from app.llm.protocol import Stats
from app.settings import Settings
from ingest.errors import DocentError, InvalidInput
from ingest.store.file import FILE

ROOT = Path(__file__).parents[2]
CASES = [Case(id="1", question="How often is the filter cleaned?"), Case(id="2", question="When does the depot open?")]


def quiet(what, done, total):
    pass


def sample(way, first, *, case="1", run=0, written=10, cpu=2.0, joules=None, **stats):
    answer = Stats(output_tokens=written, seconds_to_first_token=first, seconds_total=first + 3.0, **stats)
    model = Stats(output_tokens=written, seconds_to_first_token=first, seconds_total=first + 0.5)
    return Sample(way, case, run, answer, model, Usage(cpu, joules))


@pytest.fixture
def model(reading):
    class Model(reading):
        """Remembers with each prompt whether it might draft, and how much was placed."""

        def __init__(self):
            super().__init__("The filter is cleaned every 11 weeks.")
            self.drafts = True
            self.asked = []

        def stream(self, tokens, max_tokens, kept=()):
            yield from super().stream(tokens, max_tokens, kept)
            self.asked.append((self.prompts[-1], self.drafts, self.last_stats.composed_tokens))

    return Model()


@pytest.fixture
def parts(model, index_dir, encoder, home):
    return Parts(index_dir, encoder, model, Settings(home=home))


# --- questions ---


def test_questions_come_from_all_over_the_file_and_have_an_answer():
    cases = [Case(id=str(n), question="?", answerable=n % 4 > 0) for n in range(40)]
    ids = [int(case.id) for case in choose_cases(cases, 3)]
    assert ids == [1, 14, 27]  # the 0th, 10th and 20th of the 30 that have one
    assert len(choose_cases(cases, 100)) == len({case.id for case in choose_cases(cases, 100)}) == 30
    with pytest.raises(InvalidInput, match="answer") as error:
        choose_cases(cases[::4], 3)
    assert "docent bench" in error.value.hint


# --- asking ---


@pytest.mark.slow
def test_each_question_is_asked_in_every_way_before_the_next(parts):
    steps = []
    found = ask(parts, CASES, 2, lambda *step: steps.append(step))
    assert [one.case for one in found] == [case for case in "1212" for _ in WAYS]
    assert [one.run for one in found] == [0] * 2 * len(WAYS) + [1] * 2 * len(WAYS)
    for first in range(0, len(found), len(WAYS)):
        assert sorted(one.way for one in found[first : first + len(WAYS)]) == sorted(WAYS)
    assert steps == [("questions", done, 4) for done in range(4)]


def test_the_ways_differ_in_what_was_read_before_and_in_nothing_else(parts, model):
    found = {one.way: one for one in ask(parts, CASES[:1], 1, quiet)}
    between, asked = model.asked[::2], model.asked[1::2]
    assert all("Count to ten." in prompt and not composed for prompt, _, composed in between)
    first, warm, following, undrafted, full, plain = asked
    assert warm[1] and undrafted == (warm[0], False, warm[2])
    assert full == (warm[0], True, 0)  # the same prompt, of which nothing had been read
    assert first[2] <= warm[2] and warm[2] > 0
    assert found["warm"].stats.composed_tokens == warm[2] and found[PREFILL].stats.composed_tokens == 0
    assert "Earlier question: How often" in following[0] and FOLLOW_UP in following[0] and following[2] > 0
    assert PROMPT.partition("\n")[0] in plain[0] and plain[1:] == (False, 0)
    assert model.drafts


def test_what_is_asked_first_had_never_been_read(parts, model):
    """All that was read for the question before is gone, although the next one finds some of the same passages."""
    ask(parts, [CASES[0], CASES[0]], 1, quiet)
    half = len(model.read) // 2
    assert model.read[:half] == model.read[half:] and half > 1


def test_a_model_that_keeps_nothing_is_asked_in_two_ways(parts, model):
    model.no_states = "it forgets"
    assert [one.way for one in ask(parts, CASES[:1], 1, quiet)] == [PREFILL, PLAIN]


def test_quotes_are_written_with_drafts_and_without(parts, model):
    drafted, undrafted = quote(parts, CASES)
    assert len(drafted) == len(undrafted) == 2
    assert [drafts for _, drafts, _ in model.asked] == [True, False] * 2
    assert "11 weeks" in model.asked[0][0] and "word for word" in model.asked[0][0]
    assert len(search(parts, CASES, 3)) == 6


@pytest.mark.slow
def test_documents_are_read_into_an_empty_index(folder, encoder, tmp_path):
    steps, place = [], tmp_path / "bench"
    reading = measure_reading(folder, place, encoder, 2, lambda *step: steps.append(step))
    assert (reading.files, reading.pages, len(reading.pages_per_second)) == (3, 5, 2)
    assert steps == [("documents", 0, 2), ("documents", 1, 2)]
    assert reading.store == (place / FILE).stat().st_size > 0
    assert reading.snapshot == sum(file.stat().st_size for file in (place / "gen-000002").iterdir())
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="nothing to read"):
        measure_reading(tmp_path / "empty", tmp_path / "other", encoder, 1, quiet)


# --- what work costs ---


def zone(place, name, energy, limit=1000):
    (place / name).mkdir(exist_ok=True)
    (place / name / "energy_uj").write_text(f"{energy}\n")
    (place / name / "max_energy_range_uj").write_text(f"{limit}\n")


def test_energy_is_that_of_whole_packages_across_a_counter_s_end(tmp_path):
    for name, energy in (("intel-rapl:0", 100), ("intel-rapl:0:0", 50), ("intel-rapl:1", 990), ("dtpm", 7)):
        zone(tmp_path, name, energy)
    before = counters(tmp_path)
    assert before == {"intel-rapl:0": (100, 1000), "intel-rapl:1": (990, 1000)}
    zone(tmp_path, "intel-rapl:0", 400)
    zone(tmp_path, "intel-rapl:1", 9)
    assert joules_between(before, counters(tmp_path)) == pytest.approx(320e-6)
    assert joules_between({}, counters(tmp_path / "nowhere")) is None


def test_energy_is_measured_or_estimated_and_never_mixed():
    told, silent = Usage(2.0, 5.0), Usage(3.0, None)
    assert joules_of([told, told]) == [5.0, 5.0] and energy_note([told]).startswith("measured")
    assert joules_of([told, silent]) == [2 * WATTS, 3 * WATTS]
    assert "estimate" in energy_note([told, silent]) and f"{WATTS:g} W" in energy_note([silent])


def test_the_pace_of_writing_is_that_of_all_answers_together():
    quick = Stats(output_tokens=1, seconds_to_first_token=1.0, seconds_total=1.01)
    slow = Stats(output_tokens=99, seconds_to_first_token=4.0, seconds_total=13.99)
    assert tokens_per_second([quick, slow]) == pytest.approx(10.0)
    assert tokens_per_second([]) is None
    assert tokens_per_second([Stats(prompt_tokens=9, seconds_to_first_token=1.0, seconds_total=2.0)]) is None


# --- figures ---


def test_figures_are_medians_and_percentiles_of_what_was_measured():
    firsts = [0.1, 0.4, 0.2, 0.9, 0.3]
    samples = [
        sample(
            "warm",
            first,
            cpu=n,
            prompt_tokens=100,
            cached_tokens=40,
            composed_tokens=10 * n,
            seconds_retrieve=n / 10 + 0.1,
        )
        for n, first in enumerate(firsts)
    ]
    found = figures(samples)
    assert found["n"] == 5 and found["tokens_read_p50"] == 40
    assert found["seconds_to_first_token_p50"] == 0.3
    assert found["seconds_to_first_token_p95"] == pytest.approx(np.percentile(firsts, 95), abs=1e-4)
    assert found["seconds_to_evidence_p50"] == 0.3 and found["cpu_seconds_p50"] == 2
    assert found["tokens_per_second"] == pytest.approx(20) and found["joules_p50"] == 2 * WATTS
    assert found == figures(samples[::-1])


def test_ways_are_compared_question_by_question_in_the_same_run():
    warm = [sample("warm", 0.5, case="1"), sample("warm", 0.1, case="2"), sample("warm", 1.0, case="1", run=1)]
    full = [sample("full", 5.0, case="1"), sample("full", 3.0, case="2"), sample("full", 7.0, case="3")]
    found = ratios(full, warm)
    assert found["n"] == 2  # the other two have no counterpart
    assert found["seconds_to_first_token"] == pytest.approx((5.0 / 0.5 + 3.0 / 0.1) / 2)
    assert ratios(warm, warm) == {"n": 3, "seconds_to_first_token": 1, "seconds_total": 1, "cpu_seconds": 1}
    assert ratios([], warm) == {"n": 0}


@pytest.fixture
def measured():
    return Measured(
        about={
            "docent": "1",
            "model": "m",
            "encoder": "e",
            "questions": 1,
            "runs": 2,
            "kv_type": "f16",
            "cpu": "A CPU",
            "cores": 2,
        },
        memory_speed=20e9,
        model_bytes=10**9,
        prefill=[100.0, 120.0],
        decode=[18.0, 19.0],
        reading=Reading(3, 10, 40, (5.0, 7.0), 20_000, 10_000),
        searches=[0.01, 0.02, 0.03],
        samples=[
            sample(way, 10.0 if way in (PREFILL, PLAIN) else 0.4, run=run, seconds_retrieve=0.1)
            for run in range(2)
            for way in WAYS
        ],
        quoting=[Stats(output_tokens=60, seconds_to_first_token=1.0, seconds_total=3.0)],
        quoting_undrafted=[],
        state_bytes=5_000.0,
        peak_mb=1234.0,
    )


def test_the_summary_holds_what_was_measured(measured):
    found = summary(measured)
    assert found == json.loads(json.dumps(found))
    assert set(found) == {
        "about", "no_states", "ceilings", "asked", "energy", "times_as_long", "decode", "documents",
    }  # fmt: skip
    assert found["ceilings"]["decode_at_memory_limit"] == 20 and found["ceilings"]["prefill_tokens_per_second"] == 110
    assert list(found["asked"]) == list(WAYS) and found["asked"]["warm"]["n"] == 2
    assert found["times_as_long"][PREFILL]["warm"]["seconds_to_first_token"] == 25
    assert found["decode"]["quoting"] == {"tokens_per_second": 30, "of_memory_limit": 1.5}
    assert "quoting, no drafts" not in found["decode"]
    assert (
        found["documents"]["Docent"]["index_kb_per_page"] == 3
        and found["documents"]["Docent"]["states_kb_per_page"] == 20
    )
    assert (
        found["documents"]["Docent"]["pages_per_second"] == 6
        and found["documents"]["Docent"]["seconds_search_p50"] == 0.02
    )


def test_answers_without_a_word_of_the_model_s_have_no_times(measured):
    silent = replace(measured.samples[0], run=7, stats=Stats(seconds_total=0.01))
    assert summary(replace(measured, samples=[*measured.samples, silent])) == summary(measured)


def row(text, label):
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {label} ")]
    return [cell.strip() for cell in line.split("|")[2:-1]]


def test_people_get_tables_of_the_same(measured):
    text = readable(summary(measured))
    assert row(text, "seconds to the first word, median") == ["0.40"] * 4 + ["10.00"] * 2
    assert row(text, "full prefill: time to the first word") == ["25.0"] * 2
    assert row(text, "quoting") == ["30.0", "1.50"]
    assert row(text, "peak memory of the process, MB") == ["1,234"]
    assert "an estimate" in text and "2 cores, A CPU" in text and "not kept" not in text
    assert max(map(len, text.splitlines())) < 160


def test_without_states_there_is_less_to_tell(measured):
    two = [one for one in measured.samples if one.way in (PREFILL, PLAIN)]
    found = summary(replace(measured, samples=two, state_bytes=0.0, no_states="it forgets"))
    text = readable(found)
    assert found == json.loads(json.dumps(found)) and "states_kb_per_page" not in found["documents"]["Docent"]
    assert row(text, "seconds to the first word, median") == ["10.00"] * 2
    assert "times as much" not in text and "not kept: it forgets." in text


def test_llamaindex_stands_beside_it(measured):
    plain, short = NODES
    samples = [
        Sample(RIVAL, "1", 0, Stats(seconds_to_first_token=20.0, seconds_total=30.0), Stats(), Usage(40.0, None))
    ]
    rival = RivalResult({plain: [Ingested(10, 10, 5.0)] * 2, short: [Ingested(10, 30, 10.0)] * 2}, samples, 3000.0)
    found = summary(replace(measured, rival=rival))
    assert found == json.loads(json.dumps(found))
    assert found["asked"][RIVAL]["n"] == 1 and "tokens_read_p50" not in found["asked"][RIVAL]
    assert found["times_as_long"][RIVAL]["warm"] == {
        "n": 1, "seconds_to_first_token": 50, "seconds_total": round(30 / 3.4, 4), "cpu_seconds": 20,
    }  # fmt: skip
    text = readable(found)
    assert row(text, "Docent reads so many times as many") == ["", "3.00", "6.00"]
    assert row(text, "passages, or nodes") == ["40", "10", "30"]
    assert row(text, "LlamaIndex: time to the first word") == ["50.0"] * 2
    same = summary(measured)
    assert {key: value for key, value in found["documents"].items() if key == "Docent"} == same["documents"]
    assert {way: value for way, value in found["asked"].items() if way != RIVAL} == same["asked"]


def test_what_keeps_llamaindex_from_it_is_explained(tiny_folder, folder, tmp_path):
    """In a process of its own, whether it is missing there or finds no model."""
    with pytest.raises(DocentError) as error:
        measure_rival(tiny_folder, tmp_path / "no.gguf", folder, CASES, 1, quiet)
    assert "LlamaIndex" in str(error.value) and "docent[bench]" in error.value.hint


def test_a_bench_becomes_a_section_of_the_results(measured, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs/measure")
    spec = importlib.util.spec_from_file_location("results", ROOT / "docs" / "measure" / "results.py")
    results = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(results)
    (tmp_path / "bench.json").write_text(json.dumps(summary(measured)))  # without LlamaIndex: no row for its target
    targets = json.loads((ROOT / "docs" / "results" / "targets.json").read_text())
    (tmp_path / "targets.json").write_text(json.dumps({"bench": targets["bench"] | {"first_ever": 0.3}}))
    text = results.made(tmp_path)
    assert row(text, "warm: seconds to the first word, 95th percentile") == ["0.40", "0.50 or less", "yes"]
    assert row(text, "first-ever: the same") == ["0.40", "0.30 or less", "no"]
    assert row(text, "full prefill's time to the first word, of a warm question's") == ["25.00", "15.00 or more", "yes"]
    assert all(table in text for table in tables(summary(measured)))


# --- the command ---


def test_mistakes_are_explained(tmp_path):
    (tmp_path / "q.jsonl").write_text('{"question": "Which?", "answerable": false}\n')
    done = CliRunner().invoke(bench, [str(tmp_path / "q.jsonl")])
    assert done.exit_code == 1 and done.stderr.startswith("Error:") and "docent bench" in done.stderr
    assert CliRunner().invoke(bench, [str(tmp_path / "no.jsonl")]).exit_code == 2


@pytest.mark.model
def test_the_whole_bench_with_a_real_model(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCENT_MODEL", "smollm2-135m")
    monkeypatch.setenv("DOCENT_MAX_TOKENS", "24")
    (folder / "eval.jsonl").write_text('{"question": "How often is the filter cleaned?", "answers": ["11 weeks"]}\n')
    before = sorted(tmp_path.rglob("*"))
    done = CliRunner().invoke(bench, [str(folder / "eval.jsonl"), "--limit", "1", "--runs", "1", "--json"])
    assert done.exit_code == 0, done.output
    assert sorted(tmp_path.rglob("*")) == before
    assert "questions" in done.stderr
    found = json.loads(done.stdout)
    asked = found["asked"]
    assert list(asked) == [*WAYS, *([RIVAL] if is_installed() else [])]
    warm, full = asked["warm"]["tokens_read_p50"], asked[PREFILL]["tokens_read_p50"]
    assert warm <= asked["first-ever"]["tokens_read_p50"] < full
    for figures_ in asked.values():
        assert figures_["n"] == 1 and figures_["seconds_to_first_token_p95"] > 0 and figures_["cpu_seconds_p50"] > 0
    assert found["times_as_long"][PREFILL]["warm"]["n"] == 1
    assert found["documents"]["Docent"]["pages"] == 5 and found["documents"]["Docent"]["states_kb_per_page"] > 0
    assert all(value > 0 for value in found["ceilings"].values()) and found["documents"]["Docent"]["peak_mb"] > 100
    assert "seconds to the first word" in readable(found)
