"""Where an activation of a torch graph is affine: looked for by evaluating it, not by its name."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from condenslab.interop.torch_module import require_torch

_STARTS = (-0.5, 0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0, 24.0, 32.0, 40.0)
_ROUNDINGS = 2.0
_LEAST_SLOPE = 1e-3
_BOUNDED = -10.0
_MARGIN = 1e-2

FAR = 10.0 ** np.arange(5)
"""Numbers that stand for how a function goes on."""
NAMES = ("celu", "elu", "gelu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "mish", "relu", "relu6", "selu")
NAMES += ("sigmoid", "silu", "softplus", "tanh")
"""The operators that are taken for activations."""


@dataclass(frozen=True)
class Line:
    """An interval on which σ(z) = slope·z + offset.

    Attributes:
        low: Where it begins.
        high: Where it ends, or infinity.
        slope: λ.
        offset: μ.
        error: Largest deviation from the line; 0 where it is rounding.
    """

    low: float
    high: float
    slope: float
    offset: float
    error: float = 0.0


class Activation:
    """An activation with the settings that it has in a graph.

    Args:
        target: The operator of torch.
        args: Its arguments behind the tensor.
        kwargs: Its arguments by name.
    """

    def __init__(self, target: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> None:
        self.target, self.args, self.kwargs = target, args, kwargs or {}

    @property
    def name(self) -> str:
        """The operator's name."""
        return self.target._schema.name.split("::")[-1].rstrip("_")

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Returns σ(z)."""
        torch = require_torch("evaluating an activation")
        return self.target(torch.from_numpy(np.array(z, np.float64)), *self.args, **self.kwargs).numpy()

    def line(self, epsilon: float) -> Line | None:
        """Returns an interval on which it is affine up to rounding with a slope other than 0, or None.

        ReLU, ELU and hardtanh have one; GELU, SiLU and softplus far out, where they differ from the identity by less
        than rounding; tanh and sigmoid have none.

        Args:
            epsilon: The relative rounding of the module's numbers.
        """
        for start in _STARTS:
            z = np.linspace(start, start + 1.0, 33)
            found = self._fitted(z, epsilon)
            if found is not None:
                slope, offset = found
                far = start + FAR
                error = np.abs(self(far) - slope * far - offset)
                endless = bool(np.all(error <= _ROUNDINGS * epsilon * far))
                return Line(start + 0.25, np.inf if endless else start + 0.75, slope, offset)
        return None

    def _fitted(self, z: np.ndarray, epsilon: float) -> tuple[float, float] | None:
        values, least = self(z), _ROUNDINGS * epsilon
        noise = 4 * np.finfo(np.float64).eps * np.abs(z).max() * len(z)  # of difference quotients
        slope = float(values[-1] - values[0]) / float(z[-1] - z[0])
        slope = float(round(slope)) if abs(slope - round(slope)) <= max(least, noise) else slope
        offset = float(np.mean(values - slope * z))
        offset = 0.0 if abs(offset) <= least * max(abs(z).max(), 1.0) else offset
        apart = np.abs(values - slope * z - offset).max()
        bent = np.abs(np.diff(values) / np.diff(z) - slope).max()  # what the gradient would notice
        straight = apart <= least * max(float(np.abs(values).max()), 1.0) and bent <= max(least, noise)
        return (slope, offset) if straight and abs(slope) > _LEAST_SLOPE else None

    def tangent(self, half_width: float) -> Line | None:
        """Returns [−h, h] with the line through its ends, and how far the activation is from it; None without slope.

        Args:
            half_width: h.
        """
        z = np.linspace(-half_width, half_width, 401)
        values = self(z)
        slope = float(values[-1] - values[0]) / (2 * half_width)
        offset = float(values[200])
        error = float(np.abs(values - slope * z - offset).max())
        return Line(-half_width, half_width, slope, offset, error) if abs(slope) > _LEAST_SLOPE else None

    def least(self) -> float | None:
        """Returns a number that it never falls below, or None."""
        z = np.concatenate([np.linspace(-60.0, 60.0, 24001), FAR, -FAR])
        least = float(self(z).min())
        return least - (_MARGIN if least else 0.0) if least > _BOUNDED else None


def named(name: str) -> Activation:
    """Returns an activation with its usual settings.

    Args:
        name: One of `NAMES`.
    """
    torch = require_torch("building a layer")
    return Activation(getattr(torch.ops.aten, name).default)


def of_node(node: Any) -> Activation | None:
    """Returns the activation that a node of a graph computes, or None where it computes none.

    Args:
        node: The node.
    """
    schema = getattr(node.target, "_schema", None)
    name = schema.name.split("::")[-1].rstrip("_") if schema is not None else ""
    if node.op != "call_function" or name not in NAMES or len(node.all_input_nodes) != 1:
        return None
    torch = require_torch("reading a graph")
    plain = getattr(torch.ops.aten, name).default  # not the variant that writes into its input
    return Activation(plain, tuple(node.args[1:]), dict(node.kwargs))


def before(node: Any, order: dict[Any, int]) -> tuple[Any, Activation] | None:
    """Returns the last activation that a node depends on, with its own node, or None.

    Args:
        node: The node.
        order: The place of each node.
    """
    seen, waiting = set(), [node]
    found: list[Any] = []
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            found += [one] * (of_node(one) is not None)
            waiting += one.all_input_nodes
    last = max(found, key=lambda one: order[one], default=None)
    own = None if last is None else of_node(last)
    return None if own is None else (last, own)
