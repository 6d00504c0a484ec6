"""Distinct critical functions of the three-tanh exercise within a time: our search against SciPy from the same starts.

    python benchmarks/critical.py [--json] [--quick]

Widths 1, 2 and 3; SciPy's `root` (hybr and lm) and `least_squares` on ∇R with our compiled gradient and Hessian, one
start after the other, judged by the same criteria. What is measured and what it came to is in benchmarks/README.md.
"""

import sys
import time
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
from support import machine, options
from support.critical_levels import REFERENCE, REFERENCE_STARTS

from condenslab import landscape, networks, tasks
from condenslab.landscape import Fate
from condenslab.landscape.critical.distinct import distinct, grid_of
from condenslab.landscape.critical.search import Ends, judge, stack, zero_gradients
from condenslab.landscape.critical.starts import DATA_SCALED
from condenslab.landscape.critical.stationary import newton_step
from condenslab.risk import EmpiricalRisk

_STARTS = 65_000
_LEVEL = 1e-8
_SAME = 3e-4
_SEARCHING = 0.8
"""Share of the time in which we search; the rest is for telling functions apart."""


def main() -> None:
    """Measures and prints."""
    chosen = options.parse("Distinct critical functions within a time: condenslab and SciPy.")
    jax.config.update("jax_enable_x64", True)
    described = machine.describe()
    budget = 6.0 if chosen.quick else 30.0
    task = tasks.task("three_tanh")
    risk = EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))
    cases = [_case(risk, width, budget) for width in ((1, 2) if chosen.quick else (1, 2, 3))]
    result = {
        "benchmark": "critical",
        "problem": {"target": "three_tanh", "samples": 50, "seconds": budget, "reference_starts": REFERENCE_STARTS},
        "machine": described,
        "threads_allowed": machine.cores(),
        "cases": cases,
        "aims": _aims(cases),
    }
    print(options.dump(result) if chosen.json else _text(result))


def _case(risk: EmpiricalRisk, width: int, budget: float) -> dict[str, Any]:
    """Returns what one width came to."""
    contestants = [_ours(risk, width, budget)]
    for name in ("root hybr", "root lm", "least_squares"):
        print(f"measuring SciPy {name}, width {width} …", file=sys.stderr)
        contestants.append(_scipy(risk, width, budget, name))
    return {"width": width, "contestants": contestants}


def _ours(risk: EmpiricalRisk, width: int, budget: float) -> dict[str, Any]:
    print(f"measuring condenslab, width {width} …", file=sys.stderr)
    begun = time.perf_counter()
    landscape.critical_points(risk, width=width, starts=2100, key=1)
    first = time.perf_counter() - begun
    begun = time.perf_counter()
    found = landscape.critical_points(risk, width=width, starts=_STARTS, key=0, time_limit=_SEARCHING * budget)
    seconds = time.perf_counter() - begun
    ended = sum(fate is not Fate.UNFINISHED for fate in found.fates)
    levels = [point.risk for point in found.points]
    return _row("condenslab", levels, ended, seconds, width) | {"first_call_seconds": first}


def _scipy(risk: EmpiricalRisk, width: int, budget: float, name: str) -> dict[str, Any]:
    """Solves ∇R = 0 from our starts, one after the other, until the time is up."""
    drawn, _ = DATA_SCALED.draw(risk, 0, _STARTS, width, networks.activation("tanh"))
    like = jax.tree.map(lambda leaf: leaf[0], drawn)
    starts = np.asarray(jax.vmap(networks.ravel)(drawn))
    gradient = eqx.filter_jit(lambda t: networks.ravel(risk.gradient(networks.unravel(t, like))))
    hessian = eqx.filter_jit(lambda t: risk.hessian(networks.unravel(t, like)))

    def value(theta: np.ndarray) -> np.ndarray:
        return np.nan_to_num(np.asarray(gradient(theta)), posinf=1e100, neginf=-1e100)

    def slope(theta: np.ndarray) -> np.ndarray:
        return np.nan_to_num(np.asarray(hessian(theta)), posinf=1e100, neginf=-1e100)

    _ = value(starts[0]), slope(starts[0])  # compiles
    ends, begun = [], time.perf_counter()
    while time.perf_counter() - begun < budget and len(ends) < _STARTS:
        ends.append(_solve(name, value, slope, starts[len(ends)]))
    seconds = time.perf_counter() - begun
    levels = _levels(risk, like, np.array(ends), np.array([value(e) for e in ends]), np.array([slope(e) for e in ends]))
    return _row(f"SciPy {name}", levels, len(ends), seconds, width)


