"""An encrypted library answers as a plain one does, and on disk there is no word of it."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
import zipfile
from contextlib import closing, suppress
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.ask.assistant import Assistant
from app.datatypes import Answer
from app.library.asked import Questions
from app.library.survey import survey
from app.llm.protocol import State, Stats
from app.llm.states import StateStore, is_whole
from app.memory import Memory, memory_of
from app.privacy.unlock import key_for
from app.settings import load_settings
from app.ui.safe import Safe
from app.ui.shared import HERE, close_desk, desk_of, folder_and_index
from ingest.encryption.sealed import sealed, unsealed
from ingest.encryption.vault import Cost, Key, change_passphrase, is_encrypted, unlock
from ingest.errors import IndexDamaged, IndexLocked, InvalidInput
from ingest.store.file import FILE
from ingest.store.index import LocalIndex
from ingest.store.snapshots import current
from ingest.store.store import Store
from ingest.sync.sync import sync
from ingest.upkeep.archive import export
from ingest.upkeep.convert import decrypt, encrypt
from ingest.upkeep.repair import check
from ingest.upkeep.unpack import import_library

from command_line import docent
from damaged import WORDS, everything, place, traces, whole
from libraries import Words

__all__ = ["place", "whole"]  # fixtures

CHEAP = Cost(memory_kib=64, iterations=1, lanes=1)
SAID = "correct horse"
KEY = Key(b"k" * 32)
WORDS_OF_IT = (b"depot", b"valves", b"filled to", b"note.txt", b"Pump")


# -- sealed files


@pytest.mark.parametrize("size", [0, 1, 2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20 + 5])
def test_what_is_sealed_comes_back_and_nothing_else_does(size: int) -> None:
    data = random.Random(size).randbytes(size)
    kept = sealed(KEY, "a", data)
    assert unsealed(KEY, "a", kept) == data and sealed(KEY, "a", data) != kept
    block = 2**20 + 16
    changed = {
        "cut": kept[:-1], "block cut off": kept[:-block], "flipped": kept[:-1] + bytes([kept[-1] ^ 1]),
        "another salt": kept[:20] + bytes([kept[20] ^ 1]) + kept[21:], "longer": kept + b"x", "empty": b"",
        "swapped": kept[:32] + kept[32 + block :][:block] + kept[32:][:block] + kept[32 + 2 * block :],
    }  # fmt: skip
    for name, bad in changed.items():
        if bad != kept and not (name == "block cut off" and len(kept) < block):
            with pytest.raises(ValueError, match="is "):
                unsealed(KEY, "a", bad)
    for key, name in ((Key(b"j" * 32), "a"), (KEY, "b")):
        with pytest.raises(ValueError, match="damaged"):
            unsealed(key, name, kept)


def test_a_key_is_never_shown() -> None:
    assert "k" * 5 not in repr(KEY) and repr(b"k" * 32) not in str(KEY)
    assert len({KEY.of("databases"), KEY.of("files"), KEY.of("names"), KEY.secret}) == 4


# -- a library


@pytest.fixture
def vault(place: Path) -> tuple[Path, Key]:
    key = encrypt(place / "index", SAID, CHEAP)
    return place / "index", key


def content(index: Path, key: Key | None) -> list[object]:
    """What an index holds and finds, and the states of it, whatever its form."""
    states = []
    with closing(Store(index, key=key)) as store:
        for document in store.documents():
            states.append(StateStore(index, 10**6, key).get(document.id, "a"))
    return [*everything(index, key), states]


def test_an_encrypted_library_holds_and_finds_the_same(place: Path) -> None:
    index = place / "index"
    before = content(index, None)
    assert any(before[-1])
    key = encrypt(index, SAID, CHEAP)
    assert is_encrypted(index) and content(index, key) == before
    found = check(index, lambda file: is_whole(file, key), key=key)
    assert found.findings == () and found.counts["states of the model"] == 2
    assert key == unlock(index, SAID)
    decrypt(index, key)
    assert not is_encrypted(index) and content(index, None) == before
    assert check(index, is_whole).findings == ()


def test_no_word_of_it_is_on_disk(place: Path) -> None:
    index = place / "index"
    assert all(traces(index, word) for word in WORDS_OF_IT[:3])
    key = encrypt(index, SAID, CHEAP)
    with closing(Memory(index / "threads.db", key)) as memory:
        memory.keep(memory.new_thread("d", "Where is the depot?"), "Where is the depot?", ANSWER)
    for word in (*WORDS_OF_IT, SAID.encode(), key.secret, key.of("databases"), key.of("files"), b"SQLite format 3"):
        found = [file for file in index.rglob("*") if file.is_file() and word in file.read_bytes()]
        assert [file.name for file in found if file.name != "lock.db"] == []
    assert not any(traces(index, word) for word in WORDS_OF_IT)


def test_without_the_passphrase_nothing_opens_and_nothing_is_harmed(vault: tuple[Path, Key]) -> None:
    index, key = vault
    before = {file: file.read_bytes() for file in index.rglob("*") if file.is_file()}
    memory, checking = (lambda folder: Memory(folder / "threads.db")), (lambda folder: check(folder, is_whole))
    for opening in (Store, LocalIndex, memory, checking):
        with pytest.raises(IndexLocked):
            opening(index)
    with pytest.raises(IndexLocked, match="not the passphrase"):
        unlock(index, "wrong horse")
    with pytest.raises(IndexDamaged):
        Store(index, key=KEY)
    with pytest.raises(InvalidInput, match="is encrypted"):
        encrypt(index, SAID, CHEAP)
    assert {file: file.read_bytes() for file in index.rglob("*") if file.is_file()} == before
    assert unlock(index, SAID) == key and content(index, key)


def test_a_passphrase_is_changed_without_the_library(vault: tuple[Path, Key]) -> None:
    index, key = vault
    before = (index / FILE).read_bytes()
    with pytest.raises(InvalidInput, match="8 are the least"):
        change_passphrase(index, key, "short", CHEAP)
    change_passphrase(index, key, "battery staple é", CHEAP)
    assert unlock(index, "battery staple e\u0301") == key and (index / FILE).read_bytes() == before
    with pytest.raises(IndexLocked):
        unlock(index, SAID)


@pytest.mark.parametrize("harm", ["gone", "cut", "no json", "cost", "foreign"])
def test_a_vault_that_cannot_be_used_is_told(vault: tuple[Path, Key], harm: str) -> None:
    file = vault[0] / "vault.json"
    text = file.read_text()
    changed = {"cut": text[:50], "no json": "x", "foreign": "{}", "gone": "", "cost": text.replace(": 64", ": 9999999")}
    file.write_text(changed[harm])
    with pytest.raises(IndexDamaged, match=r"vault\.json"):
        unlock(vault[0], SAID)


def test_bytes_changed_in_an_encrypted_library_are_found(vault: tuple[Path, Key]) -> None:
    index, key = vault
    whole_bytes = {file: file.read_bytes() for file in index.rglob("*") if file.is_file()}
    state = next(index.glob("kv/*/*.kv"))
    for file, name in (
        (index / FILE, "database"), (index / current(index) / "vectors.faiss", "snapshot"),
        (index / current(index) / "ids.npy", "snapshot"), (state, "states"),
    ):  # fmt: skip
        data = bytearray(whole_bytes[file])
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
        found = check(index, lambda file: is_whole(file, key), key=key)
        assert name in {finding.check for finding in found.findings}, file
        file.write_bytes(whole_bytes[file])


# -- conversions that are killed

KILLED = """
import os, sys
from pathlib import Path
from ingest.upkeep import convert
from ingest.encryption.vault import Cost, unlock
step, index, way = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
seen = 0
def hook(event, arguments):
    global seen
    if event in ("open", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "sqlite3.connect", "os.mkdir"):
        if event == "open" and not any(c in str(arguments[1] or "") for c in "wxa+"):
            return
        seen += 1
        if seen == step:
            os._exit(9)
