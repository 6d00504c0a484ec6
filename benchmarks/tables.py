"""Planted tables: is the number of neurons found, and how well do the reduced network and its rivals predict?

    python benchmarks/tables.py [--json] [--quick]

1, 3 and 5 tanh neurons, one and three inputs, noise of 0, 5 and 20 %, 60 and 300 rows; every seed is another function
and another sample. Success: the number of neurons that cross-validation chooses is the planted one. Errors are rms on
2,000 fresh inputs without noise, over the spread of the function; medians over seeds. Rivals: a network of 100 neurons
with PyTorch's default initialisation, trained without early stopping; ridge regression on the inputs (penalty by
cross-validation); Gaussian process regression with a squared-exponential kernel by marginal likelihood.
"""

import itertools
import statistics
import time
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from support import machine, options
from support.planted_tables import planted

from condenslab.studies.table.answer import simplest
from condenslab.studies.table.narrow import fits, losses
from condenslab.studies.table.problem import cut, make_problem
from condenslab.tasks import Table

NEURONS, INPUTS, NOISE, ROWS = (1, 3, 5), (1, 3), (0.0, 0.05, 0.2), (60, 300)
CUTS, FOLDS, STARTS, MOST, WIDE = 2, 5, 4, 8, 100
SEEDS, FEW = 3, 1


def main() -> None:
    """Measures and prints."""
    chosen = options.parse("Planted tables: neurons found, and errors beside three rivals.")
    seeds = FEW if chosen.quick else SEEDS
    cells = [_cell(*cell, seeds) for cell in itertools.product(NEURONS, INPUTS, NOISE, ROWS)]
    found = sum(cell["found"] for cell in cells)
    result = {
        "benchmark": "tables",
        "problem": {"cuts": CUTS, "folds": FOLDS, "starts": STARTS, "most": MOST, "seeds": seeds},
        "machine": machine.describe(),
        "cells": cells,
        "found": found,
        "of": seeds * len(cells),
    }
    print(options.dump(result) if chosen.json else _text(result))


def _cell(neurons: int, inputs: int, noise: float, rows: int, seeds: int) -> dict[str, Any]:
    begin, runs = time.perf_counter(), [_run(neurons, inputs, noise, rows, seed) for seed in range(seeds)]
    chosen = [run["chosen"] for run in runs]
    rivals = {name: statistics.median(run[name] for run in runs) for name in ("reduced", "wide", "ridge", "gp")}
    head = {"neurons": neurons, "inputs": inputs, "noise": noise, "rows": rows, "chosen": chosen}
    found = sum(one == neurons for one in chosen)
    return head | {"found": found} | rivals | {"seconds": time.perf_counter() - begin}


def _run(neurons: int, inputs: int, noise: float, rows: int, seed: int) -> dict[str, Any]:
    x, y, target, spread = planted(neurons, inputs, noise, rows, seed)
    fresh = np.random.default_rng([seed, 99]).uniform(-1, 1, (2000, inputs))
    problem = make_problem(Table(x, y, "planted"), 0.0)
    scaled = (fresh - problem.shift) / problem.scale

    def error(outputs: np.ndarray) -> float:
        return float(np.sqrt(np.mean((outputs * problem.height + problem.level - target(fresh)) ** 2)) / spread)

    how = {"most": MOST, "starts": STARTS, "activation": "tanh", "labels": False}
    held = np.zeros((CUTS, MOST + 1, rows))
    for number in range(CUTS):
        folds = cut(rows, FOLDS, number)
        for fold in range(FOLDS):
            out = folds == fold
            random = np.random.default_rng([number, fold])
            networks = fits(problem.inputs[~out], problem.targets[~out], random=random, **how)
            for width, network in enumerate(networks):
                held[number, width, out] = losses(network, problem.inputs[out], problem.targets[out], labels=False)
    chosen = simplest(held.mean(axis=0))[0]
    every = fits(problem.inputs, problem.targets, random=np.random.default_rng(7), **how)
    return {
        "chosen": chosen,
        "reduced": error(every[chosen](scaled)),
        "wide": error(_default_network(problem.inputs, problem.targets, scaled, seed)),
        "ridge": error(_ridge(problem.inputs, problem.targets, scaled)),
        "gp": error(_gaussian_process(problem.inputs, problem.targets, scaled)),
    }


