"""The normalised flow of wide two-layer ReLU networks, at any point (γ, γ′) of the phase diagram."""

import os
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.networks.checks import check_positive, count
from condenslab.networks.conversion import Key, as_key
from condenslab.networks.scale import Scale
from condenslab.processors import available_threads
from condenslab.training.checks import check_limits, check_number, check_whole
from condenslab.training.drive import Progress
from condenslab.training.normalised.members import BLOCK_NUMBERS, Follower, Samples
from condenslab.training.normalised.run import NormalisedRun

_DENSE_SAMPLES = 1000
_DRAW_COPIES, _LOOP_COPIES, _PROGRAMS = 10, 4, 80 * 2**20


def normalised_flow(
    inputs: np.ndarray,
    targets: np.ndarray,
    scales: Sequence[Scale],
    *,
    width: int,
    seeds: Sequence[Key],
    risk: float = 1e-6,
    max_steps: int = 20_000,
    tolerance: float = 0.03,
    anti_symmetric: bool = True,
    features: Sequence[int] = (),
    outputs_at: np.ndarray | None = None,
    threads: int | None = None,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> list[NormalisedRun]:
    """Follows the normalised gradient flow of two-layer ReLU networks of one width from many scales.

    With ā = a/β₁, w̄ = w/β₂, κ = β₁β₂/α and κ′ = β₁/β₂ the gradient flow of R = Σe²/(2n), e = κ·Σ_k ā_k·σ(w̄_k·x) − y, is

        dā_k/dt = −(κ/κ′)/n·Σ_i e_i·σ(w̄_k·x_i),    dw̄_k/dt = −κκ′/n·Σ_i e_i·ā_k·σ′(w̄_k·x_i)·x_i,

    x with a constant last entry 1 for the bias, no output bias, all entries of variance 1 at the start. A scale enters
    only through κ, κ′ and its law, so every choice of (α, β₁, β₂) of one phase point is the same run.

    The step is chosen by the error of an exponential method of order 2 (see `step`), which no stability
    bounds, and is redone inside the compiled program where the error or the risk is too large; the first
    step comes from the curvature. Distances are recorded inside the program; parameters are never stored along the way.
    Members run one after the other in each thread, all by one compiled program, so that a finished one costs nothing.

    Args:
        inputs: x, shape (sample, input), without the constant entry.
        targets: y, shape (sample,) or (sample, 1).
        scales: One a member; `initial.from_gamma(γ, γ′, width)` for a point of the diagram, or `initial.scheme`. All of
            one law.
        width: m.
        seeds: One a member, whole numbers or JAX keys.
        risk: R at which a run has converged.
        max_steps: Most steps to try.
        tolerance: Accepted relative error of a step, of either layer relative to its way so far and of the residual
            relative to itself; the distances are then right to about a tenth of it.
        anti_symmetric: Whether the network is f − f′ of two copies of the same m neurons, 2m trained neurons whose
            output is 0 at the start. Distances and features are those of the first copy.
        features: Numbers of the neurons to return.
        outputs_at: Inputs at which the final network is evaluated, shape (point, input); optional.
        threads: How many members run at the same time; by default one a processor, fewer if memory is short.
        time_limit: Seconds after which no member is continued.
        progress: Called with (fraction done, text) between segments of 64 steps.

    Returns:
        One run a member, in order; none is dropped. After Ctrl-C they hold what was finished, and say so.

    Raises:
        ValueError: Shapes that do not fit, lists of different lengths, scales of different laws, a width that does not
            fit into memory, or a jax without 64-bit numbers.

    References:
        Luo, Xu, Ma, Zhang, JMLR 22(71), 2021, eqs 7–14.
    """
    data = _samples(inputs, targets)
    check_positive("tolerance", tolerance)
    check_number("risk", risk)
    check_limits(time_limit, progress)
    pairs = _members(scales, seeds)
    m = count("width", width)
    most = _fitting(m, data, anti_symmetric)
    workers = max(1, min(threads or available_threads(), most, len(pairs)))
    kept = check_whole("features", features).reshape(-1)
    if kept.size and not (kept.min() >= 0 and kept.max() < m):
        raise ValueError(f"features must be numbers of neurons below width {m}. Got {kept.min()} … {kept.max()}.")
    grid = None if outputs_at is None else _points(outputs_at, data)
    follower = Follower(
        data, m, 1 + anti_symmetric, kept, grid, float(risk), float(tolerance), count("max_steps", max_steps)
    )
    return follower.follow_all(pairs, threads=workers, time_limit=time_limit, progress=progress)


def normalised_bytes(width: int, samples: int, inputs: int, *, anti_symmetric: bool = True) -> int:
    """Returns an upper estimate of the memory that one member of `normalised_flow` takes at its peak, in bytes.

    The draw of the start and the neurons returned count as ten arrays of the size of the parameters, the state before
    and after a step and the start as four in the space of the samples, and the compiled programs as 80 MiB. The growth
    of the resident set was 0.4 to 0.9 of this (1 and 64 inputs, widths 10⁵ to 10⁶; it scatters by 38 MiB between runs),
    that of the libraries not counted.

    Args:
        width: m.
        samples: n.
        inputs: Input dimension, without the constant entry.
        anti_symmetric: Whether there are 2m neurons.
    """
    basis = min(samples, inputs + 1)
    drawn, followed = _DRAW_COPIES * (inputs + 2), _LOOP_COPIES * (1 + anti_symmetric) * (basis + 1)
    return _PROGRAMS + 8 * (width * (drawn + followed) + 40 * BLOCK_NUMBERS)


def _samples(inputs: np.ndarray, targets: np.ndarray) -> Samples:
    x, y = np.asarray(inputs, np.float64), np.asarray(targets, np.float64)
    if x.ndim != 2 or not x.size or y.size != len(x):
        raise ValueError(
            f"inputs must have shape (sample, input) and targets one number a sample. Got {x.shape} and {y.shape}."
        )
    if len(x) > _DENSE_SAMPLES:
        raise ValueError(
            f"there must be at most {_DENSE_SAMPLES} samples: a step decomposes a matrix of samples × samples. Got "
            f"{len(x)}; use training.descend."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("inputs and targets must be finite. Got NaN or infinity.")
    return Samples.of(_augmented(x), y.reshape(-1))


def _augmented(inputs: np.ndarray) -> np.ndarray:
    return np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)


def _points(outputs_at: np.ndarray, data: Samples) -> np.ndarray:
    points = np.asarray(outputs_at, np.float64)
    if points.ndim != 2 or points.shape[1] + 1 != data.basis.shape[1]:
        raise ValueError(
            f"outputs_at must have shape (point, input) with {data.basis.shape[1] - 1} input(s). Got {points.shape}."
        )
    if len(data.basis) < data.basis.shape[1]:
        raise ValueError(
            "outputs_at must lie in the space of the samples, so there must be more samples than inputs. Got "
            f"{len(data.targets)} samples of {data.basis.shape[1] - 1} inputs."
        )
    return _augmented(points)


def _members(scales: Sequence[Scale], seeds: Sequence[Key]) -> list[tuple[Scale, Array]]:
    if jnp.result_type(float) != jnp.float64:
        raise ValueError("the normalised flow must run in float64. Got a jax without: set jax_enable_x64.")
    if not len(scales) or len(scales) != len(seeds):
        raise ValueError(f"scales and seeds must have one entry a member. Got {len(scales)} and {len(seeds)}.")
    laws = {scale.law for scale in scales}
    if len(laws) > 1:
        raise ValueError(f"the scales of one call must have one law. Got {', '.join(sorted(laws))}.")
    for scale in scales:
        check_positive("kappa", scale.kappa)
        check_positive("kappa_prime", scale.kappa_prime)
    return [(scale, as_key(seed, "every seed")) for scale, seed in zip(scales, seeds, strict=True)]


def _fitting(width: int, data: Samples, anti_symmetric: bool) -> int:
    """Returns how many members fit into memory at the same time, and refuses none."""
    samples, columns = len(data.targets), data.basis.shape[1]
    need = normalised_bytes(width, samples, columns - 1, anti_symmetric=anti_symmetric)
    try:
        have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 1
    if need > have:
        raise ValueError(
            f"width must be one that fits into memory: {width} neurons and {samples} samples take "
            f"{need / 2**30:.1f} GiB, and {have / 2**30:.1f} GiB are free. Got width {width}; choose a smaller one."
        )
    return max(1, have // need)
