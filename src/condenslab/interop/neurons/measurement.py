"""Measuring a checkpoint: every array is measured as a layer or a head, or named with the reason why not."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from condenslab.errors import UserError
from condenslab.interop.neurons import groups
from condenslab.interop.neurons.heads import head_count, heads_of, product_cosines, split_attention
from condenslab.interop.neurons.layers import layers_of, weights_of
from condenslab.interop.neurons.one_layer import Settings, measure_layer
from condenslab.interop.neurons.report import HeadReport, LayerReport
from condenslab.interop.neurons.rows import UnmeasurableError
from condenslab.interop.reading import read

_ACTIVATIONS = ("hidden_act", "activation_function", "activation", "hidden_activation", "feed_forward_proj", "afn")


@dataclass(frozen=True)
class Measurement:
    """What a checkpoint was found to be.

    Attributes:
        file: The file or folder.
        sha256: Its digest, or None for arrays in memory.
        activation: The activation that groups follow, or None where it is unknown.
        layers: The layers, in the order of the file.
        heads: The blocks of attention.
        skipped: Name and reason of every array that is neither.
    """

    file: str
    sha256: str | None
    activation: str | None
    layers: list[LayerReport]
    heads: list[HeadReport]
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Returns the measurement as plain values for JSON."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "activation": self.activation,
            "skipped": [{"name": name, "reason": reason} for name, reason in self.skipped],
            "layers": [layer.as_dict() for layer in self.layers],
            "heads": [head.as_dict() for head in self.heads],
        }


def measure(
    path: str | os.PathLike[str],
    *,
    layers: str = "*",
    seed: int = 0,
    repeats: int | None = None,
    activation: str | None = None,
    heads: int | None = None,
    exact: bool = False,
    every: bool = False,
    nulls: bool = True,
    progress: Callable[[str], object] | None = None,
) -> Measurement:
    """Reads a checkpoint and says of each layer whether it has condensed.

    Args:
        path: A file or folder that `read` reads.
        layers: A pattern of names with * and ?; other layers are skipped, said so.
        seed: Of the nulls.
        repeats: Draws from each null; by default 11, or 100 where so few leave a small layer in doubt.
        activation: The hidden activation, for example "tanh"; by default what `config.json` or the classes of a pickled
            module say, else groups are by direction alone.
        heads: Attention heads a block; by default what `config.json` says.
        exact: Whether all pairs of very wide layers are compared in full.
        every: Whether embeddings, output layers and the rows of attention weights count as layers too.
        nulls: Whether nulls are drawn; without them there are no twins and no verdict, and it is many times faster.
        progress: Called with the name of each layer before it is measured.

    Returns:
        The measurement.

    Raises:
        UserError: The file is not read (see `read`), no name matches `layers`, the activation is unknown, or a number
            is out of range.

    Example:
        >>> import numpy as np, tempfile
        >>> rng = np.random.default_rng(0)
        >>> directions = rng.standard_normal((3, 20))[rng.integers(0, 3, 60)]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(f"{folder}/net.npz", weight=directions + 0.01 * rng.standard_normal((60, 20)))
        ...     (layer,) = measure(f"{folder}/net.npz").layers
        >>> layer.verdict, layer.effective_width
        ('condensed', 3)
    """
    checkpoint = read(path)
    known = activation or _activation(checkpoint.config, checkpoint.names)
    found = measure_arrays(
        checkpoint.tensors,
        name=str(path),
        layers=layers,
        seed=seed,
        repeats=repeats,
        activation=known,
        heads=head_count(checkpoint.config, heads),
        exact=exact,
        every=every,
        nulls=nulls,
        progress=progress,
    )
    skipped = [*checkpoint.skipped, *found.skipped]
    return Measurement(str(path), checkpoint.sha256, found.activation, found.layers, found.heads, skipped)


def measure_arrays(
    tensors: Mapping[str, np.ndarray],
    *,
    name: str = "arrays",
    layers: str = "*",
    seed: int = 0,
    repeats: int | None = None,
    activation: str | None = None,
    heads: int | None = None,
    exact: bool = False,
    every: bool = False,
    nulls: bool = True,
    progress: Callable[[str], object] | None = None,
) -> Measurement:
    """Measures arrays in memory, by name as in a state dict; see `measure`.

    Args:
        tensors: The arrays by name, weights of shape (neuron, input, …).
        name: What they are called in the report.
        layers: As in `measure`.
        seed: As in `measure`.
        repeats: As in `measure`.
        activation: As in `measure`; None means unknown.
        heads: As in `measure`; None means unknown.
        exact: As in `measure`.
        every: As in `measure`.
        nulls: As in `measure`.
        progress: As in `measure`.

    Returns:
        The measurement.

    Raises:
        UserError: As `measure`.
    """
    settings = Settings(_whole("seed", seed, 0), _count("repeats", repeats), _symmetry(activation), exact, nulls)
    heads = _count("heads", heads)
    skipped: list[tuple[str, str]] = []
    weights = weights_of(tensors, skipped)
    blocks, others = ({}, weights) if every else split_attention(weights)
    found = layers_of(tensors, others, skipped, layers=layers, every=every)
    reports = []
    for layer in found:
        if progress is not None:
            progress(layer.name)
        try:
            reports.append(measure_layer(layer, settings))
        except UnmeasurableError as error:
            skipped.append((layer.name, str(error)))
    blocks_found = [_heads(block, roles, weights, heads, skipped) for block, roles in blocks.items()]
    if layers != "*" and not found:
        raise UserError(f"no layer of {name} matches {layers!r}; its layers are {_few(list(others))}")
    return Measurement(name, None, activation, reports, [head for head in blocks_found if head], skipped)


def _heads(
    block: str, roles: Mapping[str, str], weights: Mapping[str, np.ndarray], count: int | None, skipped: list
) -> HeadReport | None:
    reason = "attention weights: a basis inside a head is arbitrary, so rows are no neurons"
    if count is None:
        skipped += [
            (name, f"{reason}; heads need their number, from --heads or config.json") for name in roles.values()
        ]
        return None
    try:
        heads = heads_of(block, roles, weights, count)
        qk = _summary(product_cosines(heads.queries, heads.keys))
        ov = None
        if heads.values is not None and heads.outputs is not None:
            ov = _summary(product_cosines(heads.values, heads.outputs))
    except UnmeasurableError as error:
        skipped += [(name, f"{reason}; {error}") for name in roles.values()]
        return None
    method = "cosines between the products W_Q′W_K and W_V′W_O of heads, without biases and positions"
    return HeadReport(block, count, qk, ov, method)


def _summary(cosines: np.ndarray) -> dict[str, Any]:
    if not np.all(np.isfinite(cosines)):
        raise UnmeasurableError("they hold NaN or infinity")
    others = np.abs(cosines) - 2 * np.eye(len(cosines))
    best = np.maximum(others.max(axis=1), 0)
    above = int(np.sum(np.triu(others, 1) > 0.95))
    return {"nearest": {"median": float(np.median(best)), "largest": float(best.max())}, "pairs": {"0.95": above}}


def _symmetry(activation: str | None) -> str:
    if activation is None:
        return "direction"
    if activation not in groups.SYMMETRIES:
        raise UserError(f"the activation {activation!r} is unknown. Valid: {', '.join(groups.SYMMETRIES)}")
    return groups.SYMMETRIES[activation]


def _activation(config: Mapping[str, Any], pickled: frozenset[str]) -> str | None:
    """Returns the one hidden activation that a configuration or the classes of a pickled module name."""
    for key in _ACTIVATIONS:
        value = config.get(key)
        if isinstance(value, str) and value.lower() in groups.SYMMETRIES:
            return value.lower()
    classes = {name.rpartition(".")[2].lower() for name in pickled if name.startswith("torch.nn.modules.activation.")}
    known = classes & set(groups.SYMMETRIES)
    return known.pop() if len(known) == 1 == len(classes) else None


def _whole(what: str, value: int, least: int) -> int:
    if type(value) is not int or value < least:
        raise UserError(f"{what} must be a whole number of at least {least}. Got {value!r}")
    return value


def _count(what: str, value: int | None) -> int | None:
    return None if value is None else _whole(what, value, 1)


def _few(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") if names else "none"
