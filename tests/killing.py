"""Runs the toy study in processes that kill themselves at every step of every write, and resumes each.

Usage: killing.py FOLDER. It prints one line of JSON a kill; `test_interruption.py` reads them.
"""

import json
import os
import signal
import sys
from pathlib import Path

import toy
from condenslab import studies
from condenslab.sweeps import Store


class Executioner:
    """Kills this process at the given one of the moments that it is told of."""

    def __init__(self, moment: int):
        self.left = moment

    def __call__(self) -> None:
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def arm(self) -> None:
        """Makes moments of: half a file written, before it is forced to disk, before and after it takes its name."""
        fsync, replace, opened = os.fsync, os.replace, Path.open

        def killing_fsync(descriptor):
            self()
            fsync(descriptor)

        def killing_replace(source, target):
            self()
            replace(source, target)
            self()

        def killing_open(path, mode="r", *arguments, **options):
            file = opened(path, mode, *arguments, **options)
            return HalfWriter(file, self) if "w" in mode else file

        os.fsync, os.replace, Path.open = killing_fsync, killing_replace, killing_open


class HalfWriter:
    """A file that is written in two halves, with a moment between them."""

    def __init__(self, file, moment):
        self.file, self.moment = file, moment

    def write(self, content):
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        self.moment()
        self.file.write(content[len(content) // 2 :])

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()


def killed_run(out: Path, moment: int) -> bool:
    """Runs the toy in a child; says whether it was killed."""
    child = os.fork()
    if child == 0:
        Executioner(moment).arm()
        studies.run("toy", out=out)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def stored(out: Path) -> dict[str, list]:
    """Returns what is stored, arrays and times of computation included."""
    if not Store.exists(out):
        return {}
    records = Store(out).records().values()
    return {r.id: [r.values, r.provenance, {n: a.tolist() for n, a in r.arrays.items()}] for r in records}


def main(folder: Path) -> None:
    toy.register()
    moment, killed = 0, True
    while killed:
        out = folder / str(moment)
        killed = killed_run(out, moment)
        before = stored(out)
        claims = studies.run("toy", out=out).claims
        after = stored(out)
        lines = [line for shard in (out / "shards").glob("[!.]*.jsonl") for line in shard.read_text().splitlines()]
        kept = all(after[identity] == content for identity, content in before.items())
        print(
            json.dumps({"killed": killed, "kept": kept, "before": len(before), "lines": len(lines), "claims": claims})
        )
        moment += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
