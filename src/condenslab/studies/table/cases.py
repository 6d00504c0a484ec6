"""Settings and cases of the table study; imports no JAX."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from condenslab.errors import UserError
from condenslab.studies.settings import Count, CountOrZero, Positive

if TYPE_CHECKING:
    from condenslab.tasks import Table

Activation = Literal["tanh", "relu", "sigmoid", "softplus"]
Share = Annotated[float, msgspec.Meta(ge=0)]


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        most: Largest number of neurons that is tried; smaller where there are few samples.
        activation: Of the neurons.
        seeds: How often the samples are cut into folds at random.
        folds: Number of folds; each is left out once and predicted.
        starts: Starts of the fit of each narrow network, beside one that adds a neuron to the network before.
        wide: Neurons of the wide network whose condensation is watched along its flow; 0 for none.
        time: End time of that flow, on standardised data.
        max_steps: Largest number of its solver steps.
        noise: Noise of the built-in table, relative to the spread of its target; a table of your own has its own.
    """

    most: Count = 8
    activation: Activation = "tanh"
    seeds: Count = 5
    folds: Annotated[int, msgspec.Meta(ge=2)] = 5
    starts: Count = 6
    wide: CountOrZero = 100
    time: Positive = 1e4
    max_steps: Count = 3000
    noise: Share = 0.05


PRESETS = {
    "tiny": Settings(most=4, seeds=2, folds=3, starts=3, wide=0),
    "quick": Settings(),
    "full": Settings(most=12, seeds=20, folds=10, starts=20, time=1e5, max_steps=10_000),
}


@dataclass(frozen=True, kw_only=True)
class _Case:
    """What every case of a table has.

    Attributes:
        seed: Of the cut into folds, where there is one, and of starts or initial weights.
        activation: Of the neurons.
        data: Digest of the user's own table, or None for the built-in one.
        noise: Of the built-in table.
        samples, inputs, outputs, labels: For the estimates of cost; they follow from the data.
    """

    seed: int
    activation: str
    data: str | None
    noise: float
    samples: int = field(default=60, metadata={"hash": False})
    inputs: int = field(default=1, metadata={"hash": False})
    outputs: int = field(default=1, metadata={"hash": False})
    labels: bool = field(default=False, metadata={"hash": False})


@dataclass(frozen=True, kw_only=True)
class FitsCase(_Case):
    """Narrow networks of every width, fitted to all samples.

    Attributes:
        most: Largest width.
        starts: Starts of each fit.
        kind: Tells the sorts of case apart.
    """

    most: int
    starts: int
    kind: Literal["fits"] = "fits"


@dataclass(frozen=True, kw_only=True)
class FoldsCase(_Case):
    """Held-out errors of narrow networks of every width, for one random cut into folds.

    Attributes:
        most: Largest width.
        folds: Number of folds.
        starts: Starts of each fit.
        kind: Tells the sorts of case apart.
    """

    most: int
    folds: int
    starts: int
    kind: Literal["folds"] = "folds"


@dataclass(frozen=True, kw_only=True)
class WideCase(_Case):
    """Gradient flow of a wide network from small weights, with one fold left out.

    Attributes:
        fold: The fold that is left out.
        folds: Number of folds.
        width: Neurons.
        time: End time.
        max_steps: Largest number of solver steps.
        kind: Tells the sorts of case apart.
    """

    fold: int
    folds: int
    width: int
    time: float
    max_steps: int
    kind: Literal["wide"] = "wide"


def make_cases(settings: Settings, seed: int, data: "Table | None") -> list[FoldsCase | FitsCase | WideCase]:
    """Returns the cases of a run.

    Args:
        settings: The settings.
        seed: The first seed.
        data: The user's own table, or None for the built-in one.

    Raises:
        UserError: There are too few samples for that many folds.
    """
    samples, inputs = (60, 1) if data is None else data.inputs.shape
    outputs = 1 if data is None else data.targets.shape[1]
    folds = min(settings.folds, samples)
    if samples < _LEAST:
        raise UserError(
            f"{data.name if data else 'the table'} has {samples} samples, and leaving some out to test on the others "
            f"needs at least {_LEAST}: give more samples"
        )
    digest = None if data is None else data.digest
    known = {"data": digest, "noise": settings.noise if data is None else 0.0, "samples": samples, "inputs": inputs}
    known |= {"outputs": outputs, "labels": data is not None and bool(data.labels)}
    most = widest(settings.most, samples - -(-samples // folds), inputs, outputs)
    narrow = {"most": most, "activation": settings.activation, "starts": settings.starts} | known
    wide = {"folds": folds, "width": settings.wide, "activation": settings.activation} | known
    limits = {"time": settings.time, "max_steps": settings.max_steps}
    return [
        FitsCase(seed=seed, **narrow),
        *(FoldsCase(seed=seed + k, folds=folds, **narrow) for k in range(settings.seeds)),
        *(WideCase(seed=seed, fold=fold, **wide, **limits) for fold in range(folds) if settings.wide),
    ]


def widest(most: int, samples: int, inputs: int, outputs: int) -> int:
    """Returns the largest width with no more parameters than numbers to fit, at least 1.

    Args:
        most: The largest that is asked for.
        samples: Samples to fit.
        inputs: Input dimension.
        outputs: Output dimension.
    """
    return max(1, min(most, (samples - 1) * outputs // (inputs + 1 + outputs)))


_LEAST = 6
"""With fewer samples nothing can be left out."""
