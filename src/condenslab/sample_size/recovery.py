"""Local linear recovery: from how many samples the tangent model at a target point finds the target.

The tangent model at θ′ with f_θ′ = f* is f* + aᵀ∇_θ f(·; θ′). It has a local linear recovery guarantee from samples S
when f* is its only interpolant of them as a function, that is when the tangent function of every a in ker J_S is 0:
exactly when rank J_S = r(θ′), the model rank (Zhang et al., JMLR 26(69), 2025, Lemma 1).
"""

from collections.abc import Callable
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, PyTree

from condenslab.measures import Rank, rank
from condenslab.measures.rank import rank_of_tangents
from condenslab.measures.tangent_array import tangent_array
from condenslab.networks import apply
from condenslab.numerics import SpectrumCut, cut_spectrum, require_float64, rounding_floor

Predict = Callable[..., Array]


@dataclass(frozen=True, eq=False)
class Transition:
    """Local linear recovery from the first n samples, n = 1 … N, at one target point.

    Attributes:
        samples: n, shape (n,).
        sample_ranks: rank J_S of the first n samples, shape (n,).
        decided: Whether each of them is decided by its spectrum, shape (n,).
        model_rank: r(θ′), from the probes.
        deviations: Off-sample deviation of the worst interpolant, ‖J_P·(I − Π)‖₂/‖J_P‖₂, Π the projection on the row
            space of J_S and J_P the Jacobian on the probes; shape (n,). 0 exactly where there is recovery.
        drawn: The same of the least-squares solution from the given start a₀, ‖J_P·(I − Π)a₀‖/‖J_P·a₀‖, shape (n,).
    """

    samples: np.ndarray
    sample_ranks: np.ndarray
    decided: np.ndarray
    model_rank: Rank
    deviations: np.ndarray
    drawn: np.ndarray

    @property
    def first(self) -> int | None:
        """The smallest n whose samples recover the target; None where none does, or a rank is not decided."""
        if not (self.model_rank.decided and np.all(self.decided)):
            return None
        reached = np.flatnonzero(self.sample_ranks >= self.model_rank.value)
        return int(self.samples[reached[0]]) if reached.size else None

    @property
    def recovers(self) -> bool | None:
        """Whether all N samples together recover the target; None where a rank is not decided."""
        if not (self.model_rank.decided and self.decided[-1]):
            return None
        return bool(self.sample_ranks[-1] >= self.model_rank.value)


def tangent_features(
    network: PyTree, inputs: np.ndarray | Array, *, predict: Predict = apply
) -> Float[np.ndarray, "sample output param"]:
    """Returns the tangent features ∂f_o(x_i)/∂θ, float64.

    Args:
        network: θ′, any pytree that `predict` takes.
        inputs: Inputs, shape (sample, input) (or what `predict` takes).
        predict: (params, inputs) → outputs (sample, output).

    Raises:
        TypeError: The derivatives are not float64.
        ValueError: There is no input, or a derivative is NaN or infinite.
    """
    found = tangent_array(network, inputs, predict=predict)
    require_float64(found, "tangent features", None)
    # A sum is finite only if all are: one pass over a large array, and a second one only if the sum overflowed.
    if not (np.isfinite(np.sum(found)) or np.all(np.isfinite(found))):
        raise ValueError("tangent features must be finite. Got NaN or infinity: the point or an input is out of range.")
    return found


def llr_transition(
    network: PyTree,
    inputs: np.ndarray | Array,
    probes: np.ndarray | Array,
    *,
    predict: Predict = apply,
    start: np.ndarray | None = None,
) -> Transition:
    """Follows local linear recovery at a target point while samples are added one by one.

    For models analytic in inputs and parameters and generic inputs, rank J_S = min(n, r(θ′)) for one output, so that
    recovery sets in at n = r(θ′) exactly. For discrete inputs (entries of a matrix, tokens) only "≤" holds and n can
    be anything from r(θ′) on: the order of the samples decides.

    Args:
        network: θ′, a target point.
        inputs: All N samples in order, shape (sample, input).
        probes: Inputs that show the whole tangent space, at least as many as parameters; see
            `measures.covering_probes` and `measures.cell_probes`.
        predict: (params, inputs) → outputs (sample, output).
        start: a₀, from which the linear problem is solved by gradient descent, which converges to (I − Π)a₀ for the
            targets f* (Π projects on the row space of J_S); shape (param,). By default all ones.

    Raises:
        TypeError: The derivatives are not float64.
        ValueError: No samples or probes, a derivative is not finite, or `start` has another shape.

    References:
        Zhang et al., JMLR 26(69), 2025, Lemmas 1 and 2, Corollary 1.
    """
    probed = tangent_features(network, probes, predict=predict)
    model = rank_of_tangents(network, jnp.asarray(probes), predict, probed)
    return transition_of(tangent_features(network, inputs, predict=predict), probed, start=start, model_rank=model)


