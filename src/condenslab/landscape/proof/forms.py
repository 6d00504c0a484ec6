"""The quadratic forms that decide what exact embeddings of a proven narrow point add to its inertia.

Copies of neuron s with shares α_1 … α_k, none 0, Σα_j = 1: in the coordinates δa_j = α_j·δa + c_j (Σc_j = 0) and
v_j = v̄ + d_j (Σα_j·d_j = 0) the second variation of R is that of the narrow network in (δa, v̄) plus

    Σ_j [ 2·c_jᵀB·d_j + α_j·d_jᵀA·d_j ],   B = E[∂ℓ·σ′(u·x̃)·x̃ᵀ],   A = E[(a·∂ℓ)·σ″(u·x̃)·x̃x̃ᵀ],

with Bᵀa = 0 at a critical point: c_j along a is in the kernel, k − 1 times. With C a complement of a and δ_j = α_j·d_j
the rest is diag(1/α) on {Σ = 0}, of signature (n₊ − 1, n₋) for n₊ positive and n₋ negative shares, times
M = [[0, CᵀB], [BᵀC, A]]. A copy with share 0 has c and d free: it adds [[0, B], [Bᵀ, 0]], which with one output are
only zeros, for B = 0 where a ≠ 0. Where a = 0, every copy adds that, whatever its share, and B need not vanish. A null
neuron (σ(0) = 0 and w = b = 0, or w = 0 and an output bias) adds [[0, N], [Nᵀ, 0]], N = σ′(b)·E[∂ℓ·x̃ᵀ].
(Fukumizu and Amari, Neural Networks 13(3), 2000, for scalar outputs; Zhang et al., J. Mach. Learn. 1(1), 2022.)
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from condenslab.landscape.proof.activations import ball_activation
from condenslab.landscape.proof.exact import Balls, flint, matrix_of, midpoints, sup
from condenslab.landscape.proof.krawczyk import identity, restricted
from condenslab.landscape.proof.passes import forward, input_balls, loss_parts
from condenslab.landscape.proof.problem import Problem
from condenslab.landscape.proof.signs import ProvenInertia, proven_inertia
from condenslab.landscape.proof.tangents import scaled


def split_inertia(problem: Problem, box: list[Any], neuron: int, shares: Sequence[Fraction]) -> ProvenInertia:
    """Returns what the copies of one neuron add to the narrow inertia.

    Args:
        problem: The narrow problem, two-layer.
        box: Balls in which the narrow point lies.
        neuron: s.
        shares: α, exact, of sum 1.
    """
    size, outputs = form_size(problem), problem.shape.widths[-1]
    if not has_output(problem, box, neuron):
        return _silent_copies(problem, box, neuron, len(shares) - 1)
    form = _copy_form(problem, box, neuron)
    live = [share for share in shares if share != 0]
    up, down, idle = sum(share > 0 for share in live) - 1, sum(share < 0 for share in live), len(shares) - len(live)
    most = min(outputs - 1, size)  # of the rank of B, because Bᵀa = 0
    zeros = idle * (outputs + size - 2 * most) + len(live) - 1
    if up + down == 0 and most * idle == 0:
        return ProvenInertia(0, zeros, 0)
    crossed = restricted(form, range(outputs - 1), range(outputs - 1, outputs - 1 + size))
    sure = idle * most if most and full_rank(crossed) is not None else 0
    signs = proven_inertia(form) if up + down else ProvenInertia(0, 0, 0)
    return ProvenInertia(
        up * signs.positive + down * signs.negative + sure,
        zeros,
        up * signs.negative + down * signs.positive + sure,
        (up + down) * signs.open + 2 * (idle * most - sure),
    )


def has_output(problem: Problem, box: list[Any], neuron: int) -> bool:
    """Returns whether an output weight of a neuron is proven not to be 0.

    Args:
        problem: The narrow problem, two-layer.
        box: Balls in which the narrow point lies.
        neuron: Its number.
    """
    return any(not weight.contains(0) for weight in _output_weights(problem, box, neuron))


def form_size(problem: Problem) -> int:
    """Returns the number of input weights of a neuron, its bias included.

    Args:
        problem: A two-layer problem.
    """
    return problem.shape.widths[0] + problem.shape.biases[0]


def null_inertia(problem: Problem, box: list[Any], bias: Any) -> ProvenInertia:
    """Returns what one null neuron adds to the narrow inertia.

    Args:
        problem: The narrow problem, two-layer.
        box: Balls in which the narrow point lies.
        bias: Its bias, a ball; 0 where there is no output bias.
    """
    outputs, size = problem.shape.widths[-1], form_size(problem)
    _, slope, _ = ball_activation(problem.shape.activation)(bias)
    if slope == 0:
        return ProvenInertia(0, outputs + size, 0)
    errors = loss_parts(problem, forward(problem.shape, box, input_balls(problem)).outputs)[1]
    points = input_balls(problem) if problem.shape.biases[-1] else _augmented(problem)
    wide = len(points[0])
    form = matrix_of(errors, outputs).transpose() * matrix_of(points, wide) * slope
    rank = full_rank(form)
    if rank is None:
        return ProvenInertia(0, outputs + size - 2 * min(outputs, wide), 0, 2 * min(outputs, wide))
    return ProvenInertia(rank, outputs + size - 2 * rank, rank)


def full_rank(matrix: Any) -> int | None:
    """Returns min(row, column) where a ball matrix is proven to have that rank, else None.

    Args:
        matrix: An `arb_mat`.
    """
    tall = matrix if matrix.nrows() >= matrix.ncols() else matrix.transpose()
    middle = midpoints(tall)
    try:
        inverse = midpoints((middle.transpose() * middle).inv() * middle.transpose())
    except ZeroDivisionError:
        return None
    return tall.ncols() if sup(identity(tall.ncols()) - inverse * tall) < 1 else None


def _output_weights(problem: Problem, box: list[Any], neuron: int) -> list[Any]:
    width, start = problem.shape.widths[1], problem.shape.widths[1] * form_size(problem)
    return [box[start + o * width + neuron] for o in range(problem.shape.widths[-1])]


def _silent_copies(problem: Problem, box: list[Any], neuron: int, count: int) -> ProvenInertia:
    """Returns what copies of a neuron add whose output weights are 0, or may be: then only zeros that are sure."""
    size, outputs = form_size(problem), problem.shape.widths[-1]
    most = min(outputs, size)
    rank = None
    if all(weight == 0 for weight in _output_weights(problem, box, neuron)):
        rank = full_rank(_slope_form(problem, box, neuron))
    if rank is None:
        return ProvenInertia(0, count * (outputs + size - 2 * most), 0, 2 * count * most)
    return ProvenInertia(count * rank, count * (outputs + size - 2 * rank), count * rank)


def _slope_form(problem: Problem, box: list[Any], neuron: int) -> Any:
    """Returns B = E[∂ℓ·σ′(u·x̃)·x̃ᵀ], an `arb_mat` of shape (output, augmented input)."""
    run = forward(problem.shape, box, input_balls(problem))
    errors = loss_parts(problem, run.outputs)[1]
    sloped = [[e * slope[neuron] for e in error] for error, slope in zip(errors, run.slopes[0], strict=True)]
    points = matrix_of(_augmented(problem), form_size(problem))
    return matrix_of(sloped, problem.shape.widths[-1]).transpose() * points


def _augmented(problem: Problem) -> Balls:
    """Returns x̃ of every sample: (x, 1), or x without hidden biases."""
    one = [flint.arb(1)] if problem.shape.biases[0] else []
    return [row + one for row in input_balls(problem)]


def _copy_form(problem: Problem, box: list[Any], neuron: int) -> Any:
    """Returns M for a neuron one of whose output weights is proven not to be 0."""
    outputs, size = problem.shape.widths[-1], form_size(problem)
    run = forward(problem.shape, box, input_balls(problem))
    errors = loss_parts(problem, run.outputs)[1]
    weights = _output_weights(problem, box, neuron)
    lead = next(o for o, weight in enumerate(weights) if not weight.contains(0))
    points = matrix_of(_augmented(problem), size)
    bends = [
        sum((a * e for a, e in zip(weights, error, strict=True)), flint.arb(0)) * curvature[neuron]
        for error, curvature in zip(errors, run.curvatures[0], strict=True)
    ]
    curved = (points.transpose() * scaled(points.tolist(), bends, size)).tolist()
    crossed = _slope_form(problem, box, neuron).tolist()
    kept = [crossed[o] for o in range(outputs) if o != lead]
    upper = [[flint.arb(0)] * len(kept) + row for row in kept]
    lower = [[row[i] for row in kept] + curved[i] for i in range(size)]
    return matrix_of(upper + lower, len(kept) + size)
