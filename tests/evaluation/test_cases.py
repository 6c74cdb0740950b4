import json

import pytest

from app.evaluation.cases import Case, append_case, case_id, check_apart, load_cases, save_cases
from ingest.errors import InvalidInput

LINES = [
    '{"question":"How often?",  "id": "1", "answers": ["11 weeks"], "gold_docs": ["pump.pdf"], "source": "mine"}',
    '{"id": "2", "question": "What does it cost?", "answerable": false}',
]


@pytest.fixture
def file(tmp_path):
    (tmp_path / "q.jsonl").write_text("\n".join(LINES))  # no newline at the end, as editors leave it
    return tmp_path / "q.jsonl"


def test_saving_what_was_loaded_changes_no_letter(file):
    save_cases(file, load_cases(file))
    assert file.read_text().splitlines() == LINES


def test_a_changed_case_keeps_the_keys_that_are_not_known(file):
    first, second = load_cases(file)
    save_cases(file, [first.model_copy(update={"answers": ("12 weeks",)}), second])
    changed = json.loads(file.read_text().splitlines()[0])
    assert (changed["answers"], changed["source"], changed["id"]) == (["12 weeks"], "mine", "1")
    assert file.read_text().splitlines()[1] == LINES[1]


def test_what_a_change_takes_back_is_gone(file):
    first, second = load_cases(file)
    save_cases(file, [first.model_copy(update={"gold_docs": ()}), second])
    assert load_cases(file)[0].gold_docs == ()


def test_a_line_left_out_stays_in_the_copy(file):
    save_cases(file, load_cases(file)[:1])
    assert len(load_cases(file)) == 1
    assert (file.parent / "q.jsonl.bak").read_text().splitlines() == LINES


def test_appending_adds_one_line_and_touches_no_other(file):
    append_case(file, Case(id="3", question="Wie heiß?", answers=("55 °C",)))
    assert file.read_text().splitlines()[:2] == LINES
    assert [case.id for case in load_cases(file)] == ["1", "2", "3"]
    with pytest.raises(InvalidInput, match="already holds"):
        append_case(file, Case(id="3", question="Again?"))


def test_the_first_case_makes_the_file(tmp_path):
    append_case(tmp_path / "new" / "q.jsonl", Case(id="1", question="A?"))
    assert [case.question for case in load_cases(tmp_path / "new" / "q.jsonl")] == ["A?"]


def test_a_file_that_cannot_be_understood_is_never_written_over(file):
    file.write_text(LINES[0] + "\nmy notes\n")
    for change in (lambda: save_cases(file, []), lambda: append_case(file, Case(id="3", question="A?"))):
        with pytest.raises(InvalidInput, match="line 2"):
            change()
    assert file.read_text() == LINES[0] + "\nmy notes\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"id": "1", "question": "a?"}\n{"id": "2"}\n', "line 2: question: Field required"),
        ('{"id": "1", "question": "a?"}\n\n{"id": "1", "question": "b?"}\n', "line 3: the id 1 is that of line 1"),
        ("[1]\n", "line 1"),
        ("not json", "line 1"),
        ('{"id": "1", "question": "a?", "gold_pages": ["three"]}', "line 1: gold_pages.0"),
        ("\n", "holds no questions"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path, text, told):
    (tmp_path / "q.jsonl").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InvalidInput, match=told):
        load_cases(tmp_path / "q.jsonl")


def test_a_missing_file_and_equal_ids_are_mistakes_that_are_explained(tmp_path):
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_cases(tmp_path / "none.jsonl")
    with pytest.raises(InvalidInput, match="Two questions"):
        save_cases(tmp_path / "q.jsonl", [Case(id="1", question="a?"), Case(id="1", question="b?")])


def test_the_id_of_a_question_is_stable_and_fills_in(tmp_path):
    assert case_id("How  often is it cleaned? ") == case_id("how often is it cleaned?") == "2f32d05cd8bb"
    (tmp_path / "q.jsonl").write_text('{"question": "How often is it cleaned?"}')
    assert load_cases(tmp_path / "q.jsonl")[0].id == "2f32d05cd8bb"


def test_questions_are_no_document_that_could_answer_them(tmp_path):
    (tmp_path / "older").mkdir()
    for name in ("eval.jsonl", "questions.jsonl", "older/eval.jsonl", "questions.json"):
        (tmp_path / name).write_text('{"question": "Which?", "answers": ["This"]}\n')
    for apart in ("eval.jsonl", "questions.json"):
        check_apart(tmp_path / apart, [tmp_path])
    check_apart(tmp_path / "questions.jsonl", [tmp_path / "older"])
    for among in ("questions.jsonl", "older/eval.jsonl"):
        with pytest.raises(InvalidInput, match="one of them"):
            check_apart(tmp_path / among, [tmp_path / "elsewhere", tmp_path])
