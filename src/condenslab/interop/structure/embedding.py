"""The entry point of embeddings: a torch module made wider or deeper without changing what it computes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from condenslab.errors import UserError, unknown
from condenslab.interop.structure import torch_segments
from condenslab.interop.structure.condensing import named
from condenslab.interop.structure.discovery import certified_groups
from condenslab.interop.structure.gauges import Symmetry
from condenslab.interop.structure.groups import number
from condenslab.interop.structure.objective import Objective, gradients, inertia_pair, objective
from condenslab.interop.structure.receipts import certificates, comparison
from condenslab.interop.structure.reduction import Edited
from condenslab.interop.structure.surgery import Weights
from condenslab.interop.structure.torch_activity import Activity
from condenslab.interop.structure.torch_data import Data, given_data
from condenslab.interop.structure.torch_lift_planning import Planner
from condenslab.interop.structure.torch_lifting import Lift, inserted
from condenslab.interop.structure.torch_program import TorchProgram
from condenslab.interop.structure.torch_resized import checked, resized
from condenslab.interop.structure.widening import Widening, widening

Kind = Literal["split", "null"]


def embed(
    module: Any,
    inputs: Any,
    *,
    widths: Mapping[str, int] | None = None,
    kind: Kind = "split",
    deepen: Sequence[str] = (),
    activation: str | None = None,
    tangent: float | None = None,
    kwargs: Mapping[str, Any] | None = None,
    labels: np.ndarray | None = None,
    loss: Callable[[Any, Any], Any] | None = None,
    inertia: bool = False,
    seed: int = 0,
) -> Edited:
    """Makes a torch module wider or deeper by a critical embedding, as a warm start of a larger one.

    Wider: "split" copies the input weights of an old unit, and both share its output weights, in random shares that add
    up to 1; "null" adds units with zero input and output weights. Outputs stay on every input.

    Deeper: a layer is lifted in front of a weight, ξI with a bias that takes what is read into an affine segment of its
    activation, and the weight and its bias undo it. The segment is looked for by evaluating the activation. Outputs
    stay on every input where what is read has a least value and the segment no end (ReLU behind ReLU), else on the
    user's inputs. In front of a weight without a bias of its own, or with zeros around what it reads, only an identity
    layer is possible.

    Args:
        module: A `torch.nn.Module`; it is copied.
        inputs: The user's inputs, an array of shape (sample, …) or a tuple of them.
        widths: The new width by layer; names with * and ? are patterns, NAME:ROLE where a name makes several groups.
        kind: "split" or "null".
        deepen: In front of which layers a new one is put; names with * and ? are patterns.
        activation: That of new layers; by default the nearest one in the module.
        tangent: Half width of the interval at 0 on which an activation without affine segment is taken for its tangent;
            the embedding is then approximate.
        kwargs: Further inputs by name.
        labels: The class or target of each sample, for accuracy, gradient and inertia.
        loss: (output, labels) → a number, of tensors; by default the mean cross-entropy or the mean ‖f − y‖².
        inertia: Compute the inertia of the Hessian before and after, or bounds above 5,000 parameters; up to 1,000
            parameters it always is.
        seed: Of the choice of units and shares.

    Raises:
        UserError: A layer is unknown, cannot be widened or cannot be lifted, a width is smaller than now, or as
            `reduce`.

    References:
        Zhang, Zhang, Luo & Xu, Embedding Principle of Loss Landscape of Deep Neural Networks, NeurIPS 2021, section 4;
        Zhang et al., J. Mach. Learn. 1(1), 2022, Definition 4.3; Bai, Luo, Xu & Zhang, arXiv 2205.13283, Lemma 1.
    """
    _check(kind, widths, deepen, activation, tangent)
    data = inputs if isinstance(inputs, Data) else given_data(inputs, kwargs or {}, labels)
    few = min(data.samples, 4)
    program = TorchProgram(module, *data.first(few), any_batch=True)
    data = data if program.dynamic else data.fixed_to(few)
    found, symmetries = certified_groups(program, seed=seed)
    weights, rng = program.weights(), np.random.default_rng(seed)
    sizes, wider = _wider(widths or {}, symmetries, kind), []
    for symmetry in symmetries:
        if symmetry.group.label in sizes:
            wider.append(widening(symmetry, *sizes[symmetry.group.label], kind, rng))
            wider[-1].apply(weights)
    lifts = _lifts(program, weights, data, deepen, activation, tangent)
    old = weights.copy()
    larger, added = _built(program, weights, lifts)
    before = resized(program, program.weights())
    chosen = objective(before, data, loss)
    receipt = {
        "kind": "embed",
        "how": kind if sizes else None,
        "widths": {name: {"before": small, "after": large} for name, (small, large) in sizes.items()},
        "inserted": [lift.as_dict() for lift in lifts],
        **comparison(before, larger, data, data.random(seed=seed)),
        "gradient": _gradient_law(_Pair(before, larger, data, chosen), program, wider, lifts, old),
        "inertia": inertia_pair(before, larger, data, chosen, asked=inertia),
        "any_batch": program.dynamic,
        **certificates(found),
    }
    state = program.full_state(weights.arrays) | added
    return Edited(larger, state, sizes, receipt, found, program, weights)


def _check(
    kind: str, widths: Mapping[str, int] | None, deepen: Sequence[str], activation: str | None, tangent: float | None
) -> None:
    if kind not in ("split", "null"):
        raise UserError(f"--kind is split or null. Got {kind}")
    if isinstance(deepen, str):
        raise UserError(f"deepen is a list of layers. Got the text {deepen!r}: write ({deepen!r},)")
    if not widths and not deepen:
        raise UserError("embed needs at least one --width LAYER=N or --deepen LAYER")
    if activation is not None and activation not in torch_segments.NAMES:
        raise unknown("activation", activation, torch_segments.NAMES)
    if tangent is not None and not 0 < tangent <= 1:
        raise UserError(f"--tangent is a half width above 0 and at most 1. Got {tangent:g}")
    if not deepen and (activation is not None or tangent is not None):
        raise UserError("--activation and --tangent are of the layers that --deepen adds: none was asked for")


def _wider(widths: Mapping[str, int], symmetries: list[Symmetry], kind: Kind) -> dict[str, tuple[int, int]]:
    reasons = {symmetry.group.label: symmetry.refusal for symmetry in symmetries}
    found = {}
    for name, width in widths.items():
        for group in named(name, [symmetry.group for symmetry in symmetries]):
            reason = reasons[group.label]
            if reason:
                raise UserError(f"{group.label} cannot be widened: {reason}")
            if width < group.size:
                raise UserError(
                    f"--width {name}={width}: {group.name} has {group.size} units already; reduce makes it smaller"
                )
            if kind == "null" and not group.blocks:
                raise UserError(
                    f"{group.label} takes no null units: with zero input weights its units are not constant, so that a "
                    "critical point would not stay one; --kind split copies units instead"
                )
            found[group.label] = group.size, width
    return found


def _lifts(
    program: TorchProgram,
    weights: Weights,
    data: Data,
    deepen: Sequence[str],
    activation: str | None,
    tangent: float | None,
) -> list[Lift]:
    if not deepen:
        return []
    planner = Planner(program, weights)
    readings = planner.found(deepen)
    ranges = Activity(program, readings).ranges(weights, data)
    return [
        planner.lift(reading, ranges[reading], data.samples, planner.activation(reading, activation), tangent)
        for reading in readings
    ]


def _built(program: TorchProgram, weights: Weights, lifts: Sequence[Lift]) -> tuple[Any, dict[str, Any]]:
    """Builds the larger module, and returns the tensors of its new layers by name; the weights are edited."""
    for lift in lifts:
        lift.edit(weights)
    larger = checked(program, weights)
    if not lifts:
        return larger, {}
    kind = program.original(str(lifts[0].reading.parameter))[1].dtype
    return larger, inserted(larger, lifts, kind)


class _Pair:
    """A module and the larger one, with the loss that compares their gradients."""

    def __init__(self, before: Any, after: Any, data: Data, chosen: Objective) -> None:
        self.loss = chosen.name
        self.old, self.new = gradients(before, data, chosen), gradients(after, data, chosen)


def _gradient_law(
    pair: _Pair, program: TorchProgram, wider: Sequence[Widening], lifts: Sequence[Lift], old: Weights
) -> dict[str, Any]:
    """Compares the gradient of the larger module with D∇R(θ), which theory gives at every θ."""
    analysis = program.analysis
    known = Weights(
        analysis, {name: pair.old.get(name, np.zeros(array.shape)) for name, array in program.state().items()}
    )
    for one in wider:
        one.gradient(known)
    expected: dict[str, np.ndarray] = dict(known.arrays)
    for lift in lifts:
        expected |= lift.gradients(old.arrays[str(lift.reading.parameter)], known.arrays)
    apart, free = 0.0, 0.0
    for name, found in pair.new.items():
        known_law = _has_law(name, found, wider, known) if name in expected else np.zeros(found.shape, bool)
        change = np.abs(found - np.reshape(expected.get(name, found), found.shape))
        apart = max(apart, float(change[known_law].max(initial=0.0)))
        free = max(free, float(np.abs(found)[~known_law].max(initial=0.0)))
    largest = max((float(np.abs(one).max(initial=0.0)) for one in pair.old.values()), default=0.0)
    norms = [float(sum(np.abs(one).sum() for one in gradient.values())) for gradient in (pair.old, pair.new)]
    return {
        "loss": pair.loss,
        "before": number(norms[0]),
        "after": number(norms[1]),
        "largest": number(largest),
        "difference": number(apart),
        "relative": number(apart / largest) if largest > 0 else None,
        "without_law": number(free),
    }


def _has_law(name: str, array: np.ndarray, wider: Sequence[Widening], known: Weights) -> np.ndarray:
    """Says of which entries theory gives the gradient at every θ: not of the output weights of null units."""
    found = np.ones(array.shape, bool)
    for one in wider:
        group = one.symmetry.group
        for member in group.readers:
            if member.parameter == name and len(one.null):
                slots = known.slots(member, group.atom)[one.null]
                np.moveaxis(found, member.axis, 0)[slots.reshape(-1)] = False
    return found
