"""`bodyverb COMMAND ...`: finds the command, parses its options, turns errors into exit codes."""

from __future__ import annotations

import ast
import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bodyverb.core.errors import BodyverbError

HELP = """usage: bodyverb COMMAND [OPTIONS]

Video in; skeletons and verbs out.

commands:
{commands}

`bodyverb COMMAND --help` explains a command. `--debug` shows the traceback of an error.

examples:
  bodyverb run clip.mp4 --out results        a video: poses, verbs, overlay video, report
  bodyverb run photos/ --each --out results  independent pictures
  bodyverb run camera:0 --out live           a camera, until Ctrl-C
  bodyverb demo                              see it work without any data
"""

EXTRAS: dict[str | None, str] = dict.fromkeys(
    ("torch", "lightning_fabric", "safetensors", "onnx", "onnxscript", "tensorboardX"), "train"
)
"""Modules that come with an extra of the package."""


def commands() -> dict[str, str]:
    """Every command and its summary, read from the sources of this folder without importing them.

    A command is a module with a `Command` dataclass; `train_verbs.py` is typed `train verbs`.
    """
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "\nclass Command" in text:
            found[path.stem] = (ast.get_docstring(ast.parse(text)) or "").split("\n")[0]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: what stands behind `bodyverb`; those of the process by default.

    Returns:
        The exit code: 0 done, 1 bug, 2 the user's mistake, 3 some inputs failed, 130 interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [word for word in given if word != "--debug"]
    known = commands()
    if given and given[0] in ("--version", "-V"):
        from bodyverb import __version__

        print(f"bodyverb {__version__}")
        return 0
    if not given or given[0] in ("--help", "-h"):
        _print_help(known)
        return 0
    name, rest = _split(given, known)
    group = {command: text for command, text in known.items() if command.startswith(f"{given[0]}_")}
    if name is None and group and given[1:2] in (["--help"], ["-h"]):
        _print_help(group)
        return 0
    if name is None:
        print(f"bodyverb: {_unknown(given, known)}", file=sys.stderr)
        return 2
    return _run(name, rest, debug)


def _run(name: str, rest: list[str], debug: bool) -> int:
    """Run a command; an error becomes a line and an exit code, or with `debug` a traceback."""
    try:
        return int(_parse(name, rest).run())
    except BodyverbError as error:
        if debug:
            raise
        print(f"bodyverb: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("bodyverb: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has left, e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing in EXTRAS:
            extra = EXTRAS[missing]
            print(
                f"bodyverb: Expected the extra [{extra}], got no {missing}; pip install 'bodyverb[{extra}]'",
                file=sys.stderr,
            )
            return 2
        print(
            f"bodyverb: this is a bug of bodyverb: {type(error).__name__}: {error}; "
            "run again with --debug and report what it prints",
            file=sys.stderr,
        )
        return 1


def _split(given: list[str], known: dict[str, str]) -> tuple[str | None, list[str]]:
    if len(given) > 1 and f"{given[0]}_{given[1]}" in known:
        return f"{given[0]}_{given[1]}", given[2:]
    return (given[0], given[1:]) if given[0] in known else (None, given)


def _unknown(given: list[str], known: dict[str, str]) -> str:
    """What to say about a command that is none."""
    typed = {command: command.replace("_", " ") for command in known}
    inside = [words for words in typed.values() if words.split()[0] == given[0]]
    if inside:  # `train` alone, or `train nonsense`
        return f"Expected what to {given[0]}, got '{' '.join(given[1:2])}'; use one of: {', '.join(inside)}"
    tried = [given[0], " ".join(given[:2])]
    near = [match for words in tried for match in difflib.get_close_matches(words, typed.values(), 1, 0.6)]
    if near:
        return f"Expected a command, got '{given[0]}'; did you mean `bodyverb {near[0]}`?"
    hint = ""
    if Path(given[0]).exists() or given[0].startswith("camera:"):
        hint = f" (`bodyverb run {given[0]}` for a video)"
    return f"Expected a command, got '{given[0]}'; use one of: {', '.join(typed.values())}{hint}"


def _parse(name: str, rest: list[str]) -> Any:
    """The command with the options given; wrong ones end with exit code 2 and a word about them."""
    import tyro

    module = importlib.import_module(f"bodyverb.cli.{name}")
    preset = getattr(module.Command, "preset", None)
    return tyro.cli(
        module.Command,
        args=rest,
        default=preset(rest) if preset is not None else None,
        prog=f"bodyverb {name.replace('_', ' ')}",
        description=module.__doc__,
        config=(tyro.conf.FlagCreatePairsOff, tyro.conf.CascadeSubcommandArgs),
    )


def _print_help(known: dict[str, str]) -> None:
    width = max((len(name) for name in known), default=0) + 2
    lines = [f"  {name.replace('_', ' ').ljust(width)}{summary}" for name, summary in known.items()]
    print(HELP.format(commands="\n".join(lines)), end="")