sys.addaudithook(hook)
if way == "encrypt":
    convert.encrypt(index, "correct horse", Cost(64, 1, 1))
else:
    convert.decrypt(index, unlock(index, "correct horse"))
print(seen)
"""


def _run(step: int, index: Path, way: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", KILLED, str(step), str(index), way]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["encrypt", "decrypt"])
def test_a_conversion_killed_at_any_step_leaves_a_whole_library(place: Path, tmp_path: Path, way: str) -> None:
    original = place / "index"
    before = content(original, None)
    if way == "decrypt":
        encrypt(original, SAID, CHEAP)
    index = tmp_path / "copy"
    shutil.copytree(original, index)
    done = _run(10**9, index, way)
    assert done.returncode == 0, done.stderr
    steps = int(done.stdout)
    every = 1 if os.environ.get("DOCENT_LONG_TESTS") else max(1, steps // 8)
    forms = set()
    for step in range(1, steps + 1, every):
        shutil.rmtree(index)
        shutil.copytree(original, index)
        assert _run(step, index, way).returncode == 9
        key = unlock(index, SAID) if settled(index) else None
        forms.add(key is None)
        assert content(index, key) == before, step
        found = check(index, lambda file, key=key: is_whole(file, key), repair=True, key=key)
        assert found.is_whole, (step, found.findings)
        assert key is None or not any(traces(index, word) for word in WORDS_OF_IT), step
    assert forms == {True, False}  # some before, some after the new form took the old one's place


def settled(index: Path) -> bool:
    """Opens the library, which finishes what was begun; whether it is encrypted."""
    with suppress(IndexLocked):
        Store(index).close()
    return is_encrypted(index)


# -- conversations

ANSWER = Answer("answered", "At 06:30.", "", (), (), "m", Stats())


def test_conversations_move_into_the_library_and_out_again(place: Path, tmp_path: Path) -> None:
    home = tmp_path / "home/threads.db"
    with closing(Memory(home)) as memory:
        memory.keep(memory.new_thread("here", "About the zanzibar depot"), "When does the zanzibar depot open?", ANSWER)
        turn = memory.keep(memory.threads("here")[0].id, "And close?", ANSWER)
        memory.vote(turn.id, 1)
        memory.new_thread("elsewhere", "Another")
        before = [(thread.title, [(t.question, t.answer, t.vote) for t in memory.turns(thread.id)])
                  for thread in memory.threads("here")]  # fmt: skip

    def kept(memory: Memory) -> list[object]:
        threads = memory.threads("here")
        return [(thread.title, [(t.question, t.answer, t.vote) for t in memory.turns(thread.id)]) for thread in threads]

    index = place / "index"
    key = encrypt(index, SAID, CHEAP)
    for _ in range(2):  # the second time there is nothing to move
        with closing(memory_of(home, index, key, "here")) as memory:
            assert kept(memory) == before and len(memory.threads("here")) == 1
    with closing(Memory(home)) as outside:
        assert outside.threads("here") == [] and [t.title for t in outside.threads("elsewhere")] == ["Another"]
    assert traces(tmp_path / "home", b"zanzibar") == [] == traces(index, b"zanzibar")
    with closing(memory_of(home, index, key, "here")) as memory, closing(Memory(home)) as outside:
        assert memory.move_to(outside, "here") == 1
        assert kept(outside) == before and memory.threads("here") == []


# -- at work


class Asking(Words):
    encode_queries = Words.encode


def test_an_encrypted_library_is_kept_up_searched_and_leaves_nothing_behind(place: Path, tmp_path: Path) -> None:
    """New, changed and removed documents, questions, a report, a state of the model: no word of it on disk."""
    index = place / "index"
    key = encrypt(index, SAID, CHEAP)
    home = tmp_path / "home"
    (place / "docs/new.md").write_text("# Zanzibar\n\nThe zanzibar valve opens at 4 bar.\n")
    (place / "docs/note.txt").unlink()
    report = sync(place / "docs", index, WORDS, key=key)
    assert (report.added, report.removed) == (["new.md"], ["note.txt"])
    assistant = Assistant(index, Asking(), lambda: None, load_settings(), key)  # type: ignore[arg-type,return-value]
    hits = assistant.search("When does the zanzibar valve open?")
    assert hits[0].file == "new.md"
    Questions(index, key).keep_search("When does the zanzibar valve open?", hits)
    StateStore(index, 10**6, key).put(hits[0].chunk.doc_id, "k", State(1, 1, b"zanzibar"))
    with closing(memory_of(home / "threads.db", index, key, "here")) as memory:
        memory.keep(memory.new_thread("here", "zanzibar"), "zanzibar?", ANSWER)
    told = survey(index, key=key)
    assert told.questions == 1 and {"new.md", "pump.md"} <= {file.path for file in told.files}
    assert check(index, lambda file: is_whole(file, key), key=key).findings == ()
    plain = tmp_path / "plain"
    sync(place / "docs", plain, WORDS)
    assert everything(plain)[-2:] == everything(index, key)[-2:]
    for word in (b"zanzibar", b"Zanzibar", *WORDS_OF_IT):
        assert traces(index, word) == [] == traces(home, word)


def test_an_encrypted_library_travels_encrypted(place: Path, tmp_path: Path) -> None:
    index = place / "index"
    key = encrypt(index, SAID, CHEAP)
    file = tmp_path / "library.zip"
    with pytest.raises(InvalidInput, match="as they are"):
        export(index, file, "1", documents=True, key=key)
    export(index, file, "1", key=key)
    with zipfile.ZipFile(file) as archive:
        assert sorted(archive.namelist()) == ["manifest.json", "store.db", "vault.json"]
        assert not any(word in archive.read(name) for word in WORDS_OF_IT for name in archive.namelist())
    with pytest.raises(IndexLocked):
        import_library(file, tmp_path / "there", None, WORDS.name)
    assert not (tmp_path / "there").exists()
    import_library(file, tmp_path / "there", None, WORDS.name, unlock=lambda folder: unlock(folder, SAID))
    assert everything(tmp_path / "there", key) == everything(index, key)
    with pytest.raises(InvalidInput, match="conversations"):
        import_library(file, tmp_path / "there", None, WORDS.name, replace=True)


@pytest.mark.slow
def test_the_commands(place: Path, tmp_path: Path) -> None:
    index = ("--index", place / "index")
    done = docent("encrypt", *index)
    assert done.returncode == 1 and "No passphrase" in done.stderr
    done = docent("encrypt", *index, DOCENT_PASSPHRASE="short")
    assert done.returncode == 1 and "8 are the least" in done.stderr and not is_encrypted(place / "index")
    done = docent("encrypt", *index, DOCENT_PASSPHRASE=SAID)
    assert done.returncode == 0 and "is encrypted" in done.stdout and is_encrypted(place / "index")
    done = docent("verify", *index)
    assert done.returncode == 1 and "is encrypted" in done.stderr and "DOCENT_PASSPHRASE" in done.stderr
    done = docent("verify", *index, DOCENT_PASSPHRASE="wrong horse")
    assert done.returncode == 1 and "not the passphrase" in done.stderr
    done = docent("passphrase", *index, DOCENT_PASSPHRASE=SAID, DOCENT_NEW_PASSPHRASE="battery staple")
    assert done.returncode == 0
    done = docent("report", *index, "--json", DOCENT_PASSPHRASE="battery staple")
    assert done.returncode == 0 and "pump.md" in done.stdout
    done = docent("decrypt", *index, DOCENT_PASSPHRASE="battery staple")
    assert done.returncode == 0 and not is_encrypted(place / "index")
    assert docent("verify", *index).returncode == 0
    done = docent("decrypt", *index)
    assert done.returncode == 1 and "not encrypted" in done.stderr


def test_a_passphrase_comes_through_a_file_descriptor_and_leaves_the_environment(
    vault: tuple[Path, Key],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "secret").write_text(f"{SAID}\nmore\n")
    monkeypatch.setenv("DOCENT_PASSPHRASE_FD", str(os.open(tmp_path / "secret", os.O_RDONLY)))
    assert key_for(vault[0]) == vault[1] and "DOCENT_PASSPHRASE_FD" not in os.environ
    monkeypatch.setenv("DOCENT_PASSPHRASE_FD", "9999")
    with pytest.raises(InvalidInput, match="no file descriptor"):
        key_for(vault[0])
    monkeypatch.setenv("DOCENT_PASSPHRASE", SAID)
    assert key_for(vault[0]) == vault[1] and "DOCENT_PASSPHRASE" not in os.environ


def test_without_sqlcipher_the_extra_is_named(place: Path, vault: tuple[Path, Key]) -> None:
    program = (
        "import sys; sys.modules['sqlcipher3'] = None; from pathlib import Path; from ingest.store.store import Store; "
        "from ingest.encryption.vault import unlock; folder = Path(sys.argv[1])\n"
        "try: Store(folder, key=unlock(folder, 'correct horse'))\n"
        "except Exception as error: print(error, error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", program, vault[0]], capture_output=True, text=True)
    assert "docent[encryption]" in done.stdout and not done.stderr


def test_attempts_are_slowed_down(vault: tuple[Path, Key]) -> None:
    safe = Safe(vault[0])
    with pytest.raises(IndexLocked, match="is encrypted"):
        _ = safe.key
    for _ in range(40):  # each wrong one doubles the time until the next is looked at
        with pytest.raises(IndexLocked) as refused:
            safe.open("wrong horse")
        if "wait" in str(refused.value):
            break
    with pytest.raises(IndexLocked, match="wait"):
        safe.open(SAID)  # the right one has to wait, too
    while True:
        with suppress(IndexLocked):
            safe.open(SAID)
            break
        time.sleep(0.1)
    assert safe.key == vault[1]
    safe.lock()
    with pytest.raises(IndexLocked):
        _ = safe.key


@pytest.mark.slow
def test_the_page_asks_for_the_passphrase_and_forgets_it(
    place: Path,
    vault: tuple[Path, Key],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["main.py", "--folder", str(place / "docs"), "--index", str(vault[0])])
    page = AppTest.from_file(str(HERE / "main.py"), default_timeout=60).run()

    def shown() -> str:
        return "\n".join(str(element.proto.body) for element in page.get("html"))

    def submit(passphrase: str) -> None:
        page.text_input(key="passphrase").set_value(passphrase)
        page.button[0].click().run()

    assert "Locked" in shown() and "Documents" not in shown()
    submit("wrong horse")
    assert "not the passphrase" in shown() and "Locked" in shown()
    while "Locked" in shown():  # it may have to wait
        submit(SAID)
    assert "Locked" not in shown() and not page.exception
    folder, index = folder_and_index(sys.argv[1:])
    desk = desk_of(folder, index)
    assert desk.key == vault[1] and {d.path for d in desk.documents()} == {"long.txt", "note.txt", "pump.md"}
    close_desk(desk)
    assert desk.key is None
    page.run()
    assert "Locked" in shown()
