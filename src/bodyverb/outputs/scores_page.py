"""One page about an evaluation: numbers, tables and the pictures that lie beside it. No script."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

NAMES = {
    "samples": "clips", "top_1": "top-1", "top_5": "top-5", "mean_class": "mean class accuracy",
    "precision": "precision (macro)", "recall": "recall (macro)", "f1": "F1 (macro)",
    "f1_weighted": "F1 (weighted)", "map": "mean average precision", "ece": "expected calibration error",
    "nll": "negative log-likelihood, nats", "brier": "Brier score",
}  # fmt: skip
"""What the measures are called where people read them."""

_PLAIN = ("nll", "brier")
_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left;font-weight:400}
th{color:#686e7a}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
tr+tr td{border-top:1px solid #8884}
img{max-width:100%;height:auto;border:1px solid #8884;border-radius:6px}
.sets{display:flex;flex-wrap:wrap;gap:3rem}.soft{color:#686e7a}
"""


def shown(name: str, value: Any) -> str:
    """A measure as text: shares in percent, `-` where there is no value."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if name == "samples":
        return f"{value:.0f}"
    return f"{value:.3f}" if name in _PLAIN else f"{100 * value:.2f} %"


def scores_page(title: str, found: Mapping[str, Any], pictures: Mapping[str, str]) -> str:
    """The page as text.

    Args:
        title: what was evaluated.
        found: `about`, `overall`, `classes`, `without_samples`, `subjects`, `cameras`, `worst`: plain data.
        pictures: headline -> file name beside the page.

    Returns:
        HTML; every text from outside reaches it as text.
    """
    overall = [{"measure": NAMES.get(k, k), "value": shown(k, v)} for k, v in found["overall"].items()]
    about = [{"what": key, "value": str(value)} for key, value in found["about"].items()]
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{_text(title)}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>',
        f'<h1>{_text(title)}</h1><div class="sets"><div>{_table(overall, numbers=("value",))}</div>',
        f"<div>{_table(about)}</div></div>",
    ]
    if found["without_samples"]:
        names = ", ".join(found["without_samples"])
        parts.append(f'<p class="soft">No clip of: {_text(names)}; these count in no mean.</p>')
    for headline, rows in (("Subjects", found["subjects"]), ("Views", found["cameras"])):
        if rows:
            parts.append(f"<h2>{headline}</h2>{_measures(rows)}")
    for headline, name in pictures.items():
        words = _text(headline)
        parts.append(f'<h2>{words.capitalize()}</h2><img src="{_text(name)}" alt="{words}">')
    parts.append(f"<h2>Each class</h2>{_measures(found['classes'])}")
    if found["worst"]:
        parts.append(f"<h2>Named wrong, the surest errors first</h2>{_measures(found['worst'])}")
    return "\n".join(parts) + "\n"


def _measures(rows: Sequence[Mapping[str, Any]]) -> str:
    numbers = tuple(key for key, value in rows[0].items() if not isinstance(value, str))
    return _table([{key: shown(key, value) for key, value in row.items()} for row in rows], numbers)


def _table(rows: Sequence[Mapping[str, str]], numbers: Sequence[str] = ()) -> str:
    if not rows:
        return ""
    kind = {key: ' class="n"' if key in numbers else "" for key in rows[0]}
    head = "".join(f"<th{kind[key]}>{_text(key.replace('_', ' '))}</th>" for key in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td{kind[key]}>{_text(value)}</td>" for key, value in row.items()) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _text(value: str) -> str:
    return html.escape(value, quote=True)
