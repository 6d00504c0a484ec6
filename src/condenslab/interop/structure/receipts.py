"""The receipt of an edit: what went and for which inputs that holds, outputs, sizes, work, time, accuracy."""

import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from condenslab.interop.structure.groups import Groups, number
from condenslab.interop.structure.removing import Removal
from condenslab.interop.structure.torch_data import Data, difference, outputs_on
from condenslab.interop.torch_module import require_torch

_REPEATS = 9
_BUSY, _FEW = 1.5, 0.9
_LAW = "normal with the mean and spread of the inputs; tokens uniform"


def units_by_kind(removals: Sequence[Removal]) -> list[dict[str, Any]]:
    """Returns how many units went, by kind and scope."""
    counts: dict[tuple[str, str], int] = {}
    for removal in removals:
        key = (removal.kind, removal.scope)
        counts[key] = counts.get(key, 0) + len(removal.units)
    return [{"kind": kind, "scope": scope, "units": count} for (kind, scope), count in counts.items()]


def comparison(before: Any, after: Any, data: Data | None, random: Data) -> dict[str, Any]:
    """Compares two modules: outputs on given and random inputs, parameters, operations, time, accuracy.

    Args:
        before: The original module.
        after: The edited one.
        data: The user's inputs, or None.
        random: Inputs that are not data.
    """
    given = None
    accuracy: dict[str, Any] = {"before": None, "after": None}
    if data is not None:
        old, new = outputs_on(before, data), outputs_on(after, data)
        given = _differences(new, old) | {"samples": data.samples}
        accuracy = {"before": _accuracy(old, data), "after": _accuracy(new, data)}
    drawn = _differences(outputs_on(after, random), outputs_on(before, random))
    sample = random if data is None else data
    work = operations(before, sample), operations(after, sample)
    return {
        "outputs": {
            "given": given,
            "random": drawn | {"law": _LAW},
        },
        "parameters": {"before": parameters(before), "after": parameters(after)},
        "operations": {"before": work[0], "after": work[1]},
        "latency": latency(before, after, sample, work),
        "accuracy": accuracy,
    }


def _differences(new: list[np.ndarray], old: list[np.ndarray]) -> dict[str, Any]:
    worst, relative = difference(new, old)
    return {"largest": number(worst), "relative": number(relative)}


def parameters(module: Any) -> int:
    """Returns the number of parameters, shared ones once."""
    return sum(parameter.numel() for parameter in module.parameters())


def operations(module: Any, data: Data) -> int | None:
    """Returns the floating-point operations of matrix products and convolutions for one batch, as torch counts them."""
    torch = require_torch("counting operations")
    counter = torch.utils.flop_counter.FlopCounterMode(display=False)
    args, kwargs = data.first(min(data.batch, data.samples))
    try:
        with torch.no_grad(), warnings.catch_warnings(), counter:
            warnings.simplefilter("ignore")
            module(*args, **kwargs)
    except (RuntimeError, TypeError, NotImplementedError):  # an operator that the counter does not know
        return None
    return int(counter.get_total_flops())


def latency(before: Any, after: Any, data: Data, work: tuple[int | None, int | None]) -> dict[str, Any]:
    """Measures both modules by turns on one batch and says why the reduced one is not faster where it is not.

    Args:
        before: The original module.
        after: The edited one.
        data: The inputs.
        work: Operations of both for one batch, where they are known.

    Returns:
        "before" and "after" in milliseconds (medians), "ratio", "samples" and "reason".
    """
    torch = require_torch("measuring time")
    args, kwargs = data.first(min(data.batch, data.samples))
    times: dict[str, list[float]] = {"before": [], "after": []}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for repeat in range(_REPEATS + 1):
            for name, module in (("before", before), ("after", after)):
                began = time.perf_counter()
                module(*args, **kwargs)
                if repeat:  # the first one warms up
                    times[name].append(1e3 * (time.perf_counter() - began))
    old, new = float(np.median(times["before"])), float(np.median(times["after"]))
    change = parameters(after) - parameters(before)
    reason = _why_not_faster(times["before"], change, work) if new > 0.95 * old else None
    return {"before": old, "after": new, "ratio": old / new, "samples": min(data.batch, data.samples), "reason": reason}


def _why_not_faster(times: Sequence[float], change: int, work: tuple[int | None, int | None]) -> str:
    if change >= 0:
        return "it has more parameters" if change else "nothing was removed"
    quarter, most = np.percentile(times, [25, 75])
    if most > _BUSY * quarter:
        return f"the machine was busy: half of the times of the same module lie {most / quarter:.1f}-fold apart"
    if work[0] and work[1] and work[1] > _FEW * work[0]:
        return f"only {1 - work[1] / work[0]:.1%} of the operations went: what shrank is not where the time goes"
    if min(times) < 1.0:
        return "the batch takes less than a millisecond: starting the operators costs as much as running them"
    return "the new widths are no multiples of what the machine computes at once (--round-to)"


def _accuracy(outputs: list[np.ndarray], data: Data) -> float | None:
    """Returns the share of samples whose largest output is their class, in the first output (sample, class)."""
    scores = next((one for one in outputs if one.ndim == 2), None)
    classes = None if scores is None or len(scores) != data.samples else data.classes(scores.shape[1])
    if scores is None or classes is None:
        return None
    return float(np.mean(scores.argmax(axis=1) == classes))


def certificates(found: Groups) -> dict[str, Any]:
    """Returns what a receipt says of the groups: certificates, refusals, operators without a rule."""
    plain = found.as_dict()
    return {
        "groups": plain["groups"],
        "uncertified": plain["uncertified"],
        "refusals": [{"group": g.name, "role": g.role, "reason": g.refusal} for g in found.groups if g.refusal]
        + [
            {"parameters": sorted({name for name, _ in f.members}), "size": f.size, "reason": f.reason}
            for f in found.frozen
        ],
        "operators": plain["operators"],
    }
