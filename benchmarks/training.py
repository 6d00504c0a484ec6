"""One step of full-batch gradient descent, side by side: condenslab, PyTorch, torch.func, and a C kernel.

    python benchmarks/training.py [--json] [--quick] [--device cuda]

Width-500 tanh network, 50 samples, float32 and float64, ensembles of 1, 32 and 256. What is measured and what it came
to is in benchmarks/README.md. With `--device cuda` JAX and PyTorch compute on the GPU, and there is no C kernel.
"""

import statistics
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from support import agreement, kernel, machine, options, ours, timing
from support.problem import WIDTH, make_parameters, make_risk
from support.timing import Contestant, Timing, ratio

from condenslab.risk import EmpiricalRisk

PRECISIONS = ("float32", "float64")
ENSEMBLES = (1, 32, 256)


def main() -> None:
    """Measures and prints."""
    parser = options.parser("One step of gradient descent: condenslab, PyTorch, torch.func and a C kernel.")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where all compute")
    chosen = parser.parse_args()
    jax.config.update("jax_platforms", chosen.device)
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_default_matmul_precision", "highest")
    described = machine.describe()
    left_out: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        cases = [
            _case(precision, members, Path(folder), left_out, chosen)
            for precision in PRECISIONS
            for members in ENSEMBLES
        ]
    result = {
        "benchmark": "training",
        "problem": {"width": WIDTH, "samples": 50, "activation": "tanh", "batch": "full", "quick": chosen.quick},
        "device": jax.devices()[0].device_kind,
        "machine": described,
        "threads_allowed": machine.cores(),
        "left_out": list(left_out.values()),
        "cases": cases,
        "aims": _aims(cases),
    }
    print(options.dump(result) if chosen.json else _text(result))


def _case(precision: str, members: int, folder: Path, left_out: dict[str, str], chosen: Namespace) -> dict[str, Any]:
    """Returns what one precision and ensemble size came to."""
    print(f"measuring {precision}, {members} member{'s' if members > 1 else ''} …", file=sys.stderr)
    risk = make_risk(precision)
    contestants = [ours.make_contestant(risk, members)]
    contestants += _pytorch(risk, left_out, chosen.device)
    kernels, gradient = _kernels(risk, precision, folder, left_out) if chosen.device == "cpu" else ([], None)
    contestants += kernels
    parameters = make_parameters(members, precision)
    first = timing.first_call(contestants[0], parameters)
    difference = agreement.check_steps(contestants, parameters)
    # One member: many short rounds, so that some of them meet no other job. Ensembles: a call takes longer.
    rounds = 3 if chosen.quick else 15 if members == 1 else 7
    timings = timing.compete(contestants, parameters, rounds=rounds)
    return {
        "precision": precision,
        "members": members,
        "contestants": [one.as_dict(members) for one in timings],
        "condenslab_first_call_seconds": first,
        "ratios": _ratios(timings),
        "difference_after_3_steps_in_eps": difference,
        "c_gradient_difference_in_eps": gradient,
    }


def _pytorch(risk: EmpiricalRisk, left_out: dict[str, str], device: str) -> list[Contestant]:
    """Returns the PyTorch contestants, none where PyTorch is missing."""
    try:
        from support import pytorch
    except ImportError:
        left_out["torch"] = "PyTorch is not installed (pip install torch), so its two contestants are left out."
        return []
    inputs, targets = np.asarray(risk.inputs), np.asarray(risk.targets)
    makers = (pytorch.make_module_loop, pytorch.make_functional)
    counts = sorted({1, machine.cores()}) if device == "cpu" else [1]
    return [make(inputs, targets, threads, device) for make in makers for threads in counts]


def _kernels(
    risk: EmpiricalRisk, precision: str, folder: Path, left_out: dict[str, str]
) -> tuple[list[Contestant], float | None]:
    """Returns the C kernel with one thread and with all, and how far its gradient is from ours."""
    try:
        built = kernel.Kernel(folder, precision)
        kernel.check_tanh(built, precision)
        gradient = agreement.check_gradient(built.gradient, risk)
    except (OSError, ValueError) as problem:
        left_out[f"cc {precision}"] = f"The C kernel is left out: {problem}."
        return [], None
    inputs, targets = (np.asarray(part)[:, 0] for part in (risk.inputs, risk.targets))
    counts = sorted({1, machine.cores() if built.threads else 1})
    return [built.contestant(inputs, targets, WIDTH, threads) for threads in counts], gradient


def _ratios(timings: tuple[Timing, ...]) -> dict[str, Any]:
    """Returns other / ours for PyTorch and ours / C for the kernel, round by round."""
    own, *others = timings
    return {
        (f"condenslab / {other.name}" if other.name.startswith("C ") else f"{other.name} / condenslab"): (
            ratio(own, other) if other.name.startswith("C ") else ratio(other, own)
        )
        for other in others
    }


def _aims(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the aims, each with the ratio reached."""
    aims = []
    for case in cases:
        precision, members, ratios = case["precision"], case["members"], case["ratios"]
        where = f"{precision}, {members} member{'s' if members > 1 else ''}"
        loops = {name.partition(" /")[0]: one["median"] for name, one in ratios.items() if "loop" in name}
        best = min(loops, key=loops.__getitem__, default=None)
        note, loop = ("", None) if best is None else (f"against the faster one, {best}", loops[best])
        statement = f"{where}: at least 40× the PyTorch loop"
        aims.append(options.aim(statement, measured=loop, bound=40.0, at_least=True, note=note))
        if precision == "float32":
            kernels = {name: one["median"] for name, one in ratios.items() if name.startswith("condenslab /")}
            worst = max(kernels, key=kernels.__getitem__, default=None)
            note = "" if worst is None else f"against the faster one, {worst.partition('/ ')[2]}"
            measured = None if worst is None else kernels[worst]
            statement = f"{where}: at most 2.5× the time of the C kernel"
            aims.append(options.aim(statement, measured=measured, bound=2.5, at_least=False, note=note))
    return aims


def _text(result: dict[str, Any]) -> str:
    """Returns the result for people."""
    allowed = (
        f"threads allowed: {result['threads_allowed']} for everyone; one and all where a contestant has the choice"
    )
    lines = [result["device"], machine.headline(result["machine"]), allowed, *result["left_out"]]
    for case in result["cases"]:
        lines += ["", f"{case['precision']}, {case['members']} member(s): µs per member and step, median [min … max]"]
        for one in case["contestants"]:
            micro = one["us_per_member_step"]
            figures = f"{micro['median']:9.2f}  [{micro['min']:.2f} … {micro['max']:.2f}]"
            lines.append(f"  {one['name']:32} {figures:32} {one['threads_used']:.1f} threads used")
        for name, one in case["ratios"].items():
            lines.append(
                f"  {name}: {one['median']:.2f}  [{one['min']:.2f} … {one['max']:.2f}]; best {one['best']:.2f}"
            )
    reached = statistics.fmean(bool(aim["reached"]) for aim in result["aims"])
    return "\n".join([*lines, "", f"aims reached: {reached:.0%}", *options.aim_lines(result["aims"])])


if __name__ == "__main__":
    main()
