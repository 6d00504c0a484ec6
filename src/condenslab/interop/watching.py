"""Condensation while a network trains: every k steps, a fixed sample of neurons of each layer, into the store."""

import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from condenslab.errors import UserError
from condenslab.interop.neurons import sampled
from condenslab.interop.neurons.groups import METHODS, SYMMETRIES
from condenslab.interop.neurons.heads import split_attention
from condenslab.interop.neurons.layers import Layer, layers_of, weights_of
from condenslab.interop.neurons.names import stripped
from condenslab.interop.neurons.rows import UnmeasurableError
from condenslab.sweeps import Record, Store, watched

_SOONEST, _LATEST, _SHARE = 1.0, 10.0, 0.005


class Watcher:
    """Records, every k steps, how far each layer has condensed.

    For each layer a sample of neurons, the same at every step, is compared with itself: median |cosine| of nearest
    neighbours, directions (groups at cosine 0.95), effective width (those without dead and faint neurons) and twins
    (neurons nearer to another one than any in a rotation of the sample). Attention weights, embeddings and output
    layers are left out. Training is never touched: parameters are only read.

    Args:
        out: Folder of the store, as of `condenslab run --out`; it is made if need be.
        run: Name of the training run. A run of that name that is there already is continued: steps that were recorded
            before a restart stay, a step that is recorded again counts as it is now.
        every: Steps between records.
        sample: Neurons a layer.
        seed: Of the sample and of the rotation.
        layers: A pattern of names with * and ?.
        activation: The hidden activation whose symmetry the groups follow, or None.
        writer: Who else is told: what has `add_scalar(name, value, step)`, as TensorBoard's SummaryWriter, or
            `log(values, step=…)`, as a run of Weights & Biases.

    Raises:
        UserError: A number is out of range, the activation is unknown, or the store cannot be written.

    Example:
        ```python
        watcher = interop.Watcher("runs", run="mnist", every=100)
        for step in range(10_000):
            ...
            watcher(step, model)
        watcher.page("mnist.html")
        ```
    """

    def __init__(
        self,
        out: str | Path,
        *,
        run: str = "training",
        every: int = 100,
        sample: int = 96,
        seed: int = 0,
        layers: str = "*",
        activation: str | None = None,
        writer: Any = None,
    ):
        for name, value, least in (("every", every, 1), ("sample", sample, 2), ("seed", seed, 0)):
            if type(value) is not int or value < least:
                raise UserError(f"{name} must be a whole number of at least {least}. Got {value!r}")
        if activation is not None and activation not in SYMMETRIES:
            raise UserError(f"the activation {activation!r} is unknown. Valid: {', '.join(SYMMETRIES)}")
        self.run, self.every, self.sample, self.seed = run, every, sample, seed
        self._layers, self._writer = layers, writer
        self._symmetry = "direction" if activation is None else SYMMETRIES[activation]
        self._store = Store(out, create=True)
        self._chosen: dict[int, np.ndarray] = {}
        self._pending: dict[str, Record] = {}
        self._due = 0.0
        weakref.finalize(self, _write, self._store, self._pending)

    def __call__(self, step: int, model: Any) -> dict[str, dict[str, float]] | None:
        """Records a step if it is one of every k.

        Args:
            step: Number of the step.
            model: A torch module, a state dict, or a pytree of arrays (JAX, Equinox, Flax).

        Returns:
            The numbers of each layer by name, or None for a step in between.

        Raises:
            UserError: The model has no layers with neurons, a weight is not finite, or the store cannot be written.
        """
        return self.record(step, model) if step % self.every == 0 else None

    def record(self, step: int, model: Any) -> dict[str, dict[str, float]]:
        """Records a step, whichever it is; see `__call__`.

        Args:
            step: Number of the step.
            model: The model.

        Raises:
            UserError: As `__call__`.
        """
        arrays = arrays_of(model)
        weights = split_attention(weights_of(arrays, []))[1]
        layers = layers_of(arrays, weights, [], layers=self._layers, every=False, follow=False)
        if not layers:
            raise UserError(f"no layer with neurons is left to watch; the arrays are {', '.join(list(arrays)[:5])} …")
        values = {stripped(layer.name): self._measure(layer) for layer in layers}
        method = METHODS[self._symmetry]
        made = watched.record(self.run, step, values, sample=self.sample, seed=self.seed, groups_by=method)
        self._pending[made.id] = made
        if time.monotonic() >= self._due:
            self.flush()
        self._tell(step, values)
        return values

    def flush(self) -> None:
        """Writes what was recorded and is not in the store yet.

        This happens by itself: at once where the last time is a second or more ago (longer on a slow disk, so that it
        takes half a per cent of the time; ten seconds at most), and when the watcher or the program ends.

        Raises:
            UserError: The store cannot be written.
        """
        begin = time.monotonic()
        _write(self._store, self._pending)
        end = time.monotonic()
        self._due = end + min(max((end - begin) / _SHARE, _SOONEST), _LATEST)

    def history(self) -> list[tuple[int, dict[str, dict[str, float]]]]:
        """Returns all recorded steps of this run, in order, those of before a restart included."""
        self.flush()
        return watched.histories(self._store.records(watched.STUDY).values()).get(self.run, [])

    def page(self, path: str | Path) -> None:
        """Writes the recorded course as one self-contained page.

        Args:
            path: The page, ending in .html.

        Raises:
            UserError: Nothing is recorded yet, or the page cannot be written.
        """
        from condenslab.interop.neurons.watch_page import write

        write(self.run, self.history(), str(path))

    def _measure(self, layer: Layer) -> dict[str, float]:
        count = len(layer.rows)
        if count not in self._chosen:
            order = np.random.default_rng([self.seed, count]).permutation(count)
            self._chosen[count] = np.sort(order[: self.sample])
        rows = layer.rows.take(self._chosen[count])
        try:
            return {"neurons": float(count), **sampled.numbers(rows, self._symmetry, self.seed)}
        except UnmeasurableError as error:
            raise UserError(f"{layer.name}: {error}: the training has diverged") from error

    def _tell(self, step: int, values: Mapping[str, Mapping[str, float]]) -> None:
        told = flat(values)
        if hasattr(self._writer, "add_scalar"):
            for name, value in told.items():
                self._writer.add_scalar(name, value, step)
        elif hasattr(self._writer, "log_metrics"):
            self._writer.log_metrics(told, step=step)
        elif hasattr(self._writer, "define_metric"):  # W&B drops what comes with a step below its own count
            self._writer.define_metric("condensation/*", step_metric="condensation/step")
            self._writer.log({**told, "condensation/step": step})
        elif hasattr(self._writer, "log"):
            self._writer.log(told, step=step)


