"""Flows from near the branches of the six-parameter example: one program for all against SciPy's Radau one at a time.

    python benchmarks/branches.py [--json] [--quick]

300 flows (σ = exp, two neurons, two inputs, 8 samples) to time 10⁶, from 0.1 off points of the branches Q₁ and Q₂.
SciPy is given the same exact gradient and Hessian, as compiled functions; of its flows a few are run and the rest is
extrapolated from their median.
"""

import statistics
import sys
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from support import machine, options

from condenslab import landscape, networks, training
from condenslab.networks import TwoLayer, unravel
from condenslab.risk import EmpiricalRisk

FLOWS, SAMPLES, RADIUS, TIME = 300, 8, 0.1, 1e6
RTOL, ATOL = 1e-6, 1e-12
AIM = 20.0


def main() -> None:
    """Measures and prints."""
    chosen = options.parse("Flows from near branches: one program against SciPy's Radau one at a time.")
    jax.config.update("jax_enable_x64", True)
    described = machine.describe()
    rounds, few = (2, 10) if chosen.quick else (5, 40)
    risks, starts = _problem()
    print("measuring our ensemble …", file=sys.stderr)
    ours, ends = _ensemble(risks, starts, rounds)
    print(f"measuring {few} flows by SciPy …", file=sys.stderr)
    radau = _scipy(risks, starts, few)
    theirs = statistics.median(radau["seconds"]) * FLOWS
    agree = max(
        abs(float(risk.value(end)) - other) for risk, end, other in zip(risks, ends, radau["risks"], strict=False)
    )
    result = {
        "benchmark": "branches",
        "problem": {"flows": FLOWS, "samples": SAMPLES, "time": TIME, "rtol": RTOL, "atol": ATOL, "few": few},
        "machine": described,
        "ours_seconds": {"median": statistics.median(ours), "min": min(ours), "max": max(ours)},
        "radau_seconds_per_flow": {
            "median": theirs / FLOWS,
            "min": min(radau["seconds"]),
            "max": max(radau["seconds"]),
        },
        "radau_seconds_extrapolated": theirs,
        "largest_difference_of_final_risks": agree,
        "aims": [
            options.aim(
                f"{FLOWS} flows: at least {AIM:.0f}× SciPy's Radau one at a time",
                measured=theirs / statistics.median(ours),
                bound=AIM,
                at_least=True,
                note=f"extrapolated from {few} flows",
            )
        ],
    }
    print(options.dump(result) if chosen.json else _text(result))


def _problem() -> tuple[list[EmpiricalRisk], list[TwoLayer]]:
    """Returns one risk and one start a flow."""
    exp = networks.activation("exp")
    target = TwoLayer(jnp.array([[0.6, -0.4]]), None, jnp.ones((1, 1)), None, exp)
    shapes = landscape.branches(2, 1)
    risks, starts = [], []
    for number in range(FLOWS):
        keys = jax.random.split(jax.random.key(number), 3)
        point = landscape.branch_point(target, shapes[number % 2], keys[0], spread=0.5)
        theta = networks.ravel(point)
        starts.append(unravel(theta + RADIUS * jax.random.normal(keys[1], theta.shape), point))
        inputs = jax.random.normal(keys[2], (SAMPLES, 2))
        risks.append(EmpiricalRisk(inputs, target(inputs)))
    return risks, starts


def _ensemble(risks: list[EmpiricalRisk], starts: list[TwoLayer], rounds: int) -> tuple[list[float], list[TwoLayer]]:
    walls, ends = [], []
    for _ in range(rounds + 1):  # the first one compiles
        begun = time.perf_counter()
        runs = training.ensemble(
            training.flow, risks, starts, until=training.Until(time=TIME), rtol=RTOL, atol=ATOL, record={}
        )
        walls.append(time.perf_counter() - begun)
        ends = [run.network for run in runs]
    return walls[1:], ends


def _scipy(risks: list[EmpiricalRisk], starts: list[TwoLayer], few: int) -> dict[str, list[float]]:
    from scipy.integrate import solve_ivp

    like = starts[0]

    @jax.jit
    def slope(theta: Any, risk: EmpiricalRisk) -> Any:
        return -networks.ravel(risk.gradient(unravel(theta, like)))

    @jax.jit
    def bend(theta: Any, risk: EmpiricalRisk) -> Any:
        return -risk.hessian(unravel(theta, like))

    seconds, final = [], []
    for risk, start in zip(risks[: few + 1], starts[: few + 1], strict=True):
        begun = time.perf_counter()
        found = solve_ivp(
            lambda _, theta, risk=risk: np.asarray(slope(theta, risk)),
            (0.0, TIME),
            np.asarray(networks.ravel(start)),
            "Radau",
            jac=lambda _, theta, risk=risk: np.asarray(bend(theta, risk)),
            rtol=RTOL,
            atol=ATOL,
        )
        seconds.append(time.perf_counter() - begun)
        final.append(float(risk.value(unravel(jnp.asarray(found.y[:, -1]), like))))
    return {"seconds": seconds[1:], "risks": final}


def _text(result: dict[str, Any]) -> str:
    ours, radau = result["ours_seconds"], result["radau_seconds_per_flow"]
    return "\n".join(
        [
            machine.headline(result["machine"]),
            f"ours: {FLOWS} flows in {ours['median']:.2f} s ({ours['min']:.2f} to {ours['max']:.2f})",
            "SciPy's Radau, milliseconds a flow: "
            f"{1e3 * radau['median']:.0f} ({1e3 * radau['min']:.0f} to {1e3 * radau['max']:.0f})",
            f"largest difference of final risks: {result['largest_difference_of_final_risks']:.1e}",
            *options.aim_lines(result["aims"]),
        ]
    )


if __name__ == "__main__":
    main()
