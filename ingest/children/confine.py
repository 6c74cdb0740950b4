"""Confines a child process that opens hostile files: no network, no writing, no other program, limited memory.

On Linux the kernel enforces this (seccomp), whatever code runs in the child. Elsewhere an audit hook refuses Python's
own calls, which stops a library but not injected machine code.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import subprocess
import sys
from contextlib import suppress
from typing import Any

MEMORY_LIMIT = 4 << 30  # bytes of address space for one child
_EACCES = 13
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_KINDS: dict[str, tuple[int, int, int]] = {  # the audit's name of the machine, the call seccomp itself, and openat
    "x86_64": (0xC000003E, 317, 257),
    "aarch64": (0xC00000B7, 277, 56),
}
_REFUSED: dict[str, tuple[int, ...]] = {
    "x86_64": (
        41, 42, 43, 44, 46, 49, 50, 53, 288, 307, 425,  # sockets, and io_uring, which has its own
        59, 322, 62, 200, 424, 101, 310, 311,  # other programs: started, signalled, looked into
        76, 82, 83, 84, 85, 86, 87, 88, 90, 92, 94, 133, 188, 189, 258, 259, 260, 263, 264, 265, 266, 268, 280, 316,
        437, 452, 165, 166, 161,  # files and folders: made, renamed, removed, changed; openat2; mounts
    ),
    "aarch64": (
        198, 199, 200, 201, 202, 203, 206, 211, 242, 269, 425,
        221, 281, 129, 130, 424, 117, 270, 271,
        5, 6, 33, 34, 35, 36, 37, 38, 45, 53, 54, 88, 276, 437, 452, 39, 40, 51,
    ),
}  # fmt: skip
_HOOKED = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.remove", "os.rename",
           "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "shutil.", "ftplib.", "urllib.")  # fmt: skip


def confine() -> list[str]:
    """Confines this process for good. Returns what is in force, in words."""
    sys.dont_write_bytecode = True
    told = _limit()
    if _filter():
        return [*told, "no network, no writing and no other program (the kernel refuses)"]
    sys.addaudithook(_refuse)
    return [*told, "no network, no writing and no other program (Python refuses)"]


def confinement() -> str:
    """Starts a confined child that tries to get out, and returns in words what it is confined by. For `docent
    doctor`."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ingest.children.confine"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout.strip() or f"unknown: {done.stderr.strip()[-200:]}"


def _limit() -> list[str]:
    try:
        import resource
    except ImportError:  # Windows
        return []
    told = []
    limits = ((resource.RLIMIT_AS, MEMORY_LIMIT), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0))
    for limit, most in limits:
        with suppress(ValueError, OSError):  # a stricter one already, or a system that has none
            resource.setrlimit(limit, (most, most))
            if limit == resource.RLIMIT_AS:
                told.append(f"at most {MEMORY_LIMIT >> 30} GiB of memory")
    return told


def _filter() -> bool:
    """Installs a seccomp filter for all threads. Returns False on other systems and unknown machines."""
    kind = platform.machine()
    if sys.platform != "linux" or kind not in _KINDS or sys.maxsize < 2**32:
        return False
    audit, call, openat = _KINDS[kind]
    program = _program(audit, openat, _REFUSED[kind], 2 if kind == "x86_64" else None)
    code = ctypes.create_string_buffer(program)
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_filter, all_threads = 38, 1, 1
    done = libc.prctl(no_new_privileges, 1, 0, 0, 0) == 0 and libc.syscall(call, set_filter, all_threads, head) == 0
    return bool(done)


def _program(audit: int, openat: int, refused: tuple[int, ...], opens: int | None) -> bytes:
    """Builds the BPF program that refuses these system calls, and both calls that open a file where they would
    write."""
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse = 0x7FFF0000, 0x00050000 | _EACCES
    steps: list[tuple[int, int, int, int]] = [
        (load, 0, 0, 4),
        (equal, 1, 0, audit),
        (give, 0, 0, refuse),
        (load, 0, 0, 0),
    ]
    if opens is not None:  # the 32-bit numbers of the same machine
        steps += [(at_least, 0, 1, 0x40000000), (give, 0, 0, refuse)]
    for number in refused:
        steps += [(equal, 0, 1, number), (give, 0, 0, refuse)]
    for number, argument in ((openat, 2), *([(opens, 1)] if opens is not None else [])):
        flags = 16 + 8 * argument
        steps += [(equal, 0, 4, number), (load, 0, 0, flags), (any_bit, 0, 1, _WRITING), (give, 0, 0, refuse)]
        steps += [(give, 0, 0, allow)]
    steps += [(give, 0, 0, allow)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING
    if writes or event.startswith(_HOOKED):
        raise PermissionError(_EACCES, f"a reading child may not: {event}")


def main() -> None:
    """Confines this process, tries to get out, and prints what came of it."""
    import socket
    from pathlib import Path

    told = confine()
    escapes = []
    try:
        with socket.socket() as opened:
            opened.connect(("127.0.0.1", 9))
    except PermissionError:
        pass
    except OSError:
        escapes.append("the network can be reached")
    with suppress(OSError):
        Path(f"docent-{os.getpid()}.tmp").touch()
        escapes.append("files can be made")
    sys.stdout.write("; ".join([*told, *escapes]) + "\n")


if __name__ == "__main__":
    main()
