"""Points of target sets: the ways in which a larger network expresses the function of a smaller one.

Each function returns networks by name, the point of smallest known rank first: null embedding, merges, and pieces of
larger rank for comparison.
"""

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from condenslab.landscape import Branch, branch_point, branches
from condenslab.networks import MLP, ConvTwoLayer, DeepDiagonal, Diagonal, MatrixFactorisation, TwoLayer, as_unshared
from condenslab.networks import as_two_layer as dense_form
from condenslab.networks.checks import count
from condenslab.networks.conversion import Key, as_key, real_array
from condenslab.sample_size.optimistic.networks import Sharing
from condenslab.sample_size.optimistic.size import intrinsic_width

_ALL_BRANCHES = 4
"""Up to so many extra neurons every branch of the target set is visited."""


def dense_points(target: TwoLayer, width: int, key: Key) -> dict[str, TwoLayer]:
    """Returns points of the target set of a two-layer network: null embedding, merges, and every branch where few.

    With up to four extra neurons every partition of them is visited: m neurons in blocks of equal w, blocks that sum to
    a target neuron and blocks that sum to nothing. Otherwise: all merged into one target neuron, merged evenly, one
    dead neuron (a = 0, w ≠ 0), one cancelling pair, and all dead.

    Args:
        target: An irreducible network of width k.
        width: m, at least k.
        key: A JAX key or an integer seed.

    Raises:
        ValueError: m < k, or the target is reducible.
    """
    k = intrinsic_width(target.width, width, "width")
    extra = width - k
    points = {"null embedding": _padded(target, extra)}
    chosen = branches(width, k) if k and extra <= _ALL_BRANCHES else _some_branches(k, extra)
    for number, branch in enumerate(chosen):
        name = f"blocks {'+'.join(map(str, branch.target_blocks))}"
        name += f", free {'+'.join(map(str, branch.extra_blocks))}" if branch.extra_blocks else ""
        signs = target.activation.parity is not None
        points[name] = branch_point(target, branch, jax.random.fold_in(as_key(key), number), signs=signs)
    return points


def deep_points(target: MLP, widths: Sequence[int]) -> dict[str, MLP]:
    """Returns the null embedding of a deep dense network: all new weights and biases zero.

    Args:
        target: The narrow network, without residual connections.
        widths: (d, m_1, …, m_L) of the wide network.

    Raises:
        ValueError: Another depth, a narrower layer, other inputs or outputs, or residual connections.
    """
    narrow = target.widths
    fits = len(widths) == len(narrow) and all(n <= w for n, w in zip(narrow, widths, strict=True))
    if not fits or (widths[0], widths[-1]) != (narrow[0], narrow[-1]) or target.residual:
        raise ValueError(
            f"a null embedding keeps depth, inputs and outputs, widens hidden layers, and knows no residual "
            f"connection. Got widths {tuple(widths)} for a network of widths {narrow}."
        )
    grown = [w - n for n, w in zip(narrow, widths, strict=True)]
    weights = tuple(jnp.pad(w, ((0, grown[i + 1]), (0, grown[i]))) for i, w in enumerate(target.weights))
    biases = tuple(None if b is None else jnp.pad(b, (0, grown[i + 1])) for i, b in enumerate(target.biases))
    return {"null embedding": MLP(weights, biases, target.activation)}


def convolution_points(
    target: ConvTwoLayer, kernels: int, key: Key, *, sharing: Sharing = "shared"
) -> Mapping[str, ConvTwoLayer | TwoLayer]:
    """Returns points of the target set of a convolution network, with or without sharing, or fully connected.

    Null kernels (of which, without sharing, also those of the target's own dead units), the same with the input weights
    of dead units kept, and, where there is room, a copied kernel and a dead one.

    Args:
        target: A network of k shared kernels.
        kernels: m, at least k.
        key: A JAX key or an integer seed.
        sharing: "shared", "unshared" or "full", the wide network's own.

    Raises:
        ValueError: m < k, or the target has no shared kernels.
    """
    if not target.shared:
        raise ValueError("the target must be a network of shared kernels. Got one without weight sharing.")
    extra = kernels - intrinsic_width(target.width, kernels, "number of kernels")
    wide = _more_kernels(target, jnp.zeros((extra, *target.size)), jnp.zeros(extra), 0)
    points = {"null embedding": wide}
    if extra and target.width:
        key = as_key(key)
        size, bias = (
            jax.random.normal(key, (extra, *target.size)),
            jax.random.normal(jax.random.fold_in(key, 1), (extra,)),
        )
        copies = jnp.repeat(target.kernels[:1], extra, axis=0)
        same = jnp.zeros(extra) if target.biases is None else jnp.repeat(target.biases[:1], extra)
        points["copied kernel"] = _more_kernels(target, copies, same, 1)
        points["dead kernel"] = _more_kernels(target, size, bias, 0)
    if sharing == "shared":
        return points
    kept = {name: as_unshared(network) for name, network in points.items()}
    nulled = {"null embedding": _without_dead_units(kept["null embedding"])}
    if np.any(np.asarray(target.output_weights) == 0):
        nulled["dead units kept"] = kept["null embedding"]
    unshared = nulled | {name: network for name, network in kept.items() if name != "null embedding"}
    return unshared if sharing == "unshared" else {name: dense_form(network) for name, network in unshared.items()}


