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

# The floors of the house, the highest first. A room imports rooms of lower floors only; rooms on one floor do not know
# each other. A room is a folder; datatypes, settings, ... are the few files that stand beside the rooms.
APP = """
    cli ui
    commands
    bench
    evaluation privacy ahead
    library ask
    doctor memory
    datatypes
    llm models settings
"""
ASK = """
    ask
    kinds
    check write find understand first
    structure
    plan
    language
"""
INGEST = """
    upkeep
    sync
    children
    readers
    pdf encoder store
    text encryption
    datatypes files
    config errors
"""
FLOORS = {
    f"{package}.{room}": floor
    for package, plan in (("ingest", INGEST), ("app", APP))
    for floor, line in enumerate(reversed(plan.strip().splitlines()), 1 if package == "ingest" else 101)
    for room in line.split()
}
# Within app/ask: 'ask' are the files that stand in it, a question's way; but for those that have a floor of their own.
ASK_FLOORS = {room: floor for floor, line in enumerate(reversed(ASK.strip().splitlines())) for room in line.split()}
HOMES = {
    "torch": {"ingest.encoder.embed"},
    "sentence_transformers": {"ingest.encoder.embed"},
    "datasketch": {"ingest.text.similarity"},
    "faiss": {"ingest.store.vectors"},
    "py3langid": {"ingest.text.language"},
    "pypdf": {"ingest.pdf.pypdf_second"},
    "pypdfium2": {"ingest.pdf.pdfium", "ingest.pdf.hidden", "ingest.children.render", "ingest.readers.pictures"},
    "cryptography": {"ingest.encryption.vault", "ingest.encryption.sealed"},
    "sqlcipher3": {"ingest.store.database"},
    "lxml": {"ingest.readers.markup", "ingest.readers.web"},
    "msoffcrypto": {"ingest.readers.locked"},
    "docx": {"ingest.readers.word"},
    "pptx": {"ingest.readers.slides"},
    "openpyxl": {"ingest.readers.sheets"},
    "rapidocr": {"ingest.readers.ocr"},
    "onnxruntime": {"ingest.readers.ocr"},
    "cv2": {"ingest.readers.ocr"},
    "llama_index": {"app.bench.rival"},
    "llama_cpp": {"app.llm.llama"},
    "streamlit": {"app.ui"},
    "watchdog": {"ingest.sync.watch"},
    "starlette": {"app.ui"},
}


def room_of(module: str) -> str:
    """'app.ask.check.gate' stands in 'app.ask', 'app.datatypes' beside the rooms."""
    return ".".join(module.split(".")[:2])


def ask_room_of(module: str) -> str:
    """'app.ask.find.retrieve' stands in 'find', 'app.ask.stream' in 'ask'; '' for what is elsewhere."""
    package, _, rest = module.partition("app.ask.")
    room = rest.split(".")[0]
    return "" if package or not room else room if room in ASK_FLOORS else "ask"


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
def test_a_room_imports_rooms_on_lower_floors_only(file: Path):
    mine = room_of(name_of(file))
    if mine in ("app", "ingest"):
        return
    assert mine in FLOORS, f"{mine} is on no floor: put it into a room, or name the room in docs and here"
    for imported in imports(file):
        theirs = room_of(imported)
        if theirs in FLOORS and theirs != mine:
            assert FLOORS[theirs] < FLOORS[mine], f"{file.relative_to(ROOT)} imports {imported}, which is not below it"


def test_a_question_s_way_goes_down_the_floors():
    for file in ROOT.glob("app/ask/**/*.py"):
        mine = ask_room_of(name_of(file))
        for theirs, imported in ((ask_room_of(imported), imported) for imported in imports(file)):
            if mine and theirs and theirs != mine:
                assert ASK_FLOORS[theirs] < ASK_FLOORS[mine], f"{file.relative_to(ROOT)} imports {imported}"


def test_what_one_kind_of_question_needs_only_the_kinds_import():
    """A folder in app/ask/kinds is for the entry files beside it: what others need belongs to a lower floor."""
    for file in SOURCES:
        for imported in imports(file):
            if (ROOT / "/".join(imported.split(".")[:4])).is_dir() and imported.startswith("app.ask.kinds."):
                own = str(file.relative_to(ROOT).parent).replace("/", ".")
                assert own in ("app.ask.kinds", ".".join(imported.split(".")[:4])), f"{file} imports {imported}"


def test_nothing_imports_what_another_room_keeps_to_itself():
    for file in SOURCES:
        for imported in imports(file):
            if imported.split(".")[0] in ("app", "ingest") and room_of(imported) != room_of(name_of(file)):
                private = [part for part in imported.split(".") if part.startswith("_")]
                assert not private, f"{file.relative_to(ROOT)} imports {imported}"


def test_each_room_says_what_it_is_for():
    for package in ("app", "ingest"):
        for room in sorted((ROOT / package).rglob("__init__.py")):
            words = ast.get_docstring(ast.parse(room.read_text(encoding="utf-8"))) or ""
            assert words.endswith("."), f"{room.relative_to(ROOT)} does not say what the room is for"
            assert len(room.read_text(encoding="utf-8").splitlines()) < 10, f"{room} does more than say it"


@pytest.mark.slow
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
    plain = {"app/memory.py", "app/evaluation/beir.py", "ingest/upkeep/convert.py", "app/doctor.py"}
    plain |= {"app/commands/vault.py", "app/commands/eval.py", "app/commands/report.py"}
    plain |= {"app/bench/measure.py", "app/bench/ask.py", "app/ui/rehearse.py"}
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
    for file in ROOT.glob("app/ui/**/*.py"):
        assert file.stem not in sys.stdlib_module_names, f"{file} hides a standard module"


def test_files_and_functions_stay_readable():
    for file in SOURCES:
        text = file.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 300, f"{file} has two jobs"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 64, f"{file}: {node.name} is too long"


def test_public_things_say_what_they_are():
    for file in SOURCES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree) or not tree.body, f"{file} does not say what it is for"
