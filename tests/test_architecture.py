"""Who may import whom, which heavy libraries live where, and what `docent --help` costs."""

import ast
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*ROOT.glob("app/**/*.py"), *ROOT.glob("ingest/**/*.py")])

# A module may import those of lower layers, and its own layer's where that makes no circle.
LAYERS = [
    {"ingest.errors"},
    {"ingest.datatypes", "ingest.config"},
    {"ingest.sentences", "ingest.clean", "ingest.files", "ingest.schema", "ingest.packing",
     "ingest.likeness", "ingest.language", "ingest.versions",
     "ingest.lock", "ingest.settle", "ingest.vault", "ingest.sealed", "ingest.database",
     "ingest.confine", "ingest.wire", "ingest.quality", "ingest.columns",
     "ingest.control", "ingest.progress", "ingest.rows"},
    {"ingest.hostile_phrases", "ingest.hostile"},
    {"ingest.layout", "ingest.tables"},
    {"ingest.pdfium", "ingest.second", "ingest.hidden", "ingest.headings", "ingest.child",
     "ingest.read", "ingest.pdf",
     "ingest.pictures", "ingest.ocr", "ingest.chunk", "ingest.embed", "ingest.store", "ingest.index", "ingest.worker",
     "ingest.curated",
     "ingest.render", "ingest.vectors", "ingest.fulltext", "ingest.readers", "ingest.readers.archive",
     "ingest.readers.book", "ingest.readers.decode", "ingest.readers.delimited", "ingest.readers.grids",
     "ingest.readers.locked",
     "ingest.readers.mail", "ingest.readers.markup", "ingest.readers.numbering", "ingest.readers.records",
     "ingest.readers.sheets", "ingest.readers.shown", "ingest.readers.slides", "ingest.readers.text",
     "ingest.readers.web", "ingest.readers.word", "ingest.readers.word_beside"},
    {"ingest.curate"},
    {"ingest.recognise"},
    {"ingest.scan", "ingest.folders", "ingest.plan", "ingest.reading", "ingest.embedding", "ingest.publishing",
     "ingest.apply", "ingest.sync", "ingest.watch", "ingest.status",
     "ingest.freed", "ingest.check", "ingest.repair", "ingest.archive", "ingest.unpack",
     "ingest.convert"},
    {"app.kvcache"},
    {"app.datatypes"},
    {"app.settings", "app.domains", "app.words", "app.quantities", "app.tables", "app.memory", "app.retrieve",
     "app.evidence", "app.prompt", "app.llm", "app.verify", "app.gate", "app.rewrite", "app.cases", "app.models",
     "app.catalogue", "app.fetch", "app.wheels", "app.chat_format", "app.lookup", "app.states", "app.compose",
     "app.llama", "app.threads", "app.peak", "app.asked", "app.editions", "app.password",
     "app.elsewhere", "app.guard", "app.orders"},
    {"app.assistant"},
    {"app.unlock"},
    {"app.grade", "app.runs", "app.baseline", "app.rival", "app.drafts", "app.facts", "app.twins", "app.doctor",
     "app.ahead", "app.library", "app.survey", "app.library_plots", "app.library_page"},
    {"app.evaluate", "app.beir", "app.report", "app.report_page", "app.calibrate", "app.bench", "app.bench_ask",
     "app.bench_machine", "app.bench_report", "app.bench_rival", "app.offline"},
    {"app.terminal", "app.cli", "app.cli_models", "app.cli_eval", "app.cli_calibrate", "app.cli_warm", "app.cli_bench",
     "app.cli_report", "app.cli_library", "app.cli_archive", "app.cli_ingest", "app.cli_vault",
     "app.ui"},
]  # fmt: skip
HOMES = {
    "torch": {"ingest.embed"},
    "sentence_transformers": {"ingest.embed"},
    "datasketch": {"ingest.likeness"},
    "faiss": {"ingest.vectors"},
    "py3langid": {"ingest.language"},
    "pypdf": {"ingest.second"},
    "pypdfium2": {"ingest.pdfium", "ingest.hidden", "ingest.render", "ingest.pictures"},
    "cryptography": {"ingest.vault", "ingest.sealed"},
    "sqlcipher3": {"ingest.database"},
    "lxml": {"ingest.readers.markup", "ingest.readers.web"},
    "msoffcrypto": {"ingest.readers.locked"},
    "docx": {"ingest.readers.word"},
    "pptx": {"ingest.readers.slides"},
    "openpyxl": {"ingest.readers.sheets"},
    "rapidocr": {"ingest.ocr"},
    "onnxruntime": {"ingest.ocr"},
    "cv2": {"ingest.ocr"},
    "llama_index": {"app.rival"},
    "llama_cpp": {"app.llama", "app.doctor"},
    "streamlit": {"app.ui"},
    "watchdog": {"ingest.watch"},
    "starlette": {"app.ui"},
}


