from __future__ import annotations

import platform
import shutil
import subprocess
import sys

import pytest

from app import doctor
from app.llm import probe
from app.llm.protocol import State
from app.llm.states import StateStore
from app.models import store as models
from app.settings import Settings, load_settings
from ingest.datatypes import Chunk, Document
from ingest.store.snapshots import publish
from ingest.store.store import Store


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home")


def by_name(checks):
    return {check.name: check for check in checks}


def with_document(folder, **changes):
    """A store of one unread document."""
    folder.mkdir()
    store = Store(folder, create=True)
    fields = {"title": "A", "sha256": "0" * 64, "size": 1, "mtime_ns": 1, "n_pages": 0} | changes
    store.put(Document(id=1, path="a.pdf", **fields), None, [], [])
    return store


def test_a_new_machine_is_told_what_to_do(settings, tmp_path):
    checks = by_name(doctor.run(settings, tmp_path / "index"))
    assert checks["python"].severity == checks["packages"].severity == checks["sqlite"].severity == "ok"
    assert checks["llama.cpp"].severity == "ok" and "CPU" in checks["llama.cpp"].message
    assert "llama-cpp-python 0.3.36" in checks["packages"].message
    missing = checks["model qwen2.5-coder-1.5b"]
    assert missing.severity == "error" and "docent models pull qwen2.5-coder-1.5b" in missing.remedy
    assert checks["index"].severity == "warning" and "docent ingest" in checks["index"].remedy
    assert all(check.remedy for check in checks.values() if check.severity != "ok")
    assert not settings.home.exists()  # looking changes nothing


def test_models_that_are_there_are_verified(settings, tmp_path):
    (tmp_path / "mine.gguf").write_bytes(b"GGUF and more")
    models.add("mine", tmp_path / "mine.gguf", settings.models_dir)
    mine = settings.model_copy(update={"model": "mine"})
    assert by_name(doctor.run(mine, None))["model mine"].severity == "ok"
    (tmp_path / "mine.gguf").write_bytes(b"GGUF")
    damaged = by_name(doctor.run(mine, None))["model mine"]
    assert damaged.severity == "error" and "4 bytes, expected are 13" in damaged.message


def test_unknown_model_is_a_finding_not_a_crash(settings):
    typo = settings.model_copy(update={"model": "qwen2.5-coder"})
    check = by_name(doctor.run(typo, None))["model qwen2.5-coder"]
    assert check.severity == "error" and "Did you mean" in check.remedy


def test_settings_that_this_machine_cannot_follow(settings):
    checks = by_name(doctor.run(settings.model_copy(update={"threads": 250, "gpu_layers": 12}), None))
    assert checks["threads"].severity == "warning" and "250 threads" in checks["threads"].message
    assert checks["gpu"].severity == ("ok" if probe.inspect_llama().offload else "warning")


def test_llama_words_are_understood():
    llama = probe.parse_llama("CUDA : ARCHS = 890 | CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 0 | REPACK = 1 | ", True)
    assert llama.backends == ("CUDA", "CPU")
    assert llama.features == ("ARCHS", "SSE3", "AVX2", "REPACK") and llama.offload


@pytest.mark.skipif(platform.machine() != "x86_64", reason="instruction sets of x86")
def test_slow_builds_and_old_processors_are_told_apart():
    slow = probe.Llama(("CPU",), ("SSE3", "AVX"))
    unused = by_name(doctor._llama_checks(slow, frozenset({"avx", "avx2", "avx512f"})))["instructions"]
    assert "has AVX2, AVX512, this build" in unused.message and "make chat" in unused.remedy
    old = by_name(doctor._llama_checks(slow, frozenset({"avx"})))["instructions"]
    assert "no AVX2" in old.message
    good = probe.Llama(("CPU",), ("AVX", "AVX2"))
    assert "instructions" not in by_name(doctor._llama_checks(good, frozenset({"avx", "avx2"})))


