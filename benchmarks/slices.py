"""A 101 × 101 slice of the risk of a width-500 network, side by side: condenslab, and the loop that everybody writes.

    python benchmarks/slices.py [--json] [--quick]

Width-500 tanh network, 50 samples, filter-normalised random directions, float64 and float32. What is measured and what
it came to is in benchmarks/README.md.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from support import machine, options
from support.problem import WIDTH, make_risk, make_start

from condenslab import landscape, networks

POINTS = 101
_LOOP_POINTS = 100
"""The loop is timed on so many of the points; each takes the same time."""


def main() -> None:
    """Measures and prints."""
    chosen = options.parse("A 101 × 101 slice of the risk: condenslab and a PyTorch loop.")
    jax.config.update("jax_enable_x64", True)
    described, rounds = machine.describe(), 3 if chosen.quick else 9
    cases = [_case(precision, rounds) for precision in ("float64", "float32")]
    result = {
        "benchmark": "slices",
        "problem": {"width": WIDTH, "samples": 50, "points": POINTS**2, "activation": "tanh", "quick": chosen.quick},
        "machine": described,
        "cases": cases,
        "aims": _aims(cases),
    }
    print(options.dump(result) if chosen.json else _text(result))


def _case(precision: str, rounds: int) -> dict[str, Any]:
    """Returns what one precision came to."""
    risk, center = make_risk(), make_start()
    directions = landscape.random_directions(jax.random.key(0), center)
    axis = np.linspace(-1.0, 1.0, POINTS)
    single = "float32" if precision == "float32" else None

    def ours() -> np.ndarray:
        return landscape.risk_slice(risk, center, directions, [axis, axis], precision=single).risk

    begun = time.perf_counter()
    values = ours()
    first = time.perf_counter() - begun
    contestants: dict[str, Callable[[], Any]] = {"condenslab": ours}
    contestants |= _loops(center, directions, axis, precision, values)
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds):
        for name in sorted(contestants, reverse=bool(turn % 2)):
            begun = time.perf_counter()
            contestants[name]()
            share = 1.0 if name == "condenslab" else POINTS**2 / _LOOP_POINTS
            seconds[name].append(share * (time.perf_counter() - begun))
    return {
        "precision": precision,
        "condenslab_first_call_seconds": first,
        "seconds": {name: _summary(own) for name, own in seconds.items()},
        "ratios": {
            f"{name} / condenslab": _summary([a / b for a, b in zip(own, seconds["condenslab"], strict=True)])
            for name, own in seconds.items()
            if name != "condenslab"
        },
    }


def _loops(
    center: networks.TwoLayer, directions: np.ndarray, axis: np.ndarray, precision: str, values: np.ndarray
) -> dict[str, Callable[[], Any]]:
    """Returns the PyTorch loop with one thread and with all, none where PyTorch is missing; its values must be ours."""
    try:
        import torch
        from support.pytorch import TwoLayerNet
    except ImportError:
        return {}
    dtype, task = getattr(torch, precision), make_risk()
    inputs, targets = (torch.tensor(np.asarray(part), dtype=dtype) for part in (task.inputs, task.targets))
    net = TwoLayerNet(WIDTH, dtype)
    criterion = torch.nn.MSELoss()

    def tensors(theta: np.ndarray) -> list[Any]:
        own = networks.unravel(jax.numpy.asarray(theta), center)
        arrays = (own.input_weights, own.biases, own.output_weights)
        return [torch.tensor(np.asarray(array), dtype=dtype) for array in arrays]

    parts = [tensors(theta) for theta in (np.asarray(networks.ravel(center)), *directions)]
    pairs = [(x, y) for x in axis for y in axis]
    some = [pairs[k] for k in np.linspace(0, len(pairs) - 1, _LOOP_POINTS).astype(int)]

    def loop(threads: int) -> np.ndarray:
        torch.set_num_threads(threads)
        risks = []
        with torch.no_grad():
            for x, y in some:
                for own, base, one, two in zip(net.parameters(), *parts, strict=True):
                    own.copy_(base + x * one + y * two)
                risks.append(criterion(net(inputs), targets).item())
        return np.array(risks)

    wanted = values.ravel()[np.linspace(0, len(pairs) - 1, _LOOP_POINTS).astype(int)]
    np.testing.assert_allclose(loop(1), wanted, rtol=1e-10 if precision == "float64" else 1e-4)
    counts = sorted({1, machine.cores()})
    return {f"PyTorch loop, {n} thread{'s' if n > 1 else ''}": lambda n=n: loop(n) for n in counts}


def _summary(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def _aims(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the aims, each with what was reached."""
    aims = []
    for case in cases:
        seconds = case["seconds"]["condenslab"]["median"]
        precision = case["precision"]
        aims.append(
            options.aim(f"{precision}: at most 2 s", measured=seconds, bound=2.0, at_least=False, note="seconds")
        )
        loops = {name: one["median"] for name, one in case["ratios"].items()}
        best = min(loops, key=loops.__getitem__, default=None)
        note, ratio = (
            ("", None) if best is None else (f"against the faster one, {best.partition(' /')[0]}", loops[best])
        )
        statement = f"{precision}: at least 20× the PyTorch loop"
        aims.append(options.aim(statement, measured=ratio, bound=20.0, at_least=True, note=note))
    return aims


def _text(result: dict[str, Any]) -> str:
    """Returns the result for people."""
    lines = [machine.headline(result["machine"])]
    for case in result["cases"]:
        lines += ["", f"{case['precision']}: seconds for {result['problem']['points']} points, median [min … max]"]
        lines += [
            f"  {name:26} {one['median']:8.3f}  [{one['min']:.3f} … {one['max']:.3f}]"
            for name, one in case["seconds"].items()
        ]
        lines += [
            f"  {name}: {one['median']:.1f}  [{one['min']:.1f} … {one['max']:.1f}]"
            for name, one in case["ratios"].items()
        ]
    return "\n".join([*lines, "", *options.aim_lines(result["aims"])])


if __name__ == "__main__":
    main()
