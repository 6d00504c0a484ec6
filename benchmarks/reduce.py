"""Groups, latency and merging of torch modules, side by side with Torch-Pruning where it is installed.

    python benchmarks/reduce.py [--json] [--only PART…] [--families NAME…]

Parts: `groups` (time, groups right and wrong, on the families of tests/families.py), `latency` (full against reduced),
`digits` (a dense network on 5,000 digits of MNIST: merging against pruning at equal widths, before and after
retraining). One thread; CPU seconds. What it came to is in benchmarks/README.md.
"""

import argparse
import copy
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from condenslab import interop, tasks

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import itertools

from families import FAMILIES

PARTS = ("groups", "latency", "digits")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--only", nargs="*", default=PARTS, choices=PARTS, help="which parts")
    parser.add_argument("--families", nargs="*", default=list(FAMILIES), help="which families")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    found: dict[str, Any] = {"benchmark": "reduce"}
    if "groups" in chosen.only:
        found["groups"] = {name: _groups(name) for name in chosen.families}
    if "latency" in chosen.only:
        found["latency"] = [_latency(width) for width in (1024, 512, 509, 256)]
    if "digits" in chosen.only:
        found["digits"] = [_digits(scale) for scale in (1.0, 0.1)]
    print(json.dumps(found, indent=2) if chosen.json else _text(found))


def _groups(name: str) -> dict[str, Any]:
    import transformers

    torch.manual_seed(0)
    family = FAMILIES[name]
    module, inputs = family.build(torch, transformers).eval(), family.inputs(torch)
    began = time.process_time()
    ours = interop.groups(module, (inputs,))
    mine = {"seconds": time.process_time() - began, "right": len(ours), "wrong": len(ours.uncertified)}
    return {"expected": family.groups, "condenslab": mine, "torch-pruning": _pruning_groups(module, inputs)}


def _pruning_groups(module: Any, inputs: Any) -> dict[str, Any] | None:
    """A group is right if the module still runs after one of its units is pruned, and wrong if it breaks."""
    try:
        import torch_pruning
    except ModuleNotFoundError:
        return None

    def graph(one: Any) -> Any:
        return torch_pruning.DependencyGraph().build_dependency(one, inputs, forward_fn=_tensors)

    began = time.process_time()
    try:
        known = list(graph(copy.deepcopy(module)).get_all_groups())
    except Exception as error:
        return {"seconds": time.process_time() - began, "right": 0, "wrong": 0, "error": type(error).__name__}
    seconds, right = time.process_time() - began, 0
    for number in range(len(known)):
        own = copy.deepcopy(module)
        dependencies = graph(own)
        first = list(dependencies.get_all_groups())[number][0].dep
        try:
            dependencies.get_pruning_group(first.target.module, first.handler, idxs=[0]).prune()
            own(inputs)
            right += 1
        except Exception:  # the module that it leaves does not run
            continue
    return {"seconds": seconds, "right": right, "wrong": len(known) - right}


def _tensors(module: Any, inputs: Any) -> list[Any]:
    found = module(inputs)
    parts = found.values() if hasattr(found, "values") else found if isinstance(found, list | tuple) else [found]
    return [part for part in parts if torch.is_tensor(part)]


def _dense(sizes: tuple[int, ...], activation: Any) -> Any:
    parts: list[Any] = []
    for before, after in itertools.pairwise(sizes):
        parts += [torch.nn.Linear(before, after), activation()]
    return torch.nn.Sequential(*parts[:-1])


def _latency(width: int) -> dict[str, Any]:
    torch.manual_seed(0)
    module, inputs = _dense((784, 1024, 1024, 10), torch.nn.ReLU), torch.randn(256, 784)
    receipt = interop.reduce(module, inputs, widths={"0": width, "2": width}).receipt
    return {"width": width, **receipt["latency"], "operations": receipt["operations"]}


def _digits(scale: float) -> dict[str, Any]:
    """Trains 784-256-256-10 with tanh from weights times a scale, and reduces both layers to 64 units."""
    torch.manual_seed(0)
    digits = tasks.images.digits()
    order = np.random.default_rng(0).permutation(len(digits.images))
    inputs = torch.from_numpy(digits.images.reshape(len(order), -1)[order].astype(np.float32))
    labels = torch.from_numpy(digits.labels[order].astype(np.int64))
    module = _dense((784, 256, 256, 10), torch.nn.Tanh)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(scale)
    _train(module, inputs[:4000], labels[:4000], steps=1500)
    test, classes = inputs[4000:], labels[4000:]

    def accuracy(one: Any) -> float:
        with torch.no_grad():
            return float((one(test).argmax(1) == classes).float().mean())

    def merged(**options: Any) -> float:
        widths = {"0": 64, "2": 64}
        return accuracy(interop.reduce(module, inputs[:4000], widths=widths, **options).module)

    found = {"scale": scale, "full": accuracy(module), "merged": merged(), "merged, repaired": merged(repair=True)}
    pruned = _pruned(module, inputs[:2])
    if pruned is not None:
        found["pruned (L2)"] = accuracy(pruned)
        _train(pruned, inputs[:4000], labels[:4000], steps=300)
        found["pruned, 300 steps"] = accuracy(pruned)
    short = interop.reduce(module, inputs[:4000], widths={"0": 64, "2": 64}).module
    for parameter in short.parameters():
        parameter.requires_grad_(True)
    _train(short, inputs[:4000], labels[:4000], steps=300)
    return {**found, "merged, 300 steps": accuracy(short)}


def _pruned(module: Any, inputs: Any) -> Any:
    try:
        import torch_pruning
    except ModuleNotFoundError:
        return None
    own = copy.deepcopy(module)
    importance = torch_pruning.importance.MagnitudeImportance(p=2)
    pruner = torch_pruning.pruner.MagnitudePruner(
        own, inputs, importance=importance, pruning_ratio=0.75, ignored_layers=[own[-1]]
    )
    pruner.step()
    return own


def _train(module: Any, inputs: Any, labels: Any, *, steps: int) -> None:
    optimiser, rng = torch.optim.Adam(module.parameters(), lr=1e-3), np.random.default_rng(1)
    for _ in range(steps):
        rows = torch.from_numpy(rng.integers(0, len(inputs), 100))
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(module(inputs[rows]), labels[rows]).backward()
        optimiser.step()


def _text(found: dict[str, Any]) -> str:
    lines = []
    for name, row in found.get("groups", {}).items():
        ours, theirs = row["condenslab"], row["torch-pruning"]
        line = f"{name}: {ours['right']} of {row['expected']} groups certified, {ours['wrong']} wrong"
        line += f", {ours['seconds']:.1f} s"
        if theirs:
            line += f"; torch-pruning {theirs['right']} run, {theirs['wrong']} break, {theirs['seconds']:.1f} s"
        lines.append(line)
    for row in found.get("latency", []):
        lines.append(f"1024 → {row['width']}: {row['before']:.2f} → {row['after']:.2f} ms {row['reason'] or ''}")
    lines += [json.dumps(row) for row in found.get("digits", [])]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
