"""A library as one file: the same answers elsewhere, and no file that is not whole is ever taken in."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import threading
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from app.llm.states import is_whole
from ingest.errors import InvalidInput
from ingest.store.file import FILE
from ingest.store.store import Store
from ingest.sync.scan import scan
from ingest.sync.sync import sync
from ingest.upkeep.archive import FORMAT, MANIFEST, export
from ingest.upkeep.repair import check
from ingest.upkeep.unpack import import_library

from command_line import docent
from damaged import WORDS, everything, place, whole
from libraries import Words

__all__ = ["place", "whole"]  # fixtures

ENCODER = WORDS.name


def tree(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def archive(place: Path) -> Path:
    (place / "docs/domain.toml").write_text('title = "Pumps"\n')
    (place / "calibration.json").write_text("{}")
    file = place / "library.zip"
    done = export(place / "index", file, "1.0", {"calibration.json": place / "calibration.json"}, documents=True)
    assert (done.documents, done.files, done.left_out) == (3, 3, ()) and done.bytes == file.stat().st_size
    return file


@pytest.mark.slow
def test_a_library_answers_elsewhere_as_it_did_here(place: Path, archive: Path, tmp_path: Path) -> None:
    there = tmp_path / "other machine"
    places = {"calibration.json": there / "home/calibration.json"}
    done = import_library(archive, there / "indexes/pumps", there / "docs", ENCODER, places)
    assert (done.documents, done.files, done.notes) == (3, 3, ())
    assert everything(there / "indexes/pumps") == everything(place / "index")
    assert check(there / "indexes/pumps", is_whole, deep=True).findings == ()
    assert tree(there / "docs") == tree(place / "docs") and (there / "home/calibration.json").read_text() == "{}"
    report = sync(there / "docs", there / "indexes/pumps", WORDS)
    assert report.unchanged == 3 and not report.changed
    left = {file.name for file in [*there.iterdir(), *(there / "indexes").iterdir()]}
    assert left == {"docs", "home", "indexes", "pumps"}


def test_without_its_documents_it_is_searched_all_the_same(place: Path, tmp_path: Path) -> None:
    file = tmp_path / "small.zip"
    assert export(place / "index", file, "1.0").files == 0
    done = import_library(file, tmp_path / "there", None, ENCODER)
    assert everything(tmp_path / "there") == everything(place / "index") and "--folder" in done.notes[0]
    done = import_library(file, tmp_path / "again", place / "docs", ENCODER)
    assert done.notes == () and sync(place / "docs", tmp_path / "again", WORDS).unchanged == 3


def test_what_changed_since_it_was_read_stays_out_and_is_named(place: Path, tmp_path: Path) -> None:
    (place / "docs/note.txt").write_text("Something else.\n")
    (place / "docs/pump.md").unlink()
    done = export(place / "index", tmp_path / "a.zip", "1.0", documents=True)
    assert done.files == 1 and [text.partition(":")[0] for text in done.left_out] == ["note.txt", "pump.md"]


def test_nothing_is_overwritten_unasked(place: Path, archive: Path, tmp_path: Path) -> None:
    before = tree(place)
    with pytest.raises(InvalidInput, match="there already"):
        export(place / "index", archive, "1.0")
    with pytest.raises(InvalidInput, match="There is an index"):
        import_library(archive, place / "index", tmp_path / "docs", ENCODER)
    with pytest.raises(InvalidInput, match="not empty"):
        import_library(archive, tmp_path / "new", place / "docs", ENCODER)
    assert tree(place) == before and not (tmp_path / "new").exists()
    (tmp_path / "docs").mkdir()
    sync(tmp_path / "docs", tmp_path / "old", WORDS)
    import_library(archive, tmp_path / "old", tmp_path / "docs", ENCODER, replace=True)
    assert everything(tmp_path / "old") == everything(place / "index")


def test_another_encoder_is_named_and_needs_the_documents(place: Path, archive: Path, tmp_path: Path) -> None:
    export(place / "index", tmp_path / "bare.zip", "1.0")
    with pytest.raises(InvalidInput, match="another encoder \\(words; here it is modern\\)"):
        import_library(tmp_path / "bare.zip", tmp_path / "there", None, "modern")
    done = import_library(archive, tmp_path / "there", tmp_path / "docs", "modern")
    assert "embedded again" in done.notes[0]
    assert len(sync(tmp_path / "docs", tmp_path / "there", Words("modern")).changed) == 3


def test_it_is_whole_also_while_the_store_is_written(place: Path, tmp_path: Path) -> None:
    """Documents come and go meanwhile; whatever moment the file holds, it is one moment."""
    ended = threading.Event()

    def write() -> None:
        with closing(Store(place / "index")) as store:
            while not ended.is_set():
                for document in store.documents():
                    store.touch([(document, document.size + 1, document.mtime_ns)])
                store.remove([document.path for document in store.documents()[2:]])

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for number in range(5):
            export(place / "index", tmp_path / f"{number}.zip", "1.0")
    finally:
        ended.set()
        thread.join()
    for number in range(5):
        import_library(tmp_path / f"{number}.zip", tmp_path / f"there {number}", None, ENCODER)


def rewritten(file: Path, change: Callable[[dict[str, bytes], dict], None], kind: int = 0) -> Path:
    """The same archive with members and manifest changed, put together as if by Docent."""
    with zipfile.ZipFile(file) as old:
        members = {name: old.read(name) for name in old.namelist() if name != MANIFEST}
        manifest = json.loads(old.read(MANIFEST))
    change(members, manifest)
    out = file.with_name("changed.zip")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = kind << 16 if name.startswith("documents/") else 0
            new.writestr(info, data, zipfile.ZIP_DEFLATED)
        new.writestr(MANIFEST, json.dumps(manifest))
    return out


def _put(name: str, data: bytes) -> Callable[[dict[str, bytes], dict], None]:
    """A member as an attacker would put it: with a hash that is right."""
    from hashlib import sha256

    def change(members: dict[str, bytes], manifest: dict) -> None:
        members[name] = data
        manifest["members"][name] = {"bytes": len(data), "sha256": sha256(data).hexdigest(), "mtime_ns": 1}

    return change


def _sql(*statements: str) -> Callable[[dict[str, bytes], dict], None]:
    """A store tampered with, under a hash that is right."""

    def change(members: dict[str, bytes], manifest: dict) -> None:
        scratch = Path(os.environ["DOCENT_HOME"]) / "tampered.db"
        scratch.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(members[FILE])
        with closing(sqlite3.connect(scratch, isolation_level=None)) as db:
            for statement in statements:
                db.execute(statement)
        _put(FILE, scratch.read_bytes())(members, manifest)

    return change


def _told(**values: object) -> Callable[[dict[str, bytes], dict], None]:
    return lambda members, manifest: manifest.update(values)


def _bytes_of(name: str, key: str, value: object) -> Callable[[dict[str, bytes], dict], None]:
    return lambda members, manifest: manifest["members"][name].update({key: value})


REFUSED: dict[str, tuple[Callable[[dict[str, bytes], dict], object], str]] = {
    "a name that climbs": (_put("documents/../../evil.txt", b"x"), "leads elsewhere"),
    "an absolute name": (_put("documents//etc/evil.txt", b"x"), "leads elsewhere"),
    "a name of Windows": (_put("documents/C:\\evil.txt", b"x"), "leads elsewhere"),
    "a name of nowhere": (_put("store.db-wal", b"x"), "leads elsewhere"),
    "a member too many": (lambda members, _: members.update({"documents/x.txt": b"x"}), "other files"),
    "a member too few": (lambda members, _: members.pop("documents/note.txt"), "other files"),
    "no store": (lambda members, told: (members.pop(FILE), told["members"].pop(FILE)), "other files"),
    "another length": (_bytes_of("documents/note.txt", "bytes", 3), "not as long"),
    "another hash": (_bytes_of("documents/note.txt", "sha256", "0" * 64), "not what its manifest says"),
    "another store": (_put(FILE, b"SQLite format 3\0" + bytes(5000)), "damaged"),
    "no store at all": (_put(FILE, b"hello"), "damaged"),
    "a newer format": (_told(format=FORMAT + 1), "newer Docent"),
    "another kind": (_told(kind="cookbook"), "no library"),
    "no members": (_told(members=None), "no library"),
    "other counts": (_told(passages=1), "damaged"),
    "a newer store": (_sql("PRAGMA user_version = 99"), "damaged"),
    "a trigger": (_sql("CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM documents; END"), "did not make"),
    "a table": (_sql("CREATE TABLE more (x)"), "did not make"),
    "a span": (_sql("UPDATE chunks SET start = start + 1"), "damaged"),
    "a lie": (_sql("UPDATE chunks SET text = 'The depot never opens.' WHERE text LIKE '%depot%'"), "damaged"),
    "a vector": (_sql("UPDATE vectors SET vector = zeroblob(length(vector))"), "damaged"),
    "an orphan": (_sql("INSERT INTO notes VALUES (5, 'x')"), "damaged"),
    "a page that fills the memory": (_sql("UPDATE pages SET text = x'789c'"), "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("harm", REFUSED)
def test_what_was_tampered_with_is_refused_and_changes_nothing(archive: Path, tmp_path: Path, harm: str) -> None:
    change, words = REFUSED[harm]
    file = rewritten(archive, change)
    there = tmp_path / "there"
    with pytest.raises(InvalidInput, match=words) as refused:
        import_library(file, there / "index", there / "docs", ENCODER)
    assert refused.value.hint and tree(there) == {}
    assert not (tmp_path / "evil.txt").exists() and not Path("/etc/evil.txt").exists()


def test_a_link_is_refused(archive: Path, tmp_path: Path) -> None:
    file = rewritten(archive, lambda members, manifest: None, stat.S_IFLNK | 0o777)
    with pytest.raises(InvalidInput, match="leads elsewhere"):
        import_library(file, tmp_path / "index", tmp_path / "docs2", ENCODER)


def test_more_than_the_disk_holds_is_refused_before_a_byte_is_written(archive: Path, tmp_path: Path) -> None:
    """A bomb says in the zip how large it is; one that lies is stopped where its manifest ends."""
    data = archive.read_bytes()
    with zipfile.ZipFile(archive) as old:
        note = old.getinfo("documents/note.txt")
    with pytest.raises(InvalidInput, match=r"damaged|not as long|other files"):
        lying = tmp_path / "lying.zip"
        at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"documents/note.txt"))
        lying.write_bytes(data[: at + 24] + (note.file_size + 7).to_bytes(4, "little") + data[at + 28 :])
        import_library(lying, tmp_path / "index", tmp_path / "docs2", ENCODER)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_what_is_cut_short_is_refused(archive: Path, tmp_path: Path, share: float) -> None:
    short = tmp_path / "short.zip"
    short.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * share)])
    with pytest.raises(InvalidInput, match="cut short"):
        import_library(short, tmp_path / "index", tmp_path / "docs2", ENCODER)
    assert not (tmp_path / "index").exists() and not (tmp_path / "docs2").exists()


@pytest.mark.parametrize("step", range(24))
def test_any_flipped_byte_is_found_or_without_effect(archive: Path, tmp_path: Path, step: int) -> None:
    data = bytearray(archive.read_bytes())
    data[(len(data) - 1) * step // 23] ^= 0xFF
    (tmp_path / "flipped.zip").write_bytes(data)
    try:
        import_library(tmp_path / "flipped.zip", tmp_path / "index", tmp_path / "docs2", ENCODER)
    except InvalidInput:
        assert not (tmp_path / "index").exists() and not (tmp_path / "docs2").exists()
    else:  # a date of the zip's own, which nobody reads
        assert [found.path for found in scan(tmp_path / "docs2")] == ["long.txt", "note.txt", "pump.md"]
        assert check(tmp_path / "index", is_whole, deep=True).findings == ()


def test_an_import_killed_between_its_last_two_steps_leaves_the_old_index(archive: Path, tmp_path: Path) -> None:
    import_library(archive, tmp_path / "index", tmp_path / "docs2", ENCODER)
    before = everything(tmp_path / "index")
    (tmp_path / "index").rename(tmp_path / ".index.replaced")
    shutil.rmtree(tmp_path / "docs2")
    with pytest.raises(InvalidInput, match="There is an index"):
        import_library(archive, tmp_path / "index", tmp_path / "docs2", ENCODER)
    assert everything(tmp_path / "index") == before


@pytest.mark.slow
def test_the_commands(place: Path, tmp_path: Path) -> None:
    done = docent("export", tmp_path / "a.zip", "--index", place / "index", "--with-documents", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["files"] == 3
    done = docent("export", tmp_path / "a.zip", "--index", place / "index")
    assert done.returncode == 1 and "there already" in done.stderr
    (tmp_path / "b.zip").write_bytes(b"PK")
    done = docent("import", tmp_path / "b.zip", "--index", tmp_path / "there")
    assert done.returncode == 1 and "cut short" in done.stderr and not (tmp_path / "there").exists()