def factorisation_points(
    matrix: Float[np.ndarray, "row column"], inner: int | None = None
) -> dict[str, MatrixFactorisation]:
    """Returns factorisations A·B of a matrix for every pair of ranks (r_A, r_B) that exists, balanced first.

    Args:
        matrix: The target; its rank r is read at 1e-10 of its largest singular value.
        inner: Inner dimension; by default the larger of rows and columns.

    Raises:
        ValueError: No finite matrix, or the inner dimension is smaller than its rank.
    """
    matrix = real_array("matrix", matrix)
    if matrix.ndim != 2 or not matrix.size or not np.all(np.isfinite(matrix)):
        raise ValueError(f"matrix must be a finite matrix, shape (row, column). Got shape {matrix.shape}.")
    rows, columns = matrix.shape
    size = max(rows, columns) if inner is None else count("inner", inner)
    left, values, right = np.linalg.svd(matrix, full_matrices=True)
    r = int(np.count_nonzero(values > 1e-10 * max(values.max(initial=0.0), np.finfo(np.float64).tiny)))
    if size < r:
        raise ValueError(f"inner must be at least the rank of the matrix, {r}. Got {inner}.")
    root = np.sqrt(values[:r])
    points = {}
    for i in range(min(rows, size) - r + 1):
        for j in range(min(columns, size - i) - r + 1):
            a, b = np.zeros((rows, size)), np.zeros((size, columns))
            a[:, :r], b[:r] = left[:, :r] * root, root[:, None] * right[:r]
            a[:, r : r + i] = left[:, r : r + i]
            b[r + i : r + i + j] = right[r : r + j]
            points[f"ranks {r + i} and {r + j}"] = MatrixFactorisation(jnp.asarray(a), jnp.asarray(b))
    return points


def diagonal_points(coefficients: Float[np.ndarray, " input"]) -> dict[str, Diagonal]:
    """Returns points of the target set of Σ (a_j² − b_j²) x_j: zero coefficients from 0 − 0, and from 1 − 1.

    Args:
        coefficients: Of the target.

    Raises:
        ValueError: No vector of finite numbers.
    """
    coefficients = _vector(coefficients)
    plus, minus = np.sqrt(np.maximum(coefficients, 0.0)), np.sqrt(np.maximum(-coefficients, 0.0))
    idle = (coefficients == 0).astype(np.float64)
    return {
        "both zero": Diagonal(jnp.asarray(plus), jnp.asarray(minus)),
        "both one": Diagonal(jnp.asarray(plus + idle), jnp.asarray(minus + idle)),
    }


def deep_diagonal_points(coefficients: Float[np.ndarray, " input"], depth: int) -> dict[str, DeepDiagonal]:
    """Returns points of the target set of Σ_j (Π_l a_j^[l]) x_j: 0 through all, two and one factors that vanish.

    Args:
        coefficients: Of the target.
        depth: L, at least 1.

    Raises:
        ValueError: No vector of finite numbers, or another depth.
    """
    coefficients, depth = _vector(coefficients), count("depth", depth)
    roots = np.abs(coefficients) ** (1.0 / depth)
    factors = np.tile(roots, (depth, 1))
    factors[0] *= np.sign(coefficients)
    idle = (coefficients == 0).astype(np.float64)
    names = {depth: "all factors zero", min(2, depth): "two factors zero", 1: "one factor zero"}
    points = {}
    for zeros, name in names.items():
        lifted = factors.copy()
        lifted[zeros:] += idle[None, :]
        points[name] = DeepDiagonal(jnp.asarray(lifted))
    return points


def _vector(coefficients: np.ndarray) -> np.ndarray:
    vector = real_array("coefficients", coefficients)
    if vector.ndim != 1 or not vector.size or not np.all(np.isfinite(vector)):
        raise ValueError(f"coefficients must be finite numbers, shape (input,). Got shape {vector.shape}.")
    return vector


def _some_branches(k: int, extra: int) -> list[Branch]:
    if not k:
        return []
    even = tuple(1 + extra // k + (i < extra % k) for i in range(k))
    first = (1 + extra, *(1,) * (k - 1))
    dead, pair = (extra, *(1,) * (k - 1)), (extra - 1, *(1,) * (k - 1))
    return [Branch(first), Branch(even), Branch(dead, (1,)), Branch(pair, (2,)), Branch((1,) * k, (1,) * extra)]


def _padded(target: TwoLayer, extra: int) -> TwoLayer:
    return TwoLayer(
        jnp.pad(target.input_weights, ((0, extra), (0, 0))),
        None if target.biases is None else jnp.pad(target.biases, (0, extra)),
        jnp.pad(target.output_weights, ((0, 0), (0, extra))),
        target.output_bias,
        target.activation,
    )


def _more_kernels(target: ConvTwoLayer, kernels: Array, biases: Array, copies: int) -> ConvTwoLayer:
    """Appends kernels; with copies = 1 they take equal shares of the first kernel's output weights, else none."""
    more = len(kernels)
    a = target.output_weights
    shared = jnp.concatenate([a, jnp.zeros((a.shape[0], more, *a.shape[2:]), a.dtype)], axis=1)
    if copies:
        part = a[:, :1] / (1 + more)
        shared = jnp.concatenate([part, a[:, 1:], jnp.repeat(part, more, axis=1)], axis=1)
    return ConvTwoLayer(
        jnp.concatenate([target.kernels, kernels]),
        None if target.biases is None else jnp.concatenate([target.biases, biases]),
        shared,
        target.activation,
    )


def _without_dead_units(network: ConvTwoLayer) -> ConvTwoLayer:
    """Sets the input weights of all units without output weights to zero, in a network without weight sharing."""
    alive = jnp.any(network.output_weights != 0, axis=0)
    places = (1,) * len(network.size)
    return ConvTwoLayer(
        network.kernels * alive.reshape(*alive.shape, *places),
        None if network.biases is None else network.biases * alive,
        network.output_weights,
        network.activation,
    )
