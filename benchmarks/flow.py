"""Time to cross the plateau of the study `recovery`: our flow, diffrax, SciPy, and gradient descent.

    python benchmarks/flow.py [--json] [--quick]

Width-500 tanh network from N(0, variance 500⁻³), the flow of R + 1e-6·‖θ‖² until R ≤ 0.05. What is measured and what it
came to is in benchmarks/README.md.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import diffrax
import jax
from support import crossing, machine, options
from support.crossing import Crossing
from support.problem import L2, WIDTH, make_risk, make_start

SEED = 0
NARROW = 50
AGREEMENT = 0.05
"""Accepted relative difference of crossing times: the tolerances are loose (rtol 1e-4), the plateau amplifies."""
AIM = 20.0


def main() -> None:
    """Measures and prints."""
    chosen = options.parse("Time to cross a plateau: our flow, diffrax, SciPy, and gradient descent.")
    jax.config.update("jax_enable_x64", True)
    described = machine.describe()
    budget = 15.0 if chosen.quick else 60.0
    narrow = list(_contest(NARROW, budget / 4))
    wide = list(_contest(WIDTH, budget, narrow))
    result = {
        "benchmark": "flow",
        "problem": {"seed": SEED, "l2": L2, "risk_level": crossing.LEVEL, "quick": chosen.quick}
        | {"rtol": crossing.RTOL, "atol": crossing.ATOL, "budget_seconds": budget},
        "machine": described,
        "threads_allowed": machine.cores(),
        "cases": [_case(WIDTH, wide), _case(NARROW, narrow)],
        "aims": [_aim(wide)],
    }
    print(options.dump(result) if chosen.json else _text(result))


def _contest(width: int, budget: float, narrow: Sequence[Crossing] = ()) -> Iterator[Crossing]:
    """Yields what every method came to, ours first; those of the narrow network help where steps are too slow."""
    risk, start = make_risk(), make_start(SEED, width)
    _say("condenslab flow", width)
    runs = [crossing.by_flow("condenslab flow", risk, start, budget=budget) for _ in range(3)]
    # The first run is the one that compiles; the middle one of the three is the time.
    own = replace(sorted(runs, key=lambda run: run.seconds)[1], compile_seconds=runs[0].compile_seconds)
    yield own
    for method, share in (("LSODA", 1.0), ("BDF", 1.0), ("Radau", 0.5)):
        _say(method, width)
        yield crossing.resolve(crossing.by_scipy(method, risk, start, budget=share * budget), own.time)
    _say("Tsit5", width)
    solver = diffrax.Tsit5()
    run = crossing.by_flow("diffrax Tsit5", risk, start, solver=solver, budget=budget / 3, explicit=True)
    yield crossing.resolve(run, own.time)
    _say("Kvaerno5", width)
    solver, twin = diffrax.Kvaerno5(), [run for run in narrow if run.name == "diffrax Kvaerno5"]
    if twin:
        yield crossing.by_few_steps(risk, start, twin[0], solver=solver)
    else:
        run = crossing.by_flow("diffrax Kvaerno5", risk, start, solver=solver, budget=budget)
        yield crossing.resolve(run, own.time)
    _say("gradient descent", width)
    yield crossing.by_descent(risk, start, own.time, steps=5000)


def _case(width: int, runs: list[Crossing]) -> dict[str, Any]:
    """Returns one width's results: the ratio of every method to ours, and whether the finished ones agree."""
    own = runs[0]
    rows = []
    for run in runs:
        seconds = run.seconds if run.estimate is None else run.estimate
        rows.append(
            asdict(run) | {"ratio_to_ours": seconds / own.seconds, "ratio_is_lower_bound": run.estimate is None}
        )
    finished = [run.time for run in runs if run.finished]
    spread = max(finished) / min(finished) - 1 if len(finished) > 1 else None
    agree = None if spread is None else spread <= AGREEMENT
    return {"width": width, "contestants": rows, "finished": len(finished), "spread": spread, "agree": agree}


def _aim(runs: list[Crossing]) -> dict[str, Any]:
    """Returns the aim at width 500: ours against the best of the others."""
    own, *others = runs
    best = min(others, key=lambda run: run.seconds if run.estimate is None else run.estimate)
    measured = (best.seconds if best.estimate is None else best.estimate) / own.seconds
    statement = f"width {WIDTH}: at least {AIM:.0f}× the best of the others"
    aim = options.aim(statement, measured=measured, bound=AIM, at_least=True, note=f"{best.name}, {best.how}")
    if not own.finished or (best.estimate is None and not aim["reached"]):
        aim["reached"] = None
    return aim


def _say(what: str, width: int) -> None:
    print(f"measuring {what} at width {width} …", file=sys.stderr)


def _text(result: dict[str, Any]) -> str:
    """Returns the result for people."""
    lines = [machine.headline(result["machine"]), f"threads allowed: {result['threads_allowed']} for everyone"]
    for case in result["cases"]:
        lines += ["", f"width {case['width']}: seconds until R ≤ {crossing.LEVEL}, compilation excluded"]
        for row in case["contestants"]:
            bound = ">" if row["ratio_is_lower_bound"] else " "
            seconds = row["seconds"] if row["estimate"] is None else row["estimate"]
            lines.append(f"  {row['name']:45} {bound}{seconds:10.2f} s  {bound}{row['ratio_to_ours']:9.1f}×")
            reached = f", crossing time {row['time']:.4g}" if row["finished"] else ""
            lines.append(
                f"      {row['how']}{reached}; {row['steps']} steps; compiled in {row['compile_seconds']:.1f} s"
            )
        words = {True: "agree", False: "do NOT agree", None: "are too few to compare"}[case["agree"]]
        spread = "" if case["spread"] is None else f" on the crossing time to {case['spread']:.1%}"
        lines.append(f"  the {case['finished']} that finished {words}{spread}")
    return "\n".join([*lines, "", *options.aim_lines(result["aims"])])


if __name__ == "__main__":
    main()
