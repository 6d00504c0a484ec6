"""Searches for the smallest number of samples that suffices."""

import numpy as np

from condenslab import sample_size
from condenslab.studies.inference_or_memorisation.cases import Case, make_task
from condenslab.sweeps import Outcome, Progress
from condenslab.tasks.anchors import complexities

_LOWEST = 8


def search(case: Case, progress: Progress) -> Outcome:
    """Returns the bracket of the smallest number of samples that suffices, and the complexities of the task.

    Args:
        case: The case.
        progress: Called with the share of the budget that is spent and a few words.
    """
    task = make_task(case)
    room = len(task.triples("train"))
    spent: list[sample_size.Trial] = []

    def tell(trial: sample_size.Trial) -> None:
        spent.append(trial)
        progress(min(1.0, len(spent) / case.budget), f"{task.name}: {trial.accuracy:.2f} at {trial.size} samples")

    accuracy = sample_size.DecoderAccuracy(
        task, case.model.sizes(), case.steps, case.batch, room, tests=len(task.triples("test")), members=4
    )
    found = sample_size.empirical(
        accuracy,
        {"gamma": case.gammas, "rate": case.rates, "decay": case.decays},
        sizes=(min(_LOWEST * case.anchors, room), room),
        cutoff=case.cutoff,
        tuning_seeds=1,
        seeds=case.seeds,
        first_seed=case.seed,
        resolution=case.resolution,
        widenings=1,
        budget_runs=case.budget,
        together=True,
        on_trial=tell,
    )
    both = complexities(task)
    best = found.sizes[-1].best if found.sizes else {}
    values = {"lower": found.lower, "upper": found.upper, "decided": found.decided, "reason": found.reason}
    values |= {"memorisation": both.memorisation, "inference": both.inference, "runs": len(found.trials), "room": room}
    sizes = np.array([one.size for one in found.sizes])
    best_accuracies = np.array([float(np.mean(one.accuracies)) for one in found.sizes])
    return Outcome(
        values | {f"best_{name}": float(value) for name, value in best.items()},
        {"sizes": sizes, "accuracies": best_accuracies},
    )
