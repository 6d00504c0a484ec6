"""The entry point of embeddings: a torch module made wider without changing what it computes."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from condenslab.errors import UserError
from condenslab.interop.structure.condensing import named
from condenslab.interop.structure.discovery import certified_groups
from condenslab.interop.structure.gauges import Symmetry
from condenslab.interop.structure.groups import number
from condenslab.interop.structure.receipts import certificates, comparison
from condenslab.interop.structure.reduction import Edited
from condenslab.interop.structure.surgery import Weights
from condenslab.interop.structure.torch_data import Data, given_data
from condenslab.interop.structure.torch_export import tensors_in
from condenslab.interop.structure.torch_program import TorchProgram
from condenslab.interop.structure.torch_resized import checked, resized
from condenslab.interop.torch_module import require_torch

Kind = Literal["split", "null"]


def embed(
    module: Any,
    inputs: Any,
    *,
    widths: Mapping[str, int],
    kind: Kind = "split",
    kwargs: Mapping[str, Any] | None = None,
    labels: np.ndarray | None = None,
    seed: int = 0,
) -> Edited:
    """Makes a torch module wider by a critical embedding, as a warm start of a larger one.

    "split": a new unit copies the input weights of an old one, and both share its output weights, in random shares that
    add up to 1; "null": a new unit has input weights drawn like those of the others, and output weights 0. Outputs stay
    on every input, and a critical point becomes a critical one.

    Args:
        module: A `torch.nn.Module`; it is copied.
        inputs: The user's inputs, an array of shape (sample, …) or a tuple of them.
        widths: The new width by layer; names with * and ? are patterns, NAME:ROLE where a name makes several groups.
        kind: "split" or "null".
        kwargs: Further inputs by name.
        labels: The class of each sample, for accuracy and gradient.
        seed: Of the choice of units and shares.

    Raises:
        UserError: A layer is unknown or cannot be widened, a width is smaller than now, or as `reduce`.

    References:
        Zhang, Zhang, Luo & Xu, Embedding Principle of Loss Landscape of Deep Neural Networks, NeurIPS 2021, section 4.
    """
    if kind not in ("split", "null"):
        raise UserError(f"--kind is split or null. Got {kind}")
    if not widths:
        raise UserError("embed needs at least one --width LAYER=N")
    data = inputs if isinstance(inputs, Data) else given_data(inputs, kwargs or {}, labels)
    few = min(data.samples, 4)
    program = TorchProgram(module, *data.first(few), any_batch=True)
    data = data if program.dynamic else data.fixed_to(few)
    found, symmetries = certified_groups(program, seed=seed)
    weights, rng = program.weights(), np.random.default_rng(seed)
    sizes = _wider(widths, symmetries)
    for symmetry in symmetries:
        if symmetry.group.label in sizes:
            _widen(weights, symmetry, sizes[symmetry.group.label][1], kind, rng)
    larger, before = checked(program, weights), resized(program, program.weights())
    receipt = {
        "kind": "embed",
        "how": kind,
        "widths": {name: {"before": old, "after": new} for name, (old, new) in sizes.items()},
        **comparison(before, larger, data, data.random(seed=seed)),
        "gradient": {"loss": _LOSS, "before": gradient_norm(before, data), "after": gradient_norm(larger, data)},
        "any_batch": program.dynamic,
        **certificates(found),
    }
    return Edited(larger, program.full_state(weights.arrays), sizes, receipt, found, program, weights)


_LOSS = "mean cross-entropy with the labels, or half the mean square of the outputs where there are none; L1 norm"


def _wider(widths: Mapping[str, int], symmetries: list[Symmetry]) -> dict[str, tuple[int, int]]:
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
            found[group.label] = group.size, width
    return found


def _widen(weights: Weights, symmetry: Symmetry, width: int, kind: Kind, rng: np.random.Generator) -> None:
    group = symmetry.group
    old = weights.size(group)
    rounds = -(-(width - old) // old)
    copies = np.concatenate([np.zeros(0, np.int64), *(rng.permutation(old) for _ in range(rounds))])[: width - old]
    order = np.concatenate([np.arange(old), copies])
    matrix = np.zeros((width, old))
    if kind == "split":
        shares = rng.uniform(0.25, 1.0, width)
        totals = np.bincount(order, weights=shares, minlength=old)
        matrix[np.arange(width), order] = shares / totals[order]
    else:
        matrix[np.arange(old), np.arange(old)] = 1.0
    weights.transform(group, order, matrix)
    if kind == "null":
        _draw_new(weights, symmetry, np.arange(old, width), rng)


def _draw_new(weights: Weights, symmetry: Symmetry, units: np.ndarray, rng: np.random.Generator) -> None:
    """Gives units input weights with the mean and spread of the others'; what must be positive stays a copy."""
    for member in symmetry.group.makers:
        values = weights.by_unit(member, symmetry.group.atom)
        old = values[: len(values) - len(units)]
        if len(units) and old.min() <= 0:
            drawn = old.mean(axis=0) + old.std(axis=0) * rng.standard_normal((len(units), *old.shape[1:]))
            weights.put(member, symmetry.group.atom, units, drawn)


def gradient_norm(module: Any, data: Data) -> float | None:
    """Returns the L1 norm of the gradient of a loss with respect to the parameters, on one batch.

    Args:
        module: The module.
        data: The inputs; with labels, the loss is the cross-entropy, else half the mean square of the outputs.
    """
    torch = require_torch("computing gradients")
    count = min(data.batch, data.samples)
    args, kwargs = data.first(count)
    parameters = [p.requires_grad_(True) for p in module.parameters() if p.dtype.is_floating_point]
    try:
        outputs = tensors_in(module(*args, **kwargs), detach=False)
        scores = next((one for one in outputs if one.ndim == 2), None)
        if data.labels is not None and scores is not None:
            loss = torch.nn.functional.cross_entropy(scores, torch.from_numpy(data.labels[:count].astype(np.int64)))
        else:
            loss = sum(0.5 * (one**2).mean() for one in outputs)
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        return number(float(sum(one.double().abs().sum() for one in gradients if one is not None)))
    finally:
        for parameter in parameters:
            parameter.requires_grad_(False)
