"""Write what docs and README say from the sources: commands from the command line, models from their cards.

    python docs/make_reference.py          write
    python docs/make_reference.py --check  say what is out of date, and end with 1 where something is

Whole pages: docs/reference/cli.md, docs/bench.md, docs/models/zoo/NETWORK.md. Blocks between
`<!-- made: NAME -->` and `<!-- end -->` in README.md and every other page under docs/.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from bodyverb.cli.main import commands
from bodyverb.infer.catalogue import WEIGHTS

ROOT = Path(__file__).parents[1]
CLI = ROOT / "src" / "bodyverb" / "cli"
LATEST = ROOT / "bench" / "results" / "latest.json"
_BLOCK = re.compile(r"<!-- made: (?P<name>[\w -]+) -->\n.*?<!-- end -->", re.DOTALL)
_KINDS = {"Path": "PATH", "str": "TEXT", "int": "N", "float": "X"}

_SHOWN = (
    "task",
    "input_text",
    "skeleton",
    "data",
    "training_command",
    "quality",
    "speed",
    "limits",
    "licence",
)
_TITLES = {"input_text": "input", "training_command": "training command"}

HEADLINES = (
    "penn, true poses: top-1",
    "penn, true poses: named, open set",
    "penn, pose errors: top-1",
    "utd-verbs, unseen cameras: top-1",
    "utd-verbs, unseen cameras and pose errors: top-1",
    "all real negatives, pose errors",
    "frozen frames of verbs: share of seconds with a verb",
)
"""Of a card with many numbers, those for the README."""

NETWORKS = ("pose-lite", "finder", "verbs-everyday", "verbs-penn15")
"""Networks that ship inside, in the order of the chain."""


def paragraphs(text: str) -> str:
    """A docstring with its lines joined, paragraph by paragraph."""
    blocks = re.split(r"\n\s*\n", text.strip())
    joined = "\n\n".join(" ".join(line.strip() for line in block.splitlines()) for block in blocks)
    return re.sub(r"(?<![`/])<stem>[\w.]*\w", r"`\g<0>`", joined)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(
        [*lines, *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)]
    )


def _fields(path: Path, kind: str = "Command") -> list[tuple[str, str, str | None, str]]:
    """Name, annotation, default (None where required) and meaning of the fields of a class and its bases."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    node = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind)
    found = [one for base in node.bases for one in _inherited(path, tree, ast.unparse(base))]
    for at, item in enumerate(node.body):
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            doc = node.body[at + 1] if at + 1 < len(node.body) else None
            meaning = (
                doc.value.value if isinstance(doc, ast.Expr) and isinstance(doc.value, ast.Constant) else ""
            )
            default = None if item.value is None else ast.unparse(item.value)
            found.append((item.target.id, ast.unparse(item.annotation), default, paragraphs(str(meaning))))
    return found


def _inherited(path: Path, tree: ast.Module, base: str) -> list[tuple[str, str, str | None, str]]:
    """Fields of a base class, in the same file or the one it is imported from."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == base:
            return _fields(path, base)
        if isinstance(node, ast.ImportFrom) and base in {name.name for name in node.names}:
            return _fields(ROOT / "src" / f"{str(node.module).replace('.', '/')}.py", base)
    return []


def _option(name: str, kind: str) -> str:
    """How the option is typed, e.g. `--smooth none|savgol`."""
    metavar = re.search(r"metavar='([^']*)'", kind)
    choices = re.search(r"Literal\[([^\]]*)\]", kind)
    plain = kind.removesuffix(" | None")
    if "Positional" in kind:
        inner = kind.removeprefix("Positional[")
        if metavar:
            return f"`{metavar[1]}`"
        return f"`{name.upper().removesuffix('S')}...`" if inner.startswith("tuple") else f"`{name.upper()}`"
    named = re.search(r"\bname='([^']*)'", kind)
    word = f"--{named[1] if named else name.replace('_', '-')}"
    if plain == "bool":
        return f"`{word}`"
    if metavar:
        return f"`{word} {metavar[1]}`"
    if re.fullmatch(r"[A-Z]\w+", plain) and plain not in _KINDS:  # settings of their own
        return f"`{word}.NAME`"
    if plain.startswith("tuple["):
        return f"`{word} {_KINDS.get(plain[6:].split(',')[0], 'TEXT')}...`"
    if choices:
        return f"`{word} {'|'.join(map(str, ast.literal_eval(f'[{choices[1]}]')))}`"
    return f"`{word} {_KINDS.get(plain, plain)}`"


def _default(kind: str, default: str | None) -> str:
    if default is None:
        return "required"
    if kind == "bool" or default in ("None", "''", "()") or default.startswith("field("):
        return ""
    for shell in ("Path('{}')", "('{}',)", "'{}'"):
        before, after = shell.split("{}")
        if default.startswith(before) and default.endswith(after):
            return f"`{default[len(before) : -len(after)]}`"
    return f"`{default}`"


def command_text(name: str) -> str:
    """One command: what it does and its options."""
    path = CLI / f"{name}.py"
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    fields = _fields(path)
    rows = [(_option(field, kind), _default(kind, default), text) for field, kind, default, text in fields]
    body = table(("option", "default", "meaning"), rows) if rows else "No options."
    return f"## bodyverb {name.replace('_', ' ')}\n\n{paragraphs(doc)}\n\n{body}\n"


def cli_page() -> str:
    """docs/reference/cli.md."""
    head = """# Command line

