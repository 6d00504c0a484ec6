"""Planted tables of classes: is the number of neurons found, and how often are the reduced network and rivals wrong?

    python benchmarks/class_tables.py [--json] [--quick] [--seeds 0:3] [--out class_tables.jsonl]

1 and 3 tanh neurons decide 2 and 3 classes from one and three inputs; labels are drawn, so that the best rule is wrong
for 5 or 20 % of them; 300 rows: 16 cells. Each table goes through the study `table` with the settings of its preset
`quick`, but for at most 5 neurons, three cuts and no wide network. `--out` keeps one line of JSON a table, and a later
call goes on where it ended.

What counts as success was written before any table of the published run was computed:

- *found*: the number of neurons that the first line names is the planted one;
- *success*: the planted number is within the spread that the same line states, and the share of held-out samples in the
  wrong class that the second line states is at most 5 percentage points above that of the best rule.

Errors in the table are the expected percentage of wrong labels at 2,000 fresh inputs, means over seeds. Rivals:
logistic regression; 100 neurons with PyTorch's default initialisation, trained without early stopping; Gaussian
processes fitted to ±1, one a class. Beside a rate: Wilson's 95 % interval.
"""

import itertools
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from support import class_rivals, machine, options
from support.kept_tables import kept, record_of
from support.planted_classes import planted_classes

from condenslab.studies import wilson
from condenslab.studies.table.answer import answer
from condenslab.studies.table.cases import PRESETS, make_cases
from condenslab.studies.table.problem import make_problem
from condenslab.studies.table.report import reduced
from condenslab.tasks import Table

NEURONS, CLASSES, INPUTS, WRONG, ROWS = (1, 3), (2, 3), (1, 3), (0.05, 0.2), 300
SETTINGS = replace(PRESETS["quick"], most=5, seeds=3, wide=0)
ABOVE = 0.05
NAMES = ("best", "reduced", "wide", "logistic", "gp")


def main() -> None:
    """Measures and prints."""
    jax.config.update("jax_enable_x64", True)
    parser = options.parser("Planted tables of classes: neurons found, and errors beside three rivals.")
    parser.add_argument("--seeds", default=None, metavar="FIRST:END", help="default 0:3, with --quick 0:1")
    parser.add_argument("--out", type=Path, help="keep one line of JSON a table, and go on from what is there")
    chosen = parser.parse_args()
    begin, end = map(int, (chosen.seeds or ("0:1" if chosen.quick else "0:3")).split(":"))
    tables = list(kept(range(begin, end), _cells(), _run, chosen.out))
    grouped = [[one for one in tables if tuple(one["cell"]) == cell] for cell in _cells()]
    result = {
        "benchmark": "class_tables",
        "problem": {"settings": vars(SETTINGS), "rows": ROWS, "seeds": [begin, end]},
        "machine": machine.describe(),
        "cells": [_summed(own) for own in grouped],
    }
    print(options.dump(result) if chosen.json else _text(result["cells"]))


def _cells() -> Iterator[tuple[Any, ...]]:
    return itertools.product(NEURONS, CLASSES, INPUTS, WRONG)


def _run(neurons: int, classes: int, inputs: int, wrong: float, seed: int) -> dict[str, Any]:
    x, labels, chances = planted_classes(neurons, inputs, classes, wrong, ROWS, seed)
    table = Table(x, np.eye(classes)[labels], "planted", labels=tuple("abc"[:classes]))
    begin = time.process_time()
    records = [record_of(case, table) for case in make_cases(SETTINGS, seed, table)]
    found = answer(records)
    assert found is not None and found.right is not None
    network, seconds = reduced(found, records, table), time.process_time() - begin
    fresh = np.random.default_rng([seed, 99]).uniform(-1, 1, (2000, inputs))
    problem, odds = make_problem(table, 0.0), chances(fresh)
    samples = (problem.inputs, problem.targets, (fresh - problem.shift) / problem.scale)
    rules = {
        "best": np.argmax(odds, axis=1),
        "reduced": np.argmax(network.outputs_of(fresh), axis=1),
        "wide": class_rivals.default_network(*samples, seed),
        "logistic": class_rivals.logistic(*samples),
        "gp": class_rivals.gaussian_process(*samples),
    }
    held = float(1 - found.right[found.neurons])
    low, high = min((found.neurons, *found.votes)), max((found.neurons, *found.votes))
    return {
        "cell": [neurons, classes, inputs, wrong],
        "seed": seed,
        "chosen": found.neurons,
        "spread": [low, high],
        "held": held,
        "errors": found.errors.tolist(),
        "success": low <= neurons <= high and held <= wrong + ABOVE,
        "seconds": seconds,
    } | {name: float(1 - odds[np.arange(len(fresh)), rule].mean()) for name, rule in rules.items()}


def _summed(tables: list[dict[str, Any]]) -> dict[str, Any]:
    neurons, classes, inputs, wrong = tables[0]["cell"]
    return {
        "neurons": neurons,
        "classes": classes,
        "inputs": inputs,
        "noise": wrong,
        "tables": len(tables),
        "found": sum(one["chosen"] == neurons for one in tables),
        "success": sum(one["success"] for one in tables),
        "chosen": [[one["chosen"], *one["spread"]] for one in tables],
        "held": statistics.mean(one["held"] for one in tables),
        **{name: statistics.mean(one[name] for one in tables) for name in NAMES},
        "seconds": statistics.median(one["seconds"] for one in tables),
    }


def _text(cells: list[dict[str, Any]]) -> str:
    """Returns the table as Markdown."""
    head = ("neurons", "classes", "inputs", "noise", "success", "exact", "chosen (spread)", "held-out", *NAMES)
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for cell in cells:
        shown = (
            *(cell[name] for name in ("neurons", "classes", "inputs")),
            f"{100 * cell['noise']:.0f} %",
            f"{cell['success']}/{cell['tables']}",
            f"{cell['found']}/{cell['tables']}",
            ", ".join(f"{one} ({low} to {high})" if low < high else str(one) for one, low, high in cell["chosen"]),
            *(f"{100 * cell[name]:.1f}" for name in ("held", *NAMES)),
        )
        lines.append(f"| {' | '.join(map(str, shown))} |")
    tables, success, found = (sum(cell[name] for cell in cells) for name in ("tables", "success", "found"))
    low, high = (100 * end for end in wilson(success, tables))
    seconds = statistics.median(cell["seconds"] for cell in cells)
    said = f"success in {success} ({low:.0f} to {high:.0f} %), exact in {found} of {tables} tables"
    return "\n".join([*lines, "", said, f"median {seconds:.2g} s of processor time a table"])


if __name__ == "__main__":
    main()
