"""Small talk asks nothing of the documents; what only begins like it does."""

import pytest

from app.ask.understand.smalltalk import smalltalk_in
from ingest.store.store import Store

TALK = {
    "hello": "Hi! | hello | Hey there | good morning | Hello, how are you? | how are you doing today?",
    "thanks": "thanks | Thanks, that helps. | Thank you so much! | ok, thank you very much | great | Perfect, thanks!"
    " | thx | that was helpful | That helped a lot, thanks | many thanks for your help | got it | cheers"
    " | thanks for the quick answer | well done",
    "bye": "bye | Goodbye! | see you later | that's all for now | ok, bye",
    "who": "who are you? | What are you? | what is your name | are you a bot? | what's docent | tell me about yourself",
    "can": "what can you do | What can you do for me? | help | help me please | how does this work? | what can I ask?"
    " | how do I use this app | what kinds of questions can I ask? | can you help me | how can you help me?",
    "add": "how do I add documents? | How can I upload a file | where do I add more documents | can I upload PDFs?"
    " | how do I get my files in | Which file types can you read? | what formats are supported",
    "remove": "how do I delete a document? | How can I remove files from the library?",
    "private": "are my documents private? | do you work offline? | do you send my data to the cloud?",
}
GERMAN = {
    "hello": "Hallo! | Guten Tag | moin",
    "thanks": "danke | Vielen Dank! | Danke, das hat mir sehr geholfen | super, danke",
    "bye": "Tschüss | auf Wiedersehen",
    "who": "Wer bist du? | wie heißt du",
    "can": "Was kannst du? | hilfe | Was kann ich dich fragen? | wie funktioniert das?",
    "add": "Wie füge ich Dokumente hinzu? | wie lade ich eine Datei hoch".replace("eine Datei", "neue Dateien"),
}
QUESTIONS = """
    thanks, and how long is the warranty? | how do I add oil? | how do I add documents to a claim? | who are the owners?
    what can the pump do? | hello world program | how does the pump work? | are my rights private matters in the lease?
    what is the name of the landlord? | help desk opening hours | can I upload the readings to the portal?
    thank you letter to the tenant | what can I do about frost? | is the cable safe? | what is this pump for?
    Wie funktioniert die Pumpe? | Was kann die Pumpe? | how do I remove the filter? | what do you add to the water?
"""


def split(lines):
    return [one.strip() for line in lines.strip().splitlines() for one in line.split("|")]


@pytest.mark.parametrize(("wordings", "german"), [(TALK, False), (GERMAN, True)])
def test_the_many_ways_to_say_it(wordings, german):
    said = {one: smalltalk_in(one) for lines in wordings.values() for one in split(lines)}
    assert said == {one: (key, german) for key, lines in wordings.items() for one in split(lines)}


def test_questions_about_content_are_none_of_it():
    assert [one for one in split(QUESTIONS) if smalltalk_in(one)[0]] == []


def test_a_greeting_tells_what_is_there_and_what_can_be_asked(assistant):
    docent = assistant("NOT FOUND")
    answer = docent.ask("Hello!").answer
    assert (answer.plan.kind, answer.status, answer.citations) == ("help", "answered", ())
    assert "3 documents with 5 pages" in answer.text
    asked = [line[2:] for line in answer.text.splitlines() if line.startswith("- ")]
    assert 0 < len(asked) <= 3 and not docent.load_llm().prompts
    german = docent.ask("Hallo").answer
    assert german.text.startswith("Hallo!") and "3 Dokumente mit 5 Seiten" in german.text


def test_thanks_behind_an_answer_asks_nothing(assistant):
    from app.datatypes import Answer, Turn
    from app.llm.protocol import Stats

    docent = assistant("The filter is cleaned every 11 weeks.")
    first = docent.ask("How often is the filter cleaned?").answer
    history = [Turn(1, "How often is the filter cleaned?", first)]
    for message in ("thanks", "Perfect, thank you!", "bye"):
        answer = docent.ask(message, history).answer
        assert isinstance(answer, Answer) and isinstance(answer.stats, Stats)
        assert answer.plan.kind == "help" and "- " not in answer.text and "filter" not in answer.text


def test_an_empty_library_is_said_to_be_empty(tmp_path, encoder, scripted):
    from app.ask.assistant import Assistant
    from ingest.sync.sync import sync

    (tmp_path / "none").mkdir()
    (tmp_path / "none/broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    sync(tmp_path / "none", tmp_path / "at", encoder)
    assert [document.error for document in Store(tmp_path / "at").documents()] != [""]
    docent = Assistant(tmp_path / "at", encoder, scripted)
    text = docent.ask("what can you do?").answer.text
    assert "still empty" in text and "docent ingest" in text and "for example" not in text
