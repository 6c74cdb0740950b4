"""The command line's contract, in real processes with the real encoder and the real default model."""

import json

import pytest

from command_line import docent

STATS = {
    "prompt_tokens", "cached_tokens", "output_tokens", "seconds_retrieve", "seconds_to_first_token", "seconds_total",
    "peak_mb",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "",
        "ingest",
        "ask",
        "search",
        "eval",
        "models",
        "models pull",
        "models add",
        "doctor",
        "ui",
        "warm",
        "bench",
        "verify",
        "export",
        "encrypt",
        "decrypt",
        "passphrase",
        "import",
    ],
)
def test_every_command_has_help_with_examples(command):
    done = docent(*command.split(), "--help")
    assert done.returncode == 0 and "Usage:" in done.stdout
    assert "docent " in done.stdout or command == "models"


def test_usage_mistakes_exit_with_2():
    assert docent("ask").returncode == 2
    assert docent("search", "x", "-k", "0").returncode == 2
    assert docent("nosuch").returncode == 2


@pytest.mark.slow
def test_mistakes_of_use_say_what_helps_and_show_no_traceback(tmp_path):
    for arguments in (
        ("ask", "x?", "--index", tmp_path),
        ("models", "path", "qwen"),
        ("ask", "x", "--model", "nosuch"),
    ):
        done = docent(*arguments, cwd=tmp_path, DOCENT_HOME=str(tmp_path))
        assert done.returncode == 1, arguments
        assert done.stderr.startswith("Error:") and "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) == 2  # what happened, and what helps
    done = docent("ask", "x", "--index", tmp_path, "--json", DOCENT_HOME=str(tmp_path))
    assert set(json.loads(done.stdout)) == {"error", "hint"}


@pytest.mark.model
def test_ingest_search_ask_and_refuse(folder, tmp_path):
    index = tmp_path / "index"
    dry = json.loads(docent("ingest", folder, "--index", index, "--dry-run", "--json").stdout)
    assert sorted(dry["added"]) == ["notes.txt", "pump.pdf", "warranty.md"] and not (index / "CURRENT").exists()

    report = json.loads(docent("ingest", folder, "--index", index, "--json").stdout)
    assert {"added", "changed", "removed", "unchanged", "failed", "pages", "chunks", "seconds"} <= set(report)
    assert report["pages"] == 5 and report["failed"] == []

    rows = json.loads(docent("search", "fault E-104", "--index", index, "-k", "2", "--json").stdout)
    assert {"rank", "file", "page", "score", "ranks", "text"} <= set(rows[0])
    assert (rows[0]["rank"], rows[0]["file"], rows[0]["page"]) == (1, "pump.pdf", 2)
    only = json.loads(docent("search", "pump", "--index", index, "--file", "warranty.md", "--json").stdout)
    assert {row["file"] for row in only} == {"warranty.md"}

    done = docent("ask", "What does fault code E-104 mean?", "--index", index, "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0 and answer["status"] == "answered", answer
    assert set(answer) == {
        "status", "text", "reason", "citations", "hits", "model", "stats", "warnings", "plan", "table",
    }  # fmt: skip
    assert set(answer["stats"]) >= STATS and answer["model"] == "qwen2.5-coder-1.5b"
    assert (answer["citations"][0]["file"], answer["citations"][0]["page"]) == ("pump.pdf", 2)
    again = json.loads(docent("ask", "What does fault code E-104 mean?", "--index", index, "--json").stdout)
    assert again["text"] == answer["text"]  # greedy: the same question, the same answer

    done = docent("ask", "Who won the football world cup in 1998?", "--index", index)
    assert done.returncode == 3 and "Not in your documents" in done.stdout


@pytest.mark.model
def test_doctor_and_the_list_of_models_speak_json(tmp_path):
    checks = json.loads(docent("doctor", "--json").stdout)
    assert {"name", "severity", "message", "remedy"} == set(checks[0])
    rows = json.loads(docent("models", "list", "--json").stdout)
    assert {"qwen2.5-coder-1.5b", "all-minilm-l6-v2"} <= {row["id"] for row in rows if row["installed"]}
