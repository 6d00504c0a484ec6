"""Training steps of a decoder per second, against PyTorch eager and compiled: same parameters, data, batch, float32.

    python benchmarks/transformer.py [--members 1,16] [--d-model 64] [--steps 60] [--torch-python PATH] [--json]

Both sides compute the last block for the last token only where that is the same function (ours), or for all tokens (the
source's code, which PyTorch users run); `--torch-last` lets PyTorch do as we do. PyTorch runs in an interpreter of its
own, which may be that of another environment. Losses after 20 steps are compared first.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import equinox as eqx
import numpy as np
from jax import Array

PEER = Path(__file__).parent / "support" / "transformer_torch.py"


class OneBatch(eqx.Module):
    """The same sequences at every step."""

    tokens: Array
    targets: Array

    def draw(self, key: Array, batch: int) -> tuple[Array, Array]:
        """Returns the batch."""
        return self.tokens, self.targets


def main() -> None:
    """Compares both sides for every number of members."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", default="1,16", help="numbers of members, separated by commas")
    parser.add_argument("--d-model", type=int, default=64)
    parser.add_argument("--d-k", type=int, default=32)
    parser.add_argument("--d-ff", type=int, default=128)
    parser.add_argument("--length", type=int, default=9)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--torch-python", default=sys.executable, help="an interpreter that has torch")
    parser.add_argument("--torch-modes", default="eager,compile")
    parser.add_argument("--torch-last", action="store_true", help="PyTorch, too, computes the last block once")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [row for members in map(int, options.members.split(",")) for row in compare(options, members)]
    if options.json:
        print(json.dumps({"rows": rows}))
        return
    for row in rows:
        print(
            f"{row['members']:3d} members  {row['side']:14s} {row['milliseconds']:8.3f} ms a step and member   "
            f"{row['gigaflops']:6.1f} GFlop/s   loss after 20 steps {row['loss']:.6f}"
            + (f"   {row['megabytes']:.1f} MB a member above the start" if "megabytes" in row else "")
            + (f"   ours is {row['ours_is_faster']:.2f} times as fast" if "ours_is_faster" in row else "")
        )


def compare(options: argparse.Namespace, members: int) -> list[dict]:
    """Returns our time and those of PyTorch, one after the other on the same machine."""
    with tempfile.TemporaryDirectory() as folder:
        problem = Path(folder) / "problem.npz"
        ours = measure(options, members, problem)
        rows = [ours]
        for mode in filter(None, options.torch_modes.split(",")):
            command = [options.torch_python, str(PEER), str(problem), mode, str(options.steps), str(options.repeats)]
            done = subprocess.run([*command, str(int(options.torch_last))], capture_output=True, text=True)
            if done.returncode:
                print(f"PyTorch {mode} did not run: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
                continue
            theirs = json.loads(done.stdout.strip().splitlines()[-1])
            factor = theirs["seconds"] / (ours["milliseconds"] * 1e-3)
            difference = abs(theirs["loss"] - ours["loss"]) / ours["loss"]
            assert difference < 1e-3, f"the losses differ by {difference:.1e}: the two sides do not compute the same"
            rows.append(
                row(options, members, f"torch {mode}", theirs["seconds"], theirs["loss"]) | {"ours_is_faster": factor}
            )
        return rows


def measure(options: argparse.Namespace, members: int, problem: Path) -> dict:
    """Writes the problem for the other side, and returns our time of a step and member."""
    import jax
    import jax.numpy as jnp

    from condenslab import networks, training
    from condenslab.tasks import anchors

    task = anchors.published(layout=anchors.Layout(length=options.length))
    sizes = {"d_model": options.d_model, "d_k": options.d_k, "d_ff": options.d_ff, "depth": 2}
    sizes |= {"vocabulary": task.vocabulary, "length": options.length}
    draw = lambda key: networks.decoder(key, gamma=0.8, dtype=jnp.float32, **sizes)  # noqa: E731
    nets = jax.vmap(draw)(jax.vmap(jax.random.key)(jnp.arange(members)))
    # Every step of both sides sees the same batch: then losses can be compared to rounding.
    batch = task.sample(options.batch, 0)
    data = OneBatch(jnp.asarray(batch.tokens, jnp.int32), jnp.asarray(batch.targets, jnp.int32))
    names = {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(nets)}
    np.savez(problem, tokens_of_batch=batch.tokens, targets=batch.targets, **names)
    method = training.AdamW(1e-4, decay=0.01, start=1.0, floor=1.0)

    def train(steps: int, resume=None):
        given = (training.Stack(nets), data, method)
        return training.train_sequences(*given, steps=steps, batch=options.batch, key=0, at=[], resume=resume)

    before = peak_megabytes()
    first = train(20)
    after = train(21, first)
    times, runs, taken = [], after, 21
    for _ in range(options.repeats):
        runs = train(taken + options.steps, runs)
        times.append(runs[0].seconds)
        taken += options.steps
    loss = float(np.mean([run.records["loss"][-1] for run in after]))
    memory = (peak_megabytes() - before) / members
    return row(options, members, "condenslab", min(times) / options.steps / members, loss) | {"megabytes": memory}


def peak_megabytes() -> float:
    """Returns the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def row(options: argparse.Namespace, members: int, side: str, seconds: float, loss: float) -> dict:
    """Returns what is printed of one side."""
    d, k, f, n = options.d_model, options.d_k, options.d_ff, options.length
    products = n * (4 * d * k + 2 * d * f) + n * 2 * d * k + 2 * d * k + 2 * d * f + d * 201
    flops = 6 * products * options.batch  # forward, and twice that backward; last block for one token
    return {
        "members": members,
        "side": side,
        "milliseconds": 1e3 * seconds,
        "gigaflops": flops / seconds / 1e9,
        "loss": loss,
    }


if __name__ == "__main__":
    main()
