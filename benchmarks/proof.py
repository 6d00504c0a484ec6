"""Proofs of critical points: seconds by width, beside mpmath's intervals, and the time of a check.

    python benchmarks/proof.py [--json] [--quick]

What is measured and what it came to is in benchmarks/README.md. Without --quick the isolated points of the exercise are
searched and all proven, and completeness of width 1 is proven and checked (minutes).
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import jax
import jax.numpy as jnp
import numpy as np
from support import machine, mpmath_proof, options

from condenslab import landscape, networks
from condenslab.checker import verify
from condenslab.landscape import proof
from condenslab.landscape.proof.exact import precision
from condenslab.landscape.proof.krawczyk import Box, Section, krawczyk, locate
from condenslab.networks import TwoLayer
from condenslab.risk import EmpiricalRisk

AIMS = {3: 1.0, 10: 30.0}
"""Seconds for a proof by width."""
SAMPLES = 50
ROUNDS = 5


def main() -> None:
    """Measures and prints."""
    chosen = options.parse("Proofs of critical points, beside mpmath's intervals.")
    jax.config.update("jax_enable_x64", True)
    described = machine.describe()
    points = [_point(width) for width in (1, 2, 3, 10)]
    result: dict[str, Any] = {
        "benchmark": "proof",
        "machine": described,
        "threads_allowed": machine.cores(),
        "points": points,
        "mpmath": [_beside_mpmath(width) for width in (3, 10)],
        "aims": [
            {"aim": f"width {p['width']}: at most {AIMS[p['width']]} s", "reached": p["seconds"] <= AIMS[p["width"]]}
            for p in points
            if p["width"] in AIMS
        ],
    }
    for row in result["mpmath"]:
        result["aims"].append({"aim": f"width {row['width']}: ≥ 50× mpmath", "reached": row["ratio"] >= 50})
    for p in points:
        checked = p["proven"] and p["verified"] and p["check_seconds"] <= p["seconds"]
        result["aims"].append({"aim": f"width {p['width']}: checking takes no longer than making", "reached": checked})
    if not chosen.quick:
        result["exercise"] = _exercise()
        result["aims"].append({"aim": "all isolated points: 60 s", "reached": result["exercise"]["seconds"] <= 60})
        result["completeness"] = _completeness()
        row = result["completeness"]
        result["aims"].append({"aim": "width 1: 5 minutes", "reached": row["seconds"] <= 300})
        shorter = row["complete"] and row["check_seconds"] <= row["seconds"]
        result["aims"].append({"aim": "width 1: checking takes no longer than making", "reached": shorter})
    print(options.dump(result) if chosen.json else json.dumps(result, indent=1))


def _timed(task: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    value = task()
    return value, time.process_time() - start


def _problem(width: int) -> tuple[EmpiricalRisk, TwoLayer]:
    """Returns a width-`width` critical point on 50 inputs: targets are moved off the outputs across the Jacobian."""
    random = np.random.default_rng(width)
    x = np.linspace(-15, 15, SAMPLES)[:, None]
    w, centre = random.uniform(0.4, 1.2, width), np.linspace(-11, 11, width) if width > 1 else np.zeros(1)
    network = TwoLayer(
        jnp.asarray(w[:, None]),
        jnp.asarray(-w * centre),
        jnp.asarray(random.uniform(0.5, 1.5, (1, width))),
        None,
        networks.activation("tanh"),
    )
    outputs = np.asarray(network(jnp.asarray(x)))
    jacobian = np.asarray(EmpiricalRisk(x, outputs).jacobian(network))[:, 0]
    left = np.linalg.svd(jacobian, full_matrices=True)[0][:, 3 * width :]
    return EmpiricalRisk(x, outputs - 0.1 * (left @ random.normal(size=left.shape[1]))[:, None]), network


def _point(width: int) -> dict[str, Any]:
    print(f"proving width {width} …", file=sys.stderr)
    risk, network = _problem(width)
    found = proof.prove(risk, network)
    row: dict[str, Any] = {"width": width, "samples": SAMPLES, "proven": found.proven, "digits": found.precision}
    if not found.proven:
        return row | {"reason": found.reason, "seconds": _timed(lambda: proof.prove(risk, network))[1]}
    certificate, making, checking = found.certificate(), [], []
    verdict = verify(certificate)
    for _ in range(ROUNDS):  # in turns: the machine's moods hit both
        making.append(_timed(lambda: proof.prove(risk, network).certificate())[1])
        checking.append(_timed(lambda: verify(certificate))[1])
    row |= {"inertia": list(found.inertia.counts), "verified": verdict.verified}
    return row | {"seconds": statistics.median(making), "check_seconds": statistics.median(checking)}


def _beside_mpmath(width: int) -> dict[str, Any]:
    """Times the same proof with mpmath, of existence and uniqueness, without the inertia and the claims."""
    risk, network = _problem(width)
    problem = proof.problem_of(risk, network)
    theta = np.concatenate(
        [np.asarray(part).ravel() for part in (network.input_weights, network.biases, network.output_weights)]
    )
    every = tuple(range(theta.size))

    def prove() -> bool:
        with precision(106):
            located = locate(problem, [flint.arb(float(v)) for v in theta], Section(every, every), 1e-3)
            return isinstance(located, tuple) and isinstance(krawczyk(problem, *located, Section(every, every)), Box)

    x = [str(Fraction(float(value))) for value in np.asarray(risk.inputs)[:, 0]]
    y = [float(value) for value in np.asarray(risk.targets)[:, 0]]
    rounds = []
    for _ in range(ROUNDS if width < 10 else 1):  # in turns: the machine's moods hit both
        found, ours = min((_timed(prove) for _ in range(3)), key=lambda timed: timed[1])
        same, theirs = _timed(lambda: mpmath_proof.prove(x, y, theta.tolist(), 1e-10))
        rounds.append((theirs / ours, ours, theirs, found and same))
    ratio, ours, theirs, _ = sorted(rounds)[len(rounds) // 2]
    proven = all(both for *_, both in rounds)
    return {"width": width, "proven": proven, "seconds": ours, "mpmath": theirs, "ratio": ratio}


def _exercise() -> dict[str, Any]:
    """Proves all isolated points that searches of widths 1 to 3 find, one after the other in one process."""
    x = np.array([[-15 + 30 * i / 49] for i in range(SAMPLES)])
    risk = EmpiricalRisk(x, np.tanh(x - 7) + np.tanh(x) + np.tanh(x + 7))
    found = []
    for width, starts in ((1, 100), (2, 2000), (3, 20_000)):
        print(f"searching width {width} …", file=sys.stderr)
        search = landscape.critical_points(risk, width=width, starts=starts, key=0)
        found += [point.network for point in search.points if point.network.width == width]
    proofs, seconds = _timed(lambda: [proof.prove(risk, network) for network in found])
    proven = [one for one in proofs if one.proven]
    verdicts, check = _timed(lambda: [verify(one.certificate()).verified for one in proven])
    return {
        "points": len(found),
        "proven": len(proven),
        "verified": sum(verdicts),
        "seconds": seconds,
        "check_seconds": check,
        "unproven": [one.reason for one in proofs if not one.proven],
    }


def _completeness() -> dict[str, Any]:
    print("width 1, |w|·dx ≤ 3 …", file=sys.stderr)
    exact = [[Fraction(-15) + Fraction(30 * i, 49)] for i in range(SAMPLES)]
    steps = jnp.asarray([[-7.0], [0.0], [7.0]])
    teacher = TwoLayer(jnp.ones((3, 1)), steps[:, 0], jnp.ones((1, 3)), None, networks.activation("tanh"))
    x = jnp.asarray([[float(row[0])] for row in exact])
    one = TwoLayer(jnp.ones((1, 1)), jnp.zeros(1), jnp.ones((1, 1)), None, networks.activation("tanh"))
    problem = proof.problem_of(EmpiricalRisk(x, teacher(x)), one, inputs=exact, teacher=teacher)
    found, seconds = _timed(lambda: proof.complete_width_one(problem, max_boxes=10**6))
    row = {"complete": found.complete, "functions": len(found.roots), "boxes": found.boxes, "seconds": seconds}
    if not found.complete:
        return row
    verdict, check = _timed(lambda: verify(found.certificate()))
    return row | {"verified": verdict.verified, "check_seconds": check}


if __name__ == "__main__":
    main()
