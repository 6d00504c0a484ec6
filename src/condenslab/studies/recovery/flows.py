"""Computes the flow cases: two stages of gradient flow, then what the wide network has condensed to."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab import landscape, measures, networks, training
from condenslab.networks import initial
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.contract.endings import as_asked
from condenslab.studies.contract.parts import guarded
from condenslab.studies.recovery.cases import FlowCase
from condenslab.studies.recovery.problem import Setting, make_setting
from condenslab.studies.shared.frames import networks_at
from condenslab.studies.shared.ranks import rank_values
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Trajectory, Until

if TYPE_CHECKING:
    from condenslab.tasks import Table

DOMINANT = 0.05
"""A group is dominant when its amplitude is at least this fraction of the largest."""

THRESHOLDS = np.geomspace(0.01, 0.5, 24)
_RECORD = {
    "risk": training.record_risk,
    "outputs": training.record_outputs,
    "parameters": training.record_parameters,
}
_SMALL_VARIANCE_EXPONENT = 3
_SECOND_STAGE = 10.0
"""The stage without the L2 term may last this many times the first; it ends at the risk level long before."""
_CURVE_POINTS = 600
_FRAMES = 40

_NUMERICAL = 1e-9
"""Singular values above this count in the numerical rank of a raw network."""


def run_flows(cases: Sequence[FlowCase], progress: Progress, *, data: "Table | None" = None) -> list[Outcome]:
    """Returns one outcome a case; cases share everything that decides the program.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
        data: The user's own table, or None for the built-in target.
    """
    setting = make_setting(cases[0].activation, data, standardise=cases[0].standardise)
    risk = EmpiricalRisk(jnp.asarray(setting.inputs), jnp.asarray(setting.targets))
    starts = [draw_start(case, setting.inputs.shape[1]) for case in cases]
    first = _stage(risk, starts, cases, 0.0, 1.0, _part(progress, 0.0, 0.6))
    second = iter(_second_stage(risk, cases, first, _part(progress, 0.6, 0.1)))
    outcomes = []
    for number, (case, start, run) in enumerate(zip(cases, starts, first, strict=True)):
        runs = [run, next(second)] if case.l2 > 0 else [run]
        outcomes.append(guarded(_outcome, case, start, runs, risk, setting))
        progress(0.7 + 0.3 * (number + 1) / len(cases), "measuring what has condensed")
    return outcomes


def draw_start(case: FlowCase, inputs: int) -> networks.TwoLayer:
    """Returns the initial network of a case: no output bias, every parameter of mean 0.

    "small" is N(0, width⁻³) (EP21, App. B), "std 1" is N(0, 1), "PyTorch default" is uniform on ±1/√fan-in.
    """
    scales = {
        "small": lambda: initial.from_variance_exponent(_SMALL_VARIANCE_EXPONENT, case.width),
        "std 1": lambda: initial.from_variance_exponent(0, case.width),
        "PyTorch default": lambda: initial.scheme("pytorch", case.width, inputs),
    }
    scale = scales[case.start]()
    return networks.two_layer(case.seed, width=case.width, inputs=inputs, activation=case.activation, scale=scale)


def _stage(
    risk: EmpiricalRisk,
    starts: list[Any],
    cases: Sequence[FlowCase],
    begin: float,
    duration: float,
    progress: Progress,
) -> list[Trajectory]:
    """Runs one stage: from time 0 under the case's own law, or from a later time without the L2 term."""
    decays = [case.l2 if begin == 0 else 0.0 for case in cases]
    levels = [
        Until(time=begin + duration * case.time, risk=-np.inf if decay > 0 else case.risk)
        for case, decay in zip(cases, decays, strict=True)
    ]
    return train.ensemble(
        training.flow,
        risk,
        starts,
        until=levels,
        l2=decays,
        start_time=begin,
        max_steps=cases[0].max_steps,
        record=_RECORD,
        chunk=1,
        progress=progress,
    )


def _second_stage(
    risk: EmpiricalRisk, cases: Sequence[FlowCase], first: list[Trajectory], progress: Progress
) -> list[Trajectory]:
    """Switches the L2 term off where there was one, and goes on from there."""
    chosen = [(case, run) for case, run in zip(cases, first, strict=True) if case.l2 > 0]
    if not chosen:
        return []
    decayed = [case for case, _ in chosen]
    return _stage(risk, [run.network for _, run in chosen], decayed, decayed[0].time, _SECOND_STAGE, progress)


def _part(progress: Progress, begin: float, share: float) -> Progress:
    return lambda fraction, text: progress(begin + share * fraction, f"gradient flow, {text}")


def _outcome(
    case: FlowCase, start: networks.TwoLayer, runs: list[Trajectory], risk: EmpiricalRisk, setting: Setting
) -> Outcome:
    end = runs[-1].network
    values = {
        "final_risk": float(risk.value(end)),
        "steps": sum(run.steps for run in runs),
        "stop": [run.stop.value for run in runs],
        "test_error": _test_error(end, setting),
    }
    arrays = _course(start, runs, setting)
    for run in runs:
        as_asked(run, values=values, arrays=arrays)
    measured = [_condensation(case, end), _raw_rank(case, start, end, setting)]
    if case.start == "small" and case.l2 > 0:
        measured.append(_reduction(case, end, risk, setting))
    for more_values, more_arrays in measured:
        values |= more_values
        arrays |= more_arrays
    return Outcome(values, arrays)


def _test_error(network: networks.TwoLayer, setting: Setting) -> float | None:
    if setting.heldout_targets is None:
        return None
    return float(np.mean((np.asarray(network(jnp.asarray(setting.grid))) - setting.heldout_targets) ** 2))


