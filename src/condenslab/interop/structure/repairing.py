"""Repairs after merging: output weights by least squares, and a short training towards the old outputs."""

import copy
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from condenslab.interop.structure.gauges import Symmetry
from condenslab.interop.structure.removing import Progress, activation_slots
from condenslab.interop.structure.surgery import Weights
from condenslab.interop.structure.torch_activity import Activity
from condenslab.interop.structure.torch_data import Data, outputs_on
from condenslab.interop.structure.torch_export import tensors_in
from condenslab.interop.structure.torch_program import TorchProgram
from condenslab.interop.torch_module import require_torch

_RIDGE = 1e-6


class LeastSquares:
    """Expresses the units of the unreduced network by those that are left, as well as the user's inputs allow.

    With H the activations of a group before the reduction and H′ those after it, on the same inputs, M and c minimise
    ‖H′M + 1c − H‖² + ridge·‖M‖²; what read H by V then reads H′ by MV, and cV goes into its bias. Layers are repaired
    in order, so that a later one makes up for what the earlier ones changed.

    Args:
        program: The module.
        before: Its weights before anything was merged approximately.
        data: The user's inputs.
    """

    def __init__(self, program: TorchProgram, before: Weights, data: Data) -> None:
        self.program, self.before, self.data = program, before, data
        self._values: Mapping[Any, np.ndarray] = {}

    def start(self, progress: Progress) -> None:
        """Looks at the activations of all groups before the reduction."""
        readings = [reading for symmetry in progress.symmetries for reading in symmetry.group.readings]
        self._values = Activity(self.program, readings).values(self.before, self.data)

    def __call__(
        self, progress: Progress, symmetry: Symmetry, kept: np.ndarray, read: Mapping[Any, np.ndarray]
    ) -> None:
        """Replaces the output weights of a group that was merged.

        Args:
            progress: The reduction, edited.
            symmetry: The group.
            kept: The units that were kept.
            read: By member, the output weights before they were merged, shape (unit, entry, the rest).
        """
        group = symmetry.group
        now = Activity(self.program, group.readings).values(progress.weights, self.data)
        for reading in group.readings:
            old = _by_unit(self._values[reading], activation_slots(self.before, reading, group))
            new = _by_unit(now[reading], activation_slots(progress.weights, reading, group))
            biased = reading.bias is not None and reading.bias in progress.weights.arrays and not reading.padded
            matrix, offset = _solved(new, old, biased=biased)
            member = next(m for m in group.readers if m.parameter == reading.parameter)
            values = np.einsum("no,oer->ner", matrix, read[member])
            progress.weights.put(member, group.atom, np.arange(len(kept)), values)
            if biased and reading.bias is not None:
                bias = progress.weights.arrays[reading.bias].astype(np.float64)
                shift = np.einsum("o,oer->r", offset, read[member]).reshape(len(bias), -1).sum(axis=1)
                progress.weights.arrays[reading.bias] = bias + shift


def _by_unit(values: np.ndarray, slots: np.ndarray) -> np.ndarray:
    """Returns activations with one column a unit; entries of a unit become rows."""
    return np.moveaxis(values[:, slots], 1, 2).reshape(-1, len(slots))


def _solved(new: np.ndarray, old: np.ndarray, *, biased: bool) -> tuple[np.ndarray, np.ndarray]:
    mean_new, mean_old = (new.mean(axis=0), old.mean(axis=0)) if biased else (0.0, 0.0)
    one, two = new - mean_new, old - mean_old
    gram = one.T @ one
    gram += (_RIDGE * np.trace(gram) / len(gram) + 1e-300) * np.eye(len(gram))
    matrix = np.linalg.solve(gram, one.T @ two)
    return matrix, (mean_old - mean_new @ matrix) if biased else np.zeros(old.shape[1])


def retrained(
    module: Any, original: Any, data: Data, *, steps: int, rate: float = 1e-3, seed: int = 0
) -> dict[str, Any]:
    """Trains a reduced module towards the outputs of the original one on the user's inputs, and keeps the best.

    Args:
        module: The reduced module, edited.
        original: The original module.
        data: The inputs.
        steps: Steps of Adam.
        rate: Its rate.
        seed: Of the minibatches.

    Returns:
        "steps", "loss before" and "loss after": the mean squared output difference.
    """
    torch = require_torch("retraining")
    targets = [torch.from_numpy(one) for one in outputs_on(original, data)]
    first = _loss(module, data, targets)
    best, state = first, copy.deepcopy(module.state_dict())
    parameters = [p.requires_grad_(True) for p in module.parameters() if p.dtype.is_floating_point]
    optimiser, rng = torch.optim.Adam(parameters, lr=rate), np.random.default_rng(seed)
    every = max(steps // 10, 1)
    for step in range(1, steps + 1):
        _one_step(module, data, targets, optimiser, rng)
        if step % every == 0 or step == steps:
            loss = _loss(module, data, targets)
            if loss < best:
                best, state = loss, copy.deepcopy(module.state_dict())
    for parameter in parameters:
        parameter.requires_grad_(False)
    module.load_state_dict(state)
    return {"steps": steps, "loss before": first, "loss after": best}


def _one_step(module: Any, data: Data, targets: list[Any], optimiser: Any, rng: np.random.Generator) -> None:
    torch = require_torch("retraining")
    size = data.batch if data.fixed else min(64, data.samples)
    rows = torch.from_numpy(rng.permutation(data.samples)[:size])

    def pick(value: Any) -> Any:
        return value[rows] if torch.is_tensor(value) and value.ndim else value

    optimiser.zero_grad()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        args, kwargs = map(pick, data.args), {name: pick(value) for name, value in data.kwargs.items()}
        found = tensors_in(module(*args, **kwargs), detach=False)
        loss: Any = sum(((one - two[rows].to(one.dtype)) ** 2).mean() for one, two in zip(found, targets, strict=True))
        loss.backward()
    optimiser.step()


def _loss(module: Any, data: Data, targets: list[Any]) -> float:
    found = outputs_on(module, data)
    return float(sum(((one - two.numpy()) ** 2).mean() for one, two in zip(found, targets, strict=True)))
