"""Decides the claims of the critical_functions study from stored records; numbers only, no JAX."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from condenslab.studies.contract.claims import Claim, wilson
from condenslab.sweeps import Record

_DECK = "deck 000, exercise on width-3 tanh nets"
_LEVELS = "deck 000, exercise, solved to ten decimals for this grid; EP21, Fig. 4: 0.11, 0.07, 0"

KNOWN = ((0, 5.1453300991), (1, 0.1090227421), (2, 0.0697915121), (2, 0.0697915121), (3, 0.0))
"""Width and risk of the five functions that the deck counts: zero, width 1, a mirrored pair of width 2, the target."""

_LEVEL_TOLERANCE = 5e-11
_SAME = 1e-3

STATEMENTS = (
    "the parameter space of the width-3 network has dimension 9",
    "a zero-loss global minimum exists",
    "the loss is not convex: midway between two global minima it is positive",
    "there are at least 5 critical functions",
    "the five known ones are among those found, at their published levels",
    "the known ones are strict minima of their own width, with inertia (3, 0, 0), twice (6, 0, 0), (9, 0, 0)",
    "each of the four that are not zero has a Newton–Kantorovich certificate",
    "a function of positive risk is a strict saddle one neuron wider, after its neurons are split",
    "a kick along a negative direction and gradient flow lead to a lower risk",
)
"""What the study claims, before anything is measured."""


@dataclass(frozen=True, eq=False)
class Functions:
    """The distinct functions of several searches, by risk.

    Attributes:
        risks: Shape (function,).
        widths: The width each first appears at, shape (function,).
        outputs: On the training inputs, shape (function, sample).
        curves: On the grid, shape (function, point).
        inertia: (positive, zero, negative) in the own width.
        decided: Whether these counts are.
        symmetric: Whether the function is odd, as the target is.
        hits: Starts that ended on it, over all searches.
    """

    risks: np.ndarray
    widths: np.ndarray
    outputs: np.ndarray
    curves: np.ndarray
    inertia: list[tuple[int, ...]]
    decided: list[bool]
    symmetric: list[bool]
    hits: list[int]

    def nearest(self, outputs: np.ndarray) -> int | None:
        """Returns the number of the function with these outputs on the training inputs, or None."""
        distances = np.abs(self.outputs - outputs).max(axis=1, initial=0.0)
        best = int(np.argmin(distances)) if len(distances) else None
        return best if best is not None and distances[best] <= _SAME * np.abs(self.outputs).max() else None

    def mirror(self, number: int) -> int | None:
        """Returns the number of the mirror image −f(−x), itself for an odd function, or None if it was not found."""
        return self.nearest(-self.outputs[number, ::-1])


def collect(records: Sequence[Record]) -> Functions:
    """Joins the functions of all finished records, each once.

    Args:
        records: The records, in any order.
    """
    rows: list[tuple] = []
    for record in (r for r in records if r.status == "done"):
        v, a = record.values, record.arrays
        for k, risk in enumerate(v["risks"]):
            rows.append(
                (
                    risk,
                    v["widths"][k],
                    a["outputs"][k],
                    a["functions"][k],
                    tuple(v["inertia"][k]),
                    v["inertia_decided"][k],
                    v["symmetric"][k],
                    v["hits"][k],
                )
            )
    kept: list[list] = []
    for row in sorted(rows, key=lambda row: (row[1], row[0])):
        scale = max(np.abs(row[2]).max(initial=0.0), 1.0)
        near = next((old for old in kept if np.abs(old[2] - row[2]).max() <= _SAME * scale), None)
        if near is None:
            kept.append(list(row))
        else:
            near[7] += row[7]
    kept.sort(key=lambda row: row[0])
    columns = list(zip(*kept, strict=True)) or [()] * 8
    return Functions(
        np.array(columns[0]),
        np.array(columns[1]),
        np.array(columns[2]),
        np.array(columns[3]),
        list(columns[4]),
        list(columns[5]),
        list(columns[6]),
        list(columns[7]),
    )


def decide(records: Sequence[Record], seeds: int) -> list[Claim]:
    """Returns the claims of a run, in the order of `STATEMENTS`.

    Args:
        records: The records.
        seeds: Searches of every width that were asked for.
    """
    done = [record for record in records if record.status == "done"]
    by_seed: dict[int, list[Record]] = {}
    for record in done:
        by_seed.setdefault(record.case["seed"], []).append(record)
    found = {seed: collect(own) for seed, own in sorted(by_seed.items())}
    widest = [r for r in done if r.case["width"] == 3]
    return [
        Claim.count(STATEMENTS[0], _DECK, expected=9, measured=[r.values["parameters"] for r in widest]),
        Claim.at_most(STATEMENTS[1], _DECK, bound=1e-20, measured=[min(r.values["risks"]) for r in widest]),
        Claim.at_least(STATEMENTS[2], _DECK, bound=1e-12, measured=[r.values["midpoint_risk"] for r in widest]),
        _at_least_five(found, bool(widest)),
        *_known(done, found, bool(widest)),
        *_flows(done),
    ]


def _at_least_five(found: dict[int, Functions], complete: bool) -> Claim:
    counts = [len(functions.risks) for functions in found.values()]
    low, high = wilson(sum(count >= 5 for count in counts), len(counts))
    text = f"{STATEMENTS[3]}, for each of {len(counts)} seeds [success rate {low:.2f} to {high:.2f} at 95 %]"
    return Claim.at_least(text, f"{_DECK}: '≥ 5'", bound=5, measured=counts if complete else None)


def _known(done: Sequence[Record], found: dict[int, Functions], complete: bool) -> list[Claim]:
    """Returns the claims on the five known functions, for every seed."""
    levels, inertias, certified = [], [], []
    for seed, functions in found.items():
        numbers = _numbers(functions)
        levels.append(
            max((abs(functions.risks[k] - risk) for k, (_, risk) in zip(numbers, KNOWN, strict=False)), default=1.0)
            if len(numbers) == len(KNOWN)
            else None
        )
        strict = [
            functions.inertia[k] == (3 * m, 0, 0) and functions.decided[k]
            for k, (m, _) in zip(numbers, KNOWN, strict=False)
            if m
        ]
        inertias.append(sum(strict))
        certified.append(sum(_certificates(done, seed)))
    if not complete:
        levels, inertias, certified = [None], [None], [None]
    seeds = f", for each of {len(found)} seeds"
    return [
        Claim.at_most(STATEMENTS[4] + seeds, _LEVELS, bound=_LEVEL_TOLERANCE, measured=levels),
        Claim.count(
            STATEMENTS[5] + seeds, "EP21, Fig. 3(a) and Fig. 4, computed for this grid", expected=4, measured=inertias
        ),
        Claim.count(
            STATEMENTS[6] + seeds, "Newton–Kantorovich theorem, in floating point", expected=4, measured=certified
        ),
    ]


def _numbers(functions: Functions) -> list[int]:
    """Returns the numbers of the known functions, of each width the ones nearest to the published level."""
    numbers: list[int] = []
    for width in range(4):
        levels = [risk for m, risk in KNOWN if m == width]
        own = np.flatnonzero(functions.widths == width)
        order = own[np.argsort(np.abs(functions.risks[own] - levels[0]))]
        numbers += order[: len(levels)].tolist()
    return numbers


def _certificates(done: Sequence[Record], seed: int) -> list[bool]:
    """Returns, for the known functions in the search of their own width, whether the certificate holds."""
    certified = []
    for record in (r for r in done if r.case["seed"] == seed):
        levels = [risk for m, risk in KNOWN if m == record.case["width"]]
        own = [k for k, m in enumerate(record.values["widths"]) if m == record.case["width"]]
        own.sort(key=lambda k: abs(record.values["risks"][k] - levels[0]))
        certified += [bool(record.values["certified"][k]) for k in own[: len(levels)]]
    return certified


def _flows(done: Sequence[Record]) -> list[Claim]:
    kicked = [record for record in done if record.values.get("kick_from")]
    split, changes = [], []
    for record in kicked:
        v = record.values
        split += [
            n
            for n, width, k in zip(v["kick_negative"], v["kick_width"], v["kick_from"], strict=True)
            if width > v["widths"][k] and v["widths"][k]
        ]
        changes += [after - before for after, before in zip(v["kick_risk"], v["kick_risk_before"], strict=True)]
    return [
        Claim.at_least(
            STATEMENTS[7], "EP21, Fig. 3(a); EP22, section 6", bound=1, measured=min(split) if split else None
        ),
        Claim.at_most(
            STATEMENTS[8], "gradient flow never raises R", bound=0.0, measured=max(changes) if changes else None
        ),
    ]
