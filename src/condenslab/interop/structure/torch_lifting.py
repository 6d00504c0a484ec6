"""Embedding in depth: a layer put in front of a weight of a torch graph, where it acts linearly.

A new layer computes z = ξh + c from what the weight read, σ(z) = λz + μ on an affine segment of its activation, and the
weight and its bias undo that: W′ = W/(λξ), b′ = b − W′(λc + μ)1 (Bai et al., arXiv 2205.13283, Definition 3 and
Lemma 1, construction for the activations).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from condenslab.interop.structure.analysis import Reading
from condenslab.interop.structure.surgery import Weights
from condenslab.interop.structure.torch_segments import Activation, Line
from condenslab.interop.torch_module import require_torch

Gradients = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Lift:
    """A layer to be put in front of a weight.

    Attributes:
        reading: The weight and what it reads.
        place: Its name without ".weight".
        axis: Which of its axes is contracted.
        width: How many units the new layer has: one for each that is read.
        activation: σ.
        line: λ and μ.
        ratio: ξ.
        shift: c.
        scope: The inputs for which the outputs stay.
        critical: Whether a critical point becomes a critical one.
        note: What else is to be said, or None.
    """

    reading: Reading = field(repr=False)
    place: str
    axis: int
    width: int
    activation: Activation
    line: Line
    ratio: float
    shift: float
    scope: str
    critical: bool
    note: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Returns it as plain values."""
        return {
            "before": self.place,
            "units": self.width,
            "activation": self.activation.name,
            "scale": self.ratio,
            "shift": self.shift,
            "slope": self.line.slope,
            "offset": self.line.offset,
            "segment_error": self.line.error,
            "scope": self.scope,
            "critical": self.critical,
            "note": self.note,
        }

    @property
    def names(self) -> tuple[str, str]:
        """What its weight and bias are called in the state dict."""
        return f"{self.place}.lifted.weight", f"{self.place}.lifted.bias"

    def _rows(self, array: np.ndarray) -> np.ndarray:
        moved = np.moveaxis(np.asarray(array, np.float64), self.axis, 0)
        return moved.reshape(len(moved), -1)

    def edit(self, weights: Weights) -> None:
        """Lets the weight and its bias undo what the new layer does."""
        name, scale = str(self.reading.parameter), self.line.slope * self.ratio
        weight = np.asarray(weights.arrays[name], np.float64) / scale
        constant = self.line.slope * self.shift + self.line.offset
        if constant:
            bias = np.asarray(weights.arrays[str(self.reading.bias)], np.float64)
            moved = np.moveaxis(weight, self.axis, 0).sum(axis=0).reshape(len(bias), -1).sum(axis=1)
            weights.arrays[str(self.reading.bias)] = bias - constant * moved
        if scale != 1.0:
            weights.arrays[name] = weight

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the new layer's weight, ξI, and bias."""
        return self.ratio * np.eye(self.width), np.full(self.width, self.shift)

    def gradients(self, weight: np.ndarray, known: Gradients) -> dict[str, np.ndarray]:
        """Returns the gradients that theory gives after the lift, of what the lift touches.

        With G = ∂R/∂W and g = ∂R/∂b: ∂R/∂W′ = λξG + (λc + μ)g1ᵀ, ∂R/∂b′ = g, and WᵀG/ξ, Wᵀg/ξ in the new layer.

        Args:
            weight: W before the lift.
            known: G and g by name.
        """
        name, bias = str(self.reading.parameter), self.reading.bias
        found = {name: self.line.slope * self.ratio * np.asarray(known[name], np.float64)}
        if not self.critical or bias is None:
            return found
        rows, slopes = self._rows(weight), self._rows(known[name])
        along = np.asarray(known[bias], np.float64)
        spread = np.repeat(along, slopes.shape[1] // len(along))
        whole = np.moveaxis(np.broadcast_to(spread, slopes.shape).reshape(self._moved(weight)), 0, self.axis)
        found[name] = found[name] + (self.line.slope * self.shift + self.line.offset) * whole
        first, second = self.names
        return found | {first: rows @ slopes.T / self.ratio, second: rows @ spread / self.ratio}

    def _moved(self, weight: np.ndarray) -> tuple[int, ...]:
        return np.moveaxis(weight, self.axis, 0).shape


def inserted(module: Any, lifts: Sequence[Lift], dtype: Any) -> dict[str, Any]:
    """Puts layers into a resized module whose weights were edited for them already.

    Args:
        module: The module, edited.
        lifts: The layers.
        dtype: The type of their weights.

    Returns:
        Their tensors by the names that they have in the state dict.
    """
    torch = require_torch("building a layer")
    graph, state = module.inner.graph, {}
    nodes = {node.name: node for node in graph.nodes}
    for lift in lifts:
        reader, source = (nodes[module.nodes[node.name]] for node in (lift.reading.node, lift.reading.source))
        kernel = lift.reading.node.meta["val"].ndim - 2 if lift.reading.convolves else 0
        weight, bias = (torch.from_numpy(array).to(dtype) for array in lift.arrays())
        tensors = dict(zip(lift.names, (weight.reshape(*weight.shape, *[1] * kernel), bias), strict=True))
        state |= tensors
        operator = getattr(torch.ops.aten, f"conv{kernel}d").default if kernel else torch.ops.aten.linear.default
        with graph.inserting_before(reader):
            made = []
            for name, tensor in tensors.items():
                path = name.replace(".", "__")
                module.inner.register_parameter(path, torch.nn.Parameter(tensor, requires_grad=False))
                module.paths[name] = path
                made.append(graph.get_attr(path))
            carried = graph.call_function(operator, (source, *made))
            own = lift.activation
            reader.replace_input_with(source, graph.call_function(own.target, (carried, *own.args), own.kwargs))
    graph.lint()
    module.inner.recompile()
    return state
