"""Points of the phase diagram: our normalised flow against PyTorch loops of gradient descent.

    python benchmarks/diagram.py [--json] [--quick]

x² at four points, anti-symmetric ReLU networks, to risk 1e-6, one thread each. The published loop has to find its rate:
whenever the loss rises it starts again from scratch at half the rate. A second loop is given the rate by our result.
Either is stopped by a budget a point and then extrapolated: see benchmarks/README.md.
"""

import sys
import time
from dataclasses import dataclass
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
BUDGET = 20.0
ROUNDS = 5
FINE = 0.01
GRID, WIDTHS = 108, (1000, 5000, 10000, 20000, 40000)


def main() -> None:
    """Measures and prints."""
    chosen = options.parse("Points of the phase diagram: the normalised flow against PyTorch loops.")
    jax.config.update("jax_enable_x64", True)
    described = machine.describe()
    measured = [_width(width) for width in ((1000,) if chosen.quick else (1000, 5000, 20000))]
    seconds = sum(row["seconds"] for part in measured for row in part["cases"])
    neurons = sum(part["width"] * len(part["cases"]) for part in measured)
    result = {
        "benchmark": "diagram",
        "problem": {"risk": RISK, "budget_seconds": BUDGET, "quick": chosen.quick},
        "machine": described,
        "widths": measured,
        "full_diagram_hours_one_thread": seconds / neurons * sum(WIDTHS) * GRID / 3600,
        "aims": [
            options.aim(
                f"width {part['width']}, {len(POINTS)} points: at least {AIM:.0f}× the loop that searches its rate",
                measured=part["search_ratio"],
                bound=AIM,
                at_least=True,
                note=f"{part['known_ratio']:.1f}× the loop that is given its rate",
            )
            for part in measured
            if part["search_ratio"] is not None
        ],
    }
    print(options.dump(result) if chosen.json else _text(result))


def _width(width: int) -> dict[str, Any]:
    """Returns the seconds of the three at every point of one width; ours in one call, as a diagram is computed."""
    task = tasks.task("square_on_four_points")
    scales = [initial.from_gamma(gamma, gamma_prime, width) for gamma, gamma_prime in POINTS]

    def ours(chosen: list[Scale]) -> tuple[list[training.NormalisedRun], float]:
        begun = time.perf_counter()
        runs = training.normalised_flow(
            task.inputs, task.targets, chosen, width=width, seeds=[0] * len(chosen), risk=RISK, tolerance=0.1, threads=1
        )
        return runs, time.perf_counter() - begun

    print(f"measuring width {width} …", file=sys.stderr)
    compiling = ours(scales[:1])[1]
    runs, together = ours(scales)[0], [ours(scales)[1] for _ in range(ROUNDS)]
    exact = training.normalised_flow(
        task.inputs, task.targets, scales, width=width, seeds=[0] * len(scales), risk=RISK, tolerance=FINE, threads=1
    )
    rows = []
    for (gamma, gamma_prime), scale, run, fine in zip(POINTS, scales, runs, exact, strict=True):
        seconds = float(np.median([ours([scale])[1] for _ in range(ROUNDS)]))
        row: dict[str, Any] = {"gamma": gamma, "gamma_prime": gamma_prime, "seconds": seconds, "steps": run.tried}
        row |= {"fate": run.stop.name.lower(), "distance": run.input_distance, "flow_distance": fine.input_distance}
        rows.append(row | _loops(task.inputs, task.targets, scale, width, fine))
    whole = float(np.median(together))
    ratios = {
        f"{kind}_ratio": sum(row[kind]["seconds"] for row in rows) / whole if rows[0][kind] else None
        for kind in ("search", "known")
    }
    part = {"width": width, "first_call_seconds": compiling, "seconds": whole, "shortest_seconds": min(together)}
    return part | ratios | {"cases": rows}


def _loops(x: np.ndarray, y: np.ndarray, scale: Scale, width: int, run: training.NormalisedRun) -> dict[str, Any]:
    """Returns what the loops take, or None for all without PyTorch; `run` is the flow, followed finely."""
    try:
        loop = _Loop.of(x, y, scale, width, run)
    except ImportError:
        return {"search": None, "known": None}
    return {"search": loop.searched(), "known": loop.known()}