def name_of(file: Path) -> str:
    dotted = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return "app.ui" if dotted.startswith("app.ui") else dotted


def imports(file: Path) -> set[str]:
    found = set()
    package = ".".join(file.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = f"{package}.{node.module}".rstrip(".") if node.level else node.module or ""
            base = package if node.level and not node.module else module
            found |= {module, *(f"{base}.{alias.name}" for alias in node.names)}
    return {"app.ui" if name.startswith("app.ui") else name for name in found}


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_go_down_the_layers(file: Path):
    layer_of = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    mine = name_of(file)
    if mine in ("app", "ingest"):
        return
    assert mine in layer_of, f"{mine} is in no layer: put it where it belongs"
    for imported in imports(file) & set(layer_of):
        assert layer_of[imported] <= layer_of[mine], f"{mine} imports {imported}, which is above it"
        assert not (mine.startswith("ingest") and imported.startswith("app"))


@pytest.mark.parametrize("library", HOMES)
def test_heavy_libraries_have_one_home(library: str):
    users = {name_of(file) for file in SOURCES if any(i.split(".")[0] == library for i in imports(file))}
    assert users <= HOMES[library]


def test_everything_is_printed_where_it_is_made_safe():
    """`app.terminal.say` takes out of file names, quotes and answers what would command the terminal."""
    for file in SOURCES:
        if file.name != "terminal.py":
            assert not re.search(r"\bclick\.s?echo", file.read_text(encoding="utf-8")), (
                f"{file}: print with terminal.say"
            )


def test_whatever_opens_a_library_is_given_its_key():
    """An encrypted one would refuse to be opened there. The key is None for a plain library."""
    takes = {"Store": 1, "LocalIndex": 1, "StateStore": 2, "Memory": 1, "Questions": 1, "Assistant": 4, "sync": 9}
    plain = {"app/memory.py", "app/beir.py", "ingest/convert.py", "app/doctor.py", "app/cli_vault.py"}
    plain |= {"app/bench.py", "app/bench_ask.py", "app/ui/rehearse.py", "app/cli_eval.py", "app/cli_report.py"}
    for file in SOURCES:
        if str(file.relative_to(ROOT)) in plain:  # that of all plain libraries, a benchmark's, one in its plain form
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in takes:
                given = len(node.args) > takes[node.func.id] or any(word.arg == "key" for word in node.keywords)
                assert given, f"{file}, line {node.lineno}: {node.func.id} is opened without a key"


def test_help_loads_nothing_heavy():
    program = "import sys, app.cli; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = [*HOMES, "numpy", "pydantic", "jinja2", "platformdirs"]
    done = subprocess.run([sys.executable, "-c", program, *heavy], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_help_starts_in_a_few_times_python_s_own_start():
    def seconds(*command: str) -> float:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            subprocess.run([sys.executable, *command], capture_output=True, cwd=ROOT, check=True)
            times.append(time.perf_counter() - start)
        return statistics.median(times)

    # click, and argparse's like, cost about as much as Python itself; a heavy import costs thirty times as much.
    assert seconds("-m", "app.cli", "--help") < 10 * seconds("-c", "pass")


def test_no_page_hides_a_standard_module():
    """Streamlit puts the script's folder first on sys.path: a types.py there would break Python's own start."""
    for file in ROOT.glob("app/ui/*.py"):
        assert file.stem not in sys.stdlib_module_names, f"{file} hides a standard module"


def test_files_and_functions_stay_readable():
    for file in SOURCES:
        text = file.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 340, f"{file} has two jobs"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 64, f"{file}: {node.name} is too long"


def test_public_things_say_what_they_are():
    for file in SOURCES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree) or not tree.body, f"{file} does not say what it is for"
