"""Points of the phase diagram: our normalised flow against a PyTorch loop of gradient descent.

    python benchmarks/diagram.py [--json] [--quick]

x² at four points, anti-symmetric ReLU networks, to risk 1e-6. The loop takes full-batch steps at 0.9·2/λ, λ the largest
curvature; it is stopped by a budget and extrapolated: see benchmarks/README.md.
"""

import sys
import time
from typing import Any

import jax
import numpy as np
from support import machine, options

from condenslab import tasks, training
from condenslab.networks import initial, two_layer
from condenslab.networks.initial import Scale

POINTS = ((0.5, 0.0), (1.0, 0.0), (1.75, 0.0), (1.4, -0.3), (1.4, 0.3))
RISK = 1e-6
AIM = 30.0
GRID, WIDTHS = 108, (1000, 5000, 10000, 20000, 40000)


def main() -> None:
    """Measures and prints."""
    chosen = options.parse("Points of the phase diagram: the normalised flow against a PyTorch loop.")
    jax.config.update("jax_enable_x64", True)
    described = machine.describe()
    width, budget = (1000, 4.0) if chosen.quick else (5000, 30.0)
    rows = []
    for gamma, gamma_prime in POINTS:
        print(f"measuring γ = {gamma}, γ′ = {gamma_prime} at width {width} …", file=sys.stderr)
        rows.append(_point(gamma, gamma_prime, width, budget))
    ratios = [row["ratio"] for row in rows if row["ratio"] is not None]
    ours = sum(row["seconds"] for row in rows)
    loop = sum(row["loop_seconds"] for row in rows if row["loop_seconds"] is not None)
    known = len(ratios) == len(rows)
    statement = f"width {width}, {len(rows)} points in all: at least {AIM:.0f}× a PyTorch loop"
    result = {
        "benchmark": "diagram",
        "problem": {"width": width, "risk": RISK, "budget_seconds": budget, "quick": chosen.quick},
        "machine": described,
        "cases": rows,
        "full_diagram_hours_one_thread": ours / len(rows) / width * sum(WIDTHS) * GRID / 3600,
        "aims": [
            options.aim(
                statement, measured=loop / ours, bound=AIM, at_least=True, note="at a rate taken from our own result"
            )
        ]
        if known
        else [],
    }
    print(options.dump(result) if chosen.json else _text(result))


def _point(gamma: float, gamma_prime: float, width: int, budget: float) -> dict[str, Any]:
    """Returns the seconds of both at one point, and how far apart the distances are."""
    task = tasks.task("square_on_four_points")
    scale = initial.from_gamma(gamma, gamma_prime, width)

    def ours() -> training.NormalisedRun:
        return training.normalised_flow(
            task.inputs, task.targets, [scale], width=width, seeds=[0], risk=RISK, tolerance=0.1, threads=1
        )[0]

    ours()
    walls = []
    for _ in range(3):
        begun = time.perf_counter()
        run = ours()
        walls.append(time.perf_counter() - begun)
    seconds = float(np.median(walls))
    row: dict[str, Any] = {"gamma": gamma, "gamma_prime": gamma_prime, "seconds": seconds, "steps": run.tried}
    row |= {"fate": run.fate.name.lower(), "distance": run.input_distance}
    try:
        loop = _loop(task.inputs, task.targets, scale, width, budget, run)
    except ImportError:
        loop = {"loop_seconds": None, "how": "PyTorch is not installed"}
    row |= loop
    row["ratio"] = None if row["loop_seconds"] is None else row["loop_seconds"] / seconds
    return row


