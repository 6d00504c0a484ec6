"""Computes the cases: searches for critical points, splits their neurons, and follows the flow from perturbed ones."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import landscape, measures, networks, tasks, training
from condenslab.landscape import CriticalPoint, Splitting
from condenslab.measures import Inertia
from condenslab.networks import TwoLayer
from condenslab.networks.structure import neuron_tangents
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.contract.endings import as_asked
from condenslab.studies.contract.parts import guarded
from condenslab.studies.embedding_width.cases import EscapeCase, IrisCase, PublishedIrisCase, SplitCase
from condenslab.studies.shared.columns import columns
from condenslab.studies.shared.iris import MISSING, iris
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Until

_COPIES = (2, 3)
_SHARES = (0.0, 1.0)
_IRIS_POINTS = 3
_RECORD = {"risk": lambda risk, network: risk.value(network)}
_START = (3.7, 0.09, 0.0)
"""Near the width-1 minimum (a, w, b); Newton's method makes it exact."""
_IRIS_START = (
    (1.10042325, 1.56166523, -2.58886438, -3.83040395),
    (7.86705609,),
    (0.54318222, 0.48146830, 0.07588658),
)
"""w, b and a near the critical point of width 1 on Iris."""


def run_split(case: SplitCase, progress: Progress) -> Outcome:
    """Returns what splitting does to the lowest minimum of a narrow width of the three-tanh problem.

    Args:
        case: The case.
        progress: Called with (fraction, text).
    """
    risk, point = _three_tanh(), _lowest_minimum(case)
    if point is None:
        return Outcome({"found": False})
    progress(0.5, f"the minimum of width {case.width}")
    rows: list[dict[str, Any]] = []
    arrays = {"spectrum_1": _sizes(point.inertia), "eigenvalues_1": point.inertia.eigenvalues}
    neurons = measures.hidden_neurons(point.network)
    arrays |= {"incoming": neurons.incoming, "outgoing": neurons.outgoing[0]}
    for neuron in range(case.width):
        for copies in _COPIES:
            row, signs = _measure(risk, point.network, _copied(case.width, neuron, copies))
            rows.append({"kind": "equal", "neuron": neuron, "copies": copies} | row)
            if neuron == 0:
                arrays |= {f"spectrum_{copies}": _sizes(signs), f"eigenvalues_{copies}": signs.eigenvalues}
        for share in _SHARES:
            row, _ = _measure(risk, point.network, landscape.splitting(case.width, neuron, share=share))
            rows.append({"kind": f"share {share:g}", "neuron": neuron, "copies": 2} | row)
    values = {"found": True, "risk": point.risk, "gradient": point.gradient_norm} | columns(rows)
    values |= {"narrow": list(point.inertia.counts), "narrow_decided": point.inertia.decided}
    values |= {"narrow_tolerance": point.inertia.tolerance, "narrow_floor": point.inertia.floor}
    if case.wide:
        wide, _ = _measure(risk, point.network, landscape.equal_splitting(case.width, case.wide))
        values |= {f"wide_{name}": value for name, value in wide.items()}
    return Outcome(values, arrays)


def run_iris(case: IrisCase, progress: Progress) -> Outcome:
    """Returns what splitting does to critical points of a 4-2-3 sigmoid network on Iris.

    Inputs are standardised, targets one-hot. Training is no way to them: setosa is separable, so that flows run to
    infinity; the search starts anywhere. A neuron's block is cut where the Hessian of the split network is.

    Args:
        case: The case.
        progress: Called with (fraction, text).
    """
    table = iris()
    if table is None:
        return MISSING
    measured, classes = table
    inputs = (measured - measured.mean(axis=0)) / measured.std(axis=0)
    risk = EmpiricalRisk(jnp.asarray(inputs), jnp.asarray(np.eye(3)[classes]))
    search = train.critical_points(
        risk, width=2, starts=case.starts, key=jax.random.key(case.seed), activation=networks.activation("sigmoid")
    )
    points = [point for point in search.of_width(2) if point.inertia.decided][:_IRIS_POINTS]
    progress(0.5, f"{len(points)} critical points on Iris")
    rows: list[dict[str, Any]] = []
    for number, point in enumerate(points):
        blocks = np.asarray(_blocks(risk, point.network))
        for neuron in range(2):
            for copies in _COPIES:
                split, _ = _measure(risk, point.network, _copied(2, neuron, copies))
                block = measures.inertia(blocks[neuron], gradient_norm=0.0, tolerance=split["tolerance"])
                local = {"local": list(block.counts), "local_decided": block.decided}
                rows.append({"point": number, "neuron": neuron, "copies": copies} | split | local)
    values = {
        "risks": [point.risk for point in points],
        "gradients": [point.gradient_norm for point in points],
        "narrow": [list(point.inertia.counts) for point in points],
        "hits": [point.hits for point in points],
    }
    return Outcome(values | columns(rows))


