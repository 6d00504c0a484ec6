"""The risk of a module on the user's data: its gradient by parameter, and the inertia of its Hessian where it fits."""

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from condenslab.errors import UserError, told
from condenslab.interop.structure.torch_data import Data
from condenslab.interop.structure.torch_export import floating, tensors_in
from condenslab.interop.torch_module import require_torch

_FEW, _MOST, _SAMPLES = 1000, 5000, 1000
CLASSES = "mean cross-entropy with the labels"
SQUARES = "mean over samples of |f - y|^2 with the targets"
OUTPUTS = "half the mean square of the outputs, since neither labels nor targets were given"
YOURS = "the loss that was given"


@dataclass(frozen=True, eq=False)
class Objective:
    """A loss of the first output on data.

    Attributes:
        name: What it is.
        value: (output, targets) → a number.
        targets: The targets, one a sample, a tensor.
    """

    name: str
    value: Callable[[Any, Any], Any]
    targets: Any


def objective(module: Any, data: Data, loss: Callable[[Any, Any], Any] | None) -> Objective:
    """Chooses the loss that fits the user's data.

    Args:
        module: The module.
        data: The inputs, with labels or targets.
        loss: The user's own loss, or None.

    Raises:
        UserError: A loss was given and no targets.
    """
    torch = require_torch("computing a risk")
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        args, kwargs = data.first(min(data.batch, data.samples))
        first = tensors_in(module(*args, **kwargs))[0]
    if loss is not None:
        if data.labels is None:
            raise UserError("a loss needs labels or targets to compare outputs with: none were given")
        return Objective(YOURS, loss, torch.from_numpy(np.array(data.labels)))
    classes = data.classes(first.shape[1]) if first.ndim == 2 else None
    if classes is not None:
        return Objective(CLASSES, torch.nn.functional.cross_entropy, torch.from_numpy(classes))
    if data.labels is not None and data.labels.size == data.samples * first[0].numel():
        return Objective(SQUARES, _squares, torch.from_numpy(np.array(data.labels, np.float64)))
    return Objective(OUTPUTS, lambda output, _: 0.5 * (output**2).mean(), torch.zeros(data.samples))


def _squares(output: Any, targets: Any) -> Any:
    return ((output - targets.reshape(output.shape).to(output.dtype)) ** 2).flatten(1).sum(dim=1).mean()


def gradients(module: Any, data: Data, chosen: Objective) -> dict[str, np.ndarray]:
    """Returns ∂R/∂θ by the parameters' first names in the original module, in float64 where the module runs in it.

    Args:
        module: A resized module.
        data: The inputs; R is the mean over all of them.
        chosen: The loss.

    Raises:
        UserError: The loss raises, or is no number that depends on the outputs.
    """
    torch = require_torch("computing gradients")
    try:
        return _gradients(copy.deepcopy(module).double(), data, chosen, torch.float64)
    except UserError:
        raise
    except Exception:  # an operator or a type written into the graph takes no float64, or the loss itself raises
        narrow = copy.deepcopy(module)
    try:
        return _gradients(narrow, data, chosen, None)
    except Exception as error:
        raise UserError(f"the gradient of {chosen.name} cannot be computed: {told(error)}") from error


def _gradients(module: Any, data: Data, chosen: Objective, kind: Any) -> dict[str, np.ndarray]:
    torch = require_torch("computing gradients")
    tensors = dict(module.inner.named_parameters())
    own = {name: tensors[path].requires_grad_(True) for name, path in module.paths.items() if path in tensors}
    found = {name: np.zeros(tuple(tensor.shape)) for name, tensor in own.items()}
    begin = 0
    for new, args, kwargs in data.batches():
        given = (args, kwargs) if kind is None else floating((args, kwargs), kind)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            output = tensors_in(module(*given[0], **given[1]), detach=False)[0][-new:]
        value = chosen.value(output, chosen.targets[begin : begin + new])
        if not torch.is_tensor(value) or value.numel() != 1 or not value.requires_grad:
            raise UserError("the loss must return one number that depends on the outputs, for example by .mean()")
        parts = torch.autograd.grad(value, list(own.values()), allow_unused=True)
        for name, part in zip(own, parts, strict=True):
            if part is not None:
                found[name] += part.detach().double().numpy() * (new / data.samples)
        begin += new
    return found


def inertia_pair(before: Any, after: Any, data: Data, chosen: Objective, *, asked: bool) -> dict[str, Any]:
    """Returns the inertia of the Hessian before and after an embedding, as far as it fits.

    Up to 1,000 parameters it is always computed, up to 5,000 where it is asked for, and above that bounds are.

    Args:
        before: The original module.
        after: The larger one.
        data: The inputs, of which at most 1,000 are used.
        chosen: The loss.
        asked: Whether it was asked for.

    Returns:
        "before", "after" and "samples", or "reason" where it was not computed.
    """
    sizes = [sum(p.numel() for p in one.parameters()) for one in (before, after)]
    if max(sizes) > _FEW and not asked:
        return {"reason": f"not computed: {max(sizes):,} parameters are more than {_FEW:,}; --inertia asks for it"}
    if len(data.args) != 1 or data.kwargs or data.fixed:
        return {"reason": "not computed: it needs a module of one input that takes any number of samples"}
    count = min(data.samples, _SAMPLES)
    try:
        found = [_inertia(one, data.first(count)[0][0], chosen, count) for one in (before, after)]
    except (UserError, RuntimeError, TypeError, NotImplementedError) as error:
        return {"reason": f"not computed: {told(error)}"}
    return {"before": found[0], "after": found[1], "samples": count}


def _inertia(module: Any, inputs: Any, chosen: Objective, count: int) -> dict[str, Any]:
    from condenslab.interop.torch_seam import pytorch

    risk = pytorch(module, inputs, chosen.targets[:count], loss=chosen.value)
    if len(risk.theta) > _MOST:
        bounds = risk.inertia_bounds()
        return {"positive": bounds.positive, "zero": None, "negative": bounds.negative, "bounds": True}
    found = risk.inertia()
    counts = {"positive": found.positive, "zero": found.zero, "negative": found.negative}
    return counts | {"bounds": False, "decided": found.decided, "tolerance": found.tolerance}
