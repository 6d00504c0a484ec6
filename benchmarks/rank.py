"""Model rank: the Jacobian beside torch.func.jacrev, the time of the rank itself, and bounds without a Jacobian.

    python benchmarks/rank.py [--json] [--quick]

Dense and convolution networks up to M = 5,000 parameters in float64; matrix-free bounds up to M = 10⁶. What is measured
and what it came to is in benchmarks/README.md.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from support import machine, options

from condenslab import landscape, measures, networks, sample_size
from condenslab.networks import Scale

INPUTS, OUTPUT = 5, 1
"""The convolution experiments' input dimension; one output."""


def main() -> None:
    """Measures and prints."""
    chosen = options.parse("Model rank: the Jacobian beside torch.func.jacrev, and bounds without a Jacobian.")
    jax.config.update("jax_enable_x64", True)
    described = machine.describe()
    rounds = 3 if chosen.quick else 7
    largest = 700 if chosen.quick else 5_000
    shared = [_jacobian_case("shared convolution", m, rounds) for m in (210, 700, 2_100, 4_900) if m <= largest]
    dense = [_jacobian_case("dense", m, rounds) for m in (210, 700, 2_100, 4_900) if m <= largest]
    sizes = tuple(21 * 2**k for k in ((7, 10) if chosen.quick else (7, 10, 13, 16)))
    bounds = [_bounds_case(m) for m in sizes]
    result = {
        "benchmark": "rank",
        "problem": {"inputs": INPUTS, "precision": "float64", "probes": "as many as parameters", "quick": chosen.quick},
        "machine": described,
        "threads_allowed": machine.cores(),
        "jacobians": dense + shared,
        "bounds": bounds,
        "aims": [_aim(case) for case in dense + shared],
    }
    print(options.dump(result) if chosen.json else _text(result))


