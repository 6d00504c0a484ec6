"""Trains deep tanh networks on few samples to a plateau, and then on as many or more until they leave it."""

from collections.abc import Sequence

import jax.numpy as jnp

from condenslab import networks, tasks, training
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.contract.endings import as_asked
from condenslab.studies.plateau_data.cases import EscapeCase
from condenslab.studies.plateau_data.claims import LEFT
from condenslab.studies.shared.frames import logarithmic_steps
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Trajectory, Until

_METHOD, _RECORDS = training.GradientDescent(rate=0.01), 160
_PARTS = 0.1
"""About how much of a run is over when the samples change."""


def run(cases: Sequence[EscapeCase], progress: Progress) -> list[Outcome]:
    """Returns the risk up to the plateau and from there on, one outcome a case.

    Args:
        cases: Cases that differ in their seeds.
        progress: Called with (fraction, text).
    """
    first = cases[0]
    widths = (1, *[first.width] * first.depth, 1)
    before = train.ensemble(
        training.descend,
        _risk(first, first.fewest),
        [networks.mlp(c.seed, widths=widths, activation="tanh", std=c.std, output_bias=True) for c in cases],
        _METHOD,
        steps=first.before,
        at=logarithmic_steps(first.before, _RECORDS),
        record={"risk": training.record_risk},
        progress=lambda fraction, text: progress(_PARTS * fraction, text),
    )
    after = train.ensemble(
        training.descend,
        _risk(first, first.samples),
        [course.network for course in before],
        _METHOD,
        steps=first.steps,
        until=Until(risk=LEFT),
        at=logarithmic_steps(first.steps, _RECORDS),
        record={"risk": training.record_risk},
        progress=lambda fraction, text: progress(_PARTS + (1 - _PARTS) * fraction, text),
    )
    courses = list(zip(cases, before, strict=True))
    return train.outcomes(courses, after, lambda course, escape: _outcome(as_asked(course[1]), escape))


def _risk(case: EscapeCase, samples: int) -> EmpiricalRisk:
    """The risk on a number of samples: the middle ones of the whole grid, or a grid of their own."""
    task = tasks.task("three_tanh", samples=case.most if case.grid == "nested" else samples)
    begin = (len(task.inputs) - samples) // 2
    chosen = slice(begin, begin + samples)
    return EmpiricalRisk(jnp.asarray(task.inputs[chosen]), jnp.asarray(task.targets[chosen]))


def _outcome(before: Trajectory, after: Trajectory) -> Outcome:
    final = float(after.records["risk"][-1])
    arrays = {
        "times_before": before.times,
        "risk_before": before.records["risk"],
        "times": after.times,
        "risk": after.records["risk"],
    }
    return Outcome({"final_risk": final, "escape": int(after.times[-1]) if final <= LEFT else None}, arrays)