def run_published_iris(case: PublishedIrisCase, progress: Progress) -> Outcome:
    """Returns the inertia of a critical point of width 1 on Iris, and of its neuron in equal copies.

    Inputs are as measured, there is no output bias, and R is the mean over samples and outputs. The search of
    `run_iris` finds the point from one start in sixty; here Newton's method makes nine digits of it exact.

    Args:
        case: The case.
        progress: Called with (fraction, text).
    """
    table = iris()
    if table is None:
        return MISSING
    inputs, classes = table
    risk = EmpiricalRisk(jnp.asarray(inputs), jnp.asarray(np.eye(3)[classes]))
    w, b, a = (jnp.asarray(part) for part in _IRIS_START)
    start = TwoLayer(w[None, :], b, a[:, None], None, networks.activation("sigmoid"))
    point, _ = train.polish(risk, start, descend=False)  # it is a saddle
    progress(0.5, "the critical point of width 1")
    before = measures.inertia_at(risk, point)
    rows = [{"copies": copies} | _measure(risk, point, _copied(1, 0, copies))[0] for copies in case.copies]
    values = {"risk": float(risk.value(point)) / 3, "narrow": list(before.counts), "narrow_decided": before.decided}
    return Outcome(values | columns(rows))


def run_escapes(cases: Sequence[EscapeCase], progress: Progress) -> list[Outcome]:
    """Returns the risk along the flows from the width-1 minimum and from the same split in two, both perturbed.

    Args:
        cases: Cases that differ in seed, time or size of the perturbation.
        progress: Called with (fraction, text).
    """
    risk, narrow = _three_tanh(), _width_1()
    wide = landscape.split(narrow, 0)
    flows = []
    for start in (narrow, wide):
        starts = [_perturbed(start, case) for case in cases]
        ends = [Until(time=case.time) for case in cases]
        flows.append(train.ensemble(training.flow, risk, starts, until=ends, record=_RECORD, rtol=1e-6))
        progress(len(flows) / 2, f"flows of width {start.width}")
    level = float(risk.value(narrow))
    return [guarded(_escape, level, *pair) for pair in zip(*flows, strict=True)]


def _escape(level: float, narrow: training.Trajectory, wide: training.Trajectory) -> Outcome:
    arrays, values = {}, {"level": level}
    for name, run in (("narrow", narrow), ("wide", wide)):
        arrays[f"{name}_times"], arrays[f"{name}_risk"] = np.asarray(run.times), np.asarray(run.records["risk"])
        values |= {f"{name}_end": float(arrays[f"{name}_risk"][-1]), f"{name}_stop": run.stop.name}
    for run in (narrow, wide):
        as_asked(run, values=values, arrays=arrays)
    return Outcome(values, arrays)


@functools.cache
def _three_tanh() -> EmpiricalRisk:
    task = tasks.task("three_tanh")
    return EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))


def _width_1() -> TwoLayer:
    a, w, b = (jnp.full((1,), number) for number in _START)
    start = TwoLayer(w[:, None], b, a[None, :], None, networks.activation("tanh"))
    return train.polish(_three_tanh(), start)[0]


def _lowest_minimum(case: SplitCase) -> CriticalPoint | None:
    search = train.critical_points(_three_tanh(), width=case.width, starts=case.starts, key=jax.random.key(case.seed))
    minima = [p for p in search.of_width(case.width) if p.inertia.decided and p.inertia.positive == 3 * case.width]
    return min(minima, key=lambda point: point.risk, default=None)


def _copied(width: int, neuron: int, copies: int) -> Splitting:
    """Returns the splitting of one neuron into so many equal copies."""
    shares = [1.0 / copies if number == neuron else 1.0 for number in range(width)]
    extra = copies - 1
    return Splitting((*range(width), *[neuron] * extra), (*shares, *[1.0 / copies] * extra))


def _measure(risk: EmpiricalRisk, network: Any, embedding: Splitting) -> tuple[dict[str, Any], Inertia]:
    wide, receipt = landscape.embed(risk, network, embedding)
    signs = measures.inertia_at(risk, wide)
    assert receipt.risk_before is not None and receipt.risk_after is not None
    row = {
        "counts": list(signs.counts),
        "decided": signs.decided,
        "gap": signs.gap,
        "tolerance": signs.tolerance,
        "floor": signs.floor,
        "output_difference": float(receipt.relative_difference),
        "risk_difference": abs(receipt.risk_after - receipt.risk_before),
        "gradient": signs.gradient_norm,
    }
    return row, signs


def _sizes(inertia: Inertia) -> np.ndarray:
    return np.sort(np.abs(inertia.eigenvalues))[::-1].copy()


def _perturbed(network: TwoLayer, case: EscapeCase) -> TwoLayer:
    theta = networks.ravel(network)
    noise = jax.random.normal(jax.random.key(case.seed), theta.shape, theta.dtype)
    return networks.unravel(theta + case.size * noise, network)


@jax.jit
def _blocks(risk: EmpiricalRisk, network: Any) -> jax.Array:
    return neuron_tangents(network, risk.inputs, risk.cotangent(risk.outputs(network)), risk.scale).blocks