@dataclass
class _Loop:
    """Full-batch gradient descent in PyTorch, in the normalised parameters: a constant rate from the same start.

    Attributes:
        data: Inputs with the constant entry, and targets.
        outer: a of the first half, shape (neuron,).
        inner: w with bias of the first half, shape (neuron, 2).
        kappa: κ.
        prime: κ′.
        time: Of the flow at which the risk reaches the level, by our result.
        first: Largest curvature at the start.
        largest: The same, grown as both layers have grown by our result: an upper estimate of that on the way.
    """

    data: tuple[np.ndarray, np.ndarray]
    outer: np.ndarray
    inner: np.ndarray
    kappa: float
    prime: float
    time: float
    first: float
    largest: float

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, scale: Scale, width: int, run: training.NormalisedRun) -> "_Loop":
        """Returns the loop of a point."""
        import torch

        torch.set_num_threads(1)
        unit = two_layer(0, width=width, inputs=1, activation="relu", scale=Scale(1.0, 1.0))
        inner = np.concatenate([np.asarray(unit.input_weights), np.asarray(unit.biases)[:, None]], axis=1)
        outer, kappa, prime = np.asarray(unit.output_weights)[0], float(scale.kappa), float(scale.kappa_prime)
        first = _curvature(x, outer, inner, kappa, prime)
        grown = np.sqrt(1 + run.output_distance**2) * outer, np.sqrt(1 + run.input_distance**2) * inner
        largest = max(first, _curvature(x, *grown, kappa, prime))
        data = np.concatenate([x, np.ones((len(x), 1))], axis=1), y[:, 0]
        return cls(data, outer, inner, kappa, prime, float(run.times[-1]) / kappa, first, largest)

    def searched(self) -> dict[str, Any]:
        """Returns the cost of the published recipe: half the rate, from scratch, whenever the loss rises.

        The first rate is 2/λ at the start, where a user without our curvature would have had to search longer.
        """
        rate, spent, halvings = 2.0 / self.first, 0.0, 0
        while True:
            end = self.run(rate, BUDGET - spent, watch=True)
            spent += end["seconds"]
            if end["end"] != "rose":
                break
            rate, halvings = rate / 2, halvings + 1
        how = f"{halvings} restarts, the last run {end['steps']} steps"
        if end["end"] == "reached":
            return {"seconds": spent, "measured": True, "halvings": halvings, "distance": end["distance"], "how": how}
        needed = self.time / rate * end["seconds"] / max(end["steps"], 1)
        how = (
            f"extrapolated from {end['steps']} of {self.time / rate:.2g} steps after {halvings} restarts: at least this"
        )
        seconds = spent - end["seconds"] + max(needed, end["seconds"])
        return {"seconds": seconds, "measured": False, "halvings": halvings, "distance": None, "how": how}

    def known(self) -> dict[str, Any]:
        """Returns the cost at one rate, 0.9·2/λ with the largest λ of our result: no search at all."""
        return self.at(0.9 * 2.0 / self.largest)

    def at(self, rate: float) -> dict[str, Any]:
        """Returns the cost of a run at a rate."""
        end = self.run(rate, BUDGET, watch=False)
        if end["end"] == "reached":
            how = f"{end['steps']} steps"
            return {"seconds": end["seconds"], "measured": True, "distance": end["distance"], "how": how}
        needed = self.time / rate
        seconds = max(needed * end["seconds"] / max(end["steps"], 1), end["seconds"])
        how = f"extrapolated from {end['steps']} of {needed:.2g} steps"
        return {"seconds": seconds, "measured": False, "distance": None, "how": how}

    def run(self, rate: float, budget: float, *, watch: bool) -> dict[str, Any]:
        """Returns how a run ends ("reached", "rose", "budget"), its steps and its seconds.

        Args:
            rate: Of the normalised time.
            budget: Seconds.
            watch: Whether a rise of the loss ends it; it is read in any case, to stop.
        """
        import torch

        a = torch.tensor(np.concatenate([self.outer, -self.outer]), requires_grad=True)
        w = torch.tensor(np.concatenate([self.inner, self.inner]), requires_grad=True)
        x, y = (torch.tensor(part) for part in self.data)
        groups = [{"params": [a], "lr": rate / self.prime}, {"params": [w], "lr": rate * self.prime}]
        optimiser = torch.optim.SGD(groups, lr=rate)
        taken, last, end, begun = 0, np.inf, "budget", time.perf_counter()
        while time.perf_counter() - begun < budget:
            optimiser.zero_grad()
            loss = 0.5 * torch.mean((self.kappa * (torch.relu(x @ w.T) @ a) - y) ** 2)
            value = loss.item()
            if value <= RISK or (watch and not value <= last):
                end = "reached" if value <= RISK else "rose"
                break
            loss.backward()
            optimiser.step()
            taken, last = taken + 1, value
        seconds = time.perf_counter() - begun
        half = w.detach().numpy()[: len(self.inner)]
        distance = float(np.linalg.norm(half - self.inner) / np.linalg.norm(self.inner))
        return {"end": end, "steps": taken, "seconds": seconds, "distance": distance}


def _curvature(x: np.ndarray, outer: np.ndarray, inner: np.ndarray, kappa: float, prime: float) -> float:
    """Returns the largest eigenvalue of the kernel of both halves."""
    tilde = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    hidden = np.maximum(tilde @ inner.T, 0)
    active = (hidden > 0) * outer
    kernel = hidden @ hidden.T / prime + prime * (active @ active.T) * (tilde @ tilde.T)
    return float(np.linalg.eigvalsh(2 * kappa**2 / len(x) * kernel)[-1])


def _text(result: dict[str, Any]) -> str:
    lines = [machine.headline(result["machine"]), f"one thread each, to risk {RISK:g}"]
    for part in result["widths"]:
        lines.append(
            f"width {part['width']}: {len(part['cases'])} points in {part['seconds']:.3f} s "
            f"(first call, compiling: {part['first_call_seconds']:.1f} s)"
        )
        for row in part["cases"]:
            lines.append(
                f"  γ = {row['gamma']:<5g} γ′ = {row['gamma_prime']:<5g} "
                f"ours alone {row['seconds']:7.4f} s, {row['steps']} steps, RD {row['distance']:.4g} "
                f"(of the flow {row['flow_distance']:.4g})"
            )
            lines += [
                f"      {name}: {row[kind]['seconds']:8.2f} s, {row[kind]['seconds'] / row['seconds']:5.0f}×   "
                f"{row[kind]['how']}, RD {row[kind]['distance'] or float('nan'):.4g}"
                for kind, name in (("search", "loop, rate searched"), ("known", "loop, rate given   "))
                if row[kind]
            ]
    hours = result["full_diagram_hours_one_thread"]
    lines.append(f"the full diagram, {GRID} points × widths {WIDTHS}, extrapolated: {60 * hours:.1f} minutes")
    return "\n".join([*lines, "", *options.aim_lines(result["aims"])])


if __name__ == "__main__":
    main()
