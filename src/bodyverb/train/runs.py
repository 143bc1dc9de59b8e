"""A run folder: what was trained, on what, and the network that came out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from torch import nn

from bodyverb import models
from bodyverb.core import BodyverbError, FormatError, InputError, OutputError, Skeleton
from bodyverb.formats.files import replacing, to_json
from bodyverb.train import checkpoints
from bodyverb.train.lab_settings import DataSettings, Sampling, Task

CONFIG = "config.json"


def build(task: Task) -> nn.Module:
    """A network with random weights.

    Raises:
        InputError: there is no such model, or it does not fit the data.
    """
    module = models.get(task.model)
    config = module.Config(**{key: _tuples(value) for key, value in task.network.items()})
    skeleton = Skeleton.from_dict(dict(task.skeleton))
    try:
        network: nn.Module = module.build(
            config, skeleton, len(task.classes), dims=task.dims, persons=task.persons
        )
    except (ValueError, RuntimeError) as error:  # torch's own words about a size that makes no layer
        if isinstance(error, BodyverbError):
            raise
        raise InputError(
            f"Expected settings that make a network {task.model}, got some that do not "
            f"({str(error).splitlines()[0]}); correct --network"
        ) from error
    return network


def network_settings(model: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All values of a model's Config, those that were given and the others.

    Raises:
        InputError: there is no such model or setting, or a value is of another kind.
    """
    module = models.get(model)
    known = get_type_hints(module.Config)
    chosen = {}
    for name, value in given.items():
        if name not in known:
            raise InputError(
                f"Expected settings of {model}: {', '.join(sorted(known))}, got '{name}'; correct --network"
            )
        fits, chosen[name] = _typed(_tuples(value), known[name])
        if not fits:
            raise InputError(
                f"Expected {_kind(known[name])} for the setting {name} of {model}, got {value!r}; "
                "correct --network"
            )
    return asdict(module.Config(**chosen))


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run that was trained.

    Attributes:
        path: the folder.
        config: everything that it was made with.
    """

    path: Path
    config: Mapping[str, Any]

    @property
    def task(self) -> Task:
        """What the network was built for."""
        return Task(**{**self.config["task"], "classes": tuple(self.config["task"]["classes"])})

    @property
    def skeleton(self) -> Skeleton:
        """Layout of the joints."""
        return Skeleton.from_dict(dict(self.config["task"]["skeleton"]))

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the labels."""
        return tuple(self.config["task"]["classes"])

    @property
    def dims(self) -> int:
        """2 or 3."""
        return int(self.config["task"]["dims"])

    @property
    def persons(self) -> int:
        """People of a clip."""
        return int(self.config["task"]["persons"])

    @property
    def sampling(self) -> Sampling:
        """Which moments of a clip the network sees."""
        return Sampling(**self.config["recipe"]["sampling"])

    @property
    def data(self) -> DataSettings:
        """Which clips it was trained on."""
        plain = dict(self.config["data"])
        return DataSettings(**{**plain, "root": Path(plain["root"]), "options": tuple(plain["options"])})

    def network(self, which: Literal["last", "best"] = "last") -> nn.Module:
        """The network in evaluation mode; averaged weights where the run averaged.

        Args:
            which: of the last epoch, or of the best one by the validation part.

        Raises:
            InputError: there is no such checkpoint, or it is damaged or of another network.
        """
        network = build(self.task)
        content = checkpoints.load(self.path / f"{which}.pt")
        weights = content.get("average", content["module"])
        weights = {
            key.removeprefix("module."): value for key, value in weights.items() if key != "n_averaged"
        }
        try:
            network.load_state_dict(weights)
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"Expected weights of this run's network, got others ({reason}); train it again: {self.path}"
            ) from error
        return network.eval()


def open_run(path: str | Path) -> Run:
    """A run folder.

    Raises:
        InputError: it is none.
        FormatError: its config.json is damaged.
    """
    folder = Path(path)
    file = folder / CONFIG
    if not file.is_file():
        raise InputError(
            f"Expected a run folder of `bodyverb train verbs`, got one without {CONFIG}: {folder}"
        )
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        run = Run(path=folder, config=config)
        run.task, run.skeleton, run.sampling, run.data  # noqa: B018  # each reads its part of the settings
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"Expected the settings of a run, got {error!r}; train it again: {file}") from error
    return run


def write_config(out: Path, config: Mapping[str, Any]) -> None:
    """Saves the resolved settings.

    Raises:
        OutputError: the folder cannot be made or written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"Expected a run folder that can be made, got '{error.strerror}'; name another --out: {out}"
        ) from error
    with replacing(out / CONFIG) as part:
        part.write_text(to_json(config, indent=1) + "\n", encoding="utf-8")


def _typed(value: Any, hint: Any) -> tuple[bool, Any]:
    """Whether a value is of a kind, and the value: one stands for a tuple of one, an int for a float."""
    if get_origin(hint) is tuple:
        each = [_typed(one, get_args(hint)[0]) for one in (value if isinstance(value, tuple) else (value,))]
        return all(fits for fits, _ in each), tuple(one for _, one in each)
    if get_origin(hint) is Literal:
        return value in get_args(hint), value
    if hint is float and type(value) is int:
        return True, float(value)
    return type(value) is hint, value


def _kind(hint: Any) -> str:
    if get_origin(hint) is tuple:
        return f"one or more of {_kind(get_args(hint)[0])}, with commas between"
    if get_origin(hint) is Literal:
        return " or ".join(get_args(hint))
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}
    return words.get(hint, str(hint))


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list | tuple) else value
