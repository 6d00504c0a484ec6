"""Derivatives of a dense network of any depth by matrix products: Jacobian and Hessian of a sum over samples.

With z_l the preactivations of layer l (z_L the outputs), h_{l−1} the layer's inputs and h̃ = (h, 1) where it has biases,
a parameter W̃_l[j, k] acts on sample i only through z_l[i, j], with weight h̃_{l−1}[i, k]. So the Hessian of Σ_i ℓ_i is

    Σ_i Q_ll′[i, j, j′] h̃_{l−1}[i, k] h̃_{l′−1}[i, k′]  +  Σ_i δ_l[i, j] B_{l−1,l′}[i, k, j′] h̃_{l′−1}[i, k′]    (l′ < l)

between W̃_l[j, k] and W̃_l′[j′, k′], where Q_ll′ = ∂²ℓ_i/∂ε_l∂ε_l′ for perturbations ε added to the preactivations,
δ_l = ∂ℓ_i/∂ε_l and B_{l−1,l′} = ∂h_{l−1}/∂ε_l′; the second sum is there because W_l multiplies what W̃_l′ moves. Both
are products of two matrices with one row a sample, at most as costly as the Gauss–Newton part alone, for any number of
outputs.
"""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from condenslab.networks.dense import MLP

Blocks = dict[tuple[int, int], tuple[Array, Array | None]]
"""By pairs of layers l ≥ l′: the two sums of the formula; the second is None for l = l′."""

Part = tuple[int, bool]
"""A part of the parameters: the weights (False) or biases (True) of a layer, counted from 0."""


class Pass:
    """One forward pass with the samples last: a matrix product whose rows are that long is twice as fast.

    Attributes:
        network: The network.
        inputs: h_0 … h_{L−1}, each of shape (neuron, sample).
        slopes: σ′(z_1) … σ′(z_{L−1}).
        bends: σ″(z_1) … σ″(z_{L−1}), where asked for.
        outputs: f, shape (output, sample).
    """

    def __init__(self, network: MLP, inputs: Float[Array, "sample input"], order: int = 2) -> None:
        """Evaluates a network on a batch, with derivatives of the activation up to an order of 1 or 2."""
        self.network, self.inputs, self.slopes, self.bends = network, [inputs.T], [], []
        for layer in range(len(network.weights) - 1):
            value, slope, *bend = network.activation.derivatives(self._preactivations(layer), order)
            self.inputs.append(value + self.inputs[-1] if self.skips(layer) else value)
            self.slopes.append(slope)
            self.bends += bend
        self.outputs = self._preactivations(len(network.weights) - 1)

    def skips(self, layer: int) -> bool:
        """Returns whether a layer, counted from 0, adds its input to its activations."""
        return layer in self.network.skips

    def augmented(self, layer: int) -> Float[Array, "augmented sample"]:
        """Returns h̃ of a layer: its inputs, with a last row of ones where the layer has biases."""
        inputs = self.inputs[layer]
        if self.network.biases[layer] is None:
            return inputs
        return jnp.concatenate([inputs, jnp.ones((1, inputs.shape[1]), inputs.dtype)], axis=0)

    def backward(self, forms: Float[Array, "output row sample"]) -> list[Float[Array, "neuron row sample"]]:
        """Returns Σ_o c_o ∂f_o/∂ε_l for every layer l and every row of linear forms c of the outputs."""
        found, through = [forms], forms
        for layer in range(len(self.slopes) - 1, -1, -1):
            inner = transposed_times(self.network.weights[layer + 1], found[0])
            through = inner + through if self.skips(layer + 1) else inner
            found.insert(0, through * self.slopes[layer][:, None, :])
        return found

    def _preactivations(self, layer: int) -> Array:
        products = self.network.weights[layer] @ self.inputs[layer]
        bias = self.network.biases[layer]
        return products if bias is None else products + bias[:, None]


def transposed_times(weight: Float[Array, "outer inner"], array: Float[Array, "outer row sample"]) -> Array:
    """Returns Σ_a W[a, k]·array[a, r, i], shape (inner, row, sample), as one matrix product."""
    if weight.shape[0] == 1:
        # An outer product written as a broadcast fuses into what follows; as a matrix product it does not.
        return weight[0][:, None, None] * array
    product = weight.T @ array.reshape(array.shape[0], array.shape[1] * array.shape[2])
    return product.reshape(weight.shape[1], *array.shape[1:])


def hessian_blocks(
    seen: Pass, cotangent: Float[Array, "output sample"], curvature: Float[Array, "output output sample"]
) -> Blocks:
    """Returns the Hessian of Σ_i ℓ_i between every two layers, summed over the samples of a batch.

    Args:
        seen: The forward pass on the batch.
        cotangent: ∂ℓ_i/∂f, shape (output, sample).
        curvature: ∂²ℓ_i/∂f², shape (output, output, sample), symmetric.

    Returns:
        For layers l ≥ l′, counted from 0, the sums that `assemble` puts in place.
    """
    weights = seen.network.weights
    deltas = [delta[:, 0] for delta in seen.backward(cotangent[:, None, :])]
    blocks: Blocks = {}
    own, above, through = curvature, curvature, cotangent  # ∂²ℓ/∂ε_l², ∂²ℓ/∂h_l², ∂ℓ/∂h_l
    for layer in range(len(weights) - 1, -1, -1):
        blocks[layer, layer] = (_own_block(own, seen.augmented(layer)), None)
        if layer == 0:
            break
        crossed = transposed_times(weights[layer], own)  # ∂²ℓ/∂h_{l−1}∂ε_l
        inner = transposed_times(weights[layer], jnp.swapaxes(crossed, 0, 1))
        forces = weights[layer].T @ deltas[layer]
        if seen.skips(layer):
            crossed = crossed + above * seen.slopes[layer][None]
            half = transposed_times(weights[layer], above * seen.slopes[layer][:, None, :])
            inner, forces = inner + half + jnp.swapaxes(half, 0, 1) + above, forces + through
        blocks |= _lower_blocks(seen, layer, crossed, deltas[layer])
        above, through, slope = inner, forces, seen.slopes[layer - 1]
        own = above * slope[:, None, :] * slope[None] + _diagonal(through * seen.bends[layer - 1])
    return blocks


