"""One step of the normalised flow: the residual by exponentials of its kernel, every neuron by its exact rotation.

Along the flow the residual e obeys ė = −K·e with the n × n kernel K = κ/n·(HᵀH/κ′ + κ′·(AᵀA)∘XXᵀ), H the activations
and A the output weights of the active neurons; time is counted in units of 1/κ. While no neuron crosses a kink and e is
given, (a, w) of every neuron obeys a linear equation with two exponents ±‖g‖, which a hyperbolic rotation solves. So no
step is bounded by stability, and exponential growth from a small start is followed exactly. A step is

1. η = ∫e for the kernel at its start (an eigendecomposition of n × n), every neuron rotated by it: the prediction;
2. the residual found there corrects η; a neuron that has crossed a kink counts with the fraction of the way on which it
   was active; every neuron is rotated anew. The method has order 2 and one solution of order 1 to compare with.

Neurons are worked through in blocks that fit into the cache, so that memory is little more than the parameters.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from condenslab.training.engine import Problem, State
from condenslab.training.exponentials import hyperbolic, phi
from condenslab.training.trajectory import Stop

_FIRST = 1e-3
_PATIENCE = 60
_LARGEST_ROTATION = 30.0
_STILL = 1e-12
_ROUNDING = 1e-10
_TINY = 1e-300


class Neurons(NamedTuple):
    """Normalised parameters in blocks; the second half of a block are the mirrored copies of an anti-symmetric start.

    Attributes:
        outer: ā, shape (block, neuron).
        inner: w̄ in an orthonormal basis of the space of the samples, shape (block, basis, neuron).
    """

    outer: Float[Array, "block neuron"]
    inner: Float[Array, "block basis neuron"]


class Course(NamedTuple):
    """Where a member stands, besides its parameters and the number of steps taken.

    Attributes:
        residual: e = f − y, shape (sample,).
        moved: Squared distance to the start of input and output weights, in each half, shape (layer, half).
        time: κ·t.
        step: The step to try next, in the same units; 0 before the first.
        tried: Steps tried.
        still: Tries in a row after which nothing had moved.
    """

    residual: Float[Array, " sample"]
    moved: Float[Array, "layer half"]
    time: Float[Array, ""]
    step: Float[Array, ""]
    tried: Int[Array, ""]
    still: Int[Array, ""]


def risk_of(residual: Float[Array, " sample"]) -> Float[Array, ""]:
    """Returns R = Σe²/(2n)."""
    return jnp.sum(residual**2) / (2 * residual.shape[0])


def target_vector(problem: Problem) -> Float[Array, " sample"]:
    """Returns y, shape (sample,)."""
    return problem.risk.targets[:, 0]


def kappa_of(problem: Problem) -> Float[Array, ""]:
    """Returns κ, the factor of the outputs."""
    kappa = problem.risk.scale
    assert kappa is not None, "a normalised problem has its κ"
    return kappa


def attempt(problem: Problem, state: State) -> State:
    """Tries one step: taken if the error is tolerated and the risk has not risen, else redone with a smaller one."""
    rates, modes = jnp.linalg.eigh(total(lambda block: _kernel(problem, block), state.network))
    usable = jnp.all(jnp.isfinite(rates))
    rates = jnp.maximum(jnp.where(jnp.isfinite(rates), rates, 0.0), 0.0)
    step = jnp.where(state.inner.step > 0, state.inner.step, _first_step(problem, state, rates[-1]))
    decay, share = phi(rates * step)
    along = modes.T @ state.inner.residual
    predictor = step * (modes @ (decay * along))
    reached = total(lambda block: _predicted(problem, block, predictor), state.network) - target_vector(problem)
    surprise = reached - modes @ (jnp.exp(-rates * step) * along)
    corrector = predictor + step * (modes @ (share * (modes.T @ surprise)))
    new, found = _correct(problem, state, predictor, corrector)
    residual = found.outputs - target_vector(problem)
    error = _error(state, found, jnp.linalg.norm(residual - reached)) / problem.extras["tolerance"]
    finite = jnp.isfinite(error) & jnp.isfinite(risk_of(residual)) & usable
    falls = risk_of(residual) <= risk_of(state.inner.residual) * (1 + _ROUNDING)
    taken = finite & (error <= 1) & falls & (found.rotation < _LARGEST_ROTATION)
    change = jnp.clip(0.9 / jnp.sqrt(jnp.where(finite, jnp.maximum(error, 1e-3), 1e4)), 0.2, 5.0)
    change = jnp.where(taken, change, jnp.minimum(change, 0.5))
    moves = taken & (jnp.sum(found.shift) > _STILL**2 * jnp.sum(found.size))
    still = jnp.where(moves, 0, state.inner.still + 1)
    course = state.inner._replace(residual=residual, moved=found.moved, time=state.inner.time + step)
    network, course = jax.tree.map(
        lambda yes, no: jnp.where(taken, yes, no), (new, course), (state.network, state.inner)
    )
    stuck = jnp.where(finite, Stop.STALLED.code, Stop.NOT_FINITE.code)
    going = jnp.where(usable, Stop.RUNNING.code, Stop.NOT_FINITE.code)
    code = jnp.where(still >= _PATIENCE, stuck, going)
    code = jnp.where(risk_of(course.residual) <= problem.until.risk, Stop.RISK_REACHED.code, code)
    course = course._replace(step=step * change, tried=state.inner.tried + 1, still=still)
    return State(network, state.steps + taken, code, course)


class _Found(NamedTuple):
    """What the corrector found, summed over neurons: outputs, distances, and how far apart the two solutions are."""

    outputs: Array
    moved: Array
    shift: Array
    size: Array
    difference: Array
    rotation: Array


def _correct(problem: Problem, state: State, predictor: Array, corrector: Array) -> tuple[Neurons, _Found]:
    def corrected(block: tuple[Neurons, Neurons]) -> tuple[Neurons, _Found]:
        old, start = block
        before = problem.risk.inputs @ old.inner
        active = (before > 0).astype(before.dtype)
        plain = _rotated(problem, old, active, predictor)[0]
        after = problem.risk.inputs @ plain.inner
        crossed = (before > 0) != (after > 0)
        rise = jnp.maximum(after, 0) - jnp.maximum(before, 0)
        share = jnp.where(crossed, rise / jnp.where(crossed, after - before, 1.0), active)
        new, rotation = _rotated(problem, old, share, corrector)
        lengths = [squares(new, old), squares(old), squares(new, plain)]
        moved = squares(new, start, halves=state.inner.moved.shape[1])
        shift, size, difference = (part[:, 0] for part in lengths)
        return new, _Found(outputs_of(problem, new), moved, shift, size, difference, jnp.max(rotation))

    if state.network.outer.shape[0] == 1:
        # Not a loop of one turn: the compiler then sees that the prediction has been computed before.
        new, found = corrected(jax.tree.map(lambda leaf: leaf[0], (state.network, problem.network)))
        return jax.tree.map(lambda leaf: leaf[None], new), found
    new, found = jax.lax.map(corrected, (state.network, problem.network))
    summed = jax.tree.map(lambda leaf: jnp.sum(leaf, axis=0), found)
    return new, summed._replace(rotation=jnp.max(found.rotation))


def _error(state: State, found: _Found, surprise: Array) -> Array:
    """Returns the error of the step: of either layer relative to its way so far, of the residual relative to itself."""
    way = jnp.sqrt(jnp.sum(state.inner.moved, axis=1)) + jnp.sqrt(found.shift) + _TINY
    layers = jnp.max(jnp.sqrt(found.difference) / way)
    return jnp.maximum(layers, surprise / (jnp.linalg.norm(state.inner.residual) + _TINY))


def _first_step(problem: Problem, state: State, rate: Array) -> Array:
    """Returns a small part of the shortest time in the problem: that of the kernel, or of the growth of a neuron."""
    longest = jnp.sqrt(jnp.max(jnp.sum(problem.risk.inputs**2, axis=1)))
    growth = jnp.linalg.norm(state.inner.residual) * longest / problem.risk.targets.shape[0]
    return _FIRST / (rate + growth + _TINY)


def _rotated(problem: Problem, old: Neurons, active: Array, total: Array) -> tuple[Neurons, Array]:
    """Returns the neurons after ∫e = `total`: da/ds = −g·w/κ′, dw/ds = −κ′·a·g, with g = Σ_i active_i total_i x_i/n."""
    samples, kappa_prime = problem.risk.targets.shape[0], problem.extras["kappa_prime"]
    g = problem.risk.inputs.T @ (active * (total / samples)[:, None])
    square = jnp.sum(g * g, axis=0)
    length = jnp.sqrt(square)
    sine, cosine = hyperbolic(square, length)
    along = jnp.sum(g * old.inner, axis=0)
    outer = old.outer * (1 + cosine * square) - sine * along / kappa_prime
    inner = old.inner + g * (cosine * along - kappa_prime * sine * old.outer)[None]
    return Neurons(outer, inner), length


def outputs_of(problem: Problem, block: Neurons) -> Float[Array, " sample"]:
    """Returns what the neurons of a block add to the outputs, shape (sample,)."""
    return kappa_of(problem) * (jnp.maximum(problem.risk.inputs @ block.inner, 0) @ block.outer)


def _predicted(problem: Problem, block: Neurons, total: Array) -> Array:
    before = problem.risk.inputs @ block.inner
    return outputs_of(problem, _rotated(problem, block, (before > 0).astype(before.dtype), total)[0])


def _kernel(problem: Problem, block: Neurons) -> Array:
    before, kappa_prime = problem.risk.inputs @ block.inner, problem.extras["kappa_prime"]
    hidden = jnp.maximum(before, 0)
    outer = jnp.where(before > 0, block.outer[None], 0.0)
    gram = problem.risk.inputs @ problem.risk.inputs.T
    both = hidden @ hidden.T / kappa_prime + kappa_prime * (outer @ outer.T) * gram
    return kappa_of(problem) / problem.risk.targets.shape[0] * both


def total(function: Callable[[Neurons], Array], neurons: Neurons) -> Array:
    """Returns the sum of a function over the blocks, one block at a time."""
    if neurons.outer.shape[0] == 1:
        return function(jax.tree.map(lambda leaf: leaf[0], neurons))

    def add(total: Array, block: Neurons) -> tuple[Array, None]:
        return total + function(block), None

    shape = jax.eval_shape(function, jax.tree.map(lambda leaf: leaf[0], neurons))
    return jax.lax.scan(add, jnp.zeros(shape.shape, shape.dtype), neurons)[0]


def squares(block: Neurons, other: Neurons | None = None, *, halves: int = 1) -> Array:
    """Returns the squared length, or distance, of the input weights and of the output weights, shape (layer, half)."""
    moved = block if other is None else jax.tree.map(jnp.subtract, block, other)
    neurons = jnp.stack([jnp.sum(moved.inner**2, axis=0), moved.outer**2])
    return jnp.sum(neurons.reshape(2, halves, -1), axis=2)