def test_llama_that_does_not_start_is_a_finding(tmp_path):
    def python(script):
        file = tmp_path / "python"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return probe.inspect_llama(str(file))

    assert "another CPU" in python("kill -ILL $$").error
    assert python("echo 'ImportError: no library' >&2; exit 1").error == "ImportError: no library"
    assert probe.inspect_llama(str(tmp_path / "nothing")).error
    check = next(doctor._llama_checks(python("kill -ILL $$"), frozenset()))
    assert check.severity == "error" and "make chat" in check.remedy


@pytest.mark.slow
def test_what_stands_in_the_way_of_reading_ahead_is_said(settings, tmp_path):
    def found(**changes):
        return by_name(doctor.run(settings.model_copy(update=changes), tmp_path / "index")).get("reading ahead")

    assert found() is None  # there is no model yet, and that is said
    assert "kv_gb is 0" in found(kv_gb=0.0).message
    (tmp_path / "mine.gguf").write_bytes(b"GGUF and more")
    models.add("mine", tmp_path / "mine.gguf", settings.models_dir)
    unreadable = found(model="mine")
    assert unreadable.severity == "warning" and "cannot load it" in unreadable.message and unreadable.remedy
    assert not (tmp_path / "index").exists()


def test_what_was_read_is_counted_against_its_budget_and_the_disk(settings, tmp_path):
    StateStore(tmp_path / "index", 10**6).put(7, "a", State(3, 4, b"x" * 1000))
    kept = doctor._kept(settings.model_copy(update={"read_ahead": False}), "reading ahead", tmp_path / "index")
    assert "0.0 GB of 4 GB hold what was read of 1 passages" in kept.message and "read_ahead is off" in kept.message
    small = shutil.disk_usage(tmp_path).free / 1e9
    assert doctor._kept(settings.model_copy(update={"kv_gb": small / 2}), "", tmp_path / "index").severity == "ok"
    large = doctor._kept(settings.model_copy(update={"kv_gb": small * 2}), "", tmp_path / "index")
    assert large.severity == "warning" and "are free on that disk" in large.message and "DOCENT_KV_GB" in large.remedy


@pytest.mark.model
def test_a_real_model_s_states_can_be_kept():
    spec = models.find("smollm2-135m", load_settings().models_dir)
    assert probe.inspect_states(models.path(spec, load_settings().models_dir)) == ""


def test_index_that_is_well(settings, tmp_path):
    store = with_document(tmp_path / "index")
    publish(store)
    store.close()
    check = by_name(doctor.run(settings, tmp_path / "index"))["index"]
    assert check.severity == "ok" and "1 documents, 0 passages" in check.message


def test_unread_documents_and_old_snapshots_are_said(settings, tmp_path):
    store = with_document(tmp_path / "index", error="The file is encrypted.", hint="Save it without a password.")
    store.close()
    checks = by_name(doctor.run(settings, tmp_path / "index"))
    assert "a.pdf: The file is encrypted." in checks["documents"].message
    assert checks["documents"].remedy == "Save it without a password."
    assert checks["index"].severity == "warning" and "docent ingest" in checks["index"].remedy


def test_damaged_index_is_an_error(settings, tmp_path):
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "store.db").write_bytes(b"not a database " * 100)
    check = by_name(doctor.run(settings, tmp_path / "index"))["index"]
    assert check.severity == "error" and "--rebuild" in check.remedy


def test_chunk_without_a_vector_is_found(settings, tmp_path):
    store = with_document(tmp_path / "index", n_chunks=1)
    with store.transaction() as db:
        chunk = Chunk(1, 1, 0, 1, "x")
        db.execute("INSERT INTO chunks VALUES (?,1,0,1,1,'A','','x')", (chunk.id,))
    store.close()
    check = by_name(doctor.run(settings, tmp_path / "index"))["index"]
    assert check.severity == "error" and "without a row in vectors" in check.message


def test_import_is_light():
    heavy = ("torch", "llama_cpp", "faiss", "streamlit")
    code = f"import sys, app.doctor; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