def _default_network(x: np.ndarray, y: np.ndarray, fresh: np.ndarray, seed: int) -> np.ndarray:
    """Returns the outputs of 100 tanh neurons from PyTorch's default initialisation after 1,000 steps of L-BFGS."""
    random, inputs = np.random.default_rng(seed), x.shape[1]
    bounds = (1 / np.sqrt(inputs),) * 2 + (1 / np.sqrt(WIDE),) * 2
    sizes = (WIDE * inputs, WIDE, WIDE, 1)
    start = np.concatenate([random.uniform(-b, b, n) for b, n in zip(bounds, sizes, strict=True)])

    def outputs(theta: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, ...]:
        w, b, a, c = np.split(theta, np.cumsum(sizes)[:-1])
        hidden = np.tanh(at @ w.reshape(WIDE, inputs).T + b)
        return hidden @ a[:, None] + c, hidden, a

    def goal(theta: np.ndarray) -> tuple[float, np.ndarray]:
        f, hidden, a = outputs(theta, x)
        left = 2 * (f - y) / len(x)
        back = left * a * (1 - hidden**2)
        slope = np.concatenate([(back.T @ x).ravel(), back.sum(axis=0), (hidden.T @ left).ravel(), left.sum(axis=0)])
        return float(np.mean((f - y) ** 2)), slope

    end = minimize(goal, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000})
    return outputs(end.x, fresh)[0]


def _ridge(x: np.ndarray, y: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Returns predictions of ridge regression, the penalty by leave-one-out cross-validation in closed form."""
    design, at = (np.column_stack([part, np.ones(len(part))]) for part in (x, fresh))

    def solved(penalty: float) -> tuple[np.ndarray, float]:
        inverse = np.linalg.inv(design.T @ design + penalty * np.eye(design.shape[1]))
        hat = design @ inverse @ design.T
        return inverse @ design.T @ y, float(np.mean(((y - hat @ y)[:, 0] / (1 - np.diag(hat))) ** 2))

    return at @ min((solved(penalty) for penalty in np.geomspace(1e-6, 1e3, 19)), key=lambda pair: pair[1])[0]


def _gaussian_process(x: np.ndarray, y: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Returns the mean of a Gaussian process with height, length and noise by marginal likelihood."""
    apart = np.sum((x[:, None] - x[None]) ** 2, axis=2)

    def kernel(distance: np.ndarray, logs: np.ndarray) -> np.ndarray:
        return np.exp(2 * logs[0] - distance / (2 * np.exp(2 * logs[1])))

    def factor(logs: np.ndarray) -> Any:
        return cho_factor(kernel(apart, logs) + (np.exp(2 * logs[2]) + 1e-9) * np.eye(len(x)), lower=True)

    def goal(logs: np.ndarray) -> float:
        lower = factor(logs)
        return float(0.5 * (y * cho_solve(lower, y)).sum() + np.log(np.diag(lower[0])).sum())

    limits = [(-3, 3), (-4, 3), (-9, 1)]
    ends = [minimize(goal, [0, length, np.log(0.1)], method="L-BFGS-B", bounds=limits) for length in (-1.5, 0.0)]
    best = min(ends, key=lambda end: end.fun).x
    between = np.sum((fresh[:, None] - x[None]) ** 2, axis=2)
    return kernel(between, best) @ cho_solve(factor(best), y)


def _text(result: dict[str, Any]) -> str:
    lines = [
        f"{'neurons':>7} {'inputs':>6} {'noise':>5} {'rows':>4}  found  {'chosen':16} reduced    wide   ridge      GP"
    ]
    for cell in result["cells"]:
        seeds = len(cell["chosen"])
        errors = " ".join(f"{cell[name]:7.3f}" for name in ("reduced", "wide", "ridge", "gp"))
        lines.append(
            f"{cell['neurons']:7} {cell['inputs']:6} {cell['noise']:5.2f} {cell['rows']:4}  {cell['found']}/{seeds}    "
            f"{cell['chosen']!s:16} {errors}"
        )
    return "\n".join([*lines, f"found in {result['found']} of {result['of']} tables"])


if __name__ == "__main__":
    main()
