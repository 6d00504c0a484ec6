"""The user's inputs as batches, and what a module gives on them."""

import inspect
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from condenslab.errors import UserError
from condenslab.interop.reading import read
from condenslab.interop.structure.torch_export import first_line, tensors_in
from condenslab.interop.torch_module import require_torch

LABELS = ("y", "labels", "label", "targets", "target")
INPUTS = ("inputs", "x", "X", "input")
_BATCH = 256


@dataclass(frozen=True, eq=False)
class Data:
    """Inputs of a module, the first axis of each tensor being the sample.

    Attributes:
        args: Inputs by position.
        kwargs: Inputs by name.
        labels: The class of each sample, or its target where the module is no classifier, or None.
        batch: How many samples go through the module at once; all batches have this size where it is fixed.
        fixed: Whether the module takes no other number.
    """

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    labels: np.ndarray | None = None
    batch: int = _BATCH
    fixed: bool = False

    @property
    def samples(self) -> int:
        """How many samples there are."""
        torch = require_torch("reading inputs")
        sizes = [len(a) for a in (*self.args, *self.kwargs.values()) if torch.is_tensor(a) and a.ndim]
        return min(sizes, default=1)

    def first(self, count: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Returns the first samples as arguments."""
        return self._cut(0, count)

    def batches(self) -> Iterator[tuple[int, tuple[Any, ...], dict[str, Any]]]:
        """Yields (how many samples are new, args, kwargs); where batches have a fixed size, the last one overlaps."""
        total = self.samples
        for begin in range(0, total, self.batch):
            end = min(begin + self.batch, total)
            start = max(end - self.batch, 0) if self.fixed else begin
            yield end - begin, *self._cut(start, end)

    def classes(self, columns: int) -> np.ndarray | None:
        """Returns the labels as classes, or None where they are none for a module with so many scores.

        Args:
            columns: The number of scores.
        """
        if self.labels is None or columns < 2 or self.labels.size != self.samples:
            return None
        labels = self.labels.reshape(-1)
        fits = np.all(labels == np.floor(labels)) and labels.min() >= 0 and labels.max() < columns
        return labels.astype(np.int64) if fits else None

    def _cut(self, begin: int, end: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
        torch = require_torch("reading inputs")

        def cut(value: Any) -> Any:
            return value[begin:end] if torch.is_tensor(value) and value.ndim else value

        return tuple(map(cut, self.args)), {name: cut(value) for name, value in self.kwargs.items()}

    def fixed_to(self, batch: int) -> "Data":
        """Returns the same inputs, in batches of a size that is fixed."""
        return replace(self, batch=batch, fixed=True)

    def random(self, *, count: int = 64, seed: int = 0) -> "Data":
        """Returns inputs that are not data: normal with the mean and spread of the data, or whole numbers in range."""
        torch = require_torch("drawing inputs")
        draw = torch.Generator().manual_seed(seed)
        count = max(self.batch, 1) if self.fixed else count

        def drawn(value: Any) -> Any:
            if not torch.is_tensor(value) or not value.ndim or value.dtype == torch.bool:
                return value
            shape = (count, *value.shape[1:])
            if value.dtype.is_floating_point:
                wide = value.double()
                noise = torch.randn(shape, generator=draw, dtype=torch.float64)
                return (wide.mean(0) + wide.std() * noise).to(value.dtype)
            low, high = int(value.min()), int(value.max())
            return torch.randint(low, high + 1, shape, generator=draw, dtype=value.dtype)

        kwargs = {name: drawn(value) for name, value in self.kwargs.items()}
        return Data(tuple(map(drawn, self.args)), kwargs, None, self.batch, self.fixed)


def read_data(path: str, module: Any) -> Data:
    """Reads the user's inputs: one array, or several that are called as the module's arguments are, and labels.

    Args:
        path: The .npz or .npy file, or any checkpoint.
        module: The module whose `forward` says which names it takes.

    Raises:
        UserError: The file is not read, names are unknown, or numbers are not finite.
    """
    tensors = {name: np.asarray(array) for name, array in read(path).tensors.items()}
    known = list(inspect.signature(module.forward).parameters)
    labels = next((tensors.pop(name) for name in LABELS if name in tensors and name not in known), None)
    first = next((name for name in INPUTS if name in tensors and name not in known), None)
    args = [] if first is None else [tensors.pop(first)]
    if not args and len(tensors) == 1:
        args = [tensors.popitem()[1]]
    for name, array in tensors.items():
        if name not in known:
            raise UserError(
                f"{path} has an array {name}, which the module does not take; call the inputs 'inputs', or as the "
                f"arguments {', '.join(known)}, and the classes 'labels'"
            )
        if array.ndim == 0:
            raise UserError(f"{path}: {name} is a single number; inputs need the shape (sample, …)")
    if not args and not tensors:
        raise UserError(f"{path} holds no inputs: call them 'inputs'")
    kind = next((p.dtype for p in module.parameters() if p.dtype.is_floating_point), None)
    wide = np.float64 if str(kind) == "torch.float64" else np.float32

    def number(array: np.ndarray) -> np.ndarray:
        return array if array.dtype.kind in "iub" else array.astype(wide)

    return given_data(tuple(map(number, args)), {name: number(array) for name, array in tensors.items()}, labels)


def given_data(inputs: Any, kwargs: Mapping[str, Any], labels: np.ndarray | None) -> Data:
    """Returns inputs as tensors.

    Args:
        inputs: An array or tensor of shape (sample, …), or a tuple of what the module takes by position.
        kwargs: What it takes by name.
        labels: The class of each sample, or its target.

    Raises:
        UserError: There are no samples, numbers are not finite, or the number of labels is another one.
    """
    torch = require_torch("reading inputs")

    def tensor(value: Any) -> Any:
        made = torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value
        if torch.is_tensor(made):
            if made.ndim and not len(made):
                raise UserError(f"inputs of shape {tuple(made.shape)} hold no samples: at least one is needed")
            if made.dtype.is_floating_point and not bool(torch.isfinite(made).all()):
                raise UserError("the inputs hold NaN or infinity: clean them first")
        return made

    args = tuple(map(tensor, inputs if isinstance(inputs, tuple | list) else (inputs,)))
    data = Data(args, {name: tensor(value) for name, value in kwargs.items()})
    if labels is None:
        return data
    labels = np.asarray(labels)
    if labels.dtype.kind not in "biuf" or labels.ndim == 0:
        raise UserError(f"labels must be numbers, one or more an input. Got {labels.dtype} of shape {labels.shape}")
    if len(labels) != data.samples:
        raise UserError(f"there are {data.samples} inputs and {len(labels)} labels: one label an input is needed")
    if not np.all(np.isfinite(labels)):
        raise UserError("the labels hold NaN or infinity: clean them first")
    return replace(data, labels=labels)


def outputs_on(module: Any, data: Data) -> list[np.ndarray]:
    """Returns the floating-point outputs of a module on all samples.

    Args:
        module: The module.
        data: The inputs.

    Raises:
        UserError: The module does not take them.
    """
    torch = require_torch("running a module")
    parts: list[list[np.ndarray]] = []
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for new, args, kwargs in data.batches():
            try:
                found = tensors_in(module(*args, **kwargs))
            except (RuntimeError, ValueError, TypeError, IndexError, AssertionError) as error:
                shapes = ", ".join(str(tuple(a.shape)) for a in (*args, *kwargs.values()) if torch.is_tensor(a))
                raise UserError(f"the module does not take inputs of shape {shapes}: {first_line(error)}") from error
            parts.append([one[-new:].double().numpy() if one.ndim else one.double().numpy() for one in found])
    return [np.concatenate(column) if column[0].ndim else np.stack(column) for column in zip(*parts, strict=True)]


def difference(new: list[np.ndarray], old: list[np.ndarray]) -> tuple[float, float]:
    """Returns the largest difference of two lists of outputs, and the largest relative to an output's largest entry."""
    worst = relative = 0.0
    for one, two in zip(new, old, strict=True):
        if not one.size:
            continue
        with np.errstate(invalid="ignore"):
            apart = np.abs(np.where(one == two, 0.0, one - two)).max()
        scale = np.abs(two[np.isfinite(two)]).max(initial=0.0)
        worst = max(worst, float(apart))
        relative = max(relative, float(apart / scale) if scale > 0 else float(apart > 0) * float("inf"))
    return worst, relative
