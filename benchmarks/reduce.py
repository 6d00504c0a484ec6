"""Groups, latency and merging of torch modules, side by side with Torch-Pruning where it is installed.

    python benchmarks/reduce.py [--json] [--only PART…] [--families NAME…]

Parts: `groups` (time, groups right and wrong, on the families of tests/families.py), `latency` (full against reduced),
`merging` (a dense and a convolution network on Fashion-MNIST: merging against pruning at equal widths, before and after
repair). `--fashion` is a folder with its four idx files, as Debian's dataset-fashion-mnist puts them into
/usr/share/datasets/fashion-mnist; without it 5,000 digits of MNIST are taken. One thread; CPU seconds. What it
came to is in benchmarks/README.md.
"""

import argparse
import contextlib
import copy
import gzip
import itertools
import json
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from condenslab import interop, tasks

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from families import FAMILIES

PARTS = ("groups", "latency", "merging")
_MOST_TRIED, _MOST_SECONDS = 12, 30.0


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--only", nargs="*", default=PARTS, choices=PARTS, help="which parts")
    parser.add_argument("--families", nargs="*", default=list(FAMILIES), help="which families")
    parser.add_argument("--fashion", help="folder with the files of Fashion-MNIST")
    parser.add_argument("--seeds", type=int, default=2, help="how many seeds of `merging`")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    found: dict[str, Any] = {"benchmark": "reduce"}
    if "groups" in chosen.only:
        interop.groups(_dense((3, 4, 2), torch.nn.ReLU), (torch.randn(2, 3),))  # the first use loads torch.export
        found["groups"] = {name: _told(_groups, name) for name in chosen.families}
    if "latency" in chosen.only:
        found["latency"] = [_told(_latency, width) for width in (1024, 512, 509, 256)]
    if "merging" in chosen.only:
        name, data = _images(chosen.fashion)
        cases = itertools.product(_NETWORKS, (1.0, 0.1), range(chosen.seeds))
        found["merging"] = {
            "data": name,
            "rows": [_told(_merging, *case, data) for case in cases],
        }
    print(json.dumps(found, indent=2) if chosen.json else _text(found))


def _told(measure: Callable[..., Any], *case: Any) -> Any:
    """Measures, and says on the standard error what came out, so that an interrupted run has not been for nothing."""
    found = measure(*case)
    print(json.dumps({"case": [part for part in case if not isinstance(part, tuple)], "found": found}), file=sys.stderr)
    return found


def _groups(name: str) -> dict[str, Any]:
    import transformers

    torch.manual_seed(0)
    family = FAMILIES[name]
    module, inputs = family.build(torch, transformers).eval(), family.inputs(torch)
    if getattr(getattr(module, "config", None), "use_cache", False):
        module.config.use_cache = False  # a cache of keys among the outputs stops torch-pruning
    began = time.process_time()
    ours = interop.groups(module, (inputs,))
    mine = {"seconds": time.process_time() - began, "right": len(ours), "wrong": len(ours.uncertified)}
    return {"expected": family.groups, "condenslab": mine, "torch-pruning": _pruning_groups(module, inputs)}


def _pruning_groups(module: Any, inputs: Any) -> dict[str, Any] | None:
    """A group is right if the module still runs after one of its units is pruned, and wrong if it breaks.

    The time is that of building the graph and listing its groups; of many groups an evenly spread dozen is tried,
    and what takes more than half a minute is given up.
    """
    try:
        import torch_pruning
    except ModuleNotFoundError:
        return None

    def graph(one: Any) -> Any:
        return torch_pruning.DependencyGraph().build_dependency(one, inputs, forward_fn=_tensors)

    found = {"seconds": 0.0, "groups": 0, "right": 0, "wrong": 0}
    began = time.process_time()
    try:
        with _limited(_MOST_SECONDS):
            known = list(graph(copy.deepcopy(module)).get_all_groups())
    except Exception as error:
        return found | {"seconds": time.process_time() - began, "error": type(error).__name__}
    found |= {"seconds": time.process_time() - began, "groups": len(known)}
    began = time.process_time()
    for number in np.unique(np.linspace(0, len(known) - 1, min(len(known), _MOST_TRIED)).astype(int)):
        if time.process_time() - began < _MOST_SECONDS:
            found["right" if _runs(copy.deepcopy(module), inputs, graph, number) else "wrong"] += 1
    return found


