"""The exact part of a reduction: units that are never read, constant, or equal up to sign and scale."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from condenslab.interop.structure.expressions import Atom, unit_positions
from condenslab.interop.structure.gauges import Symmetry
from condenslab.interop.structure.groups import Group, Member
from condenslab.interop.structure.surgery import Weights, merging
from condenslab.interop.structure.units import Rows, equal_units, relative_signs

EVERY = "every input"
_CONSTANT = 1e-6

Ranges = Mapping[Any, tuple[np.ndarray, np.ndarray]]
"""For each reading the smallest and largest value of each entry that it gets."""


@dataclass(frozen=True)
class Removal:
    """Units of a group that went.

    Attributes:
        group: The group's name.
        role: Its role.
        kind: "unread", "dead", "constant", "duplicate", "sign", "scale", "silent" or "merged".
        scope: For which inputs the outputs stay: "every input", "your n inputs", or "none: an approximation".
        units: Their indices in the original group.
        into: For each the unit that stands for it, or −1.
    """

    group: str
    role: str
    kind: str
    scope: str
    units: tuple[int, ...]
    into: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """Returns it as plain values, for JSON."""
        return {
            "group": self.group,
            "role": self.role,
            "kind": self.kind,
            "scope": self.scope,
            "units": list(self.units),
            "into": list(self.into),
        }


@dataclass(eq=False)
class Progress:
    """A reduction under way.

    Attributes:
        weights: The arrays as they are now.
        symmetries: The groups with what their units may be multiplied with.
        epsilon: Relative rounding of the stored numbers.
        limits: Fewest units of a group, by its atom; 1 where nothing is said.
        original: For each group the original indices of the units that are left.
        removals: What went.
        kept: Why units that could have gone stayed, by group.
    """

    weights: Weights
    symmetries: tuple[Symmetry, ...]
    epsilon: float
    limits: Mapping[Atom, int] = field(default_factory=dict)
    original: dict[Atom, np.ndarray] = field(default_factory=dict)
    removals: list[Removal] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)

    def copy(self) -> "Progress":
        """Returns a reduction that goes on apart."""
        again = Progress(self.weights.copy(), self.symmetries, self.epsilon, self.limits)
        again.original, again.removals, again.kept = dict(self.original), list(self.removals), dict(self.kept)
        return again

    def room(self, group: Group) -> int:
        """Returns how many units of a group may still go."""
        return max(self.weights.size(group) - max(self.limits.get(group.atom, 1), 1), 0)

    def units(self, group: Group) -> np.ndarray:
        """Returns the original indices of the units of a group that are left."""
        return self.original.setdefault(group.atom, np.arange(group.size))

    def note(self, group: Group, kind: str, scope: str, gone: np.ndarray, into: np.ndarray | None = None) -> None:
        """Notes units that go, by their present indices."""
        if len(gone):
            own = self.units(group)
            targets = np.full(len(gone), -1) if into is None else own[into]
            self.removals.append(
                Removal(group.name, group.role, kind, scope, tuple(own[gone].tolist()), tuple(targets.tolist()))
            )

    def transform(self, group: Group, kept: np.ndarray, matrix: np.ndarray) -> None:
        """Edits the arrays and keeps the original indices along."""
        own = self.units(group)
        self.weights.transform(group, kept, matrix)
        self.original[group.atom] = own[kept]

    def drop(self, group: Group, gone: np.ndarray, kind: str, scope: str) -> bool:
        """Removes units that contribute nothing; returns whether one went."""
        gone = gone[: self.room(group)]
        self.note(group, kind, scope, gone)
        kept = np.setdiff1d(np.arange(self.weights.size(group)), gone)
        if len(gone):
            self.transform(group, kept, np.eye(len(kept) + len(gone))[kept])
        return len(gone) > 0


def remove_exactly(progress: Progress, ranges: Callable[[Weights], Ranges]) -> None:
    """Removes what can go for every input, layer after layer, until nothing more goes.

    Args:
        progress: The reduction, edited.
        ranges: Gives the range of what each reading gets on inputs of all kinds.
    """
    changed = True
    while changed:
        changed = False
        seen: list[Ranges] = []

        def lazily(seen: list[Ranges] = seen) -> Ranges:
            if not seen:
                seen.append(ranges(progress.weights))
            return seen[0]

        for symmetry in progress.symmetries:
            unread = progress.weights.outgoing(symmetry.group) == 0
            changed |= progress.drop(symmetry.group, np.flatnonzero(unread), "unread", EVERY)
            if _constants(progress, symmetry, lazily):
                changed = True
                seen.clear()
            changed |= merge_equal(progress, symmetry)
            if changed:
                seen.clear()


def merge_equal(progress: Progress, symmetry: Symmetry) -> bool:
    """Merges units that are equal up to sign and scale; returns whether one went."""
    group, parts = symmetry.group, progress.weights.parts(symmetry)
    count, room = progress.weights.size(group), progress.room(group)
    if room == 0:
        return False
    leads = equal_units(parts, np.arange(count), progress.epsilon)
    gone = np.flatnonzero(leads != np.arange(count))
    leads[gone[room:]] = gone[room:]
    gone = gone[:room]
    if not len(gone):
        return False
    kinds = np.array([_kind(parts, unit, leads) for unit in gone])
    for kind in ("duplicate", "sign", "scale"):
        chosen = gone[kinds == kind]
        progress.note(group, kind, EVERY, chosen, leads[chosen])
    progress.transform(group, *merging(parts, leads))
    return True


def _kind(parts: list[Rows], unit: int, leads: np.ndarray) -> str:
    signs = [sign[unit] for sign in relative_signs(parts, leads)]
    ratios = [part.lengths[unit] / part.lengths[leads[unit]] for part in parts]
    if any(abs(ratio - 1) > _CONSTANT for ratio in ratios):
        return "scale"
    return "sign" if any(sign < 0 for sign in signs) else "duplicate"


def _constants(progress: Progress, symmetry: Symmetry, ranges: Callable[[], Ranges]) -> bool:
    """Removes units that read nothing, their constant value going into the biases behind; returns whether one went."""
    group = symmetry.group
    still = _still(progress.weights, group)
    if not len(still) or progress.room(group) == 0:
        return False
    seen = ranges()
    values: dict[Any, np.ndarray] = {}
    for reading in group.readings:
        slots = activation_slots(progress.weights, reading, group)
        low, high = (bound[slots] for bound in seen[reading])
        spread = (high - low).max(axis=1)
        still = still[spread[still] <= _CONSTANT * max(np.abs(high).max(initial=0.0), np.abs(low).max(initial=0.0))]
        values[reading] = (low + high) / 2
    zero = np.array([all(not values[r][unit].any() for r in group.readings) for unit in still], dtype=bool)
    changed = progress.drop(group, still[zero], "dead", EVERY)
    rest = still[~zero]
    if changed or not len(rest):
        return changed
    return _fold(progress, group, rest[: progress.room(group)], values)


def _still(weights: Weights, group: Group) -> np.ndarray:
    """Returns the units of which, wherever they are read, some set of factors is zero: only offsets are left."""
    own = {member.parameter: member for member in group.makers}
    empty = {name: ~weights.by_unit(m, group.atom).any(axis=(1, 2)) for name, m in own.items()}
    found = np.ones(weights.size(group), dtype=bool)
    for reading in group.readings:
        sets = [[empty[name] for name in form.factors if name in own] for form in reading.forms]
        found &= np.any([np.all(names, axis=0) for names in sets if names], axis=0) if any(sets) else False
    return np.flatnonzero(found) if group.readings else np.zeros(0, np.int64)


def activation_slots(weights: Weights, reading: Any, group: Group) -> np.ndarray:
    """Returns which entries of the activations that a reading gets belong to each unit, shape (unit, entry)."""
    axis = weights.analysis.values[reading.source].axes[reading.axis]
    return unit_positions(axis, group.atom, weights.sizes)


def _fold(progress: Progress, group: Group, units: np.ndarray, values: Mapping[Any, np.ndarray]) -> bool:
    weights = progress.weights
    reason = next((why for reading in group.readings if (why := _unfoldable(weights, reading, group))), None)
    if reason:
        progress.kept[group.name] = f"{len(units)} constant units stay: {reason}"
        return False
    for reading in group.readings:
        member = _reader(group, reading)
        read = np.moveaxis(weights.arrays[member.parameter], member.axis, 0).astype(np.float64)
        slots = weights.slots(member, group.atom)[units]
        shift = np.tensordot(values[reading][units].reshape(-1), read[slots.reshape(-1)], axes=(0, 0))
        bias = weights.arrays[str(reading.bias)].astype(np.float64)
        weights.arrays[str(reading.bias)] = bias + shift.reshape(len(bias), -1).sum(axis=1)
    return progress.drop(group, units, "constant", EVERY)


def _reader(group: Group, reading: Any) -> Member:
    return next(member for member in group.readers if member.parameter == reading.parameter)


def _unfoldable(weights: Weights, reading: Any, group: Group) -> str | None:
    if reading.padded:
        return "zeros are put around the positions behind them"
    if reading.bias is None or reading.bias not in weights.arrays:
        return f"{reading.parameter} is followed by no bias"
    member = _reader(group, reading)
    array, bias = weights.arrays[reading.parameter], weights.arrays[reading.bias]
    left = np.delete(array.shape, member.axis)
    if bias.ndim != 1 or not len(left) or left[0] != len(bias):
        return f"the bias behind {reading.parameter} is laid out otherwise"
    if weights.by_unit(member, group.atom).shape[1] != activation_slots(weights, reading, group).shape[1]:
        return f"{reading.parameter} is laid out otherwise than what it reads"
    return None
