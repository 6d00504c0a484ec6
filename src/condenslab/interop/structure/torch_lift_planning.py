"""Which layer can be put in front of a weight of a torch graph, and for which inputs the outputs then stay."""

import math
from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np

from condenslab.errors import UserError, unknown
from condenslab.interop.structure import torch_segments
from condenslab.interop.structure.analysis import Reading
from condenslab.interop.structure.expressions import atoms, size_of
from condenslab.interop.structure.surgery import Weights
from condenslab.interop.structure.torch_lifting import Lift
from condenslab.interop.structure.torch_program import TorchProgram
from condenslab.interop.structure.torch_segments import Activation, Line

_KEEPS_RANGE = ("view", "reshape", "flatten", "transpose", "permute", "t", "contiguous", "clone", "alias", "unsqueeze")
_KEEPS_RANGE += ("squeeze", "dropout", "max_pool1d", "max_pool2d", "max_pool3d", "expand", "unflatten", "detach")


class Planner:
    """Chooses how layers are put in.

    Args:
        program: The exported module.
        weights: Its weights.
    """

    def __init__(self, program: TorchProgram, weights: Weights) -> None:
        self.program, self.weights = program, weights
        self.order = {node: number for number, node in enumerate(program.exported.graph.nodes)}
        self.own = {r: r.parameter.removesuffix(".weight") for r in program.analysis.readings if r.parameter}

    def found(self, patterns: Sequence[str]) -> list[Reading]:
        """Returns the weights that are named, in the order of the graph.

        Args:
            patterns: Names with * and ?.

        Raises:
            UserError: No weight has such a name.
        """
        chosen: dict[Reading, None] = {}
        for pattern in patterns:
            fits = [reading for reading, name in self.own.items() if fnmatchcase(name, pattern)]
            if not fits:
                raise unknown("layer", pattern, dict.fromkeys(self.own.values()))
            chosen |= dict.fromkeys(fits)
        return sorted(chosen, key=lambda reading: self.order[reading.node])

    def activation(self, reading: Reading, name: str | None) -> Activation:
        """Returns the activation of a new layer: the one asked for, else the nearest of the module.

        Args:
            reading: The weight behind it.
            name: The one asked for.

        Raises:
            UserError: The module has none that is known.
        """
        if name is not None:
            return torch_segments.named(name)
        behind = torch_segments.before(reading.source, self.order)
        if behind is not None:
            return behind[1]
        later = (torch_segments.of_node(node) for node, at in self.order.items() if at > self.order[reading.node])
        found = next((one for one in later if one is not None), None)
        if found is None:
            raise UserError(
                f"no activation is known near {self.own[reading]} that a new layer could have: name one with "
                "--activation, for example relu"
            )
        return found

    def lift(
        self,
        reading: Reading,
        ranges: tuple[np.ndarray, np.ndarray],
        samples: int,
        activation: Activation,
        tangent: float | None,
    ) -> Lift:
        """Returns a layer in front of a weight.

        Args:
            reading: The weight.
            ranges: Smallest and largest value of each entry that it reads, on the user's inputs.
            samples: How many inputs these are.
            activation: σ.
            tangent: Half width of the interval around 0 on which a smooth activation is taken for its tangent, or None.

        Raises:
            UserError: The activation is affine nowhere, or the weight cannot take up what the layer adds.
        """
        axis, width = self._shape(reading)
        place, line = self.own[reading], activation.line(self.program.epsilon)
        if tangent is not None and (line is None or not math.isinf(line.high)):
            line = activation.tangent(tangent)
        if line is None:
            raise UserError(
                f"no layer of {activation.name} can be put in front of {place} without changing the function: a layer "
                f"is lifted on a segment where its activation is a line with a slope, and {activation.name} has none; "
                "--tangent 0.01 takes its tangent at 0 instead (approximate), --activation relu another activation"
            )
        low, high = float(ranges[0].min()), float(ranges[1].max())
        least = self._least(reading)
        mine = f"your {samples} inputs"
        if self._takes_offset(reading):
            always = math.isinf(line.high) and least is not None
            scope = "every input" if always else mine
            note = None if line.error == 0 else f"approximate: a tangent, up to {line.error:.1e} from the activation"
            ratio, shift = _placed(line, least if always and least is not None else low, high)
            return Lift(reading, place, axis, width, activation, line, ratio, shift, scope, line.error == 0, note)
        return self._identity(reading, activation, (least if least is not None else low, least is not None, mine))

    def _identity(self, reading: Reading, activation: Activation, known: tuple[float, bool, str]) -> Lift:
        """Returns an identity layer, for a weight that takes up no offset: σ(z) = z from the least number read on."""
        axis, width = self._shape(reading)
        (low, always, mine), place = known, self.own[reading]
        z = low + np.concatenate([np.linspace(0.0, 1.0, 33), torch_segments.FAR])
        if not np.all(activation(z) == z):
            why = "zeros are put around what it reads" if reading.padded else "it has no bias of its own"
            raise UserError(
                f"no layer of {activation.name} can be put in front of {place}: {why}, so that it cannot take up the "
                f"offset of the layer, and {activation.name} is not the identity on what it reads (from {low:.3g} on)"
            )
        scope = "every input" if always else mine
        note = "units at the kink have no gradient there: a critical point may become another one"
        line = Line(low, np.inf, 1.0, 0.0)
        return Lift(reading, place, axis, width, activation, line, 1.0, 0.0, scope, critical=False, note=note)

    def _shape(self, reading: Reading) -> tuple[int, int]:
        """Returns which axis of the weight is contracted, and the number of units that it reads."""
        analysis, place = self.program.analysis, self.own[reading]
        here = list(atoms(reading.contracted))
        axes = analysis.parameters[str(reading.parameter)]
        fits = [number for number, axis in enumerate(axes) if list(atoms(axis)) == here]
        source = analysis.values[reading.source].axes
        width = size_of(source[reading.axis], self.weights.sizes)
        last = reading.axis == len(source) - 1 and not reading.convolves
        whole = width == size_of(reading.contracted, self.weights.sizes)
        alone = sum(one.parameter == reading.parameter for one in analysis.readings) == 1
        if len(fits) != 1 or not whole or not alone or not (last or (reading.convolves and reading.axis == 1)):
            reason = "several places use its weight" if not alone else "it reads them in groups or along another axis"
            raise UserError(f"no layer can be put in front of {place}: {reason}")
        return fits[0], width

    def _takes_offset(self, reading: Reading) -> bool:
        """Says whether the weight's bias can take up a constant: it is its own, and no zeros are put around."""
        if reading.bias is None or reading.padded or reading.bias not in self.weights.arrays:
            return False
        names = self.program.names
        users = [len(node.users) for node in self.order if names.get(node.name) == reading.bias]
        bias = self.weights.arrays[reading.bias]
        left = np.delete(self.weights.arrays[str(reading.parameter)].shape, self._shape(reading)[0])
        return users == [1] and bias.ndim == 1 and len(left) > 0 and left[0] == len(bias)

    def _least(self, reading: Reading) -> float | None:
        """Returns a number below which nothing that is read can fall, whatever the input; None where none is known."""
        node = reading.source
        while True:
            own = torch_segments.of_node(node)
            if own is not None:
                return own.least()
            schema = getattr(node.target, "_schema", None)
            name = schema.name.split("::")[-1].rstrip("_") if schema is not None else ""
            if name not in _KEEPS_RANGE:
                return None
            node = node.all_input_nodes[0]


def _placed(line: Line, low: float, high: float) -> tuple[float, float]:
    """Returns ξ and c with which [low, high] comes to lie in the segment."""
    if math.isinf(line.high):
        return 1.0, line.low - low
    ratio = (line.high - line.low) / (high - low) if high > low else 1.0
    return ratio, line.low - ratio * low
