"""Computes the cases: points of branches, the ranks there, and gradient flows from near them."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab import landscape, measures, networks, training
from condenslab.landscape import Branch
from condenslab.networks import TwoLayer, unravel
from condenslab.risk import EmpiricalRisk
from condenslab.studies.branches.cases import RateCase, StabilityCase
from condenslab.studies.contract import train
from condenslab.studies.contract.endings import ASKED, Unfinished
from condenslab.studies.contract.parts import guarded
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Trajectory, Until

ACTIVATION = networks.activation("exp")
"""Generic in the sense of the theory: tanh is not, it is odd."""

RECOVERED = 1e-8
"""A flow recovers when the squared error off the sample has fallen to this fraction of what it was at the start.

A displacement ε leaves an error of order ε² there. A flow that fits the samples only may still cancel its first order,
near a condensed branch, and keeps ε⁴: the fraction has to be well below ε²."""

RANK_SAMPLES = 8
SPREAD = 0.5
"""Standard deviation of new weights."""
_PROBES = 200
_KEPT = 2000
_RATE_RECORD = {"risk": training.record_risk, "parameters": training.record_parameters}


def target_network(target_width: int, inputs: int) -> TwoLayer:
    """Returns the target: input weights N(0, 1/4), output weights ±1, of a fixed seed."""
    keys = jax.random.split(jax.random.key(target_width * 100 + inputs), 2)
    weights = SPREAD * jax.random.normal(keys[0], (target_width, inputs))
    signs = jax.random.rademacher(keys[1], (1, target_width), dtype=weights.dtype)
    return TwoLayer(weights, None, signs, None, ACTIVATION)


def run_rates(cases: Sequence[RateCase], progress: Progress) -> list[Outcome]:
    """Returns ranks, dimensions and the course of the flow from near a branch of the six-parameter example.

    Args:
        cases: Cases with the same number of samples.
        progress: Called with (fraction, text).
    """
    target = target_network(1, 2)
    keys = [jax.random.split(jax.random.fold_in(jax.random.key(case.seed), case.branch), 3) for case in cases]
    points = [_point(target, case, k[0]) for case, k in zip(cases, keys, strict=True)]
    risks = [risk_on(target, jax.random.normal(k[1], (case.samples, 2))) for case, k in zip(cases, keys, strict=True)]
    starts = [displaced(p, case.radius, k[2]) for case, p, k in zip(cases, points, keys, strict=True)]
    runs = flows_of(risks, starts, [case.time for case in cases], _RATE_RECORD, progress, rtol=1e-9)
    begun = dict(zip(cases, zip(points, risks, strict=True), strict=True))
    return train.outcomes(cases, runs, lambda case, run: _rate_outcome(case, *begun[case], run))


def run_stability(cases: Sequence[StabilityCase], progress: Progress) -> list[Outcome]:
    """Returns, for every branch, how many flows recover the target from the samples; all flows are one program.

    Args:
        cases: Cases with the same widths and inputs.
        progress: Called with (fraction, text).
    """
    first = cases[0]
    target = target_network(first.target_width, first.inputs)
    shapes = landscape.branches(first.width, first.target_width)
    risks, starts = [], []
    for case in cases:
        for branch, shape in enumerate(shapes):
            for trial in range(case.trials):
                key = jax.random.fold_in(
                    jax.random.key(case.seed), (case.samples * len(shapes) + branch) * 10**5 + trial
                )
                keys = jax.random.split(key, 3)
                point = landscape.branch_point(target, shape, keys[0], spread=SPREAD)
                drawn = jax.random.normal(keys[1], (case.most, case.inputs))
                risks.append(risk_on(target, drawn, np.arange(case.most) < case.samples))
                starts.append(displaced(point, case.radius, keys[2]))
    each = len(shapes) * first.trials
    times = [case.time for case in cases for _ in range(each)]
    runs = flows_of(risks, starts, times, {}, progress, rtol=1e-6)
    recovered = recovers(target, starts, runs)
    parts = [slice(number * each, (number + 1) * each) for number in range(len(cases))]
    return [
        guarded(_stability_outcome, case, shapes, recovered[part], runs[part])
        for case, part in zip(cases, parts, strict=True)
    ]


def shape_of(number: int) -> Branch:
    """Returns Q₁ (condensed), or Q₂ and its mirror image Q₃, of the six-parameter example."""
    return Branch((2,)) if number == 1 else Branch((1,), (1,))


def block_name(branch: Branch) -> str:
    """Returns a branch by the sizes of its blocks; ₀ marks those whose output weights add up to zero."""
    return "+".join(map(str, (*branch.target_blocks, *(f"{size}₀" for size in branch.extra_blocks))))


def _point(target: TwoLayer, case: RateCase, key: Array) -> TwoLayer:
    point = landscape.branch_point(target, shape_of(case.branch), key)
    if case.branch != 3:
        return point
    return TwoLayer(point.input_weights[::-1], None, point.output_weights[:, ::-1], None, ACTIVATION)


def risk_on(target: TwoLayer, inputs: Array, chosen: np.ndarray | None = None) -> EmpiricalRisk:
    """Returns the risk of fitting the target on inputs, of which only the chosen count.

    Args:
        target: The target.
        inputs: Shape (sample, input).
        chosen: Which, shape (sample,); all by default.
    """
    weights = None if chosen is None else jnp.asarray(chosen, inputs.dtype)
    return EmpiricalRisk(inputs, target(inputs), weights)


def displaced(point: TwoLayer, radius: float, key: Array) -> TwoLayer:
    """Returns a network whose parameters are normally distributed around a point.

    Args:
        point: The point.
        radius: Standard deviation of every parameter.
        key: A JAX key.
    """
    theta = networks.ravel(point)
    return unravel(theta + radius * jax.random.normal(key, theta.shape), point)


def flows_of(
    risks: list[EmpiricalRisk],
    starts: list[TwoLayer],
    times: list[float],
    record: dict,
    progress: Progress,
    *,
    rtol: float,
) -> list[Trajectory]:
    """Returns the gradient flows, all in one program.

    Args:
        risks: Of each flow.
        starts: Of each flow.
        times: End time of each flow.
        record: What to record.
        progress: Called with (fraction, text).
        rtol: Relative tolerance.
    """
    return train.ensemble(
        training.flow,
        risks,
        starts,
        until=[Until(time=time, risk=1e-28) for time in times],
        rtol=rtol,
        atol=1e-13,
        record=record,
        progress=lambda fraction, text: progress(fraction, f"gradient flow, {text}"),
    )


def recovers(target: TwoLayer, starts: list[TwoLayer], runs: list[Trajectory]) -> np.ndarray:
    """Returns which flows have brought the error off the sample to nothing, shape (flow,)."""
    probes = jax.random.normal(jax.random.key(7), (_PROBES, target.input_weights.shape[1]))
    truth = target(probes)

    @jax.jit
    def error(thetas: Array) -> Array:
        return jax.vmap(lambda theta: jnp.mean((unravel(theta, starts[0])(probes) - truth) ** 2))(thetas)

    ends = [run.network for run in runs]
    # Stacked on the host: of thousands of arrays JAX compiles a program, for minutes.
    stacks = (np.stack([np.asarray(networks.ravel(one)) for one in of]) for of in (starts, ends))
    before, after = (np.asarray(error(jnp.asarray(stack))) for stack in stacks)
    return after <= RECOVERED * before


def _rate_outcome(case: RateCase, point: TwoLayer, risk: EmpiricalRisk, run: Trajectory) -> Outcome:
    jacobian = np.asarray(_jacobian(risk, point))[:, 0]
    ranks = [measures.rank(jacobian[:n]) for n in range(1, RANK_SAMPLES + 1)]
    neighbours = [
        landscape.branch_point(target_network(1, 2), shape_of(case.branch), jax.random.key(k)) for k in range(8)
    ]
    flat = np.array([np.asarray(networks.ravel(p)) for p in neighbours])
    # Points of a branch are drawn and subtracted: their differences carry the rounding of the parameters.
    spread = measures.rank(flat[1:] - flat[0], errors=4 * np.finfo(float).eps * float(np.abs(flat).max()))
    smallest = _smallest_positive(np.asarray(_hessian(risk, run.network)), shape_of(case.branch).hessian_rank(2))
    parameters = run.records["parameters"]
    gap = np.linalg.norm(parameters[:, :2] - parameters[:, 2:4], axis=1)
    values = {
        "ranks": [rank.value if rank.decided else None for rank in ranks],
        "dimension": spread.value if spread.decided else None,
        "smallest_eigenvalue": smallest,
        "steps": run.steps,
    }
    kept = np.unique(np.linspace(0, len(run.times) - 1, _KEPT).astype(int))
    arrays = {"times": run.times[kept], "risk": run.records["risk"][kept], "gap": gap[kept]}
    return Outcome(values, arrays)


@eqx.filter_jit
def _jacobian(risk: EmpiricalRisk, network: TwoLayer) -> Array:
    return risk.jacobian(network)


@eqx.filter_jit
def _hessian(risk: EmpiricalRisk, network: TwoLayer) -> Array:
    return risk.hessian(network)


def _smallest_positive(hessian: np.ndarray, rank: int) -> float:
    """Returns the smallest of the `rank` largest eigenvalues."""
    return float(np.linalg.eigvalsh(hessian)[-rank])


def _stability_outcome(
    case: StabilityCase, shapes: list[Branch], recovered: np.ndarray, runs: list[Trajectory]
) -> Outcome:
    """Returns the counts of a case; a flow that was cut off before it recovered has not answered.

    Raises:
        Unfinished: There is such a flow.
    """
    answered = recovered | np.array([run.stop.name in ASKED for run in runs])
    successes, finished = (flows.reshape(len(shapes), case.trials).sum(axis=1) for flows in (recovered, answered))
    d = case.inputs
    values = {
        "branches": [block_name(b) for b in shapes],
        "features": [b.features for b in shapes],
        "deficient": [b.deficient for b in shapes],
        "codimension": [b.codimension(d) for b in shapes],
        "unstable_below": [b.unstable_below(d) for b in shapes],
        "stable_from": [b.stable_from(d) for b in shapes],
        "successes": successes.tolist(),
        "finished": finished.tolist(),
    }
    if not answered.all():
        raise Unfinished(runs[int(np.argmin(answered))].stop, values)
    return Outcome(values)
