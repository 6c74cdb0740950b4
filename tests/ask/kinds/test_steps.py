"""How-to questions: a section's own steps, whole, in order and to the letter; nothing where there are none."""

import pytest

from app.ask.assistant import Assistant
from ingest.sync.sync import sync

MANUAL = """# Fenwick kettle: manual

## Descaling

Before you start: let the kettle cool.

1. Fill the kettle with water and vinegar.
2. Boil it once.
3. Wait 20 minutes, then pour it out.

Note: repeat this with clear water.

## Changing the fuse

WARNING: Pull the plug first.

a) Open the base.
b) Take out the old fuse.
c) Put in a new fuse of 13 A.

## Setting the clock

Step 1: Hold the button for 3 seconds.
Step 2: Turn the knob to the hour.

## Cleaning the filter

Rinse it under the tap.

## Before a journey

- Empty the kettle
- Pull the plug

## After a journey

- Rinse the kettle.
- Check the plug.

## Storage

The kettle is kept dry. The cord is rolled up. Nothing is put on it.

## Disposing of the kettle

Remove the battery. Take the cord off. Bring all parts to the depot.
"""
ALARM = "# Fire alarm\n\n## In case of fire\n\n1) Ring the bell.\n2) Leave by the stairs.\n3) Meet at the gate.\n"


@pytest.fixture(scope="module")
def kettle(tmp_path_factory, encoder):
    folder = tmp_path_factory.mktemp("kettle")
    (folder / "docs").mkdir()
    (folder / "docs/kettle.md").write_text(MANUAL)
    (folder / "docs/alarm.md").write_text(ALARM)
    (folder / "docs/soup.txt").write_text(
        "Leek and potato soup\n\nServes four.\n\nIngredients\n- 3 leeks\n- 4 potatoes\n\nMethod\n"
        "1. Wash the leeks.\n2. Dice the potatoes.\n3. Simmer for 20 minutes.\n"
    )
    sync(folder / "docs", folder / "index", encoder)
    return Assistant(folder / "index", encoder, lambda: None)


def steps_of(computed):
    return [line.split(". ", 1)[1] for line in computed.text.splitlines() if line[:1].isdigit()]


DESCALING = ["Fill the kettle with water and vinegar.", "Boil it once.", "Wait 20 minutes, then pour it out."]


@pytest.mark.parametrize(
    "question",
    [
        "How do I descale the kettle?",
        "how to descale the kettle",
        "What are the steps to descale the kettle?",
        "What are the steps for descaling?",
        "List the steps for descaling the kettle.",
        "Can you walk me through descaling the kettle?",
        "Procedure for descaling the kettle",
        "How can the kettle be descaled?",
        "What is the procedure for descaling?",
        "Please explain how to descale the kettle, step by step.",
        "How should one descale the kettle?",
        "What is the right way to descale the kettle?",
    ],
)
def test_the_steps_of_a_section_are_whole_and_in_order(kettle, question):
    computed = kettle.ask(question, kind="how-to").computed
    assert computed.plan.kind == "how-to" and computed.status == "answered"
    assert steps_of(computed) == DESCALING


def test_what_stands_apart_is_kept_in_its_place(kettle):
    text = kettle.ask("How do I descale the kettle?", kind="how-to").computed.text
    assert text.startswith("Before you start: let the kettle cool.")
    assert text.endswith("Note: repeat this with clear water.")
    assert "WARNING: Pull the plug first." in kettle.ask("How do I change the fuse?", kind="how-to").computed.text


@pytest.mark.parametrize(
    ("question", "first", "count"),
    [
        ("How do I change the fuse?", "Open the base.", 3),
        ("How do I set the clock?", "Hold the button for 3 seconds.", 2),
        ("What should I do in case of fire?", "Ring the bell.", 3),
        ("What do we have to do when there is a fire?", "Ring the bell.", 3),
        ("There is a fire. What should I do?", "Ring the bell.", 3),
        ("What are the steps after a journey?", "Rinse the kettle.", 2),
        ("What must be done before a journey?", "Empty the kettle", 2),
        ("How do I make leek and potato soup?", "Wash the leeks.", 3),
    ],
)
def test_letters_steps_and_bullets_are_steps_too(kettle, question, first, count):
    computed = kettle.ask(question, kind="how-to").computed
    assert (steps_of(computed)[0], len(steps_of(computed))) == (first, count)


def test_sentences_that_tell_what_to_do_are_steps_but_never_surely(kettle):
    computed = kettle.ask("How do I dispose of the kettle?", kind="how-to").computed
    assert steps_of(computed) == ["Remove the battery.", "Take the cord off.", "Bring all parts to the depot."]
    assert computed.status == "unsure" and "may be about something else" in computed.reason


@pytest.mark.parametrize(
    "question",
    [
        "How do I clean the filter?",  # one sentence
        "How do I store the kettle?",  # nothing there tells what to do
        "How do I repair the kettle?",
        "How do I descale the coffee machine?",
        "How do I descale the KX-900?",
        "How do I order a kettle?",
        "How do I know whether the kettle is full?",
        "How long does descaling take?",
        "Which page shows how to descale the kettle?",
        "How often is the kettle descaled?",
        "What is vinegar?",
        "How to",
        "What should I do?",
    ],
)
def test_everything_else_is_asked_as_a_fact(kettle, question):
    assert kettle.ask(question, kind="how-to").computed is None


def test_every_citation_is_its_span(kettle):
    documents = {one.path: one for one in kettle.index.documents()}
    for question in ("How do I descale the kettle?", "How do I change the fuse?", "What should I do in case of fire?"):
        computed = kettle.ask(question, kind="how-to").computed
        assert len(computed.citations) >= len(steps_of(computed))
        for one in computed.citations:
            assert kettle.index.text(documents[one.file].id, one.start, one.end) == one.quote
            assert " ".join(one.quote.split()) == one.claim and one.claim in computed.text


def test_steps_are_counted_only_where_they_are_numbered(kettle):
    computed = kettle.ask("How many steps does descaling have?", kind="how-to").computed
    assert computed.plan.operation == "count" and computed.text.startswith("3 steps:")
    assert kettle.ask("How many steps does disposing of the kettle have?", kind="how-to").computed is None
    assert kettle.ask("How many steps has the stairs?", kind="how-to").computed is None


def test_two_documents_with_such_steps_leave_a_doubt(tmp_path, encoder):
    (tmp_path / "docs").mkdir()
    for name, first in (("red", "Open the lid."), ("blue", "Lift the hood.")):
        (tmp_path / f"docs/{name}.md").write_text(
            f"# Printer {name}\n\n## Changing the ink\n\n1. {first}\n2. Change the {name} ink.\n"
        )
    sync(tmp_path / "docs", tmp_path / "index", encoder)
    docent = Assistant(tmp_path / "index", encoder, lambda: None)
    computed = docent.ask("How do I change the ink?", kind="how-to").computed
    assert computed.status == "unsure" and "Other steps stand in" in computed.reason
    computed = docent.ask("How do I change the ink of the blue printer?", kind="how-to").computed
    assert steps_of(computed)[0] == "Lift the hood." and computed.status == "answered"
