"""The recovery experiment of three architectures: ensembles against one run after the other in PyTorch.

    python benchmarks/recovery.py [--json] [--quick]

n × width × seed, full-batch gradient descent in float64. A width is one program: samples beyond n have weight 0.
PyTorch trains a few cells for some steps, on their own n samples, and is extrapolated: see benchmarks/README.md.
"""

import statistics
import sys
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from support import machine, options
from support.timing import count_text

from condenslab import networks, training
from condenslab.networks import Scale
from condenslab.risk import EmpiricalRisk

INPUTS, SIZE, RATE, AIM = 5, 3, 0.1, 50.0
COUNTS = {"shared": (5, 7, 9, 12, 14), "unshared": (12, 15, 18, 25, 30), "full": (17, 21, 25, 35, 42)}
KERNEL = np.array([0.6, 0.8, 1.0])
_LONGEST = 0.5
"""Seconds after which a timed loop of PyTorch ends; alone on the machine 500 steps take a tenth of a second."""


def main() -> None:
    """Measures and prints."""
    chosen = options.parse("The recovery experiment: ensembles against one run after the other in PyTorch.")
    jax.config.update("jax_enable_x64", True)
    described = machine.describe()
    factors, seeds, steps, rounds = ((1, 3), 4, 4_000, 3) if chosen.quick else ((1, 3, 10), 8, 10_000, 3)
    rows = [_row(sharing, factor, seeds, steps, rounds) for sharing in COUNTS for factor in factors]
    ours = sum(row["seconds"] for row in rows)
    loop = None if any(row["loop_seconds"] is None for row in rows) else sum(row["loop_seconds"] for row in rows)
    members = sum(row["members"] for row in rows)
    statement = f"{members} runs of {steps:,} steps in all: at least {AIM:.0f}× PyTorch one after the other"
    result = {
        "benchmark": "recovery",
        "problem": {"factors": factors, "samples": COUNTS, "seeds": seeds, "steps": steps, "rate": RATE},
        "machine": described,
        "threads_allowed": machine.cores(),
        "cases": rows,
        "seconds": ours,
        "loop_seconds_extrapolated": loop,
        "aims": [
            options.aim(
                statement,
                measured=None if loop is None else loop / ours,
                bound=AIM,
                at_least=True,
                note="the faster of one and all threads, extrapolated from two cells a width",
            )
        ],
    }
    print(options.dump(result) if chosen.json else _text(result))


def _row(sharing: str, factor: int, seeds: int, steps: int, rounds: int) -> dict[str, Any]:
    """Returns seconds of all runs of one width, ours measured and PyTorch's extrapolated."""
    print(f"measuring {sharing}, {factor} times the target's width …", file=sys.stderr)
    counts = COUNTS[sharing]
    cells = [(n, seed) for n in counts for seed in range(seeds)]
    begun = time.perf_counter()
    _train(sharing, factor, cells, 10)
    compile_seconds = time.perf_counter() - begun
    walls = []
    for _ in range(rounds):
        begun = time.perf_counter()
        _train(sharing, factor, cells, steps)
        walls.append(time.perf_counter() - begun)
    seconds = statistics.median(walls)
    row = {"sharing": sharing, "factor": factor, "members": len(cells), "seconds": seconds, "fastest": min(walls)}
    row |= {"microseconds_a_step": 1e6 * seconds / steps / len(cells), "first_call_seconds": compile_seconds}
    try:
        loop = _loop(sharing, factor, (counts[0], counts[-1]), rounds)
    except ImportError:
        loop = {}
    mine = min(loop.values()) if loop else None
    row |= {
        "loop_microseconds_a_step": loop,
        "loop_seconds": None if mine is None else mine * 1e-6 * steps * len(cells),
    }
    row["ratio"] = None if row["loop_seconds"] is None else row["loop_seconds"] / seconds
    return row


