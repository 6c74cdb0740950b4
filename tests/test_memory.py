import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from app.memory import Memory
from ingest.errors import StorageError


def test_threads_survive_a_restart_and_answers_come_back_as_they_were(tmp_path, assistant):
    answer = assistant("The filter is cleaned every 11 weeks.").ask("How often is the filter cleaned?").answer
    memory = Memory(tmp_path / "threads.db")
    thread = memory.new_thread("pumps", "How often  is the\nfilter cleaned?")
    turn = memory.keep(thread, "How often is the filter cleaned?", answer)
    memory.vote(turn.id, -1)
    memory.close()
    again = Memory(tmp_path / "threads.db")
    assert [t.title for t in again.threads("pumps")] == ["How often is the filter cleaned?"]
    assert again.threads("other") == []
    (kept,) = again.turns(thread)
    assert kept == replace(turn, vote=-1) and kept.answer.hits[0].ranks == answer.hits[0].ranks


def test_deleting_a_thread_leaves_no_word_of_it(tmp_path, assistant):
    answer = assistant("NOT FOUND").ask("What about xylophones?").answer
    memory = Memory(tmp_path / "threads.db")
    memory.keep(memory.new_thread("d", "xylophones"), "What about xylophones?", answer)
    memory.delete_thread(memory.threads("d")[0].id)
    memory.close()
    assert b"xylophones" not in (tmp_path / "threads.db").read_bytes()


def test_a_damaged_file_is_said_to_be_one(tmp_path):
    (tmp_path / "threads.db").write_bytes(b"not a database at all, but long enough to be taken for one" * 40)
    with pytest.raises(StorageError, match="conversations"):
        Memory(tmp_path / "threads.db")


def test_conversations_of_before_places_had_names_still_load(tmp_path, assistant):
    answer = assistant("The filter is cleaned every 11 weeks.").ask("How often is the filter cleaned?").answer
    memory = Memory(tmp_path / "threads.db")
    thread = memory.new_thread("pumps", "filter")
    memory.keep(thread, "How often?", answer)
    memory.close()
    with closing(sqlite3.connect(tmp_path / "threads.db")) as db:
        ((text,),) = db.execute("SELECT answer FROM turns").fetchall()
        data = json.loads(text)
        for one in (*data["hits"], *data["citations"], *data["evidence"]):
            del one["place"], one["confidence"]
        db.execute("UPDATE turns SET answer = ?", (json.dumps(data),))
        db.commit()
    (kept,) = Memory(tmp_path / "threads.db").turns(thread)
    assert kept.answer.text == answer.text and kept.answer.citations == answer.citations
    assert kept.answer.citations[0].named == "page 3" and {hit.place for hit in kept.answer.hits} == {""}
