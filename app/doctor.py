"""Checks whether this machine is set up well. Each check says what was found, how bad that is and what helps.
Read-only."""

from __future__ import annotations

import contextlib
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import psutil

from app.llm.llama import layers_on_gpu, physical_cores
from app.llm.probe import Llama, cpu_flags, inspect_llama, inspect_states
from app.llm.states import StateStore
from app.llm.threads import remembered
from app.models import store as models
from app.settings import Settings
from ingest.children.confine import confinement
from ingest.encryption.vault import is_encrypted
from ingest.errors import DocentError, IndexMissing
from ingest.readers.ocr import INSTALL, why_unavailable
from ingest.store.database import sqlcipher
from ingest.store.snapshots import is_current
from ingest.store.store import Store

PACKAGES = (
    "llama-cpp-python",
    "faiss-cpu",
    "sentence-transformers",
    "torch",
    "streamlit",
    "pypdfium2",
    "pypdf",
    "pydantic",
)
REBUILD = "In the repository: rm -r .venv && make chat. llama.cpp is then compiled for this CPU."
CONTEXT_BYTES = 600_000_000  # what the context, the encoder and Python take beside the model


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    name: str
    severity: Literal["ok", "warning", "error"]
    message: str
    remedy: str = ""


def run(settings: Settings, index_dir: Path | None) -> list[Check]:
    """Runs all checks, in a second or two. Those of the index are left out when there is no `index_dir`."""
    llama = inspect_llama()
    return [
        *_software(),
        *_llama_checks(llama, cpu_flags()),
        _threads(settings),
        _gpu(settings, llama),
        *_models(settings),
        *_reading_ahead(settings, llama, index_dir),
        _memory(settings),
        _disk(settings),
        *_reading(),
        *(_index(index_dir) if index_dir is not None else ()),
    ]


def _reading() -> Iterator[Check]:
    told, lacking = confinement(), why_unavailable()
    yield Check("readers", "ok" if "no network" in told else "warning", f"Files are read by children with {told}.")
    yield Check("recognition", "warning" if lacking else "ok", lacking or "Text in pictures is recognised.", INSTALL)


def _software() -> Iterator[Check]:
    system = f"{platform.system()} {platform.machine()}"
    yield Check("python", "ok", f"Python {platform.python_version()} on {system}.")
    found, missing = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        yield Check("packages", "error", f"Not installed: {', '.join(missing)}.", "In the repository: make chat")
    else:
        yield Check("packages", "ok", f"{', '.join(found)}.")
    try:
        with contextlib.closing(sqlite3.connect(":memory:")) as db:
            db.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
        yield Check("sqlite", "ok", f"SQLite {sqlite3.sqlite_version} with full-text search.")
    except sqlite3.OperationalError:
        yield Check("sqlite", "error", "SQLite has no full-text search (FTS5).", "Use another build of Python.")


# --- llama.cpp ---


def _llama_checks(llama: Llama, flags: frozenset[str]) -> Iterator[Check]:
    if llama.error:
        yield Check("llama.cpp", "error", f"llama.cpp does not start: {llama.error}.", REBUILD)
        return
    yield Check("llama.cpp", "ok", f"{', '.join(llama.backends)} with {', '.join(llama.features)}.")
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return
    wanted = {"avx": "AVX", "avx2": "AVX2", "avx512f": "AVX512", "avx512_vnni": "AVX512_VNNI"}
    unused = [ours for theirs, ours in wanted.items() if theirs in flags and ours not in llama.features]
    if unused:
        text = f"The CPU has {', '.join(unused)}, this build of llama.cpp does not use it: answers are slower."
        yield Check("instructions", "warning", text, REBUILD)
    elif "AVX2" not in llama.features:
        text = "The CPU has no AVX2: answers take several times longer than on a newer one."
        yield Check("instructions", "warning", text, "Choose a small model: DOCENT_MODEL=qwen2.5-coder-0.5b")


def _threads(settings: Settings) -> Check:
    cores, logical = physical_cores(), psutil.cpu_count() or 1
    measured = None if settings.threads else remembered(settings.home, settings.model)
    chosen = settings.threads or (max(measured.reading, measured.writing) if measured else cores)
    text = f"{chosen} threads on {cores} physical cores ({logical} logical)."
    if measured:
        text += f" Measured here: {measured.reading} read fastest, {measured.writing} write fastest."
    if chosen > logical:
        return Check("threads", "warning", f"{text} More threads than cores slow it down.", "Set threads = 0.")
    if "hypervisor" in cpu_flags():
        text += " A virtual machine: its cores may be shared, so speed may vary."
    return Check("threads", "ok", text)


def _gpu(settings: Settings, llama: Llama) -> Check:
    layers = layers_on_gpu(settings.gpu_layers, llama.offload)
    if settings.gpu_layers not in ("auto", 0) and not llama.offload:
        remedy = "Set gpu_layers to auto, or build with a GPU: CMAKE_ARGS=-DGGML_CUDA=on make chat"
        return Check("gpu", "warning", "gpu_layers is set, but this build of llama.cpp uses no GPU.", remedy)
    if layers == 0:
        return Check("gpu", "ok", "The model runs on the CPU.")
    return Check("gpu", "ok", f"Layers on the GPU: {'all' if layers < 0 else layers}.")


