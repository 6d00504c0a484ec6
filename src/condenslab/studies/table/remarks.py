"""What a person should know about a table before believing what is said of it; NumPy only."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from condenslab.tasks import Table

_FAR = 30.0
"""Median absolute deviations from the median at which a number may be a slip, or a code for a missing one."""
_FEW, _EACH = 10, 5
"""Whole numbers that a target of so few values takes, each so often on average, may be classes."""
_ALIKE = 1e-10
_RARE = 5


def remarks(table: Table) -> list[str]:
    """Returns what is odd about a table, one sentence each.

    Args:
        table: The table.

    Example:
        >>> import numpy as np
        >>> x = np.arange(12.0)[:, None]
        >>> remarks(Table(np.hstack([x, 0 * x + 5]), x**2, "t"))
        ['Column x2 is 5 in all samples: it is left out.']
    """
    inputs, outputs = table.names
    targets = [] if table.labels else list(zip(outputs, table.targets.T, strict=True))
    columns = list(zip(inputs, table.inputs.T, strict=True))
    said = [*_constants(columns), *_equal(columns), *_far([*columns, *targets]), *_many(table)]
    return said + (_rare(table) if table.labels else [*_few(targets), *_repeated(table)])


def _constants(columns: Sequence[tuple[str, np.ndarray]]) -> list[str]:
    names = [(name, own[0]) for name, own in columns if np.all(own == own[0])]
    return [f"Column {name} is {value:g} in all samples: it is left out." for name, value in names[:3]]


def _equal(columns: Sequence[tuple[str, np.ndarray]]) -> list[str]:
    """Names the first column that is another one in other units."""
    varying = [(name, own / np.abs(own).max()) for name, own in columns if np.any(own != own[0])]
    if len(varying) < 2:
        return []
    values = np.stack([(own - own.mean()) / np.linalg.norm(own - own.mean()) for _, own in varying])
    alike = np.argwhere(np.triu(np.abs(values @ values.T) > 1 - _ALIKE, 1))
    if not len(alike):
        return []
    one, other = (varying[place][0] for place in alike[0])
    return [f"Columns {one} and {other} say the same, up to a factor and a level: leave one out."]


def _far(columns: Sequence[tuple[str, np.ndarray]]) -> list[str]:
    """Names numbers that lie far from all others of their column, the farthest of each column."""
    said = []
    for name, own in columns:
        away = np.abs(own - np.median(own))
        usual = np.median(away)
        count = int(np.sum(away > _FAR * usual))
        if not usual or not 0 < count <= max(1, len(own) // 50):
            continue
        place = int(np.argmax(away))
        more = f" (and {count - 1} more)" if count > 1 else ""
        said.append(
            f"{name} is {own[place]:g} in sample {place + 1}{more}, {away[place] / usual:.0f} times as far from the "
            "median as usual: correct it if it is a slip or stands for a missing value, for squared errors follow it."
        )
    return said[:3]


def _many(table: Table) -> list[str]:
    parameters = table.inputs.shape[1] + 1 + 2 * table.targets.shape[1]
    if parameters <= table.targets.size:
        return []
    return [
        f"One neuron has {parameters} parameters, and there are {len(table.inputs)} samples: leave inputs out, or give "
        "more samples."
    ]


def _few(targets: Sequence[tuple[str, np.ndarray]]) -> list[str]:
    said = []
    for name, own in targets:
        values = np.unique(own)
        if 2 <= len(values) <= min(_FEW, len(own) / _EACH) and np.all(values == np.round(values)):
            shown = ", ".join(f"{value:g}" for value in values)
            said.append(f"{name} takes the values {shown} alone: if they are classes, say so (--classes).")
    return said if len(targets) == 1 else []


def _repeated(table: Table) -> list[str]:
    """Says how often lines come again, and what samples of equal inputs say about the noise."""
    _, places, counts = np.unique(table.inputs, axis=0, return_inverse=True, return_counts=True)
    lines = Counter(map(bytes, np.hstack([table.inputs, table.targets])))
    copies, said = sum(lines.values()) - len(lines), []
    if copies > len(table.inputs) // 20:
        said.append(
            f"{copies} samples are copies of others: they are left out and predicted from their copies, so that errors "
            "seem smaller than they are. Keep one of each."
        )
    free = len(table.inputs) - len(counts)
    if free >= 5 and table.targets.shape[1] == 1:
        y, groups = table.targets[:, 0], places.ravel()
        means = np.bincount(groups, y) / counts
        size = float(np.sqrt(np.sum((y - means[groups]) ** 2) / free))
        if size > 1e-9 * np.ptp(y):
            said.append(
                f"Samples with the same inputs differ: noise of about {size:.3g} in {table.names[1][0]} is what no "
                "function of these inputs explains."
            )
    return said


def _rare(table: Table) -> list[str]:
    counts = table.targets.sum(axis=0).astype(int)
    rare = [f"{name} ({count})" for name, count in zip(table.labels, counts, strict=True) if count < _RARE]
    shown = ", ".join(rare[:5]) + ", …" * (len(rare) > 5)
    said = [f"Classes of fewer than {_RARE} samples: {shown}. Little can be said of them."] if rare else []
    same = Counter(name.casefold() for name in table.labels)
    alike = next((name for name, count in same.items() if count > 1), None)
    if alike is not None:
        names = " and ".join(name for name in table.labels if name.casefold() == alike)
        said.append(f"{names} are taken for different classes, though they differ in capitals alone.")
    return said
