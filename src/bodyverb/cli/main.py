"""`bodyverb COMMAND ...`: finds the command, parses its options, turns errors into one line and an exit code."""

from __future__ import annotations

import ast
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

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
    """Run a command; returns the exit code (0 done, 1 bug, 2 user's mistake, 3 some inputs failed, 130 interrupted)."""
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
    if name is None:
        print(f"bodyverb: Expected a command, got '{' '.join(given[:2])}'; use one of: "
              f"{', '.join(c.replace('_', ' ') for c in known)}", file=sys.stderr)
        return 2
    try:
        return _parse(name, rest).run()
    except BodyverbError as error:
        if debug:
            raise
        print(f"bodyverb: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("bodyverb: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
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


def _parse(name: str, rest: list[str]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - the command's dataclass
    import tyro

    module = importlib.import_module(f"bodyverb.cli.{name}")
    return tyro.cli(
        module.Command, args=rest, prog=f"bodyverb {name.replace('_', ' ')}", description=module.__doc__,
        config=(tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes if hasattr(module, "FLAT") else tyro.conf.CascadeSubcommandArgs),
    )


def _print_help(known: dict[str, str]) -> None:
    width = max((len(name) for name in known), default=0) + 2
    lines = [f"  {name.replace('_', ' ').ljust(width)}{summary}" for name, summary in known.items()]
    print(HELP.format(commands="\n".join(lines)), end="")
