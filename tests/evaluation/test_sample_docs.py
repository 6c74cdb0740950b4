"""The sample domain: its documents can be rendered again, and its questions agree with them."""

import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pypdfium2 as pdfium
import pytest

TESTS = Path(__file__).parents[1]
SAMPLES = TESTS.parent / "sample_docs"


def test_questions_agree_with_the_documents() -> None:
    check = runpy.run_path(str(TESTS / "tools" / "check_sample_eval.py"))
    assert check["problems"]() == []


@pytest.mark.slow
def test_rendering_again_gives_the_same_bytes(tmp_path: Path) -> None:
    script = TESTS / "tools" / "make_sample_docs.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    fresh = {path.name: path.read_bytes() for path in tmp_path.glob("*.pdf")}
    kept = {path.name: path.read_bytes() for path in SAMPLES.glob("*.pdf")}
    assert sorted(fresh) == sorted(kept)
    assert [name for name in kept if fresh[name] != kept[name]] == []


def test_documents_have_what_readers_stumble_over() -> None:
    with pdfium.PdfDocument(SAMPLES / "tavelune-installation-manual.pdf") as manual:
        labels = [manual.get_page_label(n) for n in range(len(manual))]
        assert labels[:2] == ["i", "ii"]
        assert "1" in labels  # the printed number differs from the page's position
        assert len(list(manual.get_toc())) > 30
        assert manual.get_metadata_dict()["Author"] == "Brennhollow Thermal"
    with pdfium.PdfDocument(SAMPLES / "warranty-terms-2024.pdf") as terms:
        assert "\ufffe" in terms[0].get_textpage().get_text_range()  # pdfium's mark for a word cut at a line end


def test_domain_file_has_examples_and_glossary() -> None:
    domain = tomllib.loads((SAMPLES / "domain.toml").read_text(encoding="utf-8"))
    assert domain["title"]
    assert domain["language"] == "en"
    assert 4 <= len(domain["examples"]) <= 6
    assert len(domain["glossary"]) >= 10
