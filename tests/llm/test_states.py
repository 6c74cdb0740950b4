"""Kept states on disk: found again, believed only with their checksum, within the budget, gone with the document."""

import os
from pathlib import Path

import pytest

from app.llm.protocol import State
from app.llm.states import StateStore, key_of


def state(n: int, size: int = 1000) -> State:
    return State(100, n, bytes([n % 256]) * size)


def age(store: StateStore, doc_id: int, key: str, seconds: float) -> None:
    file = store.folder / str(doc_id) / f"{key}.kv"
    then = file.stat().st_mtime - seconds
    os.utime(file, (then, then))


def test_what_was_put_is_found_by_another_reader(tmp_path: Path):
    store = StateStore(tmp_path, 10_000)
    assert store.get(7, "a") is None and not store.holds(7, "a") and len(store) == 0
    assert store.put(7, "a", state(3))
    other = StateStore(tmp_path, 10_000)
    assert other.get(7, "a") == state(3) and other.holds(7, "a") and other.size == store.size > 1000


def test_a_key_names_all_that_a_state_depends_on():
    keys = {
        key_of("m", [1, 2], [3]), key_of("m", [1], [2, 3]), key_of("n", [1, 2], [3]), key_of("m", [1, 2], [4]),
        key_of("m", [12], [3]),
    }  # fmt: skip
    assert len(keys) == 5 and key_of("m", [1, 2], [3]) in keys


@pytest.mark.parametrize("damage", ["cut", "flip", "foreign", "empty", "head"])
def test_what_is_damaged_is_never_loaded_and_goes(tmp_path: Path, damage: str):
    store = StateStore(tmp_path, 10_000)
    store.put(7, "a", state(3))
    file = tmp_path / "kv" / "7" / "a.kv"
    data = file.read_bytes()
    if damage == "foreign":  # whole, but another passage's
        store.put(7, "b", state(4))
        data = (tmp_path / "kv" / "7" / "b.kv").read_bytes()
    changed = {
        "cut": data[:-1], "flip": data[:500] + bytes([data[500] ^ 1]) + data[501:], "foreign": data, "empty": b"",
        "head": b"docent kv 0" + data[11:],
    }  # fmt: skip
    file.write_bytes(changed[damage])
    assert store.get(7, "a") is None
    assert not file.exists()


def test_counts_are_part_of_the_checksum(tmp_path: Path):
    """A state placed at a wrong position would answer nonsense."""
    store = StateStore(tmp_path, 10_000)
    store.put(7, "a", state(3))
    file = tmp_path / "kv" / "7" / "a.kv"
    data = bytearray(file.read_bytes())
    at = len(b"docent kv 1\n") + 32
    data[at] ^= 1
    file.write_bytes(bytes(data))
    assert store.get(7, "a") is None


def test_the_least_recently_used_go_when_the_budget_is_full(tmp_path: Path):
    store = StateStore(tmp_path, 4300)
    for n, key in enumerate("abcd"):
        store.put(7, key, state(n))
        age(store, 7, key, 100 - n)
    assert store.get(7, "a")  # used: now the newest
    store.put(8, "e", state(9))
    assert store.size <= 4300
    assert not store.holds(7, "b") and store.holds(7, "a") and store.holds(8, "e")


def test_what_can_never_fit_is_not_kept(tmp_path: Path):
    store = StateStore(tmp_path, 500)
    assert not store.put(7, "a", state(1)) and store.size == 0
    assert not StateStore(tmp_path, 0).put(7, "a", state(1))


def test_a_smaller_budget_takes_effect_at_once(tmp_path: Path):
    store = StateStore(tmp_path, 10_000)
    for n, key in enumerate("abcd"):
        store.put(7, key, state(n))
        age(store, 7, key, 100 - n)
    store.set_budget(2500)
    assert store.size <= 2500 and store.holds(7, "d") and not store.holds(7, "a")


def test_a_document_s_states_go_with_it(tmp_path: Path):
    store = StateStore(tmp_path, 10_000)
    for doc_id in (7, 8, 9):
        store.put(doc_id, "a", state(doc_id))
    store.forget(7)
    assert store.get(7, "a") is None and store.get(8, "a") and not (tmp_path / "kv" / "7").exists()
    store.forget_all_but([9])
    assert [folder.name for folder in (tmp_path / "kv").iterdir()] == ["9"]
    assert store.size == StateStore(tmp_path, 0).size


def test_a_disk_that_fails_costs_time_only(tmp_path: Path):
    (tmp_path / "kv").write_text("in the way")
    store = StateStore(tmp_path, 10_000)
    assert not store.put(7, "a", state(1)) and store.get(7, "a") is None and len(store) == 0