def _data(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(seed).standard_normal((count, INPUTS))
    windows = np.lib.stride_tricks.sliding_window_view(x, SIZE, axis=1)
    return x, np.tanh(windows @ KERNEL).sum(axis=1, keepdims=True)


def _network(sharing: str, factor: int, seed: int, std: float = 1e-10) -> Any:
    scale = Scale(std, std)
    if sharing == "full":
        return networks.two_layer(seed, width=3 * factor, inputs=INPUTS, activation="tanh", scale=scale)
    return networks.conv_two_layer(
        seed, kernels=factor, size=SIZE, inputs=INPUTS, activation="tanh", scale=scale, shared=sharing == "shared"
    )


def _train(sharing: str, factor: int, cells: list[tuple[int, int]], steps: int, std: float = 1e-10) -> list[Any]:
    """Trains all cells (n, seed) of one width to the last step, in one program."""
    padded = max(COUNTS[sharing])
    data = {seed: _data(padded, seed) for _, seed in cells}
    risks = [EmpiricalRisk(*data[seed], (np.arange(padded) < n).astype(float)) for n, seed in cells]
    starts = [_network(sharing, factor, seed, std) for _, seed in cells]
    return training.ensemble(training.descend, risks, starts, training.GradientDescent(RATE), steps=steps, at=())


def _loop(sharing: str, factor: int, counts: tuple[int, ...], rounds: int) -> dict[str, float]:
    """Returns microseconds a step of a PyTorch loop with one thread and with all, the mean over two cells.

    Raises:
        ImportError: PyTorch is not installed.
        ValueError: Its parameters after 100 steps from a larger start are not ours.
    """
    import torch
    from torch import nn

    def steps(net: Any, n: int, count: int, longest: float = _LONGEST) -> float:
        x, y = (torch.from_numpy(part[:n].copy()) for part in _data(max(COUNTS[sharing]), 0))
        optimiser, criterion = torch.optim.SGD(net.parameters(), lr=RATE), nn.MSELoss()
        begun, taken = time.perf_counter(), 0
        while taken < count and time.perf_counter() - begun < longest:
            optimiser.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            optimiser.step()
            taken += 1
        return (time.perf_counter() - begun) / taken

    check = _module(_network(sharing, factor, 0, 0.3))
    steps(check, counts[0], 100, float("inf"))
    [mine] = _train(sharing, factor, [(counts[0], 0)], 100, 0.3)
    x = _data(200, 7)[0]
    off = np.abs(check(torch.from_numpy(x)).detach().numpy() - np.asarray(mine.network(jnp.asarray(x)))).max()
    if off > 1e-9:
        raise ValueError(f"both must train the same network. Got outputs that differ by {off:.1e}.")
    found = {}
    for threads in sorted({1, machine.cores()}):
        torch.set_num_threads(threads)
        timed = [
            statistics.median(steps(_module(_network(sharing, factor, 0)), n, 500) for _ in range(rounds))
            for n in counts
        ]
        found[count_text(threads)] = 1e6 * statistics.mean(timed)
    return found


def _module(network: Any) -> Any:
    """Returns the network as a PyTorch user writes it, with the same parameters."""
    import torch
    from torch import nn

    def parameter(values: Any) -> Any:
        return nn.Parameter(torch.from_numpy(np.array(values)))

    class Dense(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            width = network.biases.shape[0]
            self.hidden = nn.Linear(INPUTS, width, dtype=torch.float64)
            self.output = nn.Linear(width, 1, bias=False, dtype=torch.float64)
            self.hidden.weight, self.hidden.bias = parameter(network.input_weights), parameter(network.biases)
            self.output.weight = parameter(network.output_weights)

        def forward(self, x: Any) -> Any:
            return self.output(torch.tanh(self.hidden(x)))

    class Convolution(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.shared = network.shared
            self.kernels, self.biases = parameter(network.kernels), parameter(network.biases)
            self.weights = parameter(np.asarray(network.output_weights)[0])

        def forward(self, x: Any) -> Any:
            if self.shared:
                hidden = nn.functional.conv1d(x[:, None], self.kernels[:, None], self.biases)
            else:
                hidden = torch.einsum("npq,kpq->nkp", x.unfold(1, SIZE, 1), self.kernels) + self.biases
            return (torch.tanh(hidden) * self.weights).sum(dim=(1, 2))[:, None]

    return Dense() if isinstance(network, networks.TwoLayer) else Convolution()


def _text(result: dict[str, Any]) -> str:
    lines = [machine.headline(result["machine"])]
    for row in result["cases"]:
        loop = ", ".join(f"{name} {value:.0f} µs" for name, value in row["loop_microseconds_a_step"].items())
        ratio = "not measured" if row["ratio"] is None else f"{row['ratio']:.0f}×"
        lines.append(
            f"  {row['sharing']:8s} {row['factor']:3d}×: {row['members']} runs in {row['seconds']:.2f} s, "
            f"{row['microseconds_a_step']:.2f} µs a step (first call {row['first_call_seconds']:.1f} s); "
            f"PyTorch {loop or 'not installed'}: {ratio}"
        )
    if result["loop_seconds_extrapolated"] is not None:
        lines.append(
            f"in all {result['seconds']:.1f} s, PyTorch extrapolated to {result['loop_seconds_extrapolated']:.0f} s"
        )
    return "\n".join([*lines, "", *options.aim_lines(result["aims"])])


if __name__ == "__main__":
    main()
