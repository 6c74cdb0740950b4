"""Real parts wherever they are quick: a tiny real encoder, a real index over real files, and a scripted model."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from app.ask.assistant import Assistant
from app.llm.protocol import Kept, State, Stats
from app.settings import Settings
from ingest.encoder.embed import SentenceEncoder
from ingest.sync.sync import sync

ROOT = Path(__file__).parent.parent
os.environ["HF_HUB_OFFLINE"] = "1"
# For tests that run themselves as a program, and for child processes: in a worktree they must run its code, not that of
# the checkout which is installed.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tests/parts")])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """All state of a test goes to its own folder; tests of the real models keep the user's models."""
    real = "model" in request.keywords or "browser" in request.keywords
    for name in Settings.model_fields:
        if not (name == "home" and real):
            monkeypatch.delenv(f"DOCENT_{name.upper()}", raising=False)
    place = tmp_path / "home"
    if not real:
        monkeypatch.setenv("DOCENT_HOME", str(place))
    return place


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real sentence-transformers model of 64 dimensions, made here: it loads as the large one does."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    letters = "abcdefghijklmnopqrstuvwxyzäöüéß0123456789"
    pieces = ["[UNK]", *letters, *(f"##{c}" for c in letters), *".,;:!?()[]-–/%°\"'“”•›+=*&@#$<>|_{}~^`\\"]
    pieces += [f"{a}{b}" for a in letters[:26] for b in letters[:26]]
    pieces += [f"##{a}{b}" for a in letters[:26] for b in letters[:26]]
    tokenizer = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    torch.manual_seed(0)
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=64), Normalize()], device="cpu")
    folder = tmp_path_factory.mktemp("encoder") / "tiny"
    model.save(str(folder))
    return folder


@pytest.fixture(scope="session")
def encoder(tiny_folder: Path) -> SentenceEncoder:
    return SentenceEncoder(tiny_folder, precision="float32")


class ScriptedLlm:
    """Answers what it was told to, one word at a time, and remembers the prompts it was given."""

    name = "scripted"
    n_ctx = 4096
    n_aside = 512
    n_behind = 768
    no_states = "a script reads nothing"
    states_key = ""

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies) or ["NOT FOUND"]
        self.prompts: list[str] = []
        self.last_stats = Stats()
        self.last_logprobs: list[float] = []
        self.weighed: list[str] = []
        self.weights: dict[str, float] = {}  # log-probabilities for `weigh`; a reply is believed by default
        self._stopped = False
        self._pieces: list[str] = []
        self._ids: dict[str, int] = {}
        self.kept: list[Kept] = []  # what the newest prompt did not have to be read
        self.read: list[str] = []  # what it was given to keep

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        for word in (words := text.split(" ") if text else []):
            if word not in self._ids:
                self._ids[word] = len(self._pieces)
                self._pieces.append(word)
        return [self._ids[word] for word in words]

    def render(self, system: str, user: str) -> str:
        return f"<system> {system} <user> {user} <assistant>"

    def pin(self, rules: Sequence[int]) -> None:
        pass

    def state(self, rules: Sequence[int], tokens: Sequence[int], should_stop: Callable[[], bool]) -> State | None:
        if self.no_states or should_stop() or len(rules) + len(tokens) > self.n_behind:
            return None
        self.read.append(" ".join(self._pieces[token] for token in tokens))
        return State(len(rules), len(tokens), self.read[-1].encode())

    def stream(self, tokens: Sequence[int], max_tokens: int, kept: Sequence[Kept] = ()) -> Iterator[str]:
        self._stopped = False
        self.kept = list(kept)
        self.prompts.append(" ".join(self._pieces[token] for token in tokens))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        made = 0
        for word in reply.split(" ")[:max_tokens]:
            if self._stopped:
                break
            made += 1
            yield word if made == 1 else f" {word}"
        composed = sum(one.n for one in kept)
        self.last_stats = Stats(prompt_tokens=len(tokens), composed_tokens=composed, output_tokens=made)
        self.last_logprobs = [-0.1] * made

    def opened_with(self, option: str) -> float:
        return self.weights.get(option, -8.0)

    def weigh(self, tokens: Sequence[int], options: Sequence[str]) -> list[float]:
        self.weighed.append(" ".join(self._pieces[token] for token in tokens))
        return [self.weights.get(option, -0.05 if option == "Yes" else -3.0) for option in options]

    def stop(self) -> None:
        self._stopped = True


class ReadingLlm(ScriptedLlm):
    """One whose states can be kept."""

    no_states = ""
    states_key = "script"


@pytest.fixture
def scripted() -> type[ScriptedLlm]:
    return ScriptedLlm


@pytest.fixture
def reading() -> type[ReadingLlm]:
    return ReadingLlm


MakePdf = Callable[..., Path]


@pytest.fixture(scope="session")
def make_pdf() -> MakePdf:
    """make_pdf(path, [page, page, …]): each page a list of lines, set at 12 points from the top."""

    def make(path: Path, pages: Sequence[Sequence[str]], title: str = "", password: str = "") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        canvas = Canvas(str(path), pagesize=A4, invariant=1, encrypt=password or None)
        if title:
            canvas.setTitle(title)
        for lines in pages:
            for number, line in enumerate(lines):
                canvas.drawString(72, 740 - 16 * number, line)
            canvas.showPage()
        canvas.save()
        return path

    return make


PUMP = [
    [
        "The Brusk pump is filled to 2.1 bar before the first start.",
        "It must never run dry for longer than 40 seconds.",
    ],
    ["Fault code E-104 means that the return flow is too warm.", "Lower the flow temperature below 55 °C and restart."],
    ["The filter is cleaned every 11 weeks.", "Use only water; solvents attack the blue seal."],
]


@pytest.fixture
def folder(tmp_path: Path, make_pdf: MakePdf) -> Path:
    """A small domain: a PDF, a Markdown file and a text file."""
    make_pdf(tmp_path / "docs/pump.pdf", PUMP, title="Brusk pump manual")
    (tmp_path / "docs/warranty.md").write_text(
        "# Warranty\n\nThe compressor is covered for 7 years.\n\n## Exclusions\n\nFrost damage is never covered.\n"
    )
    (tmp_path / "docs/notes.txt").write_text("The depot in Marlow opens at 06:30.\nKeys hang behind the green door.\n")
    return tmp_path / "docs"


@pytest.fixture
def index_dir(folder: Path, tmp_path: Path, encoder: SentenceEncoder) -> Path:
    sync(folder, tmp_path / "index", encoder)
    return tmp_path / "index"


@pytest.fixture
def assistant(index_dir: Path, encoder: SentenceEncoder) -> Callable[..., Assistant]:
    """assistant(reply, …): one over the small domain whose model gives these replies."""

    def make(*replies: str, settings: Settings | None = None) -> Assistant:
        llm = ScriptedLlm(*replies)
        return Assistant(index_dir, encoder, lambda: llm, settings or Settings())

    return make
