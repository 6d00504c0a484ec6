"""Exact compatible embeddings of dense networks of any depth: their conditions, wide parameters, and sure zero modes.

Wide neuron i of a hidden layer is a copy of narrow neuron I(i), up to the mirror image that an odd or even activation
allows, or null. With exact shares α, W′_ij = α_ij·W_{I(i)I(j)} and b′_i = b_{I(i)}; null neurons have no weights, but
may have a bias where the next layer has one. It keeps the function if Σ_{j ∈ s} α_ij = 1 for every i and s, and
criticality if the sums Σ_{i ∈ k} β_i·α_ij are the same for every k, which defines β_j, with β = 1 for the outputs.
(Zhang et al., J. Mach. Learn. 1(1), 2022, Definitions 5.1 and 5.2, Theorem 5.1.)
"""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from condenslab.landscape.proof.activations import EVEN, ODD, ball_activation
from condenslab.landscape.proof.exact import ball, flint
from condenslab.landscape.proof.passes import places
from condenslab.landscape.proof.shapes import Shape

NULL = -1
Table = tuple[tuple[Fraction, ...], ...]


@dataclass(frozen=True)
class Embedding:
    """An exact embedding of a narrow network; hidden layers are counted from 0.

    Attributes:
        sources: For each hidden layer, the narrow neuron that every wide one copies, −1 for a null neuron.
        signs: For each hidden layer, −1 for a mirror image, else 1.
        biases: For each hidden layer, the bias of a null neuron, else 0.
        shares: α of every layer, shape (neuron, neuron of the layer before), 0 from and to null neurons.
    """

    sources: tuple[tuple[int, ...], ...]
    signs: tuple[tuple[int, ...], ...]
    biases: tuple[tuple[Fraction, ...], ...]
    shares: tuple[Table, ...]

    def widths(self, narrow: Shape) -> tuple[int, ...]:
        """Returns the widths of the wide network.

        Args:
            narrow: The shape of the narrow one.
        """
        return (narrow.widths[0], *map(len, self.sources), narrow.widths[-1])

    def index(self, narrow: Shape, layer: int) -> tuple[int, ...]:
        """Returns what the units of a layer copy, inputs and outputs themselves.

        Args:
            narrow: The shape of the narrow network.
            layer: 0 for the inputs to L for the outputs.
        """
        if 0 < layer < len(self.shares):
            return self.sources[layer - 1]
        return tuple(range(narrow.widths[layer]))

    def defect(self, narrow: Shape) -> str:
        """Returns why this is no embedding of networks of that shape, or nothing.

        Args:
            narrow: The shape.
        """
        depth, hidden = len(narrow.biases), len(narrow.biases) - 1
        if (
            not all(len(part) == hidden for part in (self.sources, self.signs, self.biases))
            or len(self.shares) != depth
        ):
            return f"a network of {depth} layers needs sources, signs and biases of {hidden} and shares of {depth}"
        if not narrow.plain:
            return "layers that add their input have no such embeddings"
        for layer in range(1, depth):
            reason = self._units_defect(narrow, layer)
            if reason:
                return reason
        beta = [Fraction(1)] * narrow.widths[-1]
        for layer in range(depth, 0, -1):
            reason, beta = self._shares_defect(narrow, layer, beta)
            if reason:
                return reason
        return ""

    def wide_theta(self, narrow: Shape, wide: Shape, theta: list[Any]) -> list[Any]:
        """Returns the wide parameters for narrow ones, balls in the working precision.

        Args:
            narrow: The narrow shape.
            wide: The wide shape.
            theta: The narrow parameters, balls.
        """
        found = [flint.arb(0)] * wide.size
        odd = narrow.activation in ODD
        for number, (own, other) in enumerate(zip(places(wide), places(narrow), strict=True)):
            rows, columns = self.index(narrow, number + 1), self.index(narrow, number)
            for i, k in enumerate(rows):
                sign = self.signs[number][i] if number < len(self.signs) else 1
                for j, s in enumerate(columns):
                    if NULL not in (k, s):
                        turned = sign * (self.signs[number - 1][j] if number and odd else 1)
                        found[own.weight(i, j)] = theta[other.weight(k, s)] * (
                            turned * ball(str(self.shares[number][i][j]))
                        )
                if own.biased:
                    null = k == NULL
                    found[own.bias(i)] = ball(str(self.biases[number][i])) if null else sign * theta[other.bias(k)]
        return found

    def _units_defect(self, narrow: Shape, layer: int) -> str:
        own, name = self.sources[layer - 1], narrow.activation
        if set(own) - {NULL} != set(range(narrow.widths[layer])):
            return f"hidden layer {layer - 1} must hold a copy of each of its {narrow.widths[layer]} narrow neurons"
        if len(self.signs[layer - 1]) != len(own) or len(self.biases[layer - 1]) != len(own):
            return f"hidden layer {layer - 1} needs a sign and a bias for every neuron"
        for source, sign, bias in zip(own, self.signs[layer - 1], self.biases[layer - 1], strict=True):
            if sign != 1 and (sign != -1 or name not in ODD + EVEN):
                return "a copy has the sign 1, or −1 as the mirror image that an odd or even activation allows"
            if bias != 0 and (source != NULL or not narrow.biases[layer - 1]):
                return "only a null neuron of a layer with biases has a bias of its own"
            if (
                source == NULL
                and not narrow.biases[layer]
                and (bias != 0 or ball_activation(name)(flint.arb(0))[0] != 0)
            ):
                return "without a bias in the next layer a null neuron needs σ(b) = 0: bias 0 and σ(0) = 0"
        return ""

    def _shares_defect(self, narrow: Shape, layer: int, beta: list[Fraction]) -> tuple[str, list[Fraction]]:
        """Returns why the shares of a layer are wrong, or nothing, and β of the layer before."""
        table, rows, columns = self.shares[layer - 1], self.index(narrow, layer), self.index(narrow, layer - 1)
        if len(table) != len(rows) or any(len(row) != len(columns) for row in table):
            return f"the shares of layer {layer} must have shape ({len(rows)}, {len(columns)})", []
        for i, k in enumerate(rows):
            sums = _sums(columns, table[i])
            if (
                any(sums[s] != (k != NULL) for s in set(columns) - {NULL})
                or sums[NULL] != 0
                or (k == NULL and any(table[i]))
            ):
                return f"in layer {layer} the shares of neuron {i} over the copies of a neuron must have the sum 1", []
        before = []
        for j, s in enumerate(columns):
            sums = _sums(rows, [b * row[j] for b, row in zip(beta, table, strict=True)])
            found = {sums[k] for k in set(rows) - {NULL}}
            if len(found) > 1 or (s == NULL and any(row[j] for row in table)):
                return f"in layer {layer} the sums of β·share over copies must be equal for column {j}", []
            before.append(found.pop() if found else Fraction(1))
        if layer > 1 and any(b == 0 for b, s in zip(before, columns, strict=True) if s != NULL):
            return "a copy without a share in the output is not covered: give every copy a share", []
        return "", before

    def dimension(self, narrow: Shape, live: list[set[int]]) -> int:
        """Returns the dimension of the family of critical points with the same function in which the wide point lies.

        The n − 1 free shares of a neuron's copies that has outgoing weights; for every copy but one, and every null
        neuron, as many ways δ of reading the layer before as that has copies and null neurons to spare, along which
        W′_ij + δ_ij has Σ_{j ∈ s} δ_ij = 0 and Σ_{i ∈ k} β_i·δ_ij = 0; and free null biases.

        Args:
            narrow: The narrow shape.
            live: For each hidden layer, the narrow neurons with an outgoing weight that is proven not to be 0.
        """
        total = 0
        for layer in range(1, len(self.shares)):
            copies, spare = Counter(self.sources[layer - 1]), self._spare(narrow, layer - 1)
            total += sum((n - 1) * ((k in live[layer - 1]) + spare) for k, n in copies.items() if k != NULL)
            total += copies[NULL] * (spare + (narrow.biases[layer - 1] and narrow.biases[layer]))
        return total

    def zero_modes(self, narrow: Shape, live: list[set[int]], softmax: bool) -> int:
        """Returns how many zero eigenvalues the embedding adds for sure.

        Those of `dimension` but for null biases, one more for each extra copy where exp has the symmetry a·exp(b) or
        softmax that of the last hidden layer's columns; and those that the rank of N = σ′(b)·E[e·hᵀ], which couples
        both sides of a null neuron, leaves.

        Args:
            narrow: The narrow shape.
            live: As in `dimension`; in the last hidden layer under softmax, whose column is proven not to be constant.
            softmax: Whether the loss has softmax's symmetry.
        """
        total, depth = 0, len(self.shares)
        for layer in range(1, depth):
            copies, spare = Counter(self.sources[layer - 1]), self._spare(narrow, layer - 1)
            gauge = (narrow.activation == "exp" and narrow.biases[layer - 1]) + (softmax and layer == depth - 1)
            total += sum((n - 1) * ((k in live[layer - 1]) + spare + gauge) for k, n in copies.items() if k != NULL)
            before, biased = narrow.widths[layer - 1], narrow.biases[layer - 1]
            rank = min(
                narrow.widths[layer + 1] - (softmax and layer == depth - 1),
                before + (biased and not narrow.biases[layer]),
            )
            added = len(self.index(narrow, layer - 1)) + biased + narrow.widths[layer + 1]
            for source, bias in zip(self.sources[layer - 1], self.biases[layer - 1], strict=True):
                if source == NULL:
                    flat = bias == 0 and narrow.activation in ("x_tanh", "x2_tanh")  # σ′(0) = 0
                    total += added - (0 if flat else 2 * rank)
        return total

    def _spare(self, narrow: Shape, layer: int) -> int:
        """Returns how many more units than the narrow network a layer has."""
        return len(self.index(narrow, layer)) - narrow.widths[layer]


def _sums(sources: tuple[int, ...], values: Any) -> Counter:
    total: Counter = Counter()
    for source, value in zip(sources, values, strict=True):
        total[source] += value
    return total