def _course(start: networks.TwoLayer, runs: list[Trajectory], setting: Setting) -> dict[str, np.ndarray]:
    """Returns the run at some hundred points and, at some forty, the neurons and the function."""
    times = np.concatenate([run.times for run in runs])
    joined = {name: np.concatenate([run.records[name] for run in runs]) for name in _RECORD}
    points = _evenly_along(times, joined["risk"], _CURVE_POINTS)
    frames = _evenly_along(times, joined["risk"], _FRAMES)
    shown = networks_at(joined["parameters"][frames], start)
    arrays = {
        "times": times[points],
        "risk": joined["risk"][points],
        "outputs": joined["outputs"][points],
        "frame_times": times[frames],
        "frame_risk": joined["risk"][frames],
        "frame_amplitudes": np.stack([measures.amplitudes(network) for network in (start, *shown)]),
        "frame_weights": np.stack([_augmented(network) for network in (start, *shown)]),
    }
    if setting.one_input:
        arrays |= {"grid": setting.grid[:, 0], "inputs": setting.inputs, "targets": setting.targets}
        arrays["frame_functions"] = np.asarray(
            _functions(jnp.asarray(joined["parameters"][frames]), start, jnp.asarray(setting.grid))
        )
        arrays["frame_angles"] = np.stack([measures.orientations(network) for network in (start, *shown)])
    return arrays


def _augmented(network: networks.TwoLayer) -> np.ndarray:
    return measures.hidden_neurons(network).incoming


@eqx.filter_jit
def _functions(parameters: Array, like: networks.TwoLayer, grid: Array) -> Array:
    return jax.vmap(lambda theta: networks.unravel(theta, like)(grid)[:, 0])(parameters)


def _evenly_along(times: np.ndarray, risk: np.ndarray, count: int) -> np.ndarray:
    """Returns at most `count` indices evenly spaced along the curve (log t, log R), first and last included."""
    tiny = np.finfo(np.float64).tiny
    logs = np.log10(np.maximum(np.stack([times, risk]), tiny))
    lengths = np.append(0.0, np.cumsum(np.abs(np.diff(logs, axis=1)).sum(axis=0)))
    chosen = np.searchsorted(lengths, np.linspace(0.0, lengths[-1], count))
    return np.unique(np.append(np.clip(chosen, 0, times.size - 1), times.size - 1))


def _condensation(case: FlowCase, end: networks.TwoLayer) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    condensed = measures.condensation(end, threshold=case.threshold, amplitude_filter=1e-3)
    sizes = np.array([group.amplitude for group in condensed.groups])
    dominant = int(np.count_nonzero(sizes >= DOMINANT * sizes.max(initial=0.0)))
    values = {
        "groups": condensed.effective_width,
        "dominant_groups": dominant,
        "fourth_amplitude": float(sizes[3] / sizes[0]) if sizes.size > 3 else 0.0,
        "dropped_amplitude": float(condensed.dropped_amplitude / condensed.total_amplitude),
    }
    counts = measures.group_counts(end, THRESHOLDS, amplitude_filter=1e-3)
    amplitudes = measures.group_counts(end, THRESHOLDS, amplitude_filter=DOMINANT)
    return values, {
        "group_amplitudes": sizes,
        "thresholds": THRESHOLDS,
        "threshold_counts": counts.counts,
        "threshold_counts_large": amplitudes.counts,
    }


def _raw_rank(
    case: FlowCase, start: networks.TwoLayer, end: networks.TwoLayer, setting: Setting
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Returns the model rank at the raw end point, or at the random start for std-1 initialisation."""
    if not case.raw_rank:
        return {}, {}
    name, network = ("end_rank", end) if case.start == "small" else ("start_rank", start)
    # Its spectrum is drawn and no number claimed: with a tolerance no argument for zeros is looked for.
    probes = setting.probes(networks.parameter_count(network))
    return _rank(name, measures.model_rank(network, probes, tolerance=_NUMERICAL))


def _rank(name: str, rank: measures.Rank) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    return rank_values(rank, name), {f"{name}_spectrum": rank.singular_values}


def _reduction(
    case: FlowCase, end: networks.TwoLayer, risk: EmpiricalRisk, setting: Setting
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Merges the groups, polishes the small network, and embeds it back into the wide one."""
    merged = landscape.reduce(end, threshold=case.threshold, drop=DOMINANT, risk=risk)
    polished, report = landscape.polish(risk, merged.network)
    values: dict[str, Any] = {
        "reduced_width": merged.network.width,
        "merge_error": _relative_difference(merged.network, end, setting),
        "merged_risk": float(risk.value(merged.network)),
        "polish_error": _relative_difference(polished, end, setting),
        "polished_risk": float(risk.value(polished)),
        "polish_fate": report.fate.value,
        "parameter_error": None,
    }
    teacher = setting.teacher
    if teacher is not None and teacher.width == polished.width:
        values["parameter_error"] = measures.align(polished, teacher).largest
    wide = landscape.split_to_width(polished, case.width)
    rank_values, rank_arrays = _rank("rank", measures.model_rank(wide, setting.probes(networks.parameter_count(wide))))
    table = np.column_stack([_augmented(polished), np.asarray(polished.output_weights).T])
    return values | rank_values, rank_arrays | {"reduced_parameters": table}


def _relative_difference(network: networks.TwoLayer, reference: networks.TwoLayer, setting: Setting) -> float:
    """Returns the root mean square difference of two functions over the grid, over that of the reference."""
    grid = jnp.asarray(setting.grid)
    ours, theirs = np.asarray(network(grid)), np.asarray(reference(grid))
    return float(np.sqrt(np.mean((ours - theirs) ** 2) / np.mean(theirs**2)))
