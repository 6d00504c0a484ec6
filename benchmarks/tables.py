"""Planted tables: is the number of neurons found, and how well do the reduced network and its rivals predict?

    python benchmarks/tables.py [--json] [--quick] [--seeds 0:20] [--out tables.jsonl]

1, 3 and 5 tanh neurons, one and three inputs, noise of 0, 5 and 20 % of the target's spread, 60 and 300 rows: 36 cells.
Every seed is another function and another sample. Each table goes through the study `table` with the settings of its
preset `quick` (what `condenslab run recovery --data` does), but for the flow of the wide network, on which no number
here depends. `--out` keeps one line of JSON a table, and a later call goes on where it ended.

What counts as success was written before any table of the published run was computed:

- *found*: the number of neurons that the first line names is the planted one;
- *success*: the planted number is within the spread that the same line states (the least and the largest number over
  the five random cuts, the answer itself among them), and the held-out error that the second line states is at most
  1.5 times the planted noise, or, where there is none, at most 1 % of the target's spread.

Errors in the table are rms on 2,000 fresh inputs without noise, over the spread of the function; medians over seeds.
Rivals: a network of 100 neurons with PyTorch's default initialisation, trained without early stopping; ridge regression
on the inputs (penalty by cross-validation); Gaussian process regression with a squared-exponential kernel by marginal
likelihood. Beside a rate: Wilson's 95 % interval.
"""

import itertools
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from support import machine, options, table_rivals
from support.kept_tables import kept, record_of
from support.planted_tables import planted

from condenslab.studies import wilson
from condenslab.studies.table.answer import answer
from condenslab.studies.table.cases import PRESETS, Settings, make_cases
from condenslab.studies.table.problem import make_problem
from condenslab.studies.table.report import reduced
from condenslab.tasks import Table

NEURONS, INPUTS, NOISE, ROWS = (1, 3, 5), (1, 3), (0.0, 0.05, 0.2), (60, 300)
OVER_NOISE, OVER_SPREAD = 1.5, 0.01
SEEDS, FEW = "0:20", "0:1"
NAMES = ("reduced", "wide", "ridge", "gp")


def main() -> None:
    """Measures and prints."""
    jax.config.update("jax_enable_x64", True)
    parser = options.parser("Planted tables: neurons found, and errors beside three rivals.")
    parser.add_argument("--seeds", default=None, metavar="FIRST:END", help=f"default {SEEDS}, with --quick {FEW}")
    parser.add_argument("--out", type=Path, help="keep one line of JSON a table, and go on from what is there")
    chosen = parser.parse_args()
    begin, end = map(int, (chosen.seeds or (FEW if chosen.quick else SEEDS)).split(":"))
    tables = list(kept(range(begin, end), itertools.product(NEURONS, INPUTS, NOISE, ROWS), _run, chosen.out))
    cells = [_cell(own) for own in _grouped(tables)]
    result = {
        "benchmark": "tables",
        "problem": {"preset": "quick", "wide": 0, "seeds": [begin, end]},
        "machine": machine.describe(),
        "cells": cells,
        **{name: sum(cell[name] for cell in cells) for name in ("found", "success", "tables")},
    }
    print(options.dump(result) if chosen.json else _text(result))


def _run(neurons: int, inputs: int, noise: float, rows: int, seed: int) -> dict[str, Any]:
    x, y, target, spread = planted(neurons, inputs, noise, rows, seed)
    table = Table(x, y, "planted")
    begin = time.process_time()
    records = [record_of(case, table) for case in make_cases(_settings(), seed, table)]
    found = answer(records)
    assert found is not None
    network, seconds = reduced(found, records, table), time.process_time() - begin
    fresh = np.random.default_rng([seed, 99]).uniform(-1, 1, (2000, inputs))
    problem = make_problem(table, 0.0)
    samples = (problem.inputs, problem.targets, (fresh - problem.shift) / problem.scale)

    def error(outputs: np.ndarray) -> float:
        return float(np.sqrt(np.mean((outputs - target(fresh)) ** 2)) / spread)

    rivals = {
        "wide": table_rivals.default_network(*samples, seed),
        "ridge": table_rivals.ridge(*samples),
        "gp": table_rivals.gaussian_process(*samples),
    }
    held = float(np.sqrt(found.error) * found.height[0] / spread)
    low, high = min((found.neurons, *found.votes)), max((found.neurons, *found.votes))
    return {
        "cell": [neurons, inputs, noise, rows],
        "seed": seed,
        "chosen": found.neurons,
        "spread": [low, high],
        "held": held,
        "errors": (found.errors * (found.height[0] / spread) ** 2).tolist(),
        "standard": (found.standard * (found.height[0] / spread) ** 2).tolist(),
        "noise": float(np.sqrt(found.noise) * found.height[0] / spread) if found.noise is not None else None,
        "success": low <= neurons <= high and held <= (OVER_NOISE * noise if noise else OVER_SPREAD),
        "seconds": seconds,
        "reduced": error(network.predict(fresh)),
    } | {name: error(own * problem.height + problem.level) for name, own in rivals.items()}


def _settings() -> Settings:
    return replace(PRESETS["quick"], wide=0)


def _grouped(tables: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    cells = itertools.product(NEURONS, INPUTS, NOISE, ROWS)
    groups = [[one for one in tables if tuple(one["cell"]) == cell] for cell in cells]
    return [group for group in groups if group]


def _cell(tables: list[dict[str, Any]]) -> dict[str, Any]:
    neurons, inputs, noise, rows = tables[0]["cell"]
    return {
        "neurons": neurons,
        "inputs": inputs,
        "noise": noise,
        "rows": rows,
        "tables": len(tables),
        "found": sum(one["chosen"] == neurons for one in tables),
        "success": sum(one["success"] for one in tables),
        "chosen": sorted(one["chosen"] for one in tables),
        "spread": statistics.mean(one["spread"][1] - one["spread"][0] for one in tables),
        "held": statistics.median(one["held"] for one in tables),
        **{name: statistics.median(one[name] for one in tables) for name in NAMES},
        "seconds": statistics.median(one["seconds"] for one in tables),
    }


def _text(result: dict[str, Any]) -> str:
    """Returns the table as Markdown."""
    head = ("neurons", "inputs", "noise", "rows", "success", "found", "95 %", "chosen", "held-out", *NAMES)
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for cell in result["cells"]:
        low, high = wilson(cell["success"], cell["tables"])
        shown = (
            *(cell[name] for name in ("neurons", "inputs")),
            f"{100 * cell['noise']:.0f} %",
            cell["rows"],
            f"{cell['success']}/{cell['tables']}",
            f"{cell['found']}/{cell['tables']}",
            f"{100 * low:.0f} to {100 * high:.0f}",
            _counts(cell["chosen"]),
            *(f"{cell[name]:.2g}" for name in ("held", *NAMES)),
        )
        lines.append(f"| {' | '.join(map(str, shown))} |")
    total = f"success in {result['success']}, found in {result['found']} of {result['tables']} tables"
    seconds = statistics.median(cell["seconds"] for cell in result["cells"])
    return "\n".join([*lines, "", total, f"median {seconds:.2g} s of processor time a table"])


def _counts(chosen: list[int]) -> str:
    return ", ".join(f"{number}×{chosen.count(number)}" for number in sorted(set(chosen)))


if __name__ == "__main__":
    main()
