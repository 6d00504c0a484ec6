"""Certificates: a group is believed when permuting its units moves no output, at weights with nothing special."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from condenslab.errors import UserError
from condenslab.interop.structure.analysis import Analysis
from condenslab.interop.structure.expressions import Atom, atoms, positions, unit_positions
from condenslab.interop.structure.groups import SEEN, Certificate, Group

State = Mapping[str, np.ndarray]
Draw = Callable[[np.random.Generator, int], np.ndarray]
"""Gives one factor a unit."""
_ROUNDINGS = 100.0
_FINEST, _COARSEST = 1e-9, 1e-2


class Program(Protocol):
    """A traced network that can be evaluated with other weights, in float64."""

    analysis: Analysis
    precision: float

    def state(self) -> dict[str, np.ndarray]:
        """Returns the arrays that can be edited."""
        ...

    def evaluate(self, state: State) -> list[np.ndarray]:
        """Returns the outputs with arrays in place of the network's own."""
        ...


def edited(analysis: Analysis, state: State, atom: Atom, order: np.ndarray, sizes: Mapping[Atom, int]) -> dict:
    """Returns the arrays that hold the units of an atom, these reordered, selected or repeated.

    Args:
        analysis: The axes.
        state: All arrays.
        atom: Whose units.
        order: Indices of units, in the new order.
        sizes: The sizes before.
    """
    found = {}
    for name, axes in analysis.parameters.items():
        for number, axis in enumerate(axes):
            if any(part is atom for part in atoms(axis)):
                found[name] = found.get(name, state[name]).take(positions(axis, atom, order, sizes), axis=number)
    return found


def scaled(analysis: Analysis, array: np.ndarray, name: str, axis: int, atom: Atom, factors: np.ndarray) -> np.ndarray:
    """Returns an array whose slices of each unit are multiplied by the unit's factor.

    Args:
        analysis: The axes.
        array: The array.
        name: Its name.
        axis: Which axis holds the units.
        atom: Whose units.
        factors: One a unit, at the atom's own size.
    """
    along = np.ones(array.shape[axis])
    along[unit_positions(analysis.parameters[name][axis], atom, {})] = factors[:, None]
    return array * along.reshape([-1 if k == axis else 1 for k in range(array.ndim)])


class Certifier:
    """Tries edits at perturbed weights and says how far the outputs move.

    How much rounding may move them follows from the narrowest type that the network itself rounds to: a norm computed
    in float32 costs nine digits, whatever type the weights have.

    Args:
        program: The network.
        seed: Of the perturbation and of the permutations.

    Raises:
        UserError: There is no floating-point output, or outputs or weights are not finite.
    """

    def __init__(self, program: Program, *, seed: int = 0) -> None:
        self.program, self.rng = program, np.random.default_rng(seed)
        self.state = {name: _perturbed(array, self.rng) for name, array in program.state().items()}
        self.reference = program.evaluate(self.state)
        if not self.reference:
            raise UserError("the network has no floating-point output, so that nothing can be compared")
        if not all(np.all(np.isfinite(one)) for one in self.reference):
            raise UserError(
                "the outputs are not finite, so that nothing can be compared: clean the weights (NaN, infinity)"
            )
        self.tolerance = float(np.clip(_ROUNDINGS * program.precision, _FINEST, _COARSEST))

    def deviation(self, changes: State, reference: list[np.ndarray] | None = None) -> float:
        """Returns the largest change of an output relative to the largest entry of it; infinite if nothing came out."""
        reference = self.reference if reference is None else reference
        try:
            found = self.program.evaluate({**self.state, **changes})
        except (RuntimeError, ValueError, TypeError, IndexError):
            return float("inf")
        worst = 0.0
        for one, before in zip(found, reference, strict=True):
            if one.shape != before.shape or not np.all(np.isfinite(one)):
                return float("inf")
            if before.size:
                worst = max(worst, float(np.abs(one - before).max() / max(np.abs(before).max(), 1e-300)))
        return worst

    def certified(self, group: Group) -> Group:
        """Returns a group with the certificate of a permutation without fixed units."""
        shift = np.arange(group.size)[self.rng.permutation(group.size)]
        order = np.empty(group.size, np.int64)
        order[shift] = np.roll(shift, 1)  # one cycle through all units: none stays
        changes = edited(self.program.analysis, self.state, group.atom, order, {})
        moved, control = self.deviation(changes), None
        some = [member.parameter for member in (group.makers if group.readers else group.members[:1])]
        if len(group.members) > 1:
            control = self.deviation({name: changes[name] for name in some})
        return replace(group, certificate=Certificate(moved, self.tolerance, control))

    def merges(self, group: Group) -> bool:
        """Says whether of two units with equal input weights one can take over the output weights of the other."""
        state, analysis = dict(self.state), self.program.analysis
        first, second = self.rng.choice(group.size, 2, replace=False)
        order = np.arange(group.size)
        order[second] = first
        copied = edited(analysis, state, group.atom, order, {})
        equal = {member.parameter: copied[member.parameter] for member in group.makers}
        reference = self.program.evaluate({**state, **equal})
        for member in group.readers:
            array = np.array(state[member.parameter])
            slots = unit_positions(analysis.parameters[member.parameter][member.axis], group.atom, {})
            along = np.moveaxis(array, member.axis, 0)
            along[slots[first]] += along[slots[second]]
            along[slots[second]] = 0.0
            equal[member.parameter] = array
        return self.deviation(equal, reference) <= self.tolerance

    def scales(self, group: Group, names: frozenset[str], draw: Draw) -> bool:
        """Says whether the function stays when a unit's entries are multiplied and those that read it divided.

        Args:
            group: The units.
            names: The parameters that are multiplied.
            draw: Gives one factor a unit.
        """
        factors, analysis, changes = draw(self.rng, group.size), self.program.analysis, {}
        for member in group.members:
            if member.reads or member.parameter in names:
                powers, name = 1.0 / factors if member.reads else factors, member.parameter
                changes[name] = scaled(analysis, self.state[name], name, member.axis, group.atom, powers)
        control = {name: array for name, array in changes.items() if name in names}
        return self.deviation(changes) <= self.tolerance and self.deviation(control) > SEEN * self.tolerance


def signs(rng: np.random.Generator, size: int) -> np.ndarray:
    """Returns signs, both of them."""
    found = rng.choice([-1.0, 1.0], size)
    found[0] = -1.0
    return found


def positive(rng: np.random.Generator, size: int) -> np.ndarray:
    """Returns positive factors."""
    return rng.uniform(0.5, 2.0, size)


def _perturbed(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns weights near the given ones that share none of their special values; positive ones stay positive.

    Matrices and kernels are made larger where they are smaller than He's initialisation: in a deep network with small
    weights the outputs would not depend on the units of the first layers, and nothing would be shown.
    """
    wide = np.asarray(array, np.float64)
    if not np.all(np.isfinite(wide)):
        raise UserError("the weights hold NaN or infinity: clean the file, or take an earlier one")
    noise = rng.standard_normal(wide.shape)
    if wide.size and wide.min() > 0:
        return wide * np.exp(0.2 * noise)
    spread = wide.std() if wide.size else 0.0
    he = np.sqrt(2.0 / max(wide[0].size, 1)) if wide.ndim > 1 and len(wide) else 0.0
    if 0 < spread < he:
        wide, spread = wide * (he / spread), he
    return wide + (0.02 + 0.1 * spread) * noise