Written by `docs/make_reference.py` from the sources; do not edit by hand. `bodyverb COMMAND --help` says the
same. Every command takes `--debug` too: an error then shows its traceback. `bodyverb --version` prints the
version.

| exit code | meaning |
|---|---|
| 0 | done; Ctrl-C on a camera or a live stream is a normal end |
| 1 | a bug of bodyverb |
| 2 | a mistake in what was asked or given; nothing was done |
| 3 | finished, but some of several inputs failed |
| 130 | interrupted; `--resume` goes on |

"""
    order = ("run", "demo", "show", "models")
    known = commands()
    return head + "\n".join(command_text(name) for name in [*order, *sorted(set(known) - set(order))])


def card(name: str) -> dict[str, Any] | None:
    """A bundled network's card and size, or None where it is not there."""
    path = WEIGHTS / name / "card.json"
    if not path.is_file():
        return None
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {**facts, "megabytes": (path.parent / facts["file"]).stat().st_size / 1e6}


def _plain(value: Any) -> str:
    """A card's entry in a cell: mappings as `key: value`, numbers short."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_plain(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_plain(one) for one in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def models_table() -> str:
    """The networks of the README: a row for each number of their cards that matters most."""
    rows = []
    for name in NETWORKS:
        facts, link = card(name), f"[{name}](docs/models/{name}.md)"
        if facts is None:
            rows.append((link, "not bundled in this checkout", ""))
            continue
        quality, speed = dict(facts.get("quality") or {}), dict(facts.get("speed") or {})
        chosen = [key for key in HEADLINES if key in quality] or list(quality)
        shown = [(key, _plain(quality[key])) for key in chosen] + [(k, _plain(v)) for k, v in speed.items()]
        first = f"{link}, {facts['task']}, {facts['megabytes']:.1f} MB"
        for what, value in shown or [("not measured yet", "")]:
            rows.append((first, what, value))
            first = ""
    return table(("network", "measure", "value"), rows)


def licences_table() -> str:
    """Terms of each network and of what it was trained on."""
    rows = []
    for name in NETWORKS:
        facts = card(name)
        terms = _plain(facts["licence"]) if facts else "not bundled in this checkout"
        rows.append(
            (name, paragraphs(terms).replace("\n\n", " "), _plain(facts.get("data", "")) if facts else "")
        )
    return table(("network", "terms", "trained on"), rows)


def card_table(name: str) -> str:
    """Everything a reader wants of one card."""
    facts = card(name)
    if facts is None:
        return "This network is not bundled in this checkout."
    shown = (
        "task",
        "input_text",
        "skeleton",
        "data",
        "training_command",
        "quality",
        "speed",
        "limits",
        "licence",
    )
    rows = [
        (key.replace("_text", "").replace("_", " "), _cell(key, facts[key]))
        for key in shown
        if facts.get(key)
    ]
    size = [("size", f"{facts['megabytes']:.2f} MB"), ("sha256", f"`{facts.get('sha256', '')}`")]
    return table(("entry", name), [*rows, *size])


def _cell(key: str, value: Any) -> str:
    text = paragraphs(_plain(value)).replace("\n\n", " ")
    return f"`{text}`" if key == "training_command" else text


def network_page(module: Any) -> str:
    """A network that can be trained: description, paper, shapes and settings from its file and card."""
    facts = module.CARD
    name = facts["name"]
    words = {"dims": "axes of a position", "persons": "people of a clip", "streams": "streams"}
    rows = [(key, facts[key]) for key in ("paper", "input", "output")]
    rows += [(text, ", ".join(map(str, facts[key])) or "one") for key, text in words.items()]
    settings = [(f"`{one}`", _setting(default), doc) for one, default, doc in _settings(module.Config)]
    return "\n\n".join(
        [
            f"# {name}",
            "Written by `docs/make_reference.py` from the network's file; do not edit by hand. "
            "How it compares: [results](../../results.md).",
            paragraphs(inspect.getdoc(module) or ""),
            table(("entry", name), rows),
            "## Settings",
            f"`bodyverb train verbs --data SET --root DATA --out RUN --model {name} --network NAME=VALUE`",
            table(("setting", "default", "meaning"), settings) + "\n",
        ]
    )


def _settings(config: type) -> list[tuple[str, Any, str]]:
    """Name, default and meaning of the fields of a settings class, those of its bases first."""
    meanings: dict[str, str] = {}
    for kind in reversed(config.__mro__[:-1]):
        (node,) = ast.parse(inspect.getsource(kind)).body
        body = node.body  # type: ignore[attr-defined]
        for item, doc in pairwise(body):
            if isinstance(item, ast.AnnAssign) and isinstance(doc, ast.Expr):
                meanings[ast.unparse(item.target)] = paragraphs(ast.literal_eval(doc.value))
    made = config()
    return [(name, getattr(made, name), text) for name, text in meanings.items()]


def _setting(value: Any) -> str:
    """A default as `--network` takes it."""
    if isinstance(value, tuple):
        return f"`{','.join(map(str, value))}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def networks() -> dict[str, Any]:
    """Modules of the networks that classify skeletons, by name."""
    from bodyverb import models

    return models.by_task("verbs")


def networks_table() -> str:
    """All networks that can be trained, with their pages."""
    rows = [(f"[{name}]({name}.md)", module.CARD["paper"]) for name, module in networks().items()]
    return table(("network", "paper"), rows)


def data_table(name: str) -> str:
    """The card of a data set, and the options with which it is opened."""
    from bodyverb import datasets, skeletons

    facts = datasets.card(name)
    layout = str(facts["skeleton"])
    joints = f"{layout}, {len(skeletons.get(layout))} joints" if layout in skeletons.names() else layout
    classes = [str(word).replace("_", " ") for word in facts["classes"]]
    rows = [
        ("name", f"`{name}`"),
        ("terms", facts["licence"]),
        ("cite", facts["citation"]),
        ("files", facts["files"]),
        ("splits", facts["splits"]),
        ("joints", joints),
        *([("classes", f"{len(classes)}: {', '.join(classes)}")] if classes else []),
    ]
    options = [(f"`{word}`", default, text) for word, default, text in _options_of(name)]
    shown = table(("option", "default", "meaning"), options) if options else "Opened without options."
    return f"{table(('entry', str(facts['title'])), rows)}\n\n{shown}"


def _options_of(name: str) -> list[tuple[str, str, str]]:
    """Options of a data set's `open`: name, default and meaning."""
    made = importlib.import_module(f"bodyverb.datasets.{name}").open
    found = []
    for word, parameter in inspect.signature(made).parameters.items():
        if word == "root":
            continue
        text = re.search(rf"^    {word}: (.*?)(?=^    \w+: |^\S|\Z)", inspect.getdoc(made), re.M | re.S)
        plain = parameter.default if isinstance(parameter.default, int | float | str) else ""
        shown = {True: "yes", False: "no"}.get(plain, plain) if isinstance(plain, bool) else plain
        found.append((word, str(shown), paragraphs(text[1]) if text else ""))
    return found


