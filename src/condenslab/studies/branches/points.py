"""Flows from around single points: random ones of every branch, and exceptional ones that a random draw misses."""

from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab import landscape
from condenslab.networks import TwoLayer
from condenslab.studies.branches.cases import PointCase
from condenslab.studies.branches.flows import (
    ACTIVATION,
    SPREAD,
    block_name,
    displaced,
    flows_of,
    recovers,
    risk_on,
    target_network,
)
from condenslab.studies.contract.endings import ASKED, Unfinished
from condenslab.studies.contract.parts import guarded
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Trajectory


def run_points(cases: Sequence[PointCase], progress: Progress) -> list[Outcome]:
    """Returns, for every point of each case, how many flows from around it do not recover the target.

    The samples of a point are its own, and the same for all its flows; all flows are one program.

    Args:
        cases: Cases with the same widths and inputs.
        progress: Called with (fraction, text).
    """
    target = target_network(cases[0].target_width, cases[0].inputs)
    risks, starts, times, parts = [], [], [], []
    for case in cases:
        begun = len(starts)
        for point, key in _points(target, case):
            drawn = jax.random.normal(jax.random.fold_in(key, 1), (case.most, case.inputs))
            risk = risk_on(target, drawn, np.arange(case.most) < case.samples)
            keys = jax.random.split(jax.random.fold_in(key, 2), case.flows)
            starts += [displaced(point, case.radius, one) for one in keys]
            risks += [risk] * case.flows
        times += [case.time] * (len(starts) - begun)
        parts.append(slice(begun, len(starts)))
    runs = flows_of(risks, starts, times, {}, progress, rtol=1e-6)
    recovered = recovers(target, starts, runs)
    return [guarded(_outcome, case, recovered[part], runs[part]) for case, part in zip(cases, parts, strict=True)]


def exceptional_points(target: TwoLayer, width: int, key: Array) -> dict[str, TwoLayer]:
    """Returns points of the target set that lie on several branches at once, so that a random draw misses them.

    All extra neurons have output weights 0; what is exceptional are their input weights.

    Args:
        target: The target.
        width: m, larger than the target's.
        key: A JAX key.
    """
    spare = width - target.width
    known, new = target.input_weights[:1], SPREAD * jax.random.normal(key, (1, target.input_weights.shape[1]))
    incoming = {
        "silent copies of a target neuron": jnp.repeat(known, spare, axis=0),
        "silent neurons at w = 0": jnp.zeros((spare, known.shape[1])),
    }
    if spare > 1:
        incoming["silent neurons with one new w"] = jnp.repeat(new, spare, axis=0)
        incoming["a silent copy beside new neurons"] = jnp.concatenate([known, jnp.repeat(new, spare - 1, axis=0)])
    silent = jnp.zeros((1, spare))
    return {
        name: TwoLayer(
            jnp.concatenate([target.input_weights, extra]),
            None,
            jnp.concatenate([target.output_weights, silent], axis=1),
            None,
            ACTIVATION,
        )
        for name, extra in incoming.items()
    }


def _groups(case: PointCase) -> list[str]:
    """Returns the names of the branches or of the kinds of exceptional points, in the order of the points."""
    if case.places == "branches":
        return [block_name(shape) for shape in _shapes(case)]
    target = target_network(case.target_width, case.inputs)
    return list(exceptional_points(target, case.width, jax.random.key(0)))


def _shapes(case: PointCase) -> list[landscape.Branch]:
    """Returns the branches of which theory says that, with so many samples, no point is recovery stable."""
    shapes = landscape.branches(case.width, case.target_width)
    return [shape for shape in shapes if case.samples < shape.unstable_below(case.inputs)]


def _points(target: TwoLayer, case: PointCase) -> Iterator[tuple[TwoLayer, Array]]:
    """Yields every point and a key for its samples, group by group."""
    for group in range(len(_groups(case))):
        for number in range(case.points):
            key = jax.random.fold_in(jax.random.key(case.seed), (case.samples * 100 + group) * 10**5 + number)
            if case.places == "branches":
                yield landscape.branch_point(target, _shapes(case)[group], key, spread=SPREAD), key
            else:
                yield list(exceptional_points(target, case.width, key).values())[group], key


def _outcome(case: PointCase, recovered: np.ndarray, runs: list[Trajectory]) -> Outcome:
    """Returns the counts, shape (group, point); a flow that was cut off before it recovered has not answered.

    Raises:
        Unfinished: There is such a flow.
    """
    groups = _groups(case)
    answered = recovered | np.array([run.stop.name in ASKED for run in runs])
    lost = (~recovered).reshape(len(groups), case.points, case.flows).sum(axis=2)
    values = {"groups": groups, "lost": lost.tolist()}
    if not answered.all():
        raise Unfinished(runs[int(np.argmin(answered))].stop, values)
    return Outcome(values)