def assemble(network: MLP, blocks: Blocks, order: Sequence[Part]) -> Float[Array, "param param"]:
    """Returns the Hessian with the parameters in a given order.

    Args:
        network: The network of which the blocks are.
        blocks: What `hessian_blocks` returned, or a sum of such.
        order: All parts of the parameters, in the order in which they are wanted.
    """
    full = {pair: _unpacked(network, pair, *sums) for pair, sums in blocks.items()}
    rows = []
    for layer, bias in order:
        taken = [
            _pick(full[layer, other], network, layer, bias, 0)
            if layer >= other
            else jnp.transpose(_pick(full[other, layer], network, layer, bias, 2), (2, 3, 0, 1))
            for other, _ in order
        ]
        entries = [_pick(block, network, *part, 2) for block, part in zip(taken, order, strict=True)]
        rows.append(jnp.concatenate([_matrix(entry) for entry in entries], axis=1))
    return jnp.concatenate(rows, axis=0)


def _own_block(own: Array, augmented: Array) -> Array:
    """Returns Σ_i own[j, j′, i] h̃[k, i] h̃[k′, i] for j ≤ j′ and k ≤ k′ alone: it is symmetric in both."""
    j, k = np.triu_indices(own.shape[0]), np.triu_indices(augmented.shape[0])
    return own[j[0], j[1]] @ (augmented[k[0]] * augmented[k[1]]).T


def _lower_blocks(seen: Pass, layer: int, crossed: Array, delta: Array) -> Blocks:
    """Returns the blocks between a layer and all layers below it, each as its two sums of the formula above."""
    own, blocks, moved = seen.augmented(layer), {}, None
    for other in range(layer - 1, -1, -1):
        below, slope, weight = seen.augmented(other), seen.slopes[other], seen.network.weights[other]
        second = crossed * slope[:, None, :]  # Q, shape (j′, j, sample)
        main = _rows(second) @ _rows(below[:, None, :] * own[None]).T
        if moved is None:  # ∂h_{l−1}/∂ε_{l−1} is diagonal
            bilinear = _rows(slope[:, None, :] * below[None]) @ delta.T
            step = weight.T[:, :, None] * slope[None]
            step = step + _diagonal(jnp.ones_like(slope)) if seen.skips(other) else step
        else:
            local = moved * slope[:, None, :]  # B, shape (j′, k, sample)
            bilinear = _rows(delta[:, None, :] * below[None]) @ _rows(local).T
            step = transposed_times(weight, local)
            step = step + moved if seen.skips(other) else step
        blocks[layer, other], moved = (main, bilinear), step
        further = transposed_times(weight, second)
        crossed = further + crossed if seen.skips(other) else further
    return blocks


def _diagonal(entries: Array) -> Array:
    return entries[:, None, :] * jnp.eye(entries.shape[0], dtype=entries.dtype)[:, :, None]


def _rows(array: Array) -> Array:
    return array.reshape(array.shape[0] * array.shape[1], array.shape[2])


def _unpacked(network: MLP, pair: tuple[int, int], main: Array, bilinear: Array | None) -> Array:
    """Returns a block of the Hessian with axes (j, k, j′, k′)."""
    layer, other = pair
    (outer, inner), (outer_, _) = network.weights[layer].shape, network.weights[other].shape
    own, below = _fan_in(network, layer), _fan_in(network, other)
    if bilinear is None:
        main = main[_pair_numbers(outer)][:, _pair_numbers(own)]
        return jnp.transpose(main.reshape(outer, outer, own, own), (0, 2, 1, 3))
    block = jnp.transpose(main.reshape(outer_, outer, below, own), (1, 3, 0, 2))
    if other == layer - 1:
        eye = jnp.eye(inner, dtype=main.dtype)
        extra = jnp.transpose(bilinear.reshape(inner, below, outer), (2, 0, 1))[:, :, None, :] * eye[None, :, :, None]
    else:
        extra = jnp.transpose(bilinear.reshape(outer, below, outer_, inner), (0, 3, 2, 1))
    return jnp.concatenate([block[:, :inner] + extra, block[:, inner:]], axis=1)


def _pair_numbers(size: int) -> np.ndarray:
    """Returns the place of (j, j′) among the pairs j ≤ j′, for all j and j′ end to end."""
    numbers = np.zeros((size, size), dtype=np.int32)
    numbers[np.triu_indices(size)] = np.arange(size * (size + 1) // 2)
    return np.maximum(numbers, numbers.T).reshape(-1)


def _fan_in(network: MLP, layer: int) -> int:
    return network.weights[layer].shape[1] + (network.biases[layer] is not None)


def _pick(block: Array, network: MLP, layer: int, bias: bool, axis: int) -> Array:
    """Returns the rows (axis 0) or columns (axis 2) of the weights, or of the biases, of a layer."""
    inner = network.weights[layer].shape[1]
    where = slice(inner, None) if bias else slice(None, inner)
    return block[:, where] if axis == 0 else block[:, :, :, where]


def _matrix(block: Array) -> Array:
    a, b, c, d = block.shape
    return block.reshape(a * b, c * d)