def _network(kind: str, parameters: int) -> Any:
    scale = Scale(1.0, 1.0)
    if kind == "dense":
        return networks.two_layer(0, width=parameters // 7, inputs=INPUTS, activation="tanh", scale=scale)
    return networks.conv_two_layer(0, kernels=parameters // 7, size=3, inputs=INPUTS, activation="tanh", scale=scale)


def _jacobian_case(kind: str, parameters: int, rounds: int) -> dict[str, Any]:
    """Returns seconds of the Jacobian by both, round by round in turn, and of the rank."""
    print(f"measuring {kind}, M = {parameters} …", file=sys.stderr)
    network = _network(kind, parameters)
    probes = np.random.default_rng(0).standard_normal((parameters, INPUTS))
    contestants: dict[str, Callable[[], np.ndarray]] = {
        "condenslab": lambda: sample_size.tangent_features(network, probes)[:, 0]
    }
    torch_one = _pytorch(network, probes)
    if torch_one is not None:
        contestants["torch.func.jacrev"] = torch_one
    first = {name: make() for name, make in contestants.items()}
    agreement = None
    if torch_one is not None:
        ours, theirs = first.values()
        agreement = float(np.max(np.abs(ours - theirs)) / np.max(np.abs(theirs)))
        if agreement > 1e-12:
            raise ValueError(f"the Jacobians must agree to rounding. Got a relative difference of {agreement:.1e}.")
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds):
        names = list(contestants)
        for name in names if turn % 2 == 0 else reversed(names):
            begun = time.perf_counter()
            contestants[name]()
            seconds[name].append(time.perf_counter() - begun)
    begun = time.perf_counter()
    # Two decompositions take minutes at M = 5,000, whatever the network: they are timed for one kind.
    found = measures.rank(first["condenslab"]) if kind == "dense" else None
    rank_seconds = time.perf_counter() - begun
    return {
        "kind": kind,
        "parameters": parameters,
        "probes": parameters,
        "seconds": {name: _summary(values) for name, values in seconds.items()},
        "ratio": _ratio(seconds),
        "difference": agreement,
        "rank": None if found is None else found.value,
        "rank_decided": None if found is None else found.decided,
        "rank_seconds": None if found is None else rank_seconds,
    }


def _summary(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def _ratio(seconds: dict[str, list[float]]) -> dict[str, float] | None:
    """Returns how many times as long PyTorch takes, round by round."""
    if len(seconds) < 2:
        return None
    quotients = [b / a for a, b in zip(*seconds.values(), strict=True)]
    return _summary(quotients) | {"best": min(seconds["torch.func.jacrev"]) / min(seconds["condenslab"])}


def _pytorch(network: Any, probes: np.ndarray) -> Callable[[], np.ndarray] | None:
    """Returns torch.func.jacrev of one sample, vectorised over samples; None without PyTorch."""
    try:
        import torch
        from torch.func import jacrev, vmap
    except ImportError:
        return None
    parts = {"a": network.output_weights, "b": network.biases}
    shared = isinstance(network, networks.ConvTwoLayer)
    parts["w"] = network.kernels if shared else network.input_weights
    tensors = {name: torch.from_numpy(np.array(part)) for name, part in parts.items()}
    inputs = torch.from_numpy(probes)

    def one(p: dict[str, Any], x: Any) -> Any:
        if shared:
            z = torch.nn.functional.conv1d(x[None, None], p["w"][:, None], p["b"])[0]
            return (torch.tanh(z) * p["a"][0]).sum()
        return p["a"][0] @ torch.tanh(p["w"] @ x + p["b"])

    differentiate = vmap(jacrev(one), in_dims=(None, 0))

    def run() -> np.ndarray:
        found = differentiate(tensors, inputs)
        order = ("w", "b", "a")
        return torch.cat([found[name].reshape(len(inputs), -1) for name in order], dim=1).numpy()

    return run


def _bounds_case(parameters: int) -> dict[str, Any]:
    """Returns time and tightness of the bounds: a target of rank 21 split to any width, and a random network."""
    print(f"bounds, M = {parameters} …", file=sys.stderr)
    narrow = networks.two_layer(1, width=3, inputs=INPUTS, activation="tanh", scale=Scale(1.0, 1.0))
    points = {
        "split target": (landscape.split_to_width(narrow, parameters // 7), 21),
        "random": (_network("dense", parameters), parameters),
    }
    probes = jnp.asarray(np.random.default_rng(1).standard_normal((192, INPUTS)))
    found = {}
    for name, (network, known) in points.items():
        begun = time.perf_counter()
        bounds = measures.rank_bounds(0, network, probes, sketch=64)
        found[name] = {
            "seconds": time.perf_counter() - begun,
            "lower": bounds.lower,
            "upper": bounds.upper,
            "decided": bounds.decided,
            "model_rank": known,
            "empirical_rank_at_most": min(bounds.rows, known),
        }
    return {"parameters": parameters, "probes": 192, "sketch": 64, "points": found}


def _aim(case: dict[str, Any]) -> dict[str, Any]:
    ratio = None if case["ratio"] is None else case["ratio"]["median"]
    statement = f"{case['kind']}, M = {case['parameters']}: the Jacobian at least 5× torch.func.jacrev"
    return options.aim(statement, measured=ratio, bound=5.0, at_least=True)


def _text(result: dict[str, Any]) -> str:
    """Returns the result for people."""
    lines = [machine.headline(result["machine"]), f"threads allowed: {result['threads_allowed']}", ""]
    for case in result["jacobians"]:
        times = ", ".join(f"{name} {1e3 * one['median']:.1f} ms" for name, one in case["seconds"].items())
        lines.append(f"{case['kind']}, M = n = {case['parameters']}: Jacobian {times}{_rank_text(case)}")
    for case in result["bounds"]:
        for name, one in case["points"].items():
            lines.append(
                f"bounds, M = {case['parameters']}, {name}: {one['lower']} to {one['upper']} in {one['seconds']:.1f} s"
                f" (compilation included; model rank {one['model_rank']})"
            )
    return "\n".join([*lines, "", *options.aim_lines(result["aims"])])


def _rank_text(case: dict[str, Any]) -> str:
    return "" if case["rank_seconds"] is None else f"; rank {case['rank_seconds']:.2f} s"


if __name__ == "__main__":
    main()
