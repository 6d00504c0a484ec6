"""Settings and cases of the study of the phase diagram; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from condenslab.studies.settings import Count, CountOrZero, Numbers, Positive

Widths = Annotated[tuple[Count, ...], msgspec.Meta(min_length=2)]
Data = Literal["square", "digits"]

PUBLISHED_GAMMAS = (0.5, 1.0, 1.75)
"""γ of Figs 2 and 3; the diagram always contains them at γ′ = 0."""
PUBLISHED_WIDTHS = (1000, 5000, 10000, 20000, 40000)
PUBLISHED_IMAGE_WIDTH = 250_000
"""The widest network of Fig. 5, on images."""
APPROACH_PRIME, APPROACH_GAMMAS = -0.2, (0.8, 0.9, 1.0, 1.1)
NARROWER, WIDER = (100, 300, 1000), (10_000, 20_000, 40_000)
"""Where, and from which widths, it is seen whether the zero line approaches the theory's; two ranges of width."""
FRESH = 100
"""First seed of those runs: that the line moves was first seen on other seeds."""
STD_EXPONENTS = (0.0, 0.5, 1.0)
"""β₂ = m^−e of Fig. 3d; β₁ and α follow from κ and κ′."""

_GAMMAS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75)
_GAMMA_PRIMES = (-0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4)


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        gammas: γ of the diagram, increasing.
        gamma_primes: γ′ of the diagram.
        widths: m of the diagram, at least two.
        seeds: Runs of every point of Figs 2 and 3; the diagram itself takes the first seed.
        approach_seeds: Runs of every point by which the zero line is followed from narrow to wide; 0 for none.
        risk: R at which a run has converged.
        tolerance: Accepted relative error of a step of the flow.
        max_steps: Most steps to try.
        features: Width of Fig. 2, whose neurons are shown.
        image_samples: Images of the second diagram; 0 for none.
        image_gammas: Its γ.
        image_gamma_primes: Its γ′.
        image_widths: Its m.
        image_risk: R at which its runs have converged.
        image_tolerance: Accepted relative error of a step of its runs: with more samples more neurons cross kinks.
        choice_width: Width at which equivalent (α, β₁, β₂) are trained in their original parameters; 0 for none.
        choice_steps: Steps of that descent.
    """

    gammas: Numbers = _GAMMAS
    gamma_primes: Numbers = _GAMMA_PRIMES
    widths: Widths = PUBLISHED_WIDTHS
    seeds: Count = 3
    approach_seeds: CountOrZero = 8
    risk: Positive = 1e-6
    tolerance: Positive = 0.1
    max_steps: Count = 20_000
    features: Count = 1000
    image_samples: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 20
    image_gammas: Numbers = (0.7, 0.9, 1.0, 1.1, 1.3)
    image_gamma_primes: Numbers = (-0.2, 0.0, 0.2)
    image_widths: Widths = (1000, 2000)
    image_risk: Positive = 1e-4
    image_tolerance: Positive = 0.3
    choice_width: Annotated[int, msgspec.Meta(ge=0)] = 200
    choice_steps: Count = 4000


PRESETS = {
    "tiny": Settings(
        gammas=(0.5, 0.75, 1.0, 1.25, 1.75),
        gamma_primes=(0.0, 0.2),
        widths=(100, 400),
        seeds=1,
        approach_seeds=0,
        features=100,
        image_samples=0,
        choice_width=0,
    ),
    "quick": Settings(),
    "full": Settings(
        seeds=5,
        tolerance=0.03,
        image_samples=45,
        image_gammas=(0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3),
        image_gamma_primes=(-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3),
        image_widths=(1000, 5000, 10000),
    ),
}


@dataclass(frozen=True)
class PointCase:
    """One normalised flow: one point, one width, one seed.

    Attributes:
        kind: Tells the sorts of case apart.
        data: "square" is x² at four points, "digits" the first images of scikit-learn's digits with their label.
        samples: Images, or 0 for the four points.
        gamma: γ.
        gamma_prime: γ′.
        width: m.
        seed: Of the initial parameters.
        risk: R at which it has converged.
        tolerance: Accepted relative error of a step.
        max_steps: Most steps to try.
        keep: Whether neurons and the function are kept, for Fig. 2.
    """

    data: Data
    samples: int
    gamma: float
    gamma_prime: float
    width: int
    seed: int
    risk: float
    tolerance: float
    max_steps: int
    keep: bool = False
    kind: Literal["point"] = "point"


@dataclass(frozen=True)
class ChoiceCase:
    """Gradient descent in the original parameters of one choice of (α, β₁, β₂) at a phase point.

    Attributes:
        kind: Tells the sorts of case apart.
        std_exponent: e: β₂ = m^−e.
        gamma: γ.
        gamma_prime: γ′.
        width: m.
        seed: Of the initial parameters.
        steps: Steps of descent.
    """

    std_exponent: float
    gamma: float
    gamma_prime: float
    width: int
    seed: int
    steps: int
    kind: Literal["choice"] = "choice"


def make_cases(settings: Settings, seed: int) -> list[PointCase | ChoiceCase]:
    """Returns the cases of a run: the diagram, more seeds at the published points, Fig. 2, images, equivalent scales.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    s = settings

    def point(gamma: float, gamma_prime: float, width: int, number: int, *, keep: bool = False) -> PointCase:
        return PointCase("square", 0, gamma, gamma_prime, width, seed + number, s.risk, s.tolerance, s.max_steps, keep)

    def image(gamma: float, gamma_prime: float, width: int) -> PointCase:
        return PointCase(
            "digits", s.image_samples, gamma, gamma_prime, width, seed, s.image_risk, s.image_tolerance, s.max_steps
        )

    grid = [(g, p) for p in s.gamma_primes for g in s.gammas]
    grid += [(g, 0.0) for g in PUBLISHED_GAMMAS if (g, 0.0) not in grid]
    return [
        *(point(g, p, m, 0) for m in s.widths for g, p in grid),
        *(point(g, 0.0, m, k) for m in s.widths for k in range(1, s.seeds) for g in PUBLISHED_GAMMAS),
        *(
            point(g, APPROACH_PRIME, m, FRESH + k)
            for m in (*NARROWER, *WIDER)
            for k in range(s.approach_seeds)
            for g in APPROACH_GAMMAS
        ),
        *(point(g, 0.0, s.features, k, keep=True) for k in range(s.seeds) for g in PUBLISHED_GAMMAS),
        *(
            image(g, p, m)
            for m in s.image_widths
            for p in s.image_gamma_primes
            for g in s.image_gammas
            if s.image_samples
        ),
        *(
            ChoiceCase(e, g, 0.0, s.choice_width, seed, s.choice_steps)
            for g in PUBLISHED_GAMMAS
            for e in STD_EXPONENTS
            if s.choice_width
        ),
    ]
