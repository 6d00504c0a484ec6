"""What the study of convolution networks claims; numbers only, no JAX."""

from collections.abc import Callable
from typing import Any

from condenslab.studies.cnn_condensation.cases import Settings
from condenslab.studies.contract.criteria import at_least, at_most, below
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement

PUBLISHED_TEST_ACCURACY = 0.9762
"""Of the slide's network, whose setting is not published: drawn beside ours, and no claim."""
_SLIDE = "deck 002, 'Condensation in CNN on MNIST' (architecture, scale, optimiser and number of images not stated)"
_ENOUGH = 300
"""Steps below which kernels have not condensed: claims are then undecided."""
_COURSE = "Accuracy and condensation"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed of the smallest scale, and of it against the largest.

    Args:
        settings: The settings.
    """
    maps = f"Kernels from std = fan-in^−{max(settings.exponents):g}"
    return [*_alone(settings, maps), *_beside_large(settings, maps)]


def _alone(settings: Settings, maps: str) -> list[Statement]:
    where = f"std = fan-in^−{max(settings.exponents):g}, {settings.samples} images"
    return [
        Statement(
            "from small weights all training images are classified correctly",
            _SLIDE,
            _from_small(settings, lambda values: values["train_accuracy"]),
            at_least(1),
            where,
            "seeds",
            figure=_COURSE,
        ),
        Statement(
            "from small weights training at least halves the effective ratio of the first layer's kernels",
            f"{_SLIDE}; the factor 1/2 is the study's own",
            _from_small(settings, lambda values: values["first_end"] / values["first_start"]),
            at_most(0.5),
            f"{where}; cosine 0.95",
            "seeds",
            figure=maps,
        ),
    ]


def _beside_large(settings: Settings, maps: str) -> list[Statement]:
    return [
        Statement(
            "from small weights the effective ratio of the first layer's kernels ends below that from large weights",
            _SLIDE,
            _against_large(settings, "first_end"),
            below(1),
            "quotient",
            "seeds",
            label="the first layer's kernels condense more from small weights than from large ones",
            figure=_COURSE,
        ),
        Statement(
            "from small weights the effective ratio of the second layer's kernels, one for each pair of channels, ends "
            "below that from large weights",
            _SLIDE,
            _against_large(settings, "pairs_end"),
            below(1),
            "quotient",
            "seeds",
            label="the second layer's kernels condense more from small weights than from large ones",
            figure=maps,
        ),
    ]


def _unsettled(settings: Settings) -> str:
    if len(set(settings.exponents)) < 2:
        return "Only one scale was asked for: small weights are claimed against large ones."
    if settings.steps < _ENOUGH:
        return f"After {settings.steps} steps kernels have not condensed: that takes {_ENOUGH} at least."
    return ""


def _small(settings: Settings, evidence: Evidence, value: Callable[[dict[str, Any]], Any]) -> list[Any]:
    return evidence.where(exponent=max(settings.exponents)).each(lambda record: value(record.values))


def _from_small(settings: Settings, value: Callable[[dict[str, Any]], Any]) -> Callable[[Evidence], Measured]:
    """Returns a reader of value(values of the run from the smallest scale) for every seed."""
    return lambda evidence: Measured(_small(settings, evidence, value), unsettled=_unsettled(settings))


def _against_large(settings: Settings, name: str) -> Callable[[Evidence], Measured]:
    """Returns a reader of a value from the smallest scale over that from the largest, for every seed."""

    def read(evidence: Evidence) -> Measured:
        small = _small(settings, evidence, lambda values: values[name])
        large = evidence.where(exponent=min(settings.exponents)).each(lambda record: record.values[name])
        quotients = [None if None in pair else pair[0] / pair[1] for pair in zip(small, large, strict=True)]
        return Measured(quotients, unsettled=_unsettled(settings))

    return read
