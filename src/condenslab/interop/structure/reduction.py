"""The entry point of reductions: exact, on the user's inputs, or within an error, with a receipt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from condenslab.errors import UserError, unknown
from condenslab.interop.structure import condensing
from condenslab.interop.structure.condensing import Aim
from condenslab.interop.structure.discovery import certified_groups
from condenslab.interop.structure.expressions import Atom
from condenslab.interop.structure.gauges import Symmetry
from condenslab.interop.structure.groups import Groups
from condenslab.interop.structure.receipts import certificates, comparison, units_by_kind
from condenslab.interop.structure.removing import Progress, Ranges, activation_slots, remove_exactly
from condenslab.interop.structure.repairing import LeastSquares, retrained
from condenslab.interop.structure.surgery import Weights
from condenslab.interop.structure.torch_activity import Activity
from condenslab.interop.structure.torch_data import Data, difference, given_data, outputs_on
from condenslab.interop.structure.torch_program import TorchProgram
from condenslab.interop.structure.torch_resized import checked, resized, trained_weights


@dataclass(frozen=True, eq=False)
class Edited:
    """A module that was reduced or enlarged.

    Attributes:
        module: The exported graph with the new sizes, a `torch.nn.Module`.
        state: The tensors of its state dict, by their names in the original module.
        widths: Units of each group that was edited, before and after, by name and role.
        receipt: What was done and what it did, plain values.
        groups: The groups that were found.
        program: The module before.
        weights: The arrays with their axes.
    """

    module: Any
    state: dict[str, Any]
    widths: dict[str, tuple[int, int]]
    receipt: dict[str, Any]
    groups: Groups
    program: TorchProgram = field(repr=False)
    weights: Weights = field(repr=False)


def reduce(
    module: Any,
    inputs: Any,
    *,
    kwargs: Mapping[str, Any] | None = None,
    labels: np.ndarray | None = None,
    silent: bool = False,
    threshold: float | None = None,
    widths: Mapping[str, int] | None = None,
    budget: float | None = None,
    repair: bool = False,
    retrain: int = 0,
    uniform: bool = False,
    multiple: int = 1,
    layers: str = "*",
    seed: int = 0,
) -> Edited:
    """Makes a torch module smaller: units that are one become one.

    First what holds for every input: units that nothing reads, units that are constant (their value goes into the next
    bias), and units that are equal up to the signs and positive scales that their activation allows; in dense and
    convolution layers, gated pairs, heads and value dimensions, layer after layer until nothing is left. With one of
    `threshold`, `widths` and `budget`, near units are merged as well: complete-linkage clusters, each replaced by the
    mean weighted with output weights, which is an approximation.

    Args:
        module: A `torch.nn.Module`; it is copied.
        inputs: The user's inputs, an array of shape (sample, …) or a tuple of them; what is measured, is measured here.
        kwargs: Further inputs by name.
        labels: The class of each sample, for the accuracy.
        silent: Also remove units that are 0 on all of these inputs; it holds for these only.
        threshold: Largest relative distance of two units that are merged, between 0 and 2.
        widths: Target width by layer; names with * and ? are patterns, NAME:ROLE where a name makes several groups.
        budget: Largest output difference on the inputs, relative to the largest output; found by bisection.
        repair: Fit the output weights of merged units to what the unreduced network had, by least squares.
        retrain: So many steps of Adam towards the old outputs on the inputs.
        uniform: Give groups of the same kind in all blocks the same width.
        multiple: Round widths up to multiples of this.
        layers: Which groups, by name, with * and ?.
        seed: Of the trials and the random inputs.

    Raises:
        UserError: The options do not fit together, the module takes no such inputs or cannot be exported, weights are
            not finite, or the budget cannot be met.

    References:
        Zhang, Zhang & Luo, arXiv 2405.17501, Proposition 4.1 (critical reduction).
    """
    aim = Aim(threshold, tuple((widths or {}).items()), budget, uniform, multiple)
    aim.check()
    if retrain < 0:
        raise UserError(f"--retrain is a number of steps, at least 0. Got {retrain}")
    data = inputs if isinstance(inputs, Data) else given_data(inputs, kwargs or {}, labels)
    return _Reducer(module, data, layers, seed).run(aim, silent=silent, repair=repair, retrain=retrain)


class _Reducer:
    def __init__(self, module: Any, data: Data, layers: str, seed: int) -> None:
        example = data.first(min(data.samples, 4))
        self.program = TorchProgram(module, *example, any_batch=True)
        self.data = data if self.program.dynamic else data.fixed_to(min(data.samples, 4))
        self.random = self.data.random(seed=seed)
        self.groups, self.symmetries = certified_groups(self.program, seed=seed)
        chosen = [s for s in self.symmetries if s.refusal is None and fnmatchcase(s.group.name, layers)]
        if not chosen and layers != "*":
            raise unknown("layer", layers, dict.fromkeys(s.group.name for s in self.symmetries if s.refusal is None))
        self.chosen = tuple(sorted(chosen, key=self._place))
        self.notes: list[str] = []
        self.spare = 0
        self.activity = Activity(self.program, [r for s in self.chosen for r in s.group.readings])

    def _place(self, symmetry: Symmetry) -> int:
        order = {node: number for number, node in enumerate(self.program.exported.graph.nodes)}
        return max(order[reading.source] for reading in symmetry.group.readings)

    def run(self, aim: Aim, *, silent: bool, repair: bool, retrain: int) -> Edited:
        """Reduces, measures and writes the receipt."""
        progress = self._exact({}, silent)
        wanted = self._condensed_widths(aim, progress, repair)
        targets = condensing.rounded_widths(aim, wanted, self.chosen)
        self._say_what_stays(aim, wanted, targets)
        if targets != {s.group.atom: progress.weights.size(s.group) for s in self.chosen}:
            progress = self._exact(targets, silent)
            progress = self._merged_to(progress, targets, repair, aim)
        module = checked(self.program, progress.weights)
        training = None
        if retrain:
            training = retrained(module, self.program.module, self.data, steps=retrain)
            progress.weights.arrays |= trained_weights(module)
        return self._edited(progress, module, {"aim": _described(aim), "silent": silent, "repair": repair}, training)

    def _exact(self, limits: Mapping[Atom, int], silent: bool) -> Progress:
        weights = Weights(self.program.analysis, self.program.state())
        progress = Progress(weights, self.chosen, self.program.epsilon, limits)
        remove_exactly(progress, self._all_ranges)
        if silent:
            self._drop_silent(progress)
            remove_exactly(progress, self._all_ranges)
        return progress

    def _all_ranges(self, weights: Weights) -> Ranges:
        found = dict(self.activity.ranges(weights, self.data))
        for reading, (low, high) in self.activity.ranges(weights, self.random).items():
            found[reading] = np.minimum(low, found[reading][0]), np.maximum(high, found[reading][1])
        return found

    def _drop_silent(self, progress: Progress) -> None:
        ranges = self.activity.ranges(progress.weights, self.data)
        for symmetry in self.chosen:
            group = symmetry.group
            quiet = np.ones(progress.weights.size(group), dtype=bool)
            for reading in group.readings:
                slots = activation_slots(progress.weights, reading, group)
                quiet &= ~np.any([bound[slots].any(axis=1) for bound in ranges[reading]], axis=0)
            progress.drop(group, np.flatnonzero(quiet), "silent", f"your {self.data.samples} inputs")

    def _condensed_widths(self, aim: Aim, progress: Progress, repair: bool) -> dict[Atom, int]:
        """Returns the width that each group comes to before widths are made equal or rounded."""
        widths = {s.group.atom: progress.weights.size(s.group) for s in self.chosen}
        aimed = condensing.aimed_widths(aim, self.chosen)
        widths |= {atom: min(width, widths[atom]) for atom, width in aimed.items()}
        if aim.threshold is None and aim.budget is None:
            return widths
        trees = condensing.trees(progress)
        threshold = aim.threshold if aim.budget is None else self._within(aim.budget, progress, trees, repair)
        if threshold is None:
            return widths
        return {atom: int(tree.at_threshold(threshold).max()) + 1 for atom, tree in trees.items()}

    def _within(self, budget: float, progress: Progress, trees: Mapping[Atom, Any], repair: bool) -> float | None:
        """Returns the largest threshold within the budget; None where nothing can be merged within it."""
        old = outputs_on(self.program.module, self.data)
        exact = difference(outputs_on(resized(self.program, progress.weights), self.data), old)[1]
        if exact > budget:
            raise UserError(
                f"the budget {budget:g} cannot be met: removing only what changes nothing but rounding (and silent "
                f"units, if asked for) already moves the outputs by {exact:.2g} of the largest; give more than that"
            )

        def error(threshold: float) -> float:
            trial = progress.copy()
            labels = {atom: tree.at_threshold(threshold) for atom, tree in trees.items()}
            condensing.merge_clusters(trial, labels, self._repair(progress) if repair else None)
            return difference(outputs_on(resized(self.program, trial.weights), self.data), old)[1]

        found = condensing.largest_within(budget, error)
        if found is None:
            self.notes.append(f"within the budget {budget:g} no two different units can be merged")
        return found

    def _merged_to(self, before: Progress, targets: Mapping[Atom, int], repair: bool, aim: Aim) -> Progress:
        """Returns the reduction after merging to given widths; a repair that moves the outputs further is not kept."""
        wider = {s.group.atom: targets[s.group.atom] for s in self.chosen}
        wider = {atom: width for atom, width in wider.items() if before.weights.sizes.get(atom, atom.size) > width}
        if not wider or not aim.approximates:
            return before
        labels = {atom: tree.at_width(wider[atom]) for atom, tree in condensing.trees(before, wider).items()}
        plain = before.copy()
        condensing.merge_clusters(plain, labels, None)
        if not repair:
            return plain
        repaired = before.copy()
        condensing.merge_clusters(repaired, labels, self._repair(before))
        old = outputs_on(self.program.module, self.data)
        errors = [self._apart(one, old, largest=aim.budget is not None) for one in (plain, repaired)]
        if errors[1] <= errors[0]:
            return repaired
        self.notes.append(
            "the repair was not kept: it fits what single layers read, and moved the outputs on your inputs further "
            f"than merging alone ({errors[1]:.2g} against {errors[0]:.2g})"
        )
        return plain

    def _apart(self, progress: Progress, old: list[np.ndarray], *, largest: bool) -> float:
        """Returns how far outputs moved on the inputs: what a budget bounds, or the mean square."""
        new = outputs_on(resized(self.program, progress.weights), self.data)
        if largest:
            return difference(new, old)[1]
        return float(sum(np.mean((one - two) ** 2) for one, two in zip(new, old, strict=True)))

    def _repair(self, before: Progress) -> LeastSquares:
        found = LeastSquares(self.program, before.weights.copy(), self.data)
        found.start(before)
        return found

    def _edited(self, progress: Progress, module: Any, options: dict[str, Any], training: Any) -> Edited:
        weights = progress.weights
        self._warn_if_few(progress)
        sizes = {s.group.label: (s.group.size, weights.size(s.group)) for s in self.chosen}
        receipt = {
            "kind": "reduce",
            **options,
            "units": units_by_kind(progress.removals),
            "removals": [removal.as_dict() for removal in progress.removals],
            "widths": {name: {"before": old, "after": new} for name, (old, new) in sizes.items()},
            **comparison(resized(self.program, self.program.weights()), module, self.data, self.random),
            "retraining": training,
            "any_batch": self.program.dynamic,
            "kept": progress.kept,
            "notes": self.notes,
            **certificates(self.groups),
            "not_merged": {s.group.label: s.refusal for s in self.symmetries if s.refusal and not s.group.refusal},
        }
        return Edited(
            module, self.program.full_state(weights.arrays), sizes, receipt, self.groups, self.program, weights
        )

    def _warn_if_few(self, progress: Progress) -> None:
        if any(removal.kind == "silent" for removal in progress.removals):
            self.notes.append(
                f"silent units were 0 on your {self.data.samples} inputs and may not be on others: check on others"
            )
        if not progress.removals and not self.spare:
            self.notes.append("nothing was removed: no unit is unread, constant, or equal to another one")

    def _say_what_stays(self, aim: Aim, wanted: Mapping[Atom, int], targets: Mapping[Atom, int]) -> None:
        self.spare = sum(width - wanted[atom] for atom, width in targets.items())
        if self.spare > 0:
            wishes = ["equal in all blocks"] * aim.uniform + [f"multiples of {aim.multiple}"] * (aim.multiple > 1)
            self.notes.append(
                f"units that could have gone and stay, so that widths are {' and '.join(wishes)}: {self.spare}"
            )


def _described(aim: Aim) -> dict[str, Any]:
    return {
        "mode": "condensed" if aim.approximates else "exact",
        "threshold": aim.threshold,
        "widths": dict(aim.widths),
        "budget": aim.budget,
        "uniform": aim.uniform,
        "multiple": aim.multiple,
    }
