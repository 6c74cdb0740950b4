"""docent models: lists, downloads, checks and adds models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from app.commands.terminal import clear_line, handle_errors, json_option, print_download, print_json, say


@click.group()
def models() -> None:
    """List, fetch, check and add models. A file's SHA-256 decides, not where it came from."""


@models.command("list")
@json_option
@handle_errors
def models_list(as_json: bool) -> None:
    """Show every model that is known, and which are on this machine."""
    from app.models.store import catalogue, installed
    from app.settings import load_settings

    folder = load_settings().models_dir
    rows: list[dict[str, Any]] = [
        {
            "id": s.id,
            "title": s.title,
            "role": s.role,
            "bytes": s.bytes,
            "licence": s.licence,
            "installed": installed(s, folder),
        }
        for s in catalogue(folder)
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        mark = "●" if row["installed"] else "○"
        say(
            f"{mark} {row['id']:24s} {row['role']:8s} {row['bytes'] / 1e9:6.2f} GB  {row['licence']:12s} {row['title']}"
        )


@models.command("pull")
@click.argument("names", nargs=-1)
@handle_errors
def models_pull(names: tuple[str, ...]) -> None:
    """Fetch NAMES, or without names the default answer model and encoder. A broken download goes on where it stopped.

    \b
    Examples:
      docent models pull
      docent models pull qwen2.5-coder-0.5b
    """
    from app.models.store import find, pull
    from app.settings import load_settings

    settings = load_settings()
    for name in names or (settings.encoder, settings.model):
        spec = find(name, settings.models_dir)
        place = pull(spec, settings.models_dir, print_download)
        clear_line()
        say(f"{spec.id}: {place}")


@models.command("verify")
@click.argument("names", nargs=-1)
@handle_errors
def models_verify(names: tuple[str, ...]) -> None:
    """Hash NAMES, or every installed model, from the first byte to the last."""
    from app.models.store import catalogue, find, installed, verify
    from app.settings import load_settings

    folder = load_settings().models_dir
    specs = [find(name, folder) for name in names] or [s for s in catalogue(folder) if installed(s, folder)]
    problems = {spec.id: verify(spec, folder) for spec in specs}
    for name, found in problems.items():
        say(f"{name}: {'; '.join(found) or 'as published'}")
    sys.exit(any(problems.values()))


@models.command("add")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@handle_errors
def models_add(name: str, file: Path) -> None:
    """Make a GGUF file (or an encoder's folder) of your own known as NAME. It is used where it lies.

    \b
    Example:
      docent models add my-model ~/models/my-model.Q4_K_M.gguf
      docent ask "…" --model my-model
    """
    from app.models.store import add
    from app.settings import load_settings

    spec = add(name, file, load_settings().models_dir)
    say(f"{spec.id} ({spec.role}) can now be used: docent ask QUESTION --model {spec.id}")


@models.command("path")
@click.argument("name")
@handle_errors
def models_path(name: str) -> None:
    """Print where a model lies on this machine."""
    from app.models.store import find, path
    from app.settings import load_settings

    folder = load_settings().models_dir
    say(path(find(name, folder), folder))