def _loop(
    x: np.ndarray, y: np.ndarray, scale: Scale, width: int, budget: float, run: training.NormalisedRun
) -> dict[str, Any]:
    """Returns what a loop of gradient descent in PyTorch takes, in the normalised parameters at one rate.

    The time of the flow at which the risk reaches the level is known from ours: it takes (that time)/(rate) steps. The
    rate is 0.9·2/λ, λ the largest curvature at our start or end; whichever is larger limits a constant rate.
    """
    import torch

    torch.set_num_threads(1)
    unit = two_layer(0, width=width, inputs=1, activation="relu", scale=Scale(1.0, 1.0))
    inner = np.concatenate([np.asarray(unit.input_weights), np.asarray(unit.biases)[:, None]], axis=1)
    outer = np.asarray(unit.output_weights)[0]
    a = torch.tensor(np.concatenate([outer, -outer]), requires_grad=True)
    w = torch.tensor(np.concatenate([inner, inner]), requires_grad=True)
    data = torch.tensor(np.concatenate([x, np.ones((len(x), 1))], axis=1)), torch.tensor(y[:, 0])
    kappa, prime = float(scale.kappa), float(scale.kappa_prime)
    curvature = _curvature(x, outer, inner, kappa, prime, run)
    rate, flow_time = 0.9 * 2.0 / curvature, float(run.times[-1]) / kappa
    optimiser = torch.optim.SGD([{"params": [a], "lr": rate / prime}, {"params": [w], "lr": rate * prime}], lr=rate)
    taken, loss, begun = 0, None, time.perf_counter()
    while time.perf_counter() - begun < budget:
        optimiser.zero_grad()
        loss = 0.5 * torch.mean((kappa * (torch.relu(data[0] @ w.T) @ a) - data[1]) ** 2)
        loss.backward()
        if loss.item() <= RISK:
            break
        optimiser.step()
        taken += 1
    seconds = time.perf_counter() - begun
    risk = float("nan") if loss is None else loss.item()
    shares = {"loop_steps": taken, "loop_seconds_measured": seconds, "loop_risk": risk if np.isfinite(risk) else None}
    if risk <= RISK:
        half = w.detach().numpy()[:width]
        distance = float(np.linalg.norm(half - inner) / np.linalg.norm(inner))
        return shares | {"loop_seconds": seconds, "loop_distance": distance, "how": "measured to the end"}
    needed = flow_time / rate
    how = f"extrapolated: {needed:.3g} steps at 0.9·2/λ, λ = {curvature:.3g}, of {1e6 * seconds / taken:.0f} µs"
    return shares | {"loop_seconds": needed * seconds / taken, "loop_distance": None, "how": how}


def _curvature(
    x: np.ndarray, outer: np.ndarray, inner: np.ndarray, kappa: float, prime: float, run: training.NormalisedRun
) -> float:
    """Returns the largest eigenvalue of the kernel at the start, grown as both layers have grown by the end of ours.

    The kernel is quadratic in the parameters, so the growth of ‖a‖² and ‖w‖² bounds that of its eigenvalue to a factor.
    """
    tilde = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    hidden = np.maximum(tilde @ inner.T, 0)
    active = (hidden > 0) * outer
    grown_w, grown_a = 1 + run.input_distance**2, 1 + run.output_distance**2
    kernel = (
        2
        * kappa**2
        / len(x)
        * (grown_w * hidden @ hidden.T / prime + grown_a * prime * (active @ active.T) * (tilde @ tilde.T))
    )
    return float(np.linalg.eigvalsh(kernel)[-1])


def _text(result: dict[str, Any]) -> str:
    lines = [
        machine.headline(result["machine"]),
        f"width {result['problem']['width']}, one thread each, to risk {RISK:g}",
    ]
    for row in result["cases"]:
        loop = "not measured" if row["loop_seconds"] is None else f"{row['loop_seconds']:9.1f} s, {row['ratio']:7.0f}×"
        lines.append(
            f"  γ = {row['gamma']:<5g} γ′ = {row['gamma_prime']:<5g} "
            f"ours {row['seconds']:7.3f} s ({row['steps']} steps) "
            f"loop {loop}   {row['how']}"
        )
    hours = result["full_diagram_hours_one_thread"]
    lines.append(
        f"the full diagram, {GRID} points × widths {WIDTHS}, extrapolated from these: {60 * hours:.1f} minutes"
    )
    return "\n".join([*lines, "", *options.aim_lines(result["aims"])])


if __name__ == "__main__":
    main()
