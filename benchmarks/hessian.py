"""Gradient and dense Hessian of softplus networks, side by side: condenslab and PyTorch's two Hessians.

    python benchmarks/hessian.py [--json] [--quick]

Networks 2-k-1 with biases, k ∈ {10, 50, 100}, N ∈ {10, …, 10⁵} samples, and networks with 3 hidden layers; float64, one
thread. What is measured and what it came to is in benchmarks/README.md.
"""

import statistics
import sys
from typing import Any

import jax
import numpy as np
from support import machine, options
from support.second_order import Cell, Contestant, compare, compete, make_cell, on_one_thread, ours

_SHALLOW = tuple((2, k, 1) for k in (10, 50, 100))
_DEEP = ((2, 10, 10, 10, 1), (2, 20, 20, 20, 1))
_SAMPLES = (10, 100, 1_000, 10_000, 100_000)


def main() -> None:
    """Measures and prints."""
    chosen = options.parse(
        "Gradient and dense Hessian: condenslab, torch.autograd.functional.hessian, torch.func.hessian."
    )
    on_one_thread()
    jax.config.update("jax_enable_x64", True)
    described, left_out = machine.describe(), _torch_missing()
    samples = _SAMPLES[:-2] if chosen.quick else _SAMPLES
    shapes = [(widths, n) for widths in _SHALLOW for n in samples]
    shapes += [(widths, n) for widths in _DEEP for n in samples[:-1]]
    cells = [_measure(make_cell(*shape), quick=chosen.quick) for shape in shapes] if not left_out else []
    result = {
        "benchmark": "hessian",
        "problem": {
            "activation": "softplus",
            "biases": True,
            "precision": "float64",
            "threads": 1,
            "quick": chosen.quick,
        },
        "machine": described,
        "left_out": left_out,
        "cells": cells,
        "aims": _aims(cells),
    }
    print(options.dump(result) if chosen.json else _text(result))


def _torch_missing() -> list[str]:
    try:
        import torch  # noqa: F401
    except ImportError:
        return ["PyTorch is not installed (pip install torch), so there is nothing to compare with."]
    return []


def _measure(cell: Cell, *, quick: bool) -> dict[str, Any]:
    """Returns what one cell came to."""
    from support import torch_second_order as theirs

    print(f"measuring {cell.name} …", file=sys.stderr)
    gradient, hessian, read = ours(cell)
    gradients = [gradient, theirs.make_gradient(cell)]
    others, matrix = theirs.make_hessians(cell, longest=1.0 if quick else 3.0)
    difference = _difference(read(hessian.call()), matrix()) if matrix else None
    rounds, budget = (3, 2.0) if quick else (9, 5.0)
    return {
        "widths": list(cell.widths),
        "samples": cell.samples,
        "parameters": cell.parameters,
        "gradient": _outcome(gradients, rounds=2 * rounds, budget=budget / 2),
        "hessian": _outcome([hessian, *others], rounds=rounds, budget=budget),
        "largest_relative_difference": difference,
    }


def _outcome(contestants: list[Contestant], *, rounds: int, budget: float) -> dict[str, Any]:
    own, *others = compete(contestants, rounds=rounds, budget=budget)
    return {
        "seconds": {
            one.name: {"median": statistics.median(times), "min": min(times), "note": one.note}
            for one, times in zip(contestants, [own, *others], strict=True)
        },
        "ratio": compare(own, others),
    }


def _difference(own: np.ndarray, theirs: np.ndarray) -> float:
    found = float(np.abs(own - theirs).max() / np.abs(theirs).max())
    if found > 1e-12:
        raise RuntimeError(f"the Hessians differ by {found:.1e} of the largest entry: one of them is wrong.")
    return found


def _aims(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the aims, each with the ratio reached."""
    shallow, deep = [c for c in cells if len(c["widths"]) == 3], [c for c in cells if len(c["widths"]) > 3]
    wanted = [
        ("Hessian, two layers, geometric mean", shallow, "hessian", True, 40.0),
        ("Hessian, two layers, every cell", shallow, "hessian", False, 15.0),
        ("gradient, two layers, geometric mean", shallow, "gradient", True, 1.5),
        ("gradient, two layers, every cell", shallow, "gradient", False, 1.0),
        ("Hessian, 3 hidden layers, geometric mean", deep, "hessian", True, 5.0),
        ("Hessian, 3 hidden layers, every cell", deep, "hessian", False, 5.0),
        ("gradient, 3 hidden layers, every cell", deep, "gradient", False, 1.0),
    ]
    return [_aim(*one) for one in wanted]


def _aim(name: str, cells: list[dict[str, Any]], kind: str, mean: bool, bound: float) -> dict[str, Any]:
    ratios = [cell[kind]["ratio"]["median"] for cell in cells]
    measured, note = None, ""
    if ratios:
        measured = statistics.geometric_mean(ratios) if mean else min(ratios)
        worst = cells[int(np.argmin(ratios))]
        note = "" if mean else f"{'-'.join(map(str, worst['widths']))}, N = {worst['samples']}"
    return options.aim(f"{name}: at least {bound:g}×", measured=measured, bound=bound, at_least=True, note=note)


def _text(result: dict[str, Any]) -> str:
    """Returns the result for people."""
    lines = [machine.headline(result["machine"]), *result["left_out"], ""]
    lines.append("milliseconds (median), and the faster of PyTorch's / condenslab: median [min … max] of the rounds")
    for cell in result["cells"]:
        lines += ["", f"{'-'.join(map(str, cell['widths']))}, N = {cell['samples']}, {cell['parameters']} parameters"]
        for kind in ("gradient", "hessian"):
            ratio = cell[kind]["ratio"]
            lines.append(
                f"  {kind}: {ratio['median']:.2f}×  [{ratio['min']:.2f} … {ratio['max']:.2f}], "
                f"by the shortest times {ratio['best']:.2f}×"
            )
            for name, one in cell[kind]["seconds"].items():
                lines.append(f"    {name:36} {1e3 * one['median']:12.4g}  {one['note']}")
    return "\n".join([*lines, "", *options.aim_lines(result["aims"])])


if __name__ == "__main__":
    main()
