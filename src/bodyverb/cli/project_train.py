"""Learn the projection with a small network: the published recipe again, or one that does better.

Needs the extra [train]. Learns from a folder of NTU files, or where there are few from the 3D joints of
PKU-MMD, UTD-MHAD and NW-UCLA through the cameras ntu-a and ntu-b. OUT then holds model.pt, config.json with
the environment, loss.png, a log.csv a network and result.json; `project compare --models OUT` takes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tyro.conf import Positional

from bodyverb.core.errors import InputError

if TYPE_CHECKING:
    from bodyverb.geometry.sensors import Pairs
    from bodyverb.train.projection import Recipe
    from bodyverb.train.projection_data import SensorPool
    from bodyverb.train.projection_mlp import Learned


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb project train`."""

    out: Positional[Path]
    """Run folder to make."""
    root: Path | None = None
    """Folder with pku_mmd/, utd_mhad/ and nw_ucla/, whose 3D joints go through ntu-a and ntu-b."""
    ntu: Path | None = None
    """Folder of NTU `.skeleton` files to learn from, in place of --root."""
    split: Literal["performer", "sensor"] = "performer"
    """How --ntu is split: training performers of the cross-subject protocol against the others, or all
    sensors against that with the fewest files."""
    test: tuple[Path, ...] = ()
    """NTU files to measure on; those that --split leaves by default."""
    recipe: Literal["published", "better"] = "published"
    """The network 3-12-24-12-2 as it was published; or rays, a residual over a pinhole, one a sensor."""
    inputs: Literal["metres", "standard", "rays"] | None = None
    """What the network sees: x y z as they are, standardised, or x / z and y / z; by default the recipe's."""
    networks: Literal["pooled", "sensor"] | None = None
    """One network for all sensors, or one a sensor; by default the recipe's."""
    target: Literal["pixels", "residual"] | None = None
    """What it learns: pixels, or what the best pinhole leaves over; by default the recipe's."""
    epochs: int | None = None
    """Passes; by default the recipe's 5 or 100."""
    seed: int = 0
    """Seed of weights and draws."""
    resume: bool = False
    """Go on where the run in OUT stopped."""

    def run(self) -> int:
        """Read, train, measure, write."""
        from bodyverb.cli._counting import counting
        from bodyverb.train import projection

        if (self.root is None) == (self.ntu is None):
            raise InputError("Expected --root or --ntu, got both or neither; name one of them")
        if self.epochs is not None and self.epochs < 1:
            raise InputError(f"Expected at least 1 epoch, got {self.epochs}; raise --epochs")
        pools, tests, trouble = self._data()
        source = "NTU RGB+D" if self.ntu is not None else "other sets through ntu-a and ntu-b"
        settings = projection.ProjectionTraining(
            recipe=self._recipe(), out=self.out, source=source, seed=self.seed, resume=self.resume
        )
        with counting("training") as seen:
            learned = projection.train(settings, pools, seen)
        self._report(learned, tests)
        from bodyverb.cli._projecting import tell

        return tell(trouble)

    def _recipe(self) -> Recipe:
        from dataclasses import replace

        from bodyverb.train.projection import RECIPES

        changes: dict[str, Any] = {"inputs": self.inputs, "epochs": self.epochs}
        changes["pooled"] = None if self.networks is None else self.networks == "pooled"
        changes["pinhole"] = None if self.target is None else self.target == "residual"
        changed = {key: value for key, value in changes.items() if value is not None}
        recipe = replace(RECIPES[self.recipe], **changed)
        same_form = not recipe.pinhole and recipe.pooled and recipe.inputs == "metres"
        return replace(recipe, keep_epochs=recipe.keep_epochs and same_form)

    def _data(self) -> tuple[dict[str, SensorPool], dict[str, dict[str, Pairs]], dict[str, str]]:
        """Pools by sensor, test pairs by sensor and file, and files that were left out."""
        from bodyverb.cli._counting import counting
        from bodyverb.cli._projecting import sensors_of
        from bodyverb.geometry.sensors import names_of
        from bodyverb.train import projection_data

        trouble: dict[str, str] = {}
        tests: dict[str, dict[str, Pairs]] = {}
        if self.root is not None:
            with counting("reading") as seen:
                pools = projection_data.from_data_sets(self.root, seen)
        else:
            assert self.ntu is not None
            sensors, trouble = sensors_of((self.ntu,), "ir")
            named = dict(zip(names_of(sensors, "ir"), sensors, strict=True))
            pools, tests = projection_data.from_ntu(named, self.split)
        if self.test:
            sensors, wrong = sensors_of(self.test, "ir")
            tests = {name: one.pairs for name, one in zip(names_of(sensors, "ir"), sensors, strict=True)}
            trouble |= wrong
        return pools, tests, trouble

    def _report(self, learned: Learned, tests: dict[str, dict[str, Pairs]]) -> None:
        """Errors on the test files, a row a sensor, printed and in result.json."""
        from rich.console import Console

        from bodyverb.cli._comparing import short, summary
        from bodyverb.formats.files import replacing, to_json
        from bodyverb.geometry.fitting import usable
        from bodyverb.geometry.sensors import together
        from bodyverb.outputs.tables import columns_table

        rows = []
        for sensor, files in tests.items():
            points, pixels = together(files.values())
            good = usable(points, pixels)
            rows.append(
                {
                    "sensor": sensor,
                    "files": len(files),
                    "joints": int(good.sum()),
                    **summary(learned.nearest(points[good], pixels[good]), points[good], pixels[good]),
                }
            )
        with replacing(self.out / "result.json") as temporary:
            temporary.write_text(to_json({"test": rows}, indent=1) + "\n", encoding="utf-8")
        if rows:
            shown = [{key: short(value) for key, value in row.items()} for row in rows]
            Console(highlight=False).print(columns_table("Distance to the stored pixel, px", shown))
        print(f"{self.out}: {sum(net.parameters for net in learned.networks.values())} parameters")
