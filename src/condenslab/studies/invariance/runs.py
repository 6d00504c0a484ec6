"""Trains networks that start on a manifold, and measures how far from it they get."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab import landscape, measures, networks, training
from condenslab.landscape import AxisSymmetry
from condenslab.landscape.manifolds import InvariantMap
from condenslab.networks import TwoLayer, unravel
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.contract.endings import ASKED
from condenslab.studies.invariance.manifold_cases import AFFINE, BALANCED, Case, Manifold
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Adam, GradientDescent, Trajectory, Until

RATE = 0.02
_INPUTS = 2
_RECORD = {"parameters": training.record_parameters}
_POINTS = 60
_METHODS: dict[str, Any] = {"GD": GradientDescent(RATE), "SGD": GradientDescent(RATE), "Adam": Adam(RATE)}


_Placed = tuple[TwoLayer, Callable[[TwoLayer], float]]


def run_cases(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Returns the distance to the manifold along each run; cases share the method and the activation.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
    """
    symmetries = unit_symmetries(_start(cases[0]))
    placed = [_placed(case, _start(case), symmetries) for case in cases]
    risks = [_risk(case) for case in cases]
    runs = _train(cases, risks, [start for start, _ in placed], progress)

    def measured(setting: tuple[Case, EmpiricalRisk, _Placed], run: Trajectory) -> Outcome:
        case, risk, (start, away) = setting
        course = np.array([away(unravel(jnp.asarray(theta), start)) for theta in _thinned(run.records["parameters"])])
        values = {"distance": float(course.max()), "stop": run.stop.value, "end": float(run.times[-1])}
        if case.manifold in AFFINE and case.method == "flow":
            values |= _tangents(case, risk, start, symmetries)
        if case.manifold in BALANCED:
            values |= _balance(case, risk, start, run, symmetries["scaling"])
        return Outcome(values, {"course": course, "steps": np.asarray(_thinned(run.times), dtype=np.float64)})

    asked = (*ASKED, "SLIDING") if cases[0].manifold == "balanced" else ASKED
    return train.outcomes(list(zip(cases, risks, placed, strict=True)), runs, measured, asked)


def _orthogonal(case: Case) -> bool:
    return case.manifold == BALANCED[1]


def _start(case: Case) -> TwoLayer:
    return networks.two_layer(
        case.seed,
        width=case.width,
        inputs=case.samples if _orthogonal(case) else _INPUTS,
        activation="relu" if case.manifold in BALANCED else "tanh",
        scale=networks.Scale(input_std=0.7, output_std=0.7),
        biases=not _orthogonal(case),
    )


def _risk(case: Case) -> EmpiricalRisk:
    keys = jax.random.split(jax.random.key(1000 + case.seed), 2)
    inputs = jax.random.normal(keys[0], (case.samples, case.samples if _orthogonal(case) else _INPUTS))
    if _orthogonal(case):
        inputs = jnp.sqrt(case.samples) * jnp.linalg.qr(inputs)[0]  # as long as normal ones
    return EmpiricalRisk(inputs, jax.random.normal(keys[1], (case.samples, 1)))


def unit_symmetries(network: TwoLayer) -> dict[str, AxisSymmetry]:
    """Returns the symmetries of the hidden units by kind: found, not listed.

    Args:
        network: A network.
    """
    inputs = jax.random.normal(jax.random.key(1), (20, network.input_weights.shape[1]))
    return {s.kind: s for s in landscape.discover_symmetries(network, inputs, jax.random.key(2))}


def manifold_maps(manifold: Manifold, symmetries: dict[str, AxisSymmetry]) -> list[InvariantMap]:
    """Returns the maps whose fixed points are an affine manifold.

    Args:
        manifold: Which.
        symmetries: Of the hidden units, by kind.
    """

    def swap(params: TwoLayer) -> TwoLayer:
        return symmetries["permutation"].swapped(params, 0, 1)

    def flip(params: TwoLayer, unit: int) -> TwoLayer:
        return symmetries["sign"].scaled(params, unit, -1.0)

    return {
        "equal neurons": [swap],
        "opposite neurons": [lambda params: flip(flip(swap(params), 0), 1)],
        "dead neuron": [lambda params: flip(params, 0)],
    }[manifold]


