"""Decoders on anchor functions: sizes that settings hold, what a run costs, and ensembles of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from condenslab.studies.contract.parts import Part
from condenslab.studies.settings import Count
from condenslab.tasks.anchors import AnchorTask

if TYPE_CHECKING:
    from condenslab.training import Trajectory

Normalisation = Literal["post", "pre"]

_FLOPS = 1e11
"""Of training on two cores from d_model 128 on, measured: a third to a half of what large matrix products reach."""
_HALF = 64
"""Below, narrow matrices are slower: of d_model 64 and 32 three quarters and a half were measured."""


@dataclass(frozen=True)
class Model:
    """Sizes of a decoder.

    Attributes:
        d_model: Of the embedding.
        heads: Of every attention layer.
        d_k: Of queries, keys and values.
        d_ff: Neurons of a feed-forward layer.
        depth: Blocks.
        normalisation: "post" or "pre".
    """

    d_model: Count = 64
    heads: Count = 1
    d_k: Count = 32
    d_ff: Count = 128
    depth: Count = 2
    normalisation: Normalisation = "post"

    def sizes(self) -> dict[str, Any]:
        """Returns the arguments of `networks.decoder`."""
        return {name: getattr(self, name) for name in ("d_model", "heads", "d_k", "d_ff", "depth", "normalisation")}

    def parameters(self, vocabulary: int, length: int) -> int:
        """Returns the number of parameters."""
        block = 4 * self.d_model * self.heads * self.d_k + 2 * self.d_model * self.d_ff + 4 * self.d_model
        ends = (2 * vocabulary + length) * self.d_model + vocabulary
        return self.depth * block + ends + (0 if self.normalisation == "post" else 2 * self.d_model)

    def seconds(self, vocabulary: int, length: int, batch: int, steps: int) -> float:
        """Returns about how long training takes on two cores, in seconds."""
        blocks = self.parameters(vocabulary, length) - 2 * vocabulary * self.d_model
        speed = _FLOPS * min(1.0, 1.5 * self.d_model / (self.d_model + _HALF))
        return 6.0 * steps * batch * (length * blocks + vocabulary * self.d_model) / speed + 0.05

    def bytes(self, vocabulary: int, length: int, batch: int) -> int:
        """Returns about how much memory a member takes, in bytes."""
        wide = self.d_model + self.heads * self.d_k + self.d_ff
        return 4 * (8 * self.parameters(vocabulary, length) + 8 * self.depth * batch * length * wide)


def decoder_part(case: type, run: str, varies: tuple[str, ...], task: Callable[[Any], AnchorTask]) -> Part:
    """Returns the part of a study that trains decoders, many in one program, with its costs.

    Args:
        case: The kind of case, with `model`, `batch` and `steps`, and what `Member` has.
        run: The compute function, as "module:function".
        varies: The fields in which the cases of one program may differ.
        task: The task of a case, for vocabulary and length.
    """

    def ends(one: Any) -> tuple[int, int]:
        made = task(one)
        return made.vocabulary, made.layout.length

    return Part(
        case=case,
        run=run,
        varies=varies,
        seconds=lambda one: one.model.seconds(*ends(one), one.batch, one.steps),
        bytes=lambda one: one.model.bytes(*ends(one), one.batch),
        together=True,
    )


class Member(Protocol):
    """What a case says of one run."""

    @property
    def gamma(self) -> float:
        """Rate of the initial scale."""
        ...

    @property
    def rate(self) -> float:
        """Of AdamW."""
        ...

    @property
    def decay(self) -> float:
        """Weight decay."""
        ...

    @property
    def seed(self) -> int:
        """Of initial values and batches."""
        ...


def train_decoders(
    members: Sequence[Any],
    task: AnchorTask,
    model: Model,
    data: Any,
    *,
    steps: int,
    batch: int,
    records: int,
    measure: Callable[[Any], Mapping[str, np.ndarray]],
    progress: Callable[[float, str], None],
    embeddings: Sequence[float] | None = None,
) -> list["Trajectory"]:
    """Trains one decoder a member in one program: std d_in^−γ, AdamW with 5 % warm-up and a cosine, clipping at 1.

    Args:
        members: Each as `Member`.
        task: The task, for vocabulary and length.
        model: Sizes.
        data: As `training.train_sequences` takes it.
        steps: Steps.
        batch: Sequences in a step.
        records: Records after the start, equally spaced.
        measure: As `training.train_sequences` takes it.
        progress: Called with the finished fraction and a few words.
        embeddings: γ of the embedding of every member, where it is not that of its other matrices.
    """
    import jax
    import jax.numpy as jnp

    from condenslab import networks, training
    from condenslab.studies.contract import train

    sizes = {"vocabulary": task.vocabulary, "length": task.layout.length, **model.sizes()}
    keys = jax.vmap(jax.random.key)(jnp.array([member.seed for member in members]))
    gammas = jnp.array([member.gamma for member in members], jnp.float32)
    own = gammas if embeddings is None else jnp.array(embeddings, jnp.float32)

    def draw(key: Any, gamma: Any, embedding: Any) -> Any:
        rates = networks.InitRates(embedding, gamma, gamma, gamma)
        return networks.decoder(key, gamma=rates, dtype=jnp.float32, **sizes)

    nets = jax.vmap(draw)(keys, gammas, own)
    methods = [
        training.AdamW(member.rate, decay=member.decay, warm_up=0.05 * steps, horizon=float(steps))
        for member in members
    ]
    return train.sequences(
        training.Stack(nets),
        data,
        methods,
        steps=steps,
        batch=batch,
        key=[member.seed for member in members],
        at=np.linspace(0, steps, records + 1).round().astype(int).tolist(),
        measure=measure,
        progress=progress,
    )
