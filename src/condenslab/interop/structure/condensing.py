"""The approximate part of a reduction: near units merged, by a threshold, to a width, or as far as a budget allows."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from condenslab.errors import UserError, unknown
from condenslab.interop.structure.expressions import Atom
from condenslab.interop.structure.gauges import Symmetry
from condenslab.interop.structure.groups import Group, Member
from condenslab.interop.structure.removing import Progress
from condenslab.interop.structure.surgery import average
from condenslab.interop.structure.units import Tree

APPROXIMATE = "none: an approximation"
_STEPS = 14
_LEAST, _MOST = 1e-5, 2.0

Labels = dict[Atom, np.ndarray]
Repair = Callable[[Progress, Symmetry, np.ndarray, dict[Member, np.ndarray]], None]


@dataclass(frozen=True)
class Aim:
    """How far to merge what is only near.

    Attributes:
        threshold: Largest relative distance of two units that are merged, or None.
        widths: Target widths by layer, names with * and ? allowed.
        budget: Largest output difference relative to the largest output, on the user's inputs, or None.
        uniform: Whether groups of one kind in all blocks get one width.
        multiple: Widths are rounded up to a multiple of this.
    """

    threshold: float | None = None
    widths: tuple[tuple[str, int], ...] = ()
    budget: float | None = None
    uniform: bool = False
    multiple: int = 1

    @property
    def approximates(self) -> bool:
        """Whether anything but exact merging is asked for."""
        return self.threshold is not None or self.budget is not None or bool(self.widths)

    def check(self) -> None:
        """Raises UserError where the numbers make no sense together."""
        for name, value in (("threshold", self.threshold), ("budget", self.budget), ("round-to", self.multiple)):
            number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
            if value is not None and not number:
                raise UserError(f"--{name} is one number. Got {value!r}")
        if sum((self.threshold is not None, self.budget is not None, bool(self.widths))) > 1:
            raise UserError("give one of --threshold, --width and --budget: each says how far to merge")
        if self.threshold is not None and not 0 < self.threshold < 2:
            raise UserError(f"--threshold is a relative distance between 0 and 2. Got {self.threshold}")
        if self.budget is not None and not 0 < self.budget < float("inf"):
            raise UserError(f"--budget is a relative output difference above 0. Got {self.budget}")
        if self.multiple < 1:
            raise UserError(f"--round-to needs a whole number from 1. Got {self.multiple}")


def aimed_widths(aim: Aim, symmetries: Sequence[Symmetry]) -> dict[Atom, int]:
    """Returns the target width of each group that --width names.

    Args:
        aim: What is asked for.
        symmetries: The groups.

    Raises:
        UserError: A name fits no group, several groups with different roles, or one that cannot be reduced; or a width
            is not between 1 and the group's.
    """
    found: dict[Atom, int] = {}
    for name, width in aim.widths:
        for group in named(name, [symmetry.group for symmetry in symmetries]):
            if not 1 <= width <= group.size:
                raise UserError(
                    f"--width {name}={width}: {group.name} has {group.size} units, so 1 to {group.size} fit"
                )
            found[group.atom] = width
    return found


def named(name: str, groups: Sequence[Group]) -> list[Group]:
    """Returns the groups that a name means: NAME, NAME:ROLE or a pattern of these.

    Args:
        name: What was given.
        groups: The groups.

    Raises:
        UserError: None fits, or a plain name fits several.
    """
    full = {group.label: group for group in groups}
    found = [group for key, group in full.items() if fnmatchcase(key, name) or fnmatchcase(group.name, name)]
    if not found:
        raise unknown("layer", name, dict.fromkeys(group.name for group in groups))
    if len(found) > 1 and not re.search(r"[*?\[]", name):
        raise UserError(
            f"{name} makes several groups of units: say which, {' or '.join(f'{name}:{g.role}' for g in found)}"
        )
    return found


def kind_of(group: Group) -> tuple[str, ...]:
    """Returns what two groups of the same kind in different blocks share: role and members, numbers left out."""
    names = (re.sub(r"\d+", "#", member.parameter) for member in group.members)
    return group.role, str(group.size), *names


def rounded_widths(aim: Aim, widths: Mapping[Atom, int], symmetries: Sequence[Symmetry]) -> dict[Atom, int]:
    """Returns widths that are equal in all blocks and multiples of a number, where that is asked for; never smaller.

    Args:
        aim: What is asked for.
        widths: The width of each group without it.
        symmetries: The groups.
    """
    largest: dict[tuple[str, ...], int] = {}
    for symmetry in symmetries:
        kind = kind_of(symmetry.group)
        largest[kind] = max(largest.get(kind, 1), widths[symmetry.group.atom])
    found = {}
    for symmetry in symmetries:
        group = symmetry.group
        width = largest[kind_of(group)] if aim.uniform else widths[group.atom]
        found[group.atom] = min(-(-width // aim.multiple) * aim.multiple, group.size)
    return found


def trees(progress: Progress, only: Mapping[Atom, int] | None = None) -> dict[Atom, Tree]:
    """Returns the merge order of each group.

    Args:
        progress: The reduction so far.
        only: The groups that are needed; by default all.

    Raises:
        UserError: A group is too wide to be compared pair by pair.
    """
    found = {}
    for symmetry in progress.symmetries:
        group = symmetry.group
        if only is not None and group.atom not in only:
            continue
        try:
            found[group.atom] = Tree(progress.weights.parts(symmetry))
        except ValueError as error:
            raise UserError(f"{group.name}: {error}; leave it out (--layers)") from error
    return found


def merge_clusters(progress: Progress, labels: Labels, repair: Repair | None = None) -> None:
    """Merges clusters of units, layer after layer.

    Args:
        progress: The reduction, edited.
        labels: The cluster of each unit, by group.
        repair: Called after each group with what was kept and the output weights before.
    """
    for symmetry in progress.symmetries:
        group = symmetry.group
        chosen = labels.get(group.atom)
        if chosen is None or chosen.max(initial=0) + 1 == len(chosen):
            continue
        kept, matrix = average(progress.weights, symmetry, chosen)
        into = kept[np.argmax(matrix != 0, axis=0)]
        gone = np.setdiff1d(np.arange(len(chosen)), kept)
        progress.note(group, "merged", APPROXIMATE, gone, into[gone])
        read = {member: progress.weights.by_unit(member, group.atom) for member in group.readers}
        progress.transform(group, kept, matrix)
        if repair is not None:
            repair(progress, symmetry, kept, read)


def largest_within(budget: float, error: Callable[[float], float]) -> float | None:
    """Returns the largest threshold whose error is within a budget, found by bisection on a logarithmic scale.

    Args:
        budget: The largest error.
        error: The error at a threshold.

    Returns:
        The threshold, or None where even the smallest one exceeds the budget.
    """
    low, high = np.log(_LEAST), np.log(_MOST)
    if error(float(np.exp(high))) <= budget:
        return _MOST
    if error(float(np.exp(low))) > budget:
        return None
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if error(float(np.exp(middle))) <= budget:
            low = middle
        else:
            high = middle
    return float(np.exp(low))
