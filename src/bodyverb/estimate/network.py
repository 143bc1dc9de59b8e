"""A network that looks at pictures: compared with its card when it is loaded, run and decoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bodyverb import skeletons
from bodyverb.core import InputError, ModelError, Skeleton
from bodyverb.estimate import decoders
from bodyverb.estimate.preprocess import CROP, FRAME, network_input
from bodyverb.infer import Card, Session
from bodyverb.infer.entries import TEXT, Entry
from bodyverb.infer.shapes import Shape, fits, written

__all__ = ["PictureNetwork"]


class PictureNetwork:
    """Pictures of the network's size in, what its decoder gives out.

    Args:
        session: a loaded network.
        gives: what its decoder may give: joints, boxes, people.

    Attributes:
        card: the session's.
        gives: what the decoder gives.
        skeleton: layout of the joints; None where the decoder gives boxes alone.
        batch: how many pictures the network insists on, or None.

    Raises:
        ModelError: an entry of the card is missing, unknown or of the wrong kind, or the inputs and outputs
            of the file are not those that the card leads to expect.
    """

    def __init__(self, session: Session, *gives: str) -> None:
        card = session.card
        kind = decoders.of(card)
        if kind.GIVES not in gives:
            raise ModelError(
                f"Expected decoder.kind to be one of {', '.join(decoders.names(*gives))} here, "
                f"got {card.decoder['kind']}, which gives {kind.GIVES}; choose another network: {card.path}"
            )
        card.check("input", CROP if kind.GIVES == "joints" else _frame_entries(card))
        card.check("decoder", {"kind": TEXT, **kind.ENTRIES}, f" of kind {card.decoder['kind']}")
        self.card, self.gives = card, str(kind.GIVES)
        self.skeleton = None if kind.GIVES == "boxes" else _skeleton(card)
        self._session = session
        self._decode = kind.build(card, session.outputs, 0 if self.skeleton is None else len(self.skeleton))
        self._input = _check_input(session)
        _check_outputs(session, self._decode.shapes)
        self.batch = session.fixed_batch
        if self.batch not in (None, 1) and kind.GIVES != "joints":
            raise ModelError(
                f"Expected a network that takes one picture, got one for {self.batch} at a time; "
                f"export it with batch size 1: {card.path}"
            )

    def __call__(self, pictures: np.ndarray) -> Any:
        """Run and decode.

        Args:
            pictures: (n, h, w, 3) uint8 RGB of the network's size; n is at most `batch` where that is set.

        Returns:
            `Joints` of n people, or `People` of the one picture.

        Raises:
            ModelError: the network refuses its input, or its outputs have other shapes than the card says.
        """
        n, height, width = pictures.shape[:3]
        if self.batch is not None and n < self.batch:
            pictures = np.concatenate([pictures, np.repeat(pictures[-1:], self.batch - n, 0)])
        found = self._session.run({self._input: network_input(pictures, self.card.input)})
        lengths = {"n": len(pictures)}
        arrays = {}
        for name, shape in self._decode.shapes.items():
            if np.ndim(found[name]) == 0 or not fits(np.shape(found[name]), shape, lengths):
                raise _misfit(self.card, name, shape, np.shape(found[name]))
            value = found[name][:n]
            arrays[name] = value.astype(np.float32) if value.dtype.kind == "f" else value
        with np.errstate(
            invalid="ignore", over="ignore"
        ):  # what is not finite becomes an absent joint or no box
            return self._decode(arrays, (width, height))


def _frame_entries(card: Card) -> dict[str, Entry]:
    """Entries of `input` for a whole frame: `size`, or `area` and `multiple`.

    Raises:
        ModelError: there is neither.
    """
    ways = ({"size"}, {"area", "multiple"})
    for way, other in (ways, ways[::-1]):
        if way & set(card.input):
            return {
                key: entry.required if key in way else entry
                for key, entry in FRAME.items()
                if key not in other
            }
    raise ModelError(
        f"Expected size, or area and multiple, under 'input', got neither; complete the card of: {card.path}"
    )


def _skeleton(card: Card) -> Skeleton:
    """The layout that a card names; a file lies beside the card.

    Raises:
        ModelError: it names none, or one that does not exist.
    """
    name = card.get("skeleton")
    if not isinstance(name, str) or not name:
        raise ModelError(
            f"Expected the name of a joint layout as 'skeleton', got {name!r}; "
            f"complete the card of: {card.path}"
        )
    try:
        return skeletons.get(str(card.path.parent / name) if name.endswith((".json", ".toml")) else name)
    except InputError as error:
        raise ModelError(f"{error} (skeleton in the card of: {card.path})") from error


def _check_input(session: Session) -> str:
    """The name of the input that takes the pictures.

    Raises:
        ModelError: it is not there, or takes other pictures than the card says.
    """
    card, (inputs, _) = session.card, session.declared()
    wants, names = card.input, [tensor.name for tensor in inputs]
    name = wants.get("name", names[0])
    if names != [name]:
        raise ModelError(
            f"Expected a network whose only input is '{name}', got {', '.join(names)}; "
            f"correct input.name in the card, or export the network without the others: {card.path}"
        )
    tensor, dtype = inputs[0], wants.get("dtype", "float32")
    across, down = wants.get("size", ("w", "h"))
    shape: Shape = ("n", 3, down, across) if wants.get("layout", "nhwc") == "nchw" else ("n", down, across, 3)
    if tensor.dtype != dtype or not fits(tensor.shape, shape, {}):
        raise ModelError(
            f"Expected input '{name}' to take {dtype} {written(shape)} as the card says (dtype, layout, "
            f"size), got {tensor.dtype} {written(tensor.shape)} in the file; "
            f"correct the card of: {card.path}"
        )
    if "size" not in wants and any(isinstance(length, int) for length in tensor.shape[1:] if length != 3):
        raise ModelError(
            f"Expected a network for pictures of any size, as the card's area and multiple say, "
            f"got {written(tensor.shape)} in the file; give input.size in the card of: {card.path}"
        )
    return name


def _check_outputs(session: Session, shapes: Mapping[str, Shape]) -> None:
    """Raise ModelError where an output is not there or cannot have the shape that the card leads to."""
    card, (_, outputs) = session.card, session.declared()
    there = {tensor.name: tensor for tensor in outputs}
    missing = [name for name in shapes if name not in there]
    if missing:
        raise ModelError(
            f"Expected outputs {', '.join(shapes)} for decoder.kind {card.decoder['kind']}, got "
            f"{', '.join(there)} in the file; name them in the decoder of the card of: {card.path}"
        )
    lengths: dict[str, int] = {}
    for name, shape in shapes.items():
        if not there[name].dtype or not fits(there[name].shape, shape, lengths):
            raise _misfit(card, name, shape, there[name].shape)


def _misfit(card: Card, name: str, shape: Shape, have: tuple[int | str | None, ...]) -> ModelError:
    layout = f", skeleton {card.get('skeleton')}" if card.get("skeleton") else ""
    return ModelError(
        f"Expected output '{name}' of shape {written(shape)} as the card says (decoder.kind "
        f"{card.decoder['kind']}{layout}), got {written(have)}; correct the card of: {card.path}"
    )