def _placed(case: Case, start: TwoLayer, symmetries: dict[str, AxisSymmetry]) -> _Placed:
    """Returns the start on the manifold, and the function that says how far from it a network is."""
    if case.manifold in AFFINE:
        manifold = landscape.invariant_manifold(manifold_maps(case.manifold, symmetries), start)
        return manifold.project(start), manifold.distance
    if case.manifold in BALANCED:
        conserved = partial(_conserved, symmetries["scaling"])
        before, size = conserved(start), float(jnp.sum(networks.ravel(start) ** 2))
        return start, lambda network: float(jnp.abs(conserved(network) - before).max()) / size
    return with_equal_inputs(start), lambda network: float(
        jnp.linalg.norm(network.input_weights[1] - network.input_weights[0])
    )


@partial(jax.jit, static_argnums=0)
def _conserved(scaling: AxisSymmetry, network: TwoLayer) -> Array:
    """Returns ‖w‖² − a² of every neuron, w with its bias."""
    return jnp.stack([scaling.conserved(network, unit) for unit in range(scaling.size)])


def _balance(
    case: Case, risk: EmpiricalRisk, start: TwoLayer, run: Trajectory, scaling: AxisSymmetry
) -> dict[str, float | int]:
    """Returns how many preactivations changed sign, and how far GD's change of ‖w‖² − a² is from the sum of its steps.

    A step θ − η∇R changes it by −2η(w·∂R/∂w − a ∂R/∂a) = 0 and by η²(‖∂R/∂w‖² − (∂R/∂a)²).
    """
    flipped: dict[str, float | int] = {"flipped": int(np.count_nonzero(_on(start, risk) != _on(run.network, risk)))}
    if case.method != "GD":
        return flipped
    size = float(jnp.sum(networks.ravel(start) ** 2))
    unexplained = _unexplained(scaling, risk, start, jnp.asarray(run.records["parameters"]))
    return flipped | {"unexplained": float(jnp.abs(unexplained).max()) / size}


def _on(network: TwoLayer, risk: EmpiricalRisk) -> np.ndarray:
    """Returns at which samples each neuron is on, shape (sample, neuron)."""
    return measures.layer_inputs(network, risk.inputs) @ measures.hidden_neurons(network).incoming.T > 0


@partial(jax.jit, static_argnums=0)
def _unexplained(scaling: AxisSymmetry, risk: EmpiricalRisk, start: TwoLayer, thetas: Array) -> Array:
    """Returns ‖w‖² − a² along the steps of GD less its start and what the gradients tell, shape (step, neuron)."""

    def of(theta: Array) -> tuple[Array, Array]:
        network = unravel(theta, start)
        return _conserved(scaling, network), _conserved(scaling, risk.gradient(network))

    conserved, squares = jax.vmap(of)(thetas)
    return conserved[1:] - conserved[:1] - RATE**2 * jnp.cumsum(squares[:-1], axis=0)


def with_equal_inputs(start: TwoLayer) -> TwoLayer:
    """Returns the network whose second neuron has the input weights of the first.

    Args:
        start: A network with biases.
    """
    assert start.biases is not None, "the start is drawn with biases"
    return replace(
        start,
        input_weights=start.input_weights.at[1].set(start.input_weights[0]),
        biases=start.biases.at[1].set(start.biases[0]),
    )


def _train(
    cases: Sequence[Case], risks: list[EmpiricalRisk], starts: list[TwoLayer], progress: Progress
) -> list[Trajectory]:
    first, options = cases[0], {"record": _RECORD, "progress": progress}
    if first.method == "flow":
        until = Until(time=RATE * first.steps)
        return train.ensemble(training.flow, risks, starts, until=until, rtol=1e-9, atol=1e-12, **options)
    if first.manifold in BALANCED:
        options["at"] = range(first.steps + 1)  # every step tells its change
    if first.method == "SGD":
        options |= {"batch": max(1, first.samples // 4), "key": [jax.random.key(case.seed) for case in cases]}
    return train.ensemble(training.descend, risks, starts, _METHODS[first.method], steps=first.steps, **options)


def _tangents(case: Case, risk: EmpiricalRisk, start: TwoLayer, symmetries: dict[str, AxisSymmetry]) -> dict[str, Any]:
    maps = manifold_maps(case.manifold, symmetries)
    manifold = landscape.invariant_manifold(maps, start)
    check = landscape.tangent_check(maps, start)
    same = check.fixed.decided and check.transposed.decided and check.fixed.value == check.transposed.value
    return {
        "normal_gradient": landscape.escaping_gradient(risk, manifold, start),
        "tangent_angle": check.angle if same else None,
        "dimension": manifold.dimension,
    }


def _thinned(values: np.ndarray | Array) -> np.ndarray:
    kept = np.unique(np.linspace(0, len(values) - 1, _POINTS).astype(int))
    return np.asarray(values)[kept]