def datasets_table() -> str:
    """All data sets with their pages."""
    from bodyverb import datasets

    rows = []
    for name in datasets.names():
        facts = datasets.card(name)
        page = f"{name.replace('_', '-')}.md"
        rows.append((f"[{facts['title']}]({page})", f"`{name}`", str(facts["licence"])))
    return table(("data set", "name", "terms"), rows)


def bench_table() -> str:
    """The headline numbers of docs/bench.md."""
    latest = json.loads(LATEST.read_text(encoding="utf-8")) if LATEST.is_file() else {}
    rows: list[tuple[str, str, str]] = []
    if "speed" in latest:
        part = latest["speed"]
        for row in part["rows"]:
            where = f"{part['clip']}; {part['made']['cores']} cores"
            rows.append((f"`bodyverb run`, {row['variant']}", f"{row['fps']:.0f} frames/s", where))
    if "memory" in latest:
        for row in latest["memory"]["rows"]:
            rows.append(
                (f"peak memory, {row['minutes']} min of video", f"{row['peak_mib']:.0f} MiB", "1080p")
            )
    for row in latest.get("joints", {}).get("rows", ()):
        what = f"median distance to golden joints, {row['joints']}"
        rows.append((what, f"{row['median_px']:.1f} px = {row['median_share']:.3f} torso", row["video"]))
    if not rows:
        return "Not measured yet: `python bench/main.py`, `python bench/joints.py`."
    return table(("what", "measured", "on"), rows)


