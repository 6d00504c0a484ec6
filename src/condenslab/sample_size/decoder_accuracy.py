"""Test accuracy of decoders on an anchor task: what `empirical` asks, answered by ensembles in one program."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import networks
from condenslab.sample_size.trials import Request
from condenslab.tasks.anchors import AnchorTask
from condenslab.training import AdamW, FixedSample, Stack, Stop, predicted, train_sequences

_NAMES = ("gamma", "rate", "decay")


@dataclass(frozen=True)
class DecoderAccuracy:
    """Trains decoders on samples of an anchor task and tests them: a function for `empirical(…, together=True)`.

    A setting has `gamma` (rate of the initial scale), `rate` (of AdamW) and `decay`. All requests of a call are one
    ensemble: samples are padded to `room`, and calls to a multiple of `members`, so that one program serves all sizes.

    Attributes:
        task: The task, with a split that holds triples out.
        sizes: Sizes of the decoder, as `networks.decoder` takes them, without vocabulary and length.
        steps: Steps of every run, warm-up (5 %) and cosine included.
        batch: Sequences in a step.
        room: The largest n.
        tests: Test sequences, at least 1,000 to tell 0.99 from 1.
        members: Runs in one call of the program.
        progress: Called with (fraction, text) of a call, or None.
    """

    task: AnchorTask
    sizes: dict[str, Any]
    steps: int
    batch: int
    room: int
    tests: int = 1000
    members: int = 16
    progress: Callable[[float, str], None] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        available = len(self.task.triples("train"))
        if not 1 <= self.room <= available:
            raise ValueError(f"the largest sample of {self.task.name} has {available} triples. Got room={self.room}.")
        if not len(self.task.triples("test")):
            raise ValueError(f"{self.task.name} holds nothing out to test on: give it a split.")

    def __call__(self, requests: Sequence[Request]) -> list[float]:
        """Returns the test accuracy of every request; NaN where a run left the finite numbers.

        Args:
            requests: Settings with `gamma`, `rate` and `decay`, sizes up to `room`, and seeds.

        Raises:
            ValueError: A setting lacks one of them, or a size exceeds `room`.
            KeyboardInterrupt: It was interrupted.
        """
        for request in requests:
            if set(request.setting) != set(_NAMES) or not 1 <= request.size <= self.room:
                raise ValueError(
                    f"a request needs gamma, rate and decay and a size from 1 to {self.room}. Got "
                    f"{sorted(request.setting)} and {request.size}."
                )
        found: list[float] = []
        for begin in range(0, len(requests), self.members):
            some = list(requests[begin : begin + self.members])
            found += self._ensemble(some + some[-1:] * (self.members - len(some)))[: len(some)]
        return found

    def _ensemble(self, requests: list[Request]) -> list[float]:
        layout, task = self.task.layout, self.task
        sizes = {"vocabulary": task.vocabulary, "length": layout.length, **self.sizes}
        column = {name: jnp.array([float(r.setting[name]) for r in requests], jnp.float32) for name in _NAMES}
        keys = jax.vmap(jax.random.key)(jnp.array([r.seed for r in requests]))
        nets = jax.vmap(lambda key, g: networks.decoder(key, gamma=g, dtype=jnp.float32, **sizes))(
            keys, column["gamma"]
        )
        warm_up = 0.05 * self.steps
        methods = [
            AdamW(float(r), decay=float(d), warm_up=warm_up, horizon=float(self.steps))
            for r, d in zip(column["rate"], column["decay"], strict=True)
        ]
        data = [FixedSample.of(task.sample(r.size, r.seed), room=self.room) for r in requests]
        tests = [task.sample(self.tests, r.seed, "test", distinct=False) for r in requests]

        def accuracy(members: Any) -> dict[str, np.ndarray]:
            answers = predicted(members, np.stack([test.tokens for test in tests]))
            return {"accuracy": (answers == np.stack([test.targets for test in tests])).mean(axis=1)}

        runs = train_sequences(
            Stack(nets),
            data,
            methods,
            steps=self.steps,
            batch=self.batch,
            key=[r.seed for r in requests],
            at=[],
            measure=accuracy,
            progress=self.progress,
        )
        if any(run.stop is Stop.INTERRUPTED for run in runs):
            raise KeyboardInterrupt
        return [float(run.records["accuracy"][-1]) if run.stop is Stop.FINISHED else float("nan") for run in runs]