def _solve(name: str, value: Any, slope: Any, start: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        if name == "least_squares":
            return scipy.optimize.least_squares(
                value, start, jac=slope, max_nfev=300, ftol=1e-15, xtol=1e-15, gtol=1e-15
            ).x
        method = name.split()[1]
        return scipy.optimize.root(value, start, jac=slope, method=method, options={"xtol": 1e-15}).x


def _levels(
    risk: EmpiricalRisk, like: networks.TwoLayer, theta: np.ndarray, gradient: np.ndarray, hessian: np.ndarray
) -> list[float]:
    """Returns the risks of the distinct critical functions, judged as ours are."""
    yes = np.ones(len(theta), dtype=bool)
    lengths = np.max(np.abs(newton_step(gradient, hessian)) / (1 + np.abs(theta)), axis=1)
    stacked = jax.tree.map(np.asarray, stack(theta, like))
    zero = zero_gradients(risk, like, theta, gradient, None)
    ends = Ends(stacked, np.abs(gradient).sum(axis=1), zero, lengths, yes, ~yes)
    fates = judge(risk, ends, steepest=3.0)
    accepted = [k for k, fate in enumerate(fates) if fate is Fate.CRITICAL]
    groups = distinct(risk, ends, accepted, grid_of(np.asarray(risk.inputs)), _SAME)
    return sorted(float(risk.value(ends.network(group[0]))) for group in groups)


def _row(name: str, levels: list[float], starts: int, seconds: float, width: int) -> dict[str, Any]:
    """Returns what a contestant found, and how much of it the reference search knows."""
    known, left = 0, list(levels)
    for risk in REFERENCE[width]:
        near = next((level for level in left if abs(level - risk) < _LEVEL), None)
        if near is not None:
            left.remove(near)
            known += 1
    return {
        "name": name,
        "distinct": len(levels),
        "known": known,
        "known_in_all": len(REFERENCE[width]),
        "starts": starts,
        "seconds": seconds,
        "distinct_per_minute": 60 * len(levels) / seconds,
        "starts_per_second": starts / seconds,
    }


def _aims(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    aims = []
    for case in cases[:2]:
        own = case["contestants"][0]
        statement = f"width {case['width']}: every function of the {REFERENCE_STARTS:,}-start reference search, in 30 s"
        note = f"{own['known']} of {own['known_in_all']} in {own['seconds']:.1f} s"
        share = own["known"] / own["known_in_all"] if own["seconds"] <= 30.0 else 0.0
        aims.append(options.aim(statement, measured=share, bound=1.0, at_least=True, note=note))
    return aims


def _text(result: dict[str, Any]) -> str:
    lines = [
        machine.headline(result["machine"]),
        f"threads allowed: {result['threads_allowed']}; all contestants use one",
    ]
    for case in result["cases"]:
        lines += ["", f"width {case['width']}"]
        for one in case["contestants"]:
            lines.append(
                f"  {one['name']:22} {one['distinct']:4} functions, {one['known']} of {one['known_in_all']} known "
                f"ones, in {one['seconds']:5.1f} s; {one['starts_per_second']:8.1f} starts a second"
            )
    return "\n".join([*lines, "", *options.aim_lines(result["aims"])])


if __name__ == "__main__":
    main()
