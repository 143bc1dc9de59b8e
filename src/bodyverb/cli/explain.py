"""Show which joints and moments made a classifier name a verb (needs the extra [train]).

    bodyverb explain RUN a01_s01_e00_v03
    bodyverb explain OUT.onnx clip.poses.h5

Joints and stretches of time are left out one after the other; what makes the verb less likely counted for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tyro.conf import Positional

if TYPE_CHECKING:
    from bodyverb.train.explain_clip import Explained


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb explain`; the data are by default those that the model was trained on."""

    model: Positional[str]
    """A run folder, or an ONNX file with its card, or the name of a network."""
    clip: Positional[str]
    """An id of the data set, or a file of poses; of a long one the window that is named most surely."""
    out: Path | None = None
    """The picture; CLIP.explain.png here by default. The numbers go beside it, ending .json."""
    target: str = ""
    """The class to explain; the one that is named by default."""
    blocks: int = 8
    """Stretches of time that are left out."""
    data: str = ""
    """Name of the data set (`bodyverb data list`)."""
    root: Path | None = None
    """Its files, or a packed store of it."""
    options: tuple[str, ...] = ()
    """Options of the data set, NAME=VALUE."""
    layout: str = ""
    """Convert the clip to this joint layout; with a PYSKL file: the layout it has."""
    unit: str = ""
    """With a PYSKL file: the unit of its positions."""
    fps: float = 0.0
    """With a PYSKL file: its frames a second."""
    weights: Literal["last", "best"] = "last"
    """Of a run: the weights of the last epoch, or those that were selected."""
    json: bool = False
    """Print the numbers as JSON."""

    def run(self) -> int:
        """Explain, draw, print."""
        from bodyverb.core import InputError
        from bodyverb.formats.files import replacing, to_json
        from bodyverb.outputs.explain_picture import write_explanation
        from bodyverb.train.explain_clip import explained
        from bodyverb.train.trained import open_trained

        if self.blocks < 1:
            raise InputError(f"Expected at least one stretch of time, got {self.blocks}; correct --blocks")
        out = self.out or Path(f"{Path(self.clip).name}.explain.png")
        if out.suffix != ".png":
            raise InputError(f"Expected a name that ends with .png, got '{out.name}'; rename it: {out}")
        trained = open_trained(self.model, self.weights, "cpu")
        given = {name: getattr(self, name) for name in ("data", "root", "options", "layout", "unit", "fps")}
        made = explained(trained, self.clip, given, target=self.target, blocks=self.blocks)
        title = f"{trained.name}: why {made.target.replace('_', ' ')}"
        write_explanation(out, title, made.strip(), made.found.moments, made.found.joints)
        text = to_json(made.to_dict(), indent=1)
        with replacing(out.with_suffix(".json")) as part:
            part.write_text(text + "\n", encoding="utf-8")
        if self.json:
            print(text)
        else:
            self._print(made)
            print(out)
        return 0

    def _print(self, made: Explained) -> None:
        chance = float(made.found.chances[made.found.target])
        label = f", is {made.label}" if made.label else ""
        print(f"{made.name}: named {made.named}{label}; {made.target} {chance:.1%}")
        joints = made.to_dict()["joints"]
        best = sorted(joints.items(), key=lambda item: -item[1])[:5]
        print("joints: " + ", ".join(f"{name} {drop:+.2f}" for name, drop in best if drop > 0))
        moments = sorted(made.to_dict()["moments"], key=lambda item: -item["drop"])[:3]
        print(
            "moments: "
            + ", ".join(f"{m['start_s']:.2f}-{m['end_s']:.2f} s {m['drop']:+.2f}" for m in moments)
        )
