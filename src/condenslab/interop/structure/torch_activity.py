"""What reaches the weights that read units: its range, and the activations themselves, on given inputs."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from condenslab.interop.structure.analysis import Reading
from condenslab.interop.structure.surgery import Weights
from condenslab.interop.structure.torch_data import Data
from condenslab.interop.structure.torch_program import TorchProgram
from condenslab.interop.structure.torch_resized import resized
from condenslab.interop.torch_module import require_torch

Ranges = dict[Reading, tuple[np.ndarray, np.ndarray]]
_ROWS = 8192


class Activity:
    """Looks into an exported module while it runs.

    Args:
        program: The module.
        readings: What is looked at.
    """

    def __init__(self, program: TorchProgram, readings: Sequence[Reading]) -> None:
        self.program, self.readings = program, list(dict.fromkeys(readings))

    def ranges(self, weights: Weights, data: Data) -> Ranges:
        """Returns the smallest and largest value that each entry of a contracted axis has, over samples and positions.

        Args:
            weights: The arrays of the module.
            data: The inputs.
        """
        found: Ranges = {}
        for seen in self._runs(weights, data):
            for reading, values in seen.items():
                low, high = values.min(axis=0), values.max(axis=0)
                if reading in found:
                    low, high = np.minimum(low, found[reading][0]), np.maximum(high, found[reading][1])
                found[reading] = low, high
        return found

    def values(self, weights: Weights, data: Data, *, seed: int = 0) -> dict[Reading, np.ndarray]:
        """Returns activations on the contracted axis, shape (row, entry): samples and positions, at most 8,192 of them.

        Args:
            weights: The arrays of the module.
            data: The inputs.
            seed: Of the choice of rows, which depends on nothing else.
        """
        parts: dict[Reading, list[np.ndarray]] = {}
        batches = max(-(-data.samples // data.batch), 1)
        rng = np.random.default_rng(seed)
        for seen in self._runs(weights, data):
            for reading, values in seen.items():
                share = min(len(values), max(_ROWS // batches, 1))
                rows = np.sort(rng.permutation(len(values))[:share])
                parts.setdefault(reading, []).append(values[rows])
        return {reading: np.concatenate(values) for reading, values in parts.items()}

    def _runs(self, weights: Weights, data: Data):
        torch = require_torch("looking at activations")
        module = resized(self.program, weights)
        wanted = {module.nodes[reading.source.name]: [] for reading in self.readings}
        for reading in self.readings:
            wanted[module.nodes[reading.source.name]].append(reading)
        watcher = _watcher(torch)(module.inner, wanted)
        for _, args, kwargs in data.batches():
            watcher.seen = {}
            flat, _ = torch.utils._pytree.tree_flatten((args, kwargs))
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                watcher.run(*flat)
            yield {reading: _rows(value, reading.axis) for reading, value in watcher.seen.items()}


def _rows(value: Any, axis: int) -> np.ndarray:
    moved = value.detach().double().movedim(axis, -1)
    return moved.reshape(-1, moved.shape[-1]).numpy()


def _watcher(torch: Any) -> Any:
    class Watcher(torch.fx.Interpreter):
        """Runs a graph and keeps what some nodes give."""

        def __init__(self, module: Any, wanted: dict[str, list[Reading]]) -> None:
            super().__init__(module)
            self.wanted, self.seen = wanted, {}

        def run_node(self, n: Any) -> Any:
            """Runs one node."""
            found = super().run_node(n)
            for reading in self.wanted.get(n.name, ()):
                self.seen[reading] = found
            return found

    return Watcher
