"""Settings and cases of the study of embeddings in depth; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from condenslab.studies.settings import Count, CountOrZero

Problem = Literal["three_tanh", "iris"]
Pixels = Literal["small_digits", "digits"]
Method = Literal["adam", "sgd"]

EPD = "Bai et al., arXiv 2205.13283 (EPD)"

HIDDEN = 10
"""Hidden layers of the network whose layers are merged."""

GAMMAS = (None, 0.1, 1.0, 1.5)
"""γ of EPD, Fig. 5, beside no batch normalisation."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    The source prints N(0, 0.01) for the three-tanh data, 0.01 being a variance elsewhere in it. From that variance deep
    networks leave the plateau fifty times earlier than in its figure, so that a standard deviation of 0.01, a reading
    chosen after seeing both, is looked at as well. Its 0.05 for digits is likewise read both ways.

    Attributes:
        depths: Hidden layers of the networks on the three-tanh data, the shallow one first.
        width: Neurons of each.
        seeds: Runs of each depth, with standard deviation 0.01.
        steps: Their steps of gradient descent, rate 0.01, at most: a run ends when R falls to 0.0005.
        plateau_seeds: Runs of each depth with variance 0.01, as printed.
        plateau_steps: Their steps, at most.
        starts: Starts of the search for critical points of a ReLU network 1-2-1 on the three-tanh data; 0: no search.
        iris_starts: The same for 4-2-3 on Iris; 0 leaves it out.
        merge_seeds: Networks of ten hidden layers on digits whose linear layers are merged, started with
            standard deviation 0.05 and trained by Adam, rate 0.001; 0 leaves them out.
        merge_steps: Their steps.
        printed_seeds: The same as printed: variance 0.05 and SGD, rate 0.001; 0 leaves them out.
        printed_steps: Their steps; the source takes 100 epochs of 60.
        merge_width: Neurons of each layer.
        images: Which digits: "small_digits", of 8 × 8 pixels, or "digits", 5,000 of MNIST.
        retrain: Steps of the merged network.
        norm_seeds: Runs with two hidden layers without batch normalisation and with it, for each γ, started with
            standard deviation 0.01; 0 leaves them out.
        norm_steps: Their steps, at most.
    """

    depths: Annotated[tuple[Count, ...], msgspec.Meta(min_length=2)] = (1, 3)
    width: Count = 50
    seeds: Count = 3
    steps: Count = 400_000
    plateau_seeds: CountOrZero = 1
    plateau_steps: Count = 40_000
    starts: CountOrZero = 16
    iris_starts: CountOrZero = 10
    merge_seeds: CountOrZero = 3
    merge_steps: Count = 6000
    printed_seeds: CountOrZero = 1
    printed_steps: Count = 3000
    merge_width: Count = 50
    images: Pixels = "small_digits"
    retrain: Count = 200
    norm_seeds: CountOrZero = 3
    norm_steps: Count = 30_000


PRESETS = {
    "tiny": Settings(
        depths=(1, 2),
        width=8,
        seeds=1,
        steps=200,
        plateau_seeds=0,
        starts=0,
        iris_starts=0,
        merge_seeds=0,
        printed_seeds=0,
        norm_seeds=0,
    ),
    "quick": Settings(seeds=2, merge_seeds=2),
    "full": Settings(
        depths=(1, 3, 4, 5),
        seeds=10,
        steps=1_000_000,
        plateau_seeds=10,
        plateau_steps=300_000,
        starts=200,
        iris_starts=200,
        merge_seeds=10,
        printed_seeds=10,
        printed_steps=6000,
        images="digits",
        norm_seeds=10,
        norm_steps=500_000,
    ),
    "panel": Settings(),  # a third seed
}


@dataclass(frozen=True)
class PlateauCase:
    """Gradient descent of a tanh network on the three-tanh data.

    Attributes:
        depth: Hidden layers.
        width: Neurons of each.
        seed: Of the start.
        std: Standard deviation of every parameter in the beginning.
        steps: Steps.
        kind: Tells the sorts of case apart.
    """

    depth: int
    width: int
    seed: int
    std: float
    steps: int
    kind: Literal["plateau"] = "plateau"


@dataclass(frozen=True)
class LiftCase:
    """Critical points of a ReLU network with two neurons, lifted by one layer and by two.

    Attributes:
        problem: The data: "three_tanh" (1-2-1) or "iris" (4-2-3).
        seed: Of the starts.
        starts: Starts of the search.
        kind: Tells the sorts of case apart.
    """

    problem: Problem
    seed: int
    starts: int
    kind: Literal["lift"] = "lift"


@dataclass(frozen=True)
class MergeCase:
    """A trained tanh network of ten hidden layers whose effectively linear layers are merged.

    Attributes:
        seed: Of the start, the batches and the split of the images.
        width: Neurons of each layer.
        images: Which digits.
        variance: Of every parameter in the beginning.
        method: "adam" or "sgd", rate 0.001.
        steps: Steps.
        retrain: Steps after merging.
        kind: Tells the sorts of case apart.
    """

    seed: int
    width: int
    images: Pixels
    variance: float
    method: Method
    steps: int
    retrain: int
    kind: Literal["merge"] = "merge"


@dataclass(frozen=True)
class NormCase:
    """Gradient descent of a network with two hidden layers on the three-tanh data, with or without batch normalisation.

    Attributes:
        gamma: γ of every neuron in the beginning, or None without batch normalisation.
        width: Neurons of each hidden layer.
        seed: Of the start.
        std: Standard deviation of weights and biases in the beginning.
        steps: Steps.
        kind: Tells the sorts of case apart.
    """

    gamma: float | None
    width: int
    seed: int
    std: float
    steps: int
    kind: Literal["norm"] = "norm"


Case = PlateauCase | LiftCase | MergeCase | NormCase

READINGS = (("standard deviation 0.01", 0.01), ("variance 0.01, as printed", 0.1))
"""The start of plateaus read both ways: words and standard deviation."""


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns the cases of a run, with seeds from `seed` on; critical points are searched with the first.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    return [*_plateaus(settings, seed), *_lifts(settings, seed), *_merges(settings, seed), *_norms(settings, seed)]


def _plateaus(settings: Settings, seed: int) -> list[PlateauCase]:
    runs = ((settings.steps, settings.seeds), (settings.plateau_steps, settings.plateau_seeds))
    return [
        PlateauCase(depth, settings.width, each, std, steps)
        for (_, std), (steps, count) in zip(READINGS, runs, strict=True)
        for depth in settings.depths
        for each in range(seed, seed + count)
    ]


def _lifts(settings: Settings, seed: int) -> list[LiftCase]:
    searches: tuple[tuple[Problem, int], ...] = (("three_tanh", settings.starts), ("iris", settings.iris_starts))
    return [LiftCase(problem, seed, starts) for problem, starts in searches if starts]


def _merges(settings: Settings, seed: int) -> list[MergeCase]:
    runs: tuple[tuple[float, Method, int, int], ...] = (
        (0.05**2, "adam", settings.merge_steps, settings.merge_seeds),
        (0.05, "sgd", settings.printed_steps, settings.printed_seeds),
    )
    return [
        MergeCase(each, settings.merge_width, settings.images, variance, method, steps, settings.retrain)
        for variance, method, steps, count in runs
        for each in range(seed, seed + count)
    ]


def _norms(settings: Settings, seed: int) -> list[NormCase]:
    return [
        NormCase(gamma, settings.width, each, 0.01, settings.norm_steps)
        for gamma in GAMMAS
        for each in range(seed, seed + settings.norm_seeds)
    ]