# --- room and models ---


def _models(settings: Settings) -> Iterator[Check]:
    for name in (settings.model, settings.encoder):
        try:
            spec = models.find(name, settings.models_dir)
            place = models.path(spec, settings.models_dir)
            yield Check(f"model {name}", "ok", f"{spec.title}, {_gb(spec.bytes)}, hash verified: {place}")
        except DocentError as error:
            yield Check(f"model {name}", "error", str(error), error.hint)


def _reading_ahead(settings: Settings, llama: Llama, index_dir: Path | None) -> Iterator[Check]:
    """Checks reading ahead; yields nothing where the model or llama.cpp is missing, as another check says so."""
    name, model = "reading ahead", settings.model
    if not settings.kv_gb:
        yield Check(
            name, "ok", "Nothing that the model reads is kept (kv_gb is 0): each question waits for its passages."
        )
        return
    if llama.error:
        return
    if layers_on_gpu(settings.gpu_layers, llama.offload):
        yield Check(name, "ok", "Not needed: the model runs on the GPU, which reads fast enough.")
        return
    try:
        file = models.path(models.find(model, settings.models_dir), settings.models_dir)
    except DocentError:
        return
    if why := inspect_states(file):
        text = f"What {model} reads cannot be kept: {why}. Each question waits until its passages are read."
        yield Check(name, "warning", text, "Choose another model: docent models list")
    elif index_dir is None:
        yield Check(name, "ok", f"What {model} reads can be kept, up to {settings.kv_gb:g} GB of it.")
    else:
        yield _kept(settings, name, index_dir)


def _kept(settings: Settings, name: str, index_dir: Path) -> Check:
    store = StateStore(index_dir, settings.kv_bytes)
    text = f"{_gb(store.size)} of {settings.kv_gb:g} GB hold what was read of {len(store)} passages."
    if not settings.read_ahead:
        text += " In idle moments nothing is read (read_ahead is off)."
    free, more = shutil.disk_usage(_existing(index_dir)).free, settings.kv_bytes - store.size
    if free < more:
        text += f" Only {_gb(free)} are free on that disk, and {_gb(more)} may still come."
        return Check(
            name, "warning", text, "Free some space, or set less aside: kv_gb in the settings, or DOCENT_KV_GB=1"
        )
    return Check(name, "ok", text)


def _memory(settings: Settings) -> Check:
    memory = psutil.virtual_memory()
    text = f"{_gb(memory.available)} of {_gb(memory.total)} memory are free"
    try:
        needed = models.find(settings.model, settings.models_dir).bytes + CONTEXT_BYTES
    except DocentError:
        return Check("memory", "ok", f"{text}.")
    text = f"{text}; {settings.model} takes about {_gb(needed)}."
    remedy = "Choose a smaller model: DOCENT_MODEL=qwen2.5-coder-0.5b"
    if memory.total < needed:
        return Check("memory", "error", text, remedy)
    if memory.available < needed:
        return Check("memory", "warning", text, f"Close other programs. {remedy}")
    return Check("memory", "ok", text)


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(_existing(settings.home)).free
    text = f"{_gb(free)} free on the disk of {settings.home}."
    if free < 2_000_000_000:
        return Check("disk", "warning", text, "Free some space, or set DOCENT_HOME to a folder on another disk.")
    return Check("disk", "ok", text)


def _existing(folder: Path) -> Path:
    """Returns the folder, or the nearest existing one above it."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


# --- index ---


def _encryption(folder: Path) -> Check:
    """Checks an encrypted library as far as possible without its passphrase."""
    name = "encryption"
    if not is_encrypted(folder):
        return Check(name, "ok", f"{folder} is plain on disk; docent encrypt makes it unreadable without a passphrase.")
    try:
        sqlcipher()
    except DocentError as error:
        return Check(name, "error", f"{folder} is encrypted. {error}", error.hint)
    return Check(name, "ok", f"{folder} is encrypted on disk. What it holds, docent verify checks.")


def _index(folder: Path) -> Iterator[Check]:
    yield _encryption(folder)
    if is_encrypted(folder):
        return
    try:
        store = Store(folder)
    except IndexMissing as error:
        yield Check("index", "warning", str(error), error.hint)
        return
    except DocentError as error:
        yield Check("index", "error", str(error), error.hint)
        return
    with contextlib.closing(store):
        try:
            yield from _store_checks(store)
        except DocentError as error:
            yield Check("index", "error", str(error), error.hint)


def _store_checks(store: Store) -> Iterator[Check]:
    documents = store.documents()
    chunks = sum(document.n_chunks for document in documents)
    if problems := store.check():
        yield Check("index", "error", f"{store.folder}: {problems[0]}.", "Run: docent ingest --rebuild")
    elif not is_current(store):
        text = f"{store.folder} has no whole snapshot of its newest documents."
        yield Check("index", "warning", text, "Run: docent ingest FOLDER")
    else:
        yield Check("index", "ok", f"{store.folder}: {len(documents)} documents, {chunks} passages.")
    if failed := [document for document in documents if document.error]:
        first = failed[0]
        text = f"{len(failed)} documents could not be read, e.g. {first.path}: {first.error}"
        yield Check("documents", "warning", text, first.hint or "Run: docent ingest FOLDER, it names them all.")
