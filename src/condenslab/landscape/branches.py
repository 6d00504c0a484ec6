"""Branches of the target set: in how many ways, and how robustly, a wide two-layer network is a narrow one.

The target set Q* = {θ: f_θ = f*} of a network g = Σ_k a_k·σ(w_k·x) of width m and a target of width m₀ < m is a union
of affine pieces. On each, the neurons fall in blocks of equal w: one block for every target neuron, whose output
weights sum to the target's, and further blocks with a w of their own, whose output weights sum to zero.

Here d is the number of entries of w, the bias among them. Statements are for a generic activation (exp, or almost
every shift of tanh): neurons with distinct w are linearly independent. For odd and even ones w and −w are the same
neuron, which multiplies the pieces and leaves their dimensions.

References:
    Zhang, Zhang & Luo, "Geometry and local recovery of global minima of two-layer neural networks", arXiv 2309.00508.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.measures.rank import Rank, model_rank
from condenslab.networks import Activation, TwoLayer
from condenslab.networks.checks import check_number, check_positive, count
from condenslab.networks.conversion import Key, as_key
from condenslab.networks.structure import from_neurons, to_neurons

_SEPARATE = 1e-12


@dataclass(frozen=True)
class Branch:
    """A branch of the target set, up to the order of the neurons.

    Attributes:
        target_blocks: For every target neuron how many neurons stand for it, each at least 1.
        extra_blocks: Sizes of the blocks that add up to nothing, largest first.

    Raises:
        ValueError: A block is empty, there is no target block, or the extra blocks are not in descending order.
    """

    target_blocks: tuple[int, ...]
    extra_blocks: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.target_blocks or min(*self.target_blocks, *self.extra_blocks, 1, 1) < 1:
            raise ValueError(
                "a branch needs a block for every target neuron, and every block a neuron. "
                f"Got target blocks {self.target_blocks} and extra blocks {self.extra_blocks}."
            )
        if list(self.extra_blocks) != sorted(self.extra_blocks, reverse=True):
            raise ValueError(f"extra_blocks must be in descending order. Got {self.extra_blocks}.")

    @property
    def width(self) -> int:
        """m, the number of neurons."""
        return sum(self.target_blocks) + sum(self.extra_blocks)

    @property
    def target_width(self) -> int:
        """m₀, the number of target neurons."""
        return len(self.target_blocks)

    @property
    def features(self) -> int:
        """r, the number of distinct w: m₀ where all neurons have condensed, m where none has."""
        return len(self.target_blocks) + len(self.extra_blocks)

    @property
    def deficient(self) -> int:
        """l, the deficient number: extra blocks of a single neuron, whose output weight is therefore 0."""
        return self.extra_blocks.count(1)

    def dimension(self, inputs: int) -> int:
        """Returns (m − r) + (r − m₀)·d, for d = `inputs` entries of w (Proposition 3.2)."""
        return self.width - self.features + (self.features - self.target_width) * inputs

    def codimension(self, inputs: int) -> int:
        """Returns r + (m + m₀ − r)·d, of (d + 1)·m parameters."""
        return self.features + (self.width + self.target_width - self.features) * inputs

    @property
    def morse_bott(self) -> bool:
        """Whether, with enough samples, the Hessian at almost every point has rank equal to the codimension.

        So it is where r ≥ (m + m₀)/2 and l takes its smallest value 2r − m − m₀ (Lemma 4.2 c); gradient flow then
        converges at an exponential rate, elsewhere it may be slower (Theorem 5.3).
        """
        smallest = 2 * self.features - self.width - self.target_width
        return smallest >= 0 and self.deficient == smallest

    def hessian_rank(self, inputs: int) -> int:
        """Returns r + (r − l)·d, the rank of the Hessian at a generic point with enough generic samples."""
        return self.features + (self.features - self.deficient) * inputs

    def stable_from(self, inputs: int) -> int:
        """Returns the codimension: with at least so many samples almost every point is recovery stable (Theorem 5.4).

        A point is recovery stable when every gradient flow from a small ball around it ends on the target function.
        """
        return self.codimension(inputs)

    def unstable_below(self, inputs: int) -> int:
        """Returns the number of samples below which no point is recovery stable (Theorem 5.4).

        The theorem has "no point at n ≤ r + (r − l)d", which contradicts its other half where r + (r − l)d is the
        codimension, that is, on Morse–Bott branches: there the count of ranks says that n = codimension is stable, and
        the first number that is not unstable is the codimension itself; elsewhere it is one more than r + (r − l)d.
        """
        rank = self.hessian_rank(inputs)
        return rank if rank == self.codimension(inputs) else rank + 1

    def pieces(self, activation: Activation | None = None) -> int:
        """Returns how many affine pieces of the target set have this shape, over all orders of the neurons.

        Args:
            activation: If it is odd or even, every neuron also has a sign: 2^s choices for a target block of s neurons
                and 2^(s−1) for an extra one, whose w has a free sign as a whole.
        """
        sizes = (*self.target_blocks, *self.extra_blocks)
        number = math.factorial(self.width) // math.prod(map(math.factorial, sizes))
        number //= math.prod(map(math.factorial, Counter(self.extra_blocks).values()))
        if activation is None or activation.parity is None:
            return number
        return number * 2 ** (self.width - len(self.extra_blocks))


def branches(width: int, target_width: int) -> list[Branch]:
    """Returns all branches of the target set, up to the order of the neurons; most condensed ones first.

    Args:
        width: m.
        target_width: m₀, the width of the target: the smallest that expresses it.

    Raises:
        ValueError: Not 1 ≤ m₀ ≤ m.

    Example:
        >>> [(b.target_blocks, b.extra_blocks, b.codimension(2)) for b in branches(2, 1)]
        [((2,), (), 5), ((1,), (1,), 4)]
    """
    width, target_width = count("width", width), count("the target width", target_width)
    if target_width > width:
        raise ValueError(
            f"a target of width {target_width} must fit in the network: 1 ≤ target width ≤ width. Got width {width}."
        )
    found = [
        Branch(target, extra)
        for used in range(width, target_width - 1, -1)
        for target in _compositions(used, target_width)
        for extra in _partitions(width - used, width - used)
    ]
    return sorted(found, key=lambda branch: branch.features)


def branch_point(target: TwoLayer, branch: Branch, key: Key, *, spread: float = 1.0, signs: bool = False) -> TwoLayer:
    """Draws a point of a branch: a network of its width that expresses the target on all inputs.

    New input weights are normal with standard deviation `spread`; so are the output weights before what they sum to is
    corrected, evenly over each block.

    Args:
        target: The target network, irreducible: distinct input weights, no zero output weights.
        branch: The branch; its target blocks are in the order of the target's neurons.
        key: A JAX key or an integer seed.
        spread: Standard deviation, positive.
        signs: For odd and even activations: whether every neuron gets a random sign, so that all pieces are visited.

    Raises:
        ValueError: The branch is of another target width, two target neurons are equal or one has no output weight, or
            signs are asked for an activation without parity.
    """
    check_number("spread", spread)
    check_positive("spread", spread)
    _check_target(target, branch, signs)
    neurons, outputs = np.asarray(to_neurons(target), dtype=np.float64), target.output_weights.shape[0]
    hidden = neurons.shape[1] - outputs
    keys = jax.random.split(as_key(key), 3)
    fresh = np.asarray(jax.random.normal(keys[0], (len(branch.extra_blocks), hidden)), dtype=np.float64)
    incoming = np.concatenate([neurons[:, :hidden], spread * fresh])
    sums = np.concatenate([neurons[:, hidden:], np.zeros((len(fresh), outputs))])
    sizes = np.array((*branch.target_blocks, *branch.extra_blocks))
    block = np.repeat(np.arange(len(sizes)), sizes)
    outgoing = spread * np.asarray(jax.random.normal(keys[1], (len(block), outputs)), dtype=np.float64)
    drawn = np.zeros_like(sums)
    np.add.at(drawn, block, outgoing)
    outgoing += ((sums - drawn) / sizes[:, None])[block]
    incoming = incoming[block]
    if signs:
        sign = np.asarray(jax.random.rademacher(keys[2], (len(block), 1)), dtype=np.float64)
        incoming = sign * incoming
        outgoing = sign * outgoing if target.activation.parity == "odd" else outgoing
    wide = np.concatenate([incoming, outgoing], axis=1)
    return from_neurons(jnp.asarray(wide, target.input_weights.dtype), target.output_bias, target)


def separating_rank(network: TwoLayer, inputs: np.ndarray | Array) -> Rank:
    """Returns the rank of the functions σ(w_j·x) and σ′(w_j·x)·x of the distinct neurons on the inputs.

    The inputs are separating for w_1 … w_r when it is full, min(n, (d + 1)·r): almost every input set is
    (Lemma 3.4). With fewer, sample counts of `Branch` need not hold for these inputs.

    Args:
        network: A two-layer network; output weights do not matter.
        inputs: The samples, shape (sample, input).

    Raises:
        ValueError: There are no inputs.
    """
    neurons = np.asarray(to_neurons(network))
    hidden = neurons.shape[1] - network.output_weights.shape[0]
    distinct = np.unique(neurons[:, :hidden], axis=0)
    with_ones = np.concatenate([distinct, np.ones((len(distinct), 1))], axis=1)
    return model_rank(from_neurons(jnp.asarray(with_ones), None, network), inputs)


def _check_target(target: TwoLayer, branch: Branch, signs: bool) -> None:
    if target.width != branch.target_width:
        raise ValueError(f"the branch is for a target of width {branch.target_width}. Got one of width {target.width}.")
    if not isinstance(signs, bool):
        raise ValueError(f"signs must be True or False. Got {signs!r}.")
    if signs and target.activation.parity is None:
        raise ValueError(f"signs need an odd or even activation. Got {target.activation.name}, which is neither.")
    neurons, outputs = np.asarray(to_neurons(target)), np.asarray(target.output_weights)
    incoming = neurons[:, : neurons.shape[1] - len(outputs)]
    images = [incoming] if target.activation.parity is None else [incoming, -incoming]
    gaps = [np.abs(incoming[:, None] - other[None, :]).max(axis=2) + np.eye(len(incoming)) for other in images]
    at_zero = np.asarray(target.activation(jnp.zeros(len(incoming)) if target.biases is None else target.biases))
    idle = np.all(np.asarray(target.input_weights) == 0, axis=1) & (at_zero == 0)
    if np.any(np.all(outputs == 0, axis=0)) or np.any(np.minimum.reduce(gaps) <= _SEPARATE) or np.any(idle):
        raise ValueError(
            "the target must be irreducible: distinct input weights (for an odd or even activation also up to sign), "
            "no zero output weights and no neuron that is 0 on all inputs. Reduce it first."
        )


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Yields all ways to write a number as an ordered sum of so many positive ones, most even last."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total - parts + 1, 0, -1):
        for rest in _compositions(total - first, parts - 1):
            yield (first, *rest)


def _partitions(total: int, largest: int) -> Iterator[tuple[int, ...]]:
    """Yields all descending sums of positive numbers."""
    if total == 0:
        yield ()
        return
    for first in range(min(total, largest), 0, -1):
        for rest in _partitions(total - first, first):
            yield (first, *rest)
