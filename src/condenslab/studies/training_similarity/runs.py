"""Computes the cases: gradient descent that counts, inside the compiled program, at which risk every step is taken."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from condenslab import measures, networks, tasks, training
from condenslab.networks import initial
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.contract.endings import as_asked
from condenslab.studies.contract.parts import guarded
from condenslab.studies.shared.resting import resting_records
from condenslab.studies.training_similarity.cases import BINS, HIGHEST, LOWEST, LevelsCase, TrialCase
from condenslab.studies.training_similarity.reference import critical_functions
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Trajectory

_RECORD = {
    "risk": training.record_risk,
    "outputs": training.record_outputs,
    "parameters": training.record_parameters,
}
_RECORDS = 120
_BIN = (HIGHEST - LOWEST) / BINS
_FILTER = 0.02
_THRESHOLD = 0.1


def run_levels(case: LevelsCase, progress: Progress) -> Outcome:
    """Returns the distinct critical risks of a narrow width and its best function.

    Args:
        case: The case.
        progress: Called with (fraction, text).
    """
    task = tasks.task("four_relu", samples=case.samples)
    critical = critical_functions(task.inputs[:, 0], task.targets[:, 0], case.width)
    progress(1.0, f"{len(critical.risks)} critical functions of width {case.width}")
    values = {"functions": len(critical.risks), "start_risk": float(np.mean(task.targets**2))}
    return Outcome(
        values,
        {
            "risks": critical.distinct(),
            "inputs": task.inputs[:, 0],
            "targets": task.targets[:, 0],
            "best_outputs": critical.outputs[0],
            "all_risks": critical.risks,
            "all_outputs": critical.outputs,
        },
    )


def run_trials(cases: Sequence[TrialCase], progress: Progress) -> list[Outcome]:
    """Returns one outcome a case; the cases differ in their seeds only.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
    """
    first = cases[0]
    risk, method = _risk(first.samples), _counting_descent(first.samples, first.rate)
    # A batch of narrow networks is one vectorised program; wide ones fill the processor by themselves.
    vectorise = 32 if first.width <= 8 else 8 if first.width <= 30 else 1
    runs = train.ensemble(
        training.descend,
        risk,
        [_start(case) for case in cases],
        method,
        steps=first.steps,
        at=_record_steps(first.steps),
        record=_RECORD,
        vectorise=min(vectorise, max(1, len(cases) // 2)),
        progress=progress,
    )
    levels = _levels(first.samples)
    return [guarded(_outcome, run, levels) for run in runs]


@cache
def _risk(samples: int) -> EmpiricalRisk:
    task = tasks.task("four_relu", samples=samples)
    return EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))


@cache
def _levels(samples: int) -> dict[str, float]:
    """Returns the lowest critical risks of widths 1 and 2."""
    task = tasks.task("four_relu", samples=samples)
    x, y = task.inputs[:, 0], task.targets[:, 0]
    return {f"width_{width}": float(critical_functions(x, y, width).risks[0]) for width in (1, 2)}


@cache
def _counting_descent(samples: int, rate: float) -> optax.GradientTransformation:
    """Returns plain gradient descent whose state is a histogram of log₁₀ R over all steps taken.

    The first and the last bin, beside the 200, are what lies outside of [−5, 0]. The compiler merges this evaluation of
    R with that of its gradient. Made once, because an optax optimiser is part of the compiled program.
    """
    risk = _risk(samples)

    def start(params: Any) -> jax.Array:
        return jnp.zeros(BINS + 2, jnp.int32)

    def step(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        place = (jnp.log10(risk.value(params)) - LOWEST) / _BIN
        bin_number = jnp.clip(jnp.floor(place), -1, BINS).astype(jnp.int32) + 1
        return jax.tree.map(lambda slope: -rate * slope, updates), state.at[bin_number].add(1)

    return optax.GradientTransformation(start, step)


def _start(case: TrialCase) -> networks.TwoLayer:
    scale = initial.from_std_exponent(case.exponent, case.width)
    smaller = initial.Scale(case.std * scale.input_std, case.std * scale.output_std)
    return networks.two_layer(case.seed, width=case.width, inputs=1, activation="relu", scale=smaller)


def _record_steps(steps: int) -> np.ndarray:
    """Returns steps spaced logarithmically, and as many spaced evenly, where plateaus are long."""
    even = np.linspace(0, steps, _RECORDS + 1)[1:]
    return np.unique(np.concatenate([np.geomspace(1, steps, _RECORDS), even]).round()).astype(np.int64)


def _outcome(run: Trajectory, levels: dict[str, float]) -> Outcome:
    counts = next(leaf for leaf in run.state if leaf.dtype == np.int32 and leaf.shape == (BINS + 2,))
    values: dict[str, Any] = {"final_risk": float(run.records["risk"][-1]), "counted_steps": int(counts.sum())}
    arrays: dict[str, np.ndarray] = {"counts": counts, "times": run.times, "risk": run.records["risk"]}
    as_asked(run, values=values, arrays=arrays)
    rests = resting_records(run.times, run.records["risk"])
    arrays |= {"rest_risks": run.records["risk"][rests], "rest_outputs": run.records["outputs"][rests, :, 0]}
    for name, level in levels.items():
        away = np.abs(np.log10(run.records["risk"] / level))
        nearest = int(np.argmin(away))
        values[f"{name}_level"] = level
        values[f"{name}_away"] = float(away[nearest])
        if away[nearest] <= _BIN / 2:
            arrays |= _at_level(name, run, nearest)
    return Outcome(values, arrays)


def _at_level(name: str, run: Trajectory, record: int) -> dict[str, np.ndarray]:
    """Returns the function and the merged neurons at one record: angle of (w, b), and amplitude with the sign of a."""
    network = networks.unravel(jnp.asarray(run.records["parameters"][record]), run.network)
    condensed = measures.condensation(network, threshold=_THRESHOLD, amplitude_filter=_FILTER)
    outgoing = np.asarray(network.output_weights)[0]
    points = np.stack([group.representative for group in condensed.groups]).reshape(-1, 2)
    signs = np.array([np.sign(outgoing[group.members].sum()) for group in condensed.groups])
    return {
        f"{name}_outputs": run.records["outputs"][record][:, 0],
        f"{name}_angles": np.arctan2(points[:, 1], points[:, 0]),
        f"{name}_amplitudes": signs * np.array([group.net_amplitude for group in condensed.groups]),
    }
