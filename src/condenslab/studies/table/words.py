"""An answer in sentences, in the table's own numbers."""

from collections.abc import Sequence

import numpy as np

from condenslab.studies.table.answer import CLEAN, ENOUGH, Answer, Stage, share, spread
from condenslab.studies.table.predictor import Predictor


def lines(found: Answer, network: Predictor, name: str, notes: Sequence[str] = ()) -> list[str]:
    """Returns what a person with a table wants to know, the answer first.

    Args:
        found: The answer.
        network: The reduced network.
        name: The table's name.
        notes: What is odd about the table.
    """
    said = [
        f"{name}: {_plural(found.samples, 'sample')}, {_names(network.inputs, 'input')}, "
        + (f"{len(network.outputs)} classes" if network.labels else _names(network.outputs, "output")),
        f"neurons     {_neurons(found)}",
        f"test error  {_error(found, network)}",
        *_condensed(found),
        f"advice      {' '.join(advice(found))}",
        *(f"note        {note}" for note in notes),
    ]
    return said + [f"formula     {line}" for line in network.formula().splitlines()]


def advice(found: Answer) -> list[str]:
    """Returns what to do next, one sentence each.

    Args:
        found: The answer.
    """
    said = []
    if found.neurons == 0:
        said.append(
            "No dependence on the inputs was found: a constant predicts as well. Give more samples, or other inputs."
        )
        return said
    said += _enough_for_classes(found) if found.right is not None else _enough(found)
    if found.neurons == found.most:
        said.append(
            f"This is the largest width that was tried: allow more (--set most={2 * found.most}), or more data."
        )
    if min(found.votes) != max(found.votes):
        said.append(
            f"Cuts disagree ({spread(found.votes)} neurons): more samples, or less noise, would tell them apart."
        )
    return said


def _enough(found: Answer) -> list[str]:
    """Says whether there are enough samples to fix a function of numbers."""
    least, noise = -(-found.rank // found.outputs), found.noise
    said = [
        f"At this width the function uses {_rank(found)} (model rank), so that {_plural(least, 'sample')} without "
        f"noise could fix it (optimistic sample size); there are {found.samples}."
    ]
    if found.samples < least:
        said.append(f"More data are needed: at least {least - found.samples} more.")
    elif noise is not None and noise <= CLEAN * found.outputs:
        said.append("That is enough for this width." if found.samples >= 2 * least else "More would make it safer.")
    else:
        extra = 100 * found.rank / (found.samples * found.outputs)
        enough = ENOUGH * least
        said.append(
            f"Not knowing them exactly adds about {extra:.0f} % to the variance of the noise; "
            + (
                f"{enough} samples would bring that to 10 %."
                if found.samples < enough
                else "more data would hardly lower the error of this width."
            )
        )
    return said


def _enough_for_classes(found: Answer) -> list[str]:
    """Says whether there are enough samples to fix probabilities of classes: a label says less than a number.

    References:
        Ten samples a parameter, of the rarer class: Peduzzi et al., J. Clin. Epidemiol. 49 (1996) 1373–1379.
    """
    enough = ENOUGH * found.rank
    return [
        f"At this width the probabilities of the classes use {_rank(found)} (model rank); there are {found.samples} "
        f"samples, {found.samples / max(found.rank, 1):.2g} a parameter. "
        + (
            f"A common rule asks for {ENOUGH} a parameter, {enough} samples, and more where a class is rare."
            if found.samples < enough
            else f"That is enough by the common rule of {ENOUGH} a parameter, where no class is rare."
        )
    ]


def _rank(found: Answer) -> str:
    return f"{'' if found.rank_decided else 'about '}{_plural(found.rank, 'parameter')}"


def _plural(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _neurons(found: Answer) -> str:
    return (
        f"{found.neurons} ({share(found.votes, found.neurons)} random cuts into folds say so; all: "
        f"{spread(found.votes)}; least held-out error in single folds: {spread(found.best)})"
    )


def _error(found: Answer, network: Predictor) -> str:
    if found.right is not None:
        return (
            f"{100 * (1 - found.right[found.neurons]):.1f} % of held-out samples in the wrong class (cross-entropy "
            f"{found.error:.3g} nats); always the commonest class: {100 * (1 - found.right[0]):.1f} %"
        )
    scale = _scale(found)
    root = np.sqrt(found.error / found.outputs) * scale
    said = f"{root:.3g} rms on held-out samples{_of(network, found)}"
    if found.noise is None:
        said += ", beside noise that cannot be told: no more samples than parameters"
    elif found.noise <= CLEAN * found.outputs:
        said += ", beside no noise that can be seen (below 0.1 % of the spread)"
    else:
        size = np.sqrt(found.noise / found.outputs)
        said += f", beside noise of about {size * scale:.3g} ({percent(size)} % of the spread)"
    return said + f"; a constant: {np.sqrt(found.errors[0] / found.outputs) * scale:.3g}"


def percent(part: float) -> str:
    """Writes a part as per cent with two digits, however large it is.

    Args:
        part: A finite number, 1 for all.

    Example:
        >>> percent(0.0522), percent(1.02)
        ('5.2', '102')
    """
    digits = max(2, len(f"{100 * part:.0f}"))
    return np.format_float_positional(100 * part, digits, fractional=False, trim="-")


def _scale(found: Answer) -> float:
    """Returns the unit of errors: that of the target, or 1 (spreads) where there are several."""
    return float(found.height[0]) if found.outputs == 1 else 1.0


def _of(network: Predictor, found: Answer) -> str:
    return f" of {network.outputs[0]}" if found.outputs == 1 else " (mean over outputs, in units of their spreads)"


def _condensed(found: Answer) -> list[str]:
    stage = found.stage
    if stage is None:
        return []
    least, final = (
        value if found.right is not None else np.sqrt(value / found.outputs) * _scale(found)
        for value in (stage.error, stage.final)
    )
    course = (
        "and stays there"
        if stage.final <= 1.02 * stage.error
        else f"and is worse, {final:.3g}, at the end, where it fits noise"
    )
    return [
        f"wide net    {stage.width} neurons from small weights: held-out error least, {least:.3g}, at time "
        f"{stage.time:.3g}, when they have condensed to {_groups(stage)} (over {len(stage.groups)} folds), "
        f"{course}"
    ]


def _groups(stage: Stage) -> str:
    return f"{spread(stage.groups)} group{'s' * (set(stage.groups) != {1})}"


def _names(names: Sequence[str], what: str) -> str:
    shown = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
    return f"{_plural(len(names), what)} ({shown})"
