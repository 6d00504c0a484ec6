"""What the study of the phase diagram claims; numbers only, no JAX."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from condenslab.scaling import zero_crossing
from condenslab.studies.contract.criteria import above, at_most, below, exactly, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.phase_diagram.cases import (
    APPROACH_PRIME,
    NARROWER,
    PUBLISHED_GAMMAS,
    PUBLISHED_IMAGE_WIDTH,
    PUBLISHED_WIDTHS,
    WIDER,
    ChoiceCase,
    Data,
    PointCase,
    Settings,
)
from condenslab.studies.phase_diagram.diagram import KINKS, boundary, converged, orientations, slope_value
from condenslab.studies.phase_diagram.interpolants import interpolant_statements
from condenslab.sweeps import Record

_PD = "Luo et al., JMLR 22(71), 2021"
_FIG3 = f"{_PD}, Fig. 3"
_PUBLISHED_SLOPES = dict(zip(PUBLISHED_GAMMAS, (-0.506, 0.007, 0.372), strict=True))
_CLEAR = 0.15
"""On images the sign of the slope is claimed of points further than this from the boundary."""


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed; the published slopes are claimed for the published widths only.

    Args:
        settings: The settings.
    """
    published = _published() if settings.widths == PUBLISHED_WIDTHS else []
    limits = [_zero(settings), _approach(settings)]
    return [*_signs(), *published, *limits, *_features(), _choices(), *_images(settings), *interpolant_statements()]


def _signs() -> list[Statement]:
    low, _, high = PUBLISHED_GAMMAS
    shared: dict[str, Any] = {"of": "seeds", "figure": "How far the input weights move"}
    return [
        Statement(
            f"the slope of log RD(θ_w) against log m at γ = {low:g}, γ′ = 0 is negative",
            _FIG3,
            _slopes(low),
            below(0),
            label=f"the slope of log RD(θ_w) at γ = {low:g}, γ′ = 0 is negative",
            **shared,
        ),
        Statement(f"the slope at γ = {high:g}, γ′ = 0 is positive", _FIG3, _slopes(high), above(0), **shared),
        Statement(
            "the slope grows from γ = 0.5 to 1 to 1.75 at γ′ = 0",
            _FIG3,
            lambda evidence: (
                _diagram(evidence, "square").where(gamma=PUBLISHED_GAMMAS, gamma_prime=0.0).per("seed", _least_growth)
            ),
            above(0),
            **shared,
        ),
    ]


def _published() -> list[Statement]:
    def words(slope: float) -> str:
        return f"{slope:g}".replace("-", "−")

    return [
        Statement(
            f"the slope at γ = {gamma:g}, γ′ = 0 is the published {words(slope)}",
            f"{_FIG3} (one run of unknown seed; ±0.05 is the study's own)",
            _slopes(gamma),
            within(slope, 0.05),
            of="seeds",
            figure="How far the input weights move",
        )
        for gamma, slope in _PUBLISHED_SLOPES.items()
    ]


def _diagram(evidence: Evidence, data: Data) -> Evidence:
    return evidence.where(PointCase, data=data, keep=False)


def _slopes(gamma: float) -> Callable[[Evidence], list[float | None]]:
    """Returns a reader of the slope at (γ, 0) for every seed."""
    return lambda evidence: _diagram(evidence, "square").where(gamma=gamma, gamma_prime=0.0).per("seed", slope_value)


def _least_growth(records: Sequence[Record]) -> float | None:
    """Returns the least difference of the slopes at neighbouring γ, of one seed."""
    slopes = _row(records)[1]
    return None if None in slopes else float(np.diff(np.array(slopes, float)).min())


def _row(records: Sequence[Record]) -> tuple[list[float], list[float | None]]:
    """Returns γ, increasing, and the slope at each, of runs of one γ′ and one seed."""
    grouped: dict[float, list[Record]] = {}
    for record in records:
        grouped.setdefault(record.case["gamma"], []).append(record)
    gammas = sorted(grouped)
    return gammas, [slope_value(grouped[gamma]) for gamma in gammas]


def _zero(settings: Settings) -> Statement:
    return Statement(
        "the zero line of the slope is the theory's, γ = 1 for γ′ ≤ 0 and γ = 1 + γ′ for γ′ > 0",
        f"{_PD}, Fig. 4, whose stars deviate by up to 0.04",
        _deviations("square", settings.widths, PUBLISHED_WIDTHS[0], PUBLISHED_WIDTHS[-1]),
        within(0.0, 0.05),
        label="the zero line of the slope is γ = 1 + max(γ′, 0)",
        figure="The phase diagram",
        reason="The theorem is one for m → ∞: at these widths the zero lies left of its line where γ′ < 0.",
    )


def _approach(settings: Settings) -> Statement:
    def read(evidence: Evidence) -> Measured:
        if not settings.approach_seeds:
            return Measured(None, unsettled="No seeds were asked for to follow the line.")
        there = evidence.where(PointCase, keep=False, gamma_prime=APPROACH_PRIME)
        runs = there.where(seed=tuple(there.where(width=NARROWER[0]).fields("seed")))
        offsets = [runs.where(width=widths).per("seed", _off) for widths in (NARROWER, WIDER)]
        if not offsets[0] or None in offsets[0] + offsets[1]:
            return Measured(None)
        nearer = np.abs(offsets[0]) - np.abs(offsets[1])
        note = "; ".join(
            f"{np.mean(row):.3f} ± {np.std(row):.3f} from widths {widths[0]:,} to {widths[-1]:,}"
            for row, widths in zip(offsets, (NARROWER, WIDER), strict=True)
        )
        return Measured(float(np.mean(nearer)), note=f"deviation of γ, mean and spread of the seeds: {note}")

    return Statement(
        f"the zero line approaches the theory's as m grows: at γ′ = {APPROACH_PRIME:g} wider networks put it nearer",
        f"{_PD}, Theorems 1 and 2, for m → ∞; the widths are ours",
        read,
        above(0),
        f"over {settings.approach_seeds} seeds",
        label="at γ′ = −0.2 wider networks put the zero line nearer to the theory's",
        figure="The phase diagram",
    )


