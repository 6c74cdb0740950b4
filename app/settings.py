"""The settings. They are read once, from settings.toml and then DOCENT_* variables, and passed on unchanged."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any, Literal, get_args

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.errors import InvalidInput

Boldness = Literal["careful", "cautious", "balanced", "bold", "boldest"]
BOLDNESS: tuple[Boldness, ...] = get_args(Boldness)


class Settings(BaseModel):
    """All settings. Each can be set in settings.toml or as DOCENT_<FIELD> in the environment, which takes
    precedence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("docent", appauthor=False)))
    model: str = "qwen2.5-coder-1.5b"
    encoder: str = "all-minilm-l6-v2"
    n_ctx: int = Field(default=4096, ge=1024, le=131072, description="how many tokens the model may hold")
    passages: int = Field(default=4, ge=1, le=12, description="how many passages the model reads")
    max_tokens: int = Field(default=220, ge=16, le=2048, description="longest answer, in tokens")
    threads: int = Field(default=0, ge=0, le=256, description="0: as many as there are physical cores")
    boldness: Boldness = Field(default="balanced", description="how much doubt an answer may carry and still be shown")
    look_further: bool = Field(default=True, description="read other passages too before an answer is given up")
    gpu_layers: Literal["auto"] | int = "auto"
    kv_gb: float = Field(
        default=4.0, ge=0, le=1000, description="disk, in GB, for what the model has read of an index; 0: keep nothing"
    )
    kv_type: Literal["f16", "q8_0"] = Field(default="f16", description="q8_0: half the disk, somewhat slower")
    read_ahead: bool = Field(default=True, description="read documents ahead in idle moments")
    keep_up: bool = Field(default=True, description="follow changes in the folder while the pages are served")
    keep_questions: bool = Field(default=True, description="remember, beside the index, what was asked and found")

    @property
    def models_dir(self) -> Path:
        return self.home / "models"

    @property
    def threads_db(self) -> Path:
        return self.home / "threads.db"

    @property
    def kv_bytes(self) -> int:
        return int(self.kv_gb * 1e9)

    @property
    def settings_file(self) -> Path:
        return self.home / "settings.toml"


def load_settings(**overrides: Any) -> Settings:
    """Loads the defaults, then settings.toml in the home folder, then DOCENT_* variables, then `overrides` that are not
    None.

    Raises InvalidInput that names the key that is unknown or out of range, and where it is set.
    """
    from_env = {
        name: os.environ[key] for name in Settings.model_fields if (key := f"DOCENT_{name.upper()}") in os.environ
    }
    home = Path(from_env["home"]) if "home" in from_env else Settings().home
    path = home / "settings.toml"
    values: dict[str, Any] = {}
    if path.is_file():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise InvalidInput(
                f"{path} cannot be read: {error}", "Mend the line it names, or delete the file."
            ) from error
    given = {key: value for key, value in overrides.items() if value is not None}
    return _checked({**values, **from_env, "home": home, **given}, source=path)


def save_settings(settings: Settings) -> None:
    """Saves only what differs from the defaults, so that better defaults reach the user later."""
    default = Settings(home=settings.home)
    lines = [
        f"{name} = {json.dumps(value)}"  # a JSON string or number is a TOML one
        for name, value in settings.model_dump(exclude={"home"}).items()
        if value != getattr(default, name)
    ]
    settings.home.mkdir(parents=True, exist_ok=True)
    temporary = settings.settings_file.with_suffix(".tmp")
    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    temporary.replace(settings.settings_file)


def _checked(values: dict[str, Any], source: Path) -> Settings:
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"][:1])
        raise InvalidInput(
            f"Setting '{key}': {first['msg']}.",
            f"Look for it in {source} or in the variable DOCENT_{key.upper()}.",
        ) from error
