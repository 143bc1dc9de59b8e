"""Commands and Python shown in the documentation exist: parsed by the command line itself, never run."""

import ast
import dataclasses
import importlib
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from bodyverb.cli import main as cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`(bodyverb [^`\n]*)`")


def shown(text: str) -> list[str]:
    """Every `bodyverb ...` line of indented and fenced blocks."""
    lines = [line.strip().removeprefix("$ ") for line in text.splitlines() if line.startswith("    ")]
    lines += [line.strip() for _, body in FENCED.findall(text) for line in body.splitlines()]
    return [line for line in lines if re.match(r"bodyverb( |$)", line)]


def found(look: Callable[[str], list[str]]) -> list[tuple[str, str]]:
    """Sorted (page, line) pairs over all pages."""
    return sorted(
        {(p.relative_to(ROOT).as_posix(), line) for p in PAGES for line in look(p.read_text("utf-8"))}
    )


COMMANDS, MENTIONED = found(shown), found(INLINE.findall)


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=lambda text: text[:60])
def test_command_exists(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    if ">" in words:
        words = words[: words.index(">")]
    if words and words[0] == "--version":
        return
    name, rest = cli._split(words, cli.commands())
    assert name is not None, f"{page}: {line}"
    if "--help" in rest:
        return
    try:
        cli._parse(name, rest)
    except SystemExit as error:
        pytest.fail(f"{page} shows what the command line refuses ({error.code}): {line}")


@pytest.mark.parametrize(("page", "line"), MENTIONED, ids=lambda text: text[:60])
def test_mentioned_options_exist(page: str, line: str) -> None:
    words = line.split()[1:]
    name, rest = cli._split(words, cli.commands())
    if name is None:
        known = {"COMMAND", "--version", "--help", *(command.split("_")[0] for command in cli.commands())}
        assert words[0] in known, f"{page}: {line}"
        return
    command = importlib.import_module(f"bodyverb.cli.{name}").Command
    fields = {field.name for field in dataclasses.fields(command)}
    options = {word[2:].split(".")[0].replace("-", "_") for word in rest if word.startswith("--")}
    assert options <= fields | {"help", "debug"}, f"{page}: {line}"


def test_some_commands_are_shown() -> None:
    assert len(COMMANDS) > 25 and any("--resume" in line for _, line in COMMANDS)


def python_blocks() -> list[tuple[str, str]]:
    return [
        (page.relative_to(ROOT).as_posix(), body)
        for page in PAGES
        for language, body in FENCED.findall(page.read_text("utf-8"))
        if language == "python" and ">>>" not in body
    ]


@pytest.mark.parametrize(("page", "body"), python_blocks(), ids=lambda text: text[:40].replace("\n", " "))
def test_python_names_exist(page: str, body: str) -> None:
    for node in ast.walk(ast.parse(body, filename=page)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "bodyverb":
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
