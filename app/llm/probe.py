"""Asks llama.cpp about itself and about a model, in a separate process, and the CPU about its features."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Llama:
    """What llama.cpp reports about itself. `features` are instruction sets and options; `error` says why it fails."""

    backends: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    offload: bool = False
    error: str = ""


def inspect_llama(python: str = sys.executable) -> Llama:
    """Asks llama.cpp in a separate process, because a build for another CPU does not raise an error but kills its
    process."""
    code = (
        "import json, llama_cpp as l; "
        "print(json.dumps([l.llama_print_system_info().decode(), bool(l.llama_supports_gpu_offload())]))"
    )
    said, error = _ask([python, "-c", code])
    return Llama(error=error) if error else parse_llama(*said)


def inspect_states(file: Path) -> str:
    """Says why the states of this model cannot be kept; '' where they can. Its weights are mapped, but not read."""
    code = (
        "import json, sys; from app.llm.kvcache import why_not; from app.llm.llama import backend; "
        "api = backend(); given = api.llama_model_default_params(); "
        "given.n_gpu_layers, given.use_extra_bufts = 0, False; "  # else they would be copied
        "model = api.llama_model_load_from_file(sys.argv[1].encode(), given); "
        "print(json.dumps(why_not(api, model) if model else 'llama.cpp cannot load it'))"
    )
    said, error = _ask([sys.executable, "-c", code, str(file)])
    return error or str(said)


def _ask(command: list[str]) -> tuple[Any, str]:
    """Returns the JSON that a process prints last, or the reason why it prints none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    if done.returncode < 0:
        return None, f"it was killed by signal {-done.returncode}: it was built for another CPU"
    if done.returncode:
        return None, (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return json.loads(done.stdout.splitlines()[-1]), ""


def parse_llama(info: str, offload: bool) -> Llama:
    """Parses `info`, such as "CUDA : ARCHS = 890 | CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 0 | "."""
    backends = tuple(re.findall(r"(\w+) :", info))
    features = tuple(name for name, value in re.findall(r"(\w+) = (\w+)", info) if value != "0")
    return Llama(backends, features, offload)


def cpu_flags() -> frozenset[str]:
    """Returns the CPU's own names of its features; empty where the system does not tell."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return frozenset(line.split(":", 1)[1].split())
    return frozenset()