def bench_page() -> str:
    """docs/bench.md as bench/ writes it."""
    sys.path.insert(0, str(ROOT / "bench"))  # its scripts are no package
    try:
        module = importlib.import_module("tables")
    finally:
        sys.path.pop(0)
    text: str = module.page(json.loads(LATEST.read_text(encoding="utf-8")) if LATEST.is_file() else {})
    return text


def formats_table() -> str:
    """Every format that can be converted; see docs/how-to/convert.md."""
    from bodyverb.formats._described import COLUMNS, rows

    found = [tuple(row[name] for name in COLUMNS) for row in rows()]
    return table(COLUMNS, [(f"`{name}`", *rest) for name, *rest in found])


def listing(folder: str, pattern: str, level: str, prefix: str = "") -> str:
    """Headings of the files of a folder of docs/, each with a link."""
    lines = []
    for path in sorted((ROOT / "docs" / folder).glob(pattern)):
        text = path.read_text(encoding="utf-8")
        lines += [
            f"- [{line.removeprefix(level).strip()}]({prefix}{path.name})"
            for line in text.splitlines()
            if line.startswith(level)
        ]
    return "\n".join(lines) or "None yet."


def block(name: str) -> str:
    """The text of a block."""
    kind, _, rest = name.partition(" ")
    if kind in ("card", "data"):
        return card_table(rest) if kind == "card" else data_table(rest)
    made: dict[str, Callable[[], str]] = {
        "models": models_table,
        "licences": licences_table,
        "bench": bench_table,
        "formats": formats_table,
        "datasets": datasets_table,
        "networks": networks_table,
        "decisions": lambda: listing("decisions", "0*.md", "# "),
        "experiments": lambda: listing("experiments.d", "*.md", "## ", "experiments.d/"),
    }
    return made[kind]()


def filled(text: str) -> str:
    """A page with its blocks made anew."""
    return _BLOCK.sub(lambda m: f"<!-- made: {m['name']} -->\n{block(m['name'])}\n<!-- end -->", text)


def pages() -> dict[Path, str]:
    """Every page that is written or holds blocks, and what it should say."""
    found = {ROOT / "docs" / "reference" / "cli.md": cli_page(), ROOT / "docs" / "bench.md": bench_page()}
    for name, module in networks().items():
        found[ROOT / "docs" / "models" / "zoo" / f"{name}.md"] = network_page(module)
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        if _BLOCK.search(text):
            found[path] = filled(text)
    return found


def stale() -> list[Path]:
    """Pages that do not say what they should."""
    return [p for p, text in pages().items() if not p.is_file() or p.read_text(encoding="utf-8") != text]


def main() -> int:
    """Write, or check."""
    old, wanted = stale(), pages()
    for path in old:
        print(path.relative_to(ROOT))
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
    return 1 if old and "--check" in sys.argv else 0


if __name__ == "__main__":
    raise SystemExit(main())