def transition_of(
    features: Float[np.ndarray, "sample output param"],
    probed: Float[np.ndarray, "probe output param"],
    *,
    start: np.ndarray | None = None,
    model_rank: Rank | None = None,
) -> Transition:
    """Returns the same from tangent features that are known already.

    Args:
        features: On the samples, in their order.
        probed: On the probes.
        start: a₀, shape (param,).
        model_rank: r(θ′) where it is known; by default the rank of the features on the probes.

    Raises:
        ValueError: The two have different numbers of parameters, or `start` has another shape.
    """
    count, outputs, size = features.shape
    begin = np.ones(size) if start is None else np.asarray(start, dtype=np.float64)
    if probed.shape[-1] != size or begin.shape != (size,):
        raise ValueError(
            f"samples, probes and start must have the same number of parameters. Got {size}, {probed.shape[-1]} and "
            f"a start of shape {begin.shape}."
        )
    whole = probed.reshape(-1, size)
    model = rank(whole) if model_rank is None else model_rank
    if whole.shape[0] > size:
        whole = np.linalg.qr(whole, mode="r")  # the same lengths, from fewer rows
    flat = features.reshape(-1, size)
    values, directions = (np.asarray(part) for part in _spectra(jnp.asarray(flat), outputs))
    cuts = [
        cut_spectrum(row, rounding_floor(float(row.max(initial=0.0)), ((n + 1) * outputs, size)))
        for n, row in enumerate(values[:, : min(flat.shape)])
    ]
    kept = np.array([[k < cut.count for k in range(values.shape[1])] for cut in cuts], dtype=np.float64)
    worst, drawn = (np.asarray(part) for part in _deviations(*map(jnp.asarray, (whole, directions, kept, begin))))
    scale = max(float(model.singular_values.max(initial=0.0)), np.finfo(np.float64).tiny)
    length = max(float(np.linalg.norm(whole @ begin)), np.finfo(np.float64).tiny)
    return Transition(
        np.arange(1, count + 1),
        np.array([cut.count for cut in cuts]),
        np.array([_decided(cut, model) for cut in cuts]),
        model,
        worst / scale,
        drawn / length,
    )


def _decided(cut: SpectrumCut, model: Rank) -> bool:
    """Whether the rank of some samples is known: it is at most r(θ′), and lower only if float64 sees all of r(θ′)."""
    return cut.full or cut.count == model.value or (cut.decided and model.effective == model.value)


@eqx.filter_jit
def _spectra(rows: Float[Array, "row param"], outputs: int) -> tuple[Array, Array]:
    """Returns singular values and right vectors of the first n samples' rows, all n in one program."""
    numbers = jnp.arange(rows.shape[0]) // outputs

    def spectrum(n: Array) -> tuple[Array, Array]:
        _, values, right = jnp.linalg.svd(jnp.where((numbers <= n)[:, None], rows, 0.0), full_matrices=False)
        return values, right

    return jax.lax.map(spectrum, jnp.arange(rows.shape[0] // outputs))


@eqx.filter_jit
def _deviations(probed: Array, directions: Array, kept: Array, start: Array) -> tuple[Array, Array]:
    """Returns the largest singular value of J_P·(I − Π), and ‖J_P·(I − Π)a₀‖, for every n."""

    def deviation(pair: tuple[Array, Array]) -> tuple[Array, Array]:
        right, mask = pair
        basis = right * mask[:, None]
        left = probed - (probed @ basis.T) @ basis
        return jnp.linalg.norm(left, 2), jnp.linalg.norm(left @ start)

    return jax.lax.map(deviation, (directions, kept))
