"""Edits of a network's arrays: units removed, merged or added, what reads them transformed."""

from dataclasses import dataclass, field

import numpy as np

from condenslab.interop.structure.analysis import Analysis
from condenslab.interop.structure.certifying import edited
from condenslab.interop.structure.expressions import Atom, unit_positions
from condenslab.interop.structure.gauges import Symmetry
from condenslab.interop.structure.groups import Group, Member
from condenslab.interop.structure.units import Rows, relative_signs


@dataclass(eq=False)
class Weights:
    """The arrays of a network while it is edited.

    Attributes:
        analysis: The axes.
        arrays: All arrays, by name.
        sizes: The sizes of atoms that have changed.
    """

    analysis: Analysis
    arrays: dict[str, np.ndarray]
    sizes: dict[Atom, int] = field(default_factory=dict)

    def copy(self) -> "Weights":
        """Returns weights that can be edited apart; arrays are never changed in place."""
        return Weights(self.analysis, dict(self.arrays), dict(self.sizes))

    def size(self, group: Group) -> int:
        """Returns how many units a group has now."""
        return self.sizes.get(group.atom, group.size)

    def slots(self, member: Member, atom: Atom) -> np.ndarray:
        """Returns which entries along a member's axis belong to each unit, shape (unit, entry)."""
        return unit_positions(self.analysis.parameters[member.parameter][member.axis], atom, self.sizes)

    def by_unit(self, member: Member, atom: Atom) -> np.ndarray:
        """Returns a member's entries by unit, shape (unit, entry along the axis, the rest), float64."""
        array = np.moveaxis(self.arrays[member.parameter], member.axis, 0).astype(np.float64)
        return array[self.slots(member, atom)].reshape(*self.slots(member, atom).shape, -1)

    def put(self, member: Member, atom: Atom, units: np.ndarray, values: np.ndarray) -> None:
        """Replaces a member's entries of some units.

        Args:
            member: The member.
            atom: The group's atom.
            units: Their indices.
            values: As `by_unit` gives them, of these units.
        """
        array = np.array(np.moveaxis(self.arrays[member.parameter], member.axis, 0), dtype=np.float64)
        slots = self.slots(member, atom)[units]
        array[slots] = values.reshape(*slots.shape, *array.shape[1:])
        self.arrays[member.parameter] = np.moveaxis(array, 0, member.axis)

    def select(self, group: Group, order: np.ndarray) -> None:
        """Keeps, reorders or repeats the units of a group in all members."""
        self.arrays |= edited(self.analysis, self.arrays, group.atom, order, self.sizes)
        self.sizes[group.atom] = len(order)

    def transform(self, group: Group, kept: np.ndarray, matrix: np.ndarray) -> None:
        """Replaces the units of a group by fewer or more.

        Args:
            group: The group.
            kept: For each new unit the old one whose input weights it has.
            matrix: What new units read for old ones, shape (new, old): output weights become matrix · output weights.
        """
        read = {m: np.einsum("no,oer->ner", matrix, self.by_unit(m, group.atom)) for m in group.readers}
        self.select(group, kept)
        for member, values in read.items():
            self.put(member, group.atom, np.arange(len(kept)), values)

    def parts(self, symmetry: Symmetry) -> list[Rows]:
        """Returns the units of a group as rows, one part for each gauge and each parameter outside any."""
        group, found = symmetry.group, []
        own = {member.parameter: member for member in group.makers}
        sets = [(sorted(g.names), g.signed, g.scaled) for g in symmetry.gauges]
        for names, signed, scaled in [*sets, *(([name], False, False) for name in symmetry.plain)]:
            columns = [self.by_unit(own[name], group.atom) for name in names]
            columns = [column.reshape(len(column), -1) for column in columns]
            widths = tuple(column.shape[1] for column in columns)
            found.append(Rows(tuple(names), np.concatenate(columns, axis=1), widths, signed, scaled))
        return found

    def outgoing(self, group: Group) -> np.ndarray:
        """Returns the norms of the units' output weights, shape (unit,)."""
        squares = [np.sum(self.by_unit(m, group.atom) ** 2, axis=(1, 2)) for m in group.readers]
        return np.sqrt(np.sum(squares, axis=0))


def multiples(parts: list[Rows], leads: np.ndarray) -> np.ndarray:
    """Returns with what factor each unit's output weights go to its lead: products of signs and ratios of lengths.

    Args:
        parts: The parts.
        leads: The lead of each unit.
    """
    factor = np.ones(len(leads))
    for part, sign in zip(parts, relative_signs(parts, leads), strict=True):
        factor *= sign * part.lengths / part.lengths[leads]
    return factor


def merging(parts: list[Rows], leads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns what `Weights.transform` needs to merge units into their leads.

    Args:
        parts: The parts.
        leads: The lead of each unit.
    """
    kept = np.unique(leads)
    matrix = np.zeros((len(kept), len(leads)))
    matrix[np.searchsorted(kept, leads), np.arange(len(leads))] = multiples(parts, leads)
    return kept, matrix


def average(weights: Weights, symmetry: Symmetry, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Puts the mean of each cluster in the place of its strongest unit, and returns what `transform` then needs.

    The mean is that of the rows up to sign and scale, weighted by the norm of the output weights.

    Args:
        weights: The weights, edited.
        symmetry: The group.
        labels: The cluster of each unit, numbered from 0 without gaps.
    """
    group, parts = symmetry.group, weights.parts(symmetry)
    strength = weights.outgoing(group) * np.prod([part.lengths for part in parts], axis=0) + 1e-300
    leads = np.zeros(len(labels), np.int64)
    for label in range(labels.max() + 1):
        members = np.flatnonzero(labels == label)
        leads[members] = members[np.argmax(strength[members])]
    kept, matrix = merging(parts, leads)
    changed = np.flatnonzero(np.bincount(leads, minlength=len(leads)) > 1)
    own = {member.parameter: member for member in group.makers}
    for part, sign in zip(parts, relative_signs(parts, leads), strict=True):
        rows = np.zeros((len(changed), part.raw.shape[1]))
        for at, lead in enumerate(changed):
            members = np.flatnonzero(leads == lead)
            share = strength[members] / strength[members].sum()
            mean = (share * sign[members]) @ part.rows[members]
            norm = np.linalg.norm(mean)
            rows[at] = mean * (part.lengths[lead] / norm if part.scaled and norm > 0 else 1.0)
        ends = np.cumsum((0, *part.widths))
        for name, begin, end in zip(part.names, ends[:-1], ends[1:], strict=True):
            weights.put(own[name], group.atom, changed, rows[:, begin:end])
    return kept, matrix
