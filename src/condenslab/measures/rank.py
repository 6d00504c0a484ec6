"""Model rank: how many independent directions the tangent functions of a network span, cut by a whole spectrum."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.measures.probes import saturation
from condenslab.measures.tangent_array import tangent_array
from condenslab.networks import MLP, TwoLayer, apply
from condenslab.networks.conversion import floating, numbers
from condenslab.numerics import cut_spectrum, require_float64, rounding_floor


@dataclass(frozen=True, eq=False)
class Rank:
    """A numerical rank with its evidence.

    Attributes:
        value: Number of singular values above the cut. It answers the question only where `decided`.
        singular_values: The whole spectrum, descending, shape (min(rows, columns),).
        tolerance: The cut, in the units of the singular values.
        gap: Width of the gap at the cut, in decades.
        floor: The rounding floor eps·s₁·max(shape).
        normalised_value: The second opinion: the rank of the matrix with its non-zero columns scaled to length 1. None
            where the caller stated the tolerance.
        decided: Whether both spectra have a gap of at least two decades at the cut, and agree, and nothing else speaks
            against the number.
        reason: Why the matrix itself is not to be trusted (probes that saturate neurons), one sentence; else empty.
        proven_at_least: A lower bound of the exact rank by a theorem (`landscape.proof.with_proof`), or None.
    """

    value: int
    singular_values: np.ndarray
    tolerance: float
    gap: float
    floor: float
    normalised_value: int | None
    decided: bool
    reason: str = ""
    proven_at_least: int | None = None

    def counts_at(self, thresholds: Sequence[float]) -> np.ndarray:
        """Returns how many singular values exceed each threshold times the largest: stable counts are evidence.

        Args:
            thresholds: Relative to s₁, for example 1e-2 … 1e-8; shape (k,).

        Example:
            >>> rank(np.diag([1.0, 1e-3])).counts_at([1e-2, 1e-8]).tolist()
            [1, 2]
        """
        values = self.singular_values
        top = float(values.max(initial=0.0))
        return np.array([int(np.count_nonzero(values > threshold * top)) for threshold in thresholds])

    def __str__(self) -> str:
        """Returns the rank, or that it is undecided."""
        if self.decided:
            return str(self.value)
        if self.reason:
            return f"undecided ({self.reason})"
        other = (
            "" if self.normalised_value in (None, self.value) else f", {self.normalised_value} with columns normalised"
        )
        return f"undecided (largest gap {self.gap:.1f} decades, at {self.value}{other})"


def rank(matrix: np.ndarray | Array, *, tolerance: float | None = None) -> Rank:
    """Returns the rank of a matrix, cut at the largest gap of its singular values above the rounding floor.

    Scaling columns does not change an exact rank, but it moves a numerical one when columns differ much in length
    (input and output weights do); so the spectrum of the matrix with its columns normalised has to give the same count.

    Args:
        matrix: Any matrix, shape (row, column); for a Jacobian, rows are samples and columns are parameters.
        tolerance: An absolute cut that replaces both spectra's own, when the caller knows better.

    Raises:
        TypeError: The matrix is not float64 and no tolerance is given.
        ValueError: It is not a matrix, or has NaN or infinite entries.

    Example:
        >>> print(rank(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])))
        1
    """
    array = np.asarray(matrix)
    if array.ndim != 2:
        raise ValueError(f"a rank is that of a matrix (row, column). Got shape {array.shape}.")
    require_float64(array, "rank", tolerance)
    if not np.all(np.isfinite(array)):
        raise ValueError("the matrix must be finite. Got NaN or infinity: the point or the probes are out of range.")
    array, shape = array.astype(np.float64), array.shape
    if shape[0] > shape[1] > 0:  # the R factor has the same singular values, also after column scaling, and is smaller
        array = np.asarray(np.linalg.qr(array, mode="r"))
    values = _singular_values(array)
    floor = rounding_floor(float(values.max(initial=0.0)), shape)
    cut = cut_spectrum(values, floor, tolerance)
    if tolerance is not None:
        return Rank(cut.count, values, cut.tolerance, cut.gap, cut.floor, None, cut.decided)
    lengths = np.linalg.norm(array, axis=0)
    # A column at the rounding floor is zero: made to length 1 it would turn rounding into a direction.
    normalised = _singular_values(array / np.where(lengths > floor, lengths, 1.0))
    second = cut_spectrum(normalised, rounding_floor(float(normalised.max(initial=0.0)), shape))
    agree = second.count == cut.count and second.decided
    return Rank(cut.count, values, cut.tolerance, cut.gap, cut.floor, second.count, cut.decided and agree)


def model_rank(
    network: PyTree,
    probes: np.ndarray | Array,
    *,
    predict: Callable[[PyTree, Array], Array] = apply,
    tolerance: float | None = None,
) -> Rank:
    """Returns the empirical model rank, rank of ∂f_o(x_i)/∂θ over probe inputs, all outputs stacked.

    The model rank dim span{∂f(·; θ)/∂θ_j} is reached when the probes are generic and at least as many as parameters
    (three times as many is safe); fewer give the rank that these samples see. Where at least as many rows as
    parameters do not show how a neuron of a dense network bends (`saturation`), the answer is undecided and says so;
    `covering_probes` avoids it.

    Args:
        network: θ: a network of this package, or any pytree that `predict` takes.
        probes: Inputs x_i, shape (sample, input).
        predict: (params, inputs) → outputs (sample, output).
        tolerance: As in `rank`.

    Raises:
        TypeError: Parameters or Jacobian are not float64 and no tolerance is given.
        ValueError: There are no probes, a derivative is NaN or infinite, or every hidden neuron is saturated on every
            probe.

    References:
        Zhang et al., "Optimistic estimate uncovers the potential of nonlinear models", J. Mach. Learn. 4(3),
        2025, eq. 3.
    """
    probes = floating("probes", probes) if predict is apply else numbers("probes", probes)
    if probes.ndim == 0 or probes.shape[0] == 0:
        raise ValueError(f"probes must hold at least one input, shape (sample, input). Got shape {probes.shape}.")
    require_float64(np.asarray(ravel_pytree(network)[0]), "model rank", tolerance)
    jacobian = tangent_array(network, probes, predict=predict)
    found = rank(jacobian.reshape(-1, jacobian.shape[-1]), tolerance=tolerance)
    aimed_at_all = jacobian.shape[0] * jacobian.shape[1] >= jacobian.shape[2]
    if predict is not apply or not isinstance(network, TwoLayer | MLP) or not aimed_at_all:
        return found
    seen = saturation(network, probes)
    if seen.complete:
        raise ValueError(f"probes must show what the neurons do. Got probes on which {seen.reason}.")
    return replace(found, decided=found.decided and not seen.neurons, reason=seen.reason)


def _singular_values(matrix: np.ndarray) -> np.ndarray:
    if 0 in matrix.shape:
        return np.zeros(0)
    return np.linalg.svd(matrix, compute_uv=False)