def _first_seed(evidence: Evidence, data: Data) -> Evidence:
    """Returns the runs of the first seed, which alone has the whole diagram."""
    diagram = _diagram(evidence, data)
    return diagram.where(seed=min(diagram.fields("seed"), default=0))


def _off(records: Sequence[Record]) -> float | None:
    """Returns how far from the boundary the zero of the slope is, of runs of one γ′."""
    gammas, slopes = _row(records)
    zero = None if None in slopes else zero_crossing(gammas, np.array(slopes, float))
    return None if zero is None else zero - boundary(records[0].case["gamma_prime"])


def _deviations(data: Data, widths: Sequence[int], least: int, widest: int) -> Callable[[Evidence], Measured]:
    """Returns a reader of how far the zero of the slope is from the boundary, at every γ′.

    The theorems say where log RD/log m changes sign as m → ∞ and nothing about one width: prefactors that the slope
    does not see move the measured zero. So the tolerance is the publication's, whose stars are within 0.04, and with
    widths below the published ones nothing is decided.
    """
    small = f"A statement for m → ∞ is not decided by widths below the published {least}."
    narrow = (
        f"A statement for m → ∞ is not decided by widths up to {max(widths):,}; the published ones go to {widest:,}."
    )

    def read(evidence: Evidence) -> Measured:
        first = _first_seed(evidence, data)
        names = ", ".join(f"{prime:g}" for prime in first.fields("gamma_prime"))
        return Measured(
            first.per("gamma_prime", _off),
            note=f"deviation of γ at γ′ = {names}" if names else "",
            unsettled=small if min(widths) < least else narrow if max(widths) < widest else "",
        )

    return read


def _features() -> list[Statement]:
    def strong(evidence: Evidence) -> list[list[float] | None]:
        kept = evidence.where(PointCase, keep=True, gamma=PUBLISHED_GAMMAS[-1])
        return kept.each(lambda record: orientations(record) if converged(record) else None)

    def off(angles: list[float] | None) -> float | None:
        return None if angles is None or len(angles) != 2 else float(max(abs(np.subtract(angles, KINKS))))

    shared: dict[str, Any] = {"of": "seeds", "figure": "From jagged to piecewise linear"}
    return [
        Statement(
            "at γ = 1.75 the neurons above 5 % of the largest amplitude have two orientations",
            f"{_PD}, Fig. 2 (c)",
            lambda evidence: [None if angles is None else len(angles) for angles in strong(evidence)],
            exactly(2),
            label="at γ = 1.75 the strong neurons have two orientations",
            **shared,
        ),
        Statement(
            "these are −2.976 and −0.165 rad: kinks at the samples −1/6 and 1/6",
            f"{_PD}, Fig. 2 (c); 0.02 is ours",
            lambda evidence: [off(angles) for angles in strong(evidence)],
            at_most(0.02),
            label="at γ = 1.75 strong neurons have kinks at the samples −1/6 and 1/6",
            **shared,
        ),
    ]


def _choices() -> Statement:
    def spread(records: Sequence[Record]) -> float:
        distances = [record.values["input_distance"] for record in records]
        return max(distances) / min(distances) - 1.0

    return Statement(
        "equivalent choices of (β₁, β₂) give the same distance",
        f"{_PD}, Fig. 3 (d)",
        lambda evidence: evidence.where(ChoiceCase).per("gamma", spread),
        at_most(1e-6),  # rounding, after thousands of steps
        f"largest relative spread of three, at γ = {', '.join(f'{gamma:g}' for gamma in PUBLISHED_GAMMAS)}",
    )


def _images(settings: Settings) -> list[Statement]:
    places = [
        (prime, gamma)
        for prime in sorted(settings.image_gamma_primes)
        for gamma in settings.image_gammas
        if abs(gamma - boundary(prime)) > _CLEAR
    ]

    def signed(evidence: Evidence) -> list[float | None]:
        at = _diagram(evidence, "digits").by("gamma_prime", "gamma")
        slopes = {place: at[place].all(slope_value) for place in places if place in at}
        return [
            None if slope is None else float(np.sign(gamma - boundary(prime))) * slope
            for (prime, gamma), slope in slopes.items()
        ]

    return [
        Statement(
            "on images the slope is negative in the linear and positive in the condensed regime",
            f"{_PD}, Figs 5 and 7 (MNIST there)",
            signed,
            above(0),
            f"slope × sign, at the {len(places)} points further than {_CLEAR:g} from the boundary",
            figure="The same on images",
        ),
        Statement(
            "on images the zero line of the slope is the theory's",
            f"{_PD}, Figs 5 and 7 (MNIST there; its stars deviate by up to 0.05)",
            _deviations("digits", settings.image_widths, PUBLISHED_WIDTHS[0], PUBLISHED_IMAGE_WIDTH),
            within(0.0, 0.05),
            figure="The same on images",
        ),
    ]