def _write(store: Store, pending: dict[str, Record]) -> None:
    if pending:
        store.add(pending.values())
        pending.clear()


def flat(values: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Returns the numbers of a step by one name each, as loggers want them.

    Args:
        values: Numbers by layer.
    """
    return {f"condensation/{name}/{key}": value for name, row in values.items() for key, value in row.items()}


def arrays_of(model: Any) -> dict[str, np.ndarray]:
    """Returns the arrays of a model by dotted name; those of torch on a CPU are not copied.

    Args:
        model: A torch module, a dict of tensors or arrays, or a pytree of JAX arrays.
    """
    if hasattr(model, "named_parameters"):
        return {name: _numpy(parameter) for name, parameter in model.named_parameters()}
    if isinstance(model, Mapping) and all(hasattr(value, "shape") for value in model.values()):
        return {str(name): _numpy(value) for name, value in model.items()}
    import jax

    leaves = jax.tree_util.tree_flatten_with_path(model)[0]
    return {".".join(map(_key, path)): np.asarray(leaf) for path, leaf in leaves if hasattr(leaf, "shape")}


def _key(key: Any) -> str:
    """Returns a step of a JAX path: the key of a dict, the name of a field or the number in a list."""
    return str(getattr(key, "key", getattr(key, "name", getattr(key, "idx", key))))


def _numpy(value: Any) -> np.ndarray:
    if hasattr(value, "detach"):
        tensor = value.detach().cpu()
        return (tensor if str(tensor.dtype) in ("torch.float32", "torch.float64") else tensor.float()).numpy()
    return np.asarray(value)