def _runs(own: Any, inputs: Any, graph: Callable[[Any], Any], number: int) -> bool:
    """Prunes one unit of a group and says whether the module that is left runs."""
    try:
        with _limited(_MOST_SECONDS):
            dependencies = graph(own)
            first = list(dependencies.get_all_groups())[number][0].dep
            dependencies.get_pruning_group(first.target.module, first.handler, idxs=[0]).prune()
            own(inputs)
    except Exception:  # whatever a broken module raises
        return False
    return True


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raises TimeoutError after so many CPU seconds."""

    def stop(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _tensors(module: Any, inputs: Any) -> list[Any]:
    found = module(inputs)
    if torch.is_tensor(found):
        return [found]
    parts = found.values() if hasattr(found, "values") else found
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


def _merging(kind: str, scale: float, seed: int, data: Any) -> dict[str, Any]:
    """Trains a network from weights times a scale and reduces every hidden layer to a quarter of its units."""
    torch.manual_seed(seed)
    inputs, labels, test, classes = data if kind == "cnn" else [one.flatten(1) if one.ndim > 1 else one for one in data]
    module, widths = _NETWORKS[kind]()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(scale)
    _train(module, inputs, labels, steps=1500)

    def accuracy(one: Any) -> float:
        with torch.no_grad():
            hits = [(one(x).argmax(1) == y).float() for x, y in zip(test.split(500), classes.split(500), strict=True)]
        return round(float(torch.cat(hits).mean()), 4)

    def retrained(one: Any) -> float:
        for parameter in one.parameters():
            parameter.requires_grad_(True)
        _train(one, inputs, labels, steps=300)
        return accuracy(one)

    module.eval()
    known = inputs[:2000]
    short = interop.reduce(module, known[:256], widths=widths).module
    found = {"network": kind, "scale": scale, "seed": seed, "full": accuracy(module), "merged": accuracy(short)}
    found["merged, least squares"] = accuracy(interop.reduce(module, known, widths=widths, repair=True).module)
    found["merged, 300 steps"] = retrained(short)
    pruned = _pruned(module, inputs[:2])
    if pruned is not None:
        found |= {"pruned": accuracy(pruned), "pruned, 300 steps": retrained(pruned)}
    return found


def _mlp() -> tuple[Any, dict[str, int]]:
    return _dense((784, 256, 256, 10), torch.nn.Tanh), {"0": 64, "2": 64}


def _cnn() -> tuple[Any, dict[str, int]]:
    nn = torch.nn
    blocks = [
        part for a, b in ((1, 16), (16, 32)) for part in (nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    ]
    module = nn.Sequential(*blocks, nn.Flatten(), nn.Linear(32 * 49, 128), nn.ReLU(), nn.Linear(128, 10))
    return module, {"0": 4, "3": 8, "7": 32}


_NETWORKS = {"mlp": _mlp, "cnn": _cnn}


def _images(folder: str | None) -> tuple[str, tuple[Any, ...]]:
    """Returns Fashion-MNIST where a folder has its files, else digits of MNIST: inputs, classes, held-out ones."""
    if folder is not None:

        def read(name: str, skip: int) -> np.ndarray:
            packed = Path(folder, f"{name}.gz")
            content = gzip.decompress(packed.read_bytes()) if packed.exists() else Path(folder, name).read_bytes()
            return np.frombuffer(content, np.uint8, offset=skip)

        parts = []
        for part in ("train", "t10k"):
            pixels = read(f"{part}-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28).astype(np.float32) / 255.0
            parts += [torch.from_numpy(pixels), torch.from_numpy(read(f"{part}-labels-idx1-ubyte", 8).astype(np.int64))]
        return "Fashion-MNIST", tuple(parts)
    digits = tasks.images.digits()
    order = np.random.default_rng(0).permutation(len(digits.images))
    pixels = torch.from_numpy(digits.images[order].astype(np.float32))
    labels = torch.from_numpy(digits.labels[order].astype(np.int64))
    return "MNIST, 4,000 digits", (pixels[:4000], labels[:4000], pixels[4000:], labels[4000:])


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
            line += f"; torch-pruning {theirs['groups']}: {theirs['right']} run, {theirs['wrong']} break"
            line += f", {theirs['seconds']:.1f} s"
        lines.append(line)
    for row in found.get("latency", []):
        lines.append(f"1024 → {row['width']}: {row['before']:.2f} → {row['after']:.2f} ms {row['reason'] or ''}")
    merging = found.get("merging", {"data": "", "rows": []})
    lines += [f"{merging['data']}: {json.dumps(row)}" for row in merging["rows"]]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
