"""What is claimed of simple models, and how it is read from the records; numbers only, no JAX."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import at_least, at_most, exactly, within
from condenslab.studies.contract.evidence import Evidence, of_records
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.simple_models.cases import SPARSE, TARGETS, Settings
from condenslab.sweeps import Record

SUCCESS = 1e-3
"""A sparse target is recovered where ‖c − c*‖² ≤ this · ‖c*‖², c the coefficients."""
FEWEST = 3
"""Seeds below which the first n with half of them is not claimed."""
FIGURE = "What small initialisation reaches"
_FIG1 = "LSH, Fig. 1 (read off: log₁₀ of the mean error ≤ −8 or ≥ −1; input law not stated, here uniform on [−1, 1]²)"
_MEDIAN = (
    f"{_FIG1}; here the median and a training error of 1e-12: three random rows may be as ill-conditioned as they "
    "like, and the printed 1e-9 alone leaves a median of about 1e-8"
)
_UNIFORM = (
    "The law of the inputs is ours: with inputs uniform on [−1, 1]² the fit of least norm to two samples of the target "
    "1 has itself a mean error of 10^−1.11 (200,000 draws, no training), with standard normal ones of 10^−0.62; every "
    "other cell is above 10^−1 under both."
)
"""Computed once: the mean of e₀² + (e₁² + e₂²)/3, e the part of the target's coefficients off the samples' span."""
_SPARSE = (
    "OPT, section 3 and App. A.1: O = k; it cites Woodworth et al., COLT 2020, for samples of order k·log d; half of "
    "the seeds is ours"
)


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    return [*_small_statements(settings), *_sparse_statements(settings)]


def _small_statements(settings: Settings) -> list[Statement]:
    recovered, lost = at_most(-8.0), at_least(-1.0)
    product = "the product model recovers"
    without, second = [t for t in TARGETS.values() if not t[2]], [t for t in TARGETS.values() if t[2]]
    return [
        Statement(
            text,
            _MEDIAN if criterion is recovered else _FIG1,
            _log_errors(model, chosen, samples, np.median if criterion is recovered else np.mean),
            criterion,
            figure=FIGURE,
            reason=_UNIFORM if model == "linear" and criterion is lost else "",
            note=f"log₁₀ of the {'median' if criterion is recovered else 'mean'} error over {settings.trials} trials",
        )
        for text, model, chosen, samples, criterion in (
            ("the linear model recovers every target from 3 samples", "linear", TARGETS.values(), (3,), recovered),
            ("the linear model recovers no target from 1 or 2 samples", "linear", TARGETS.values(), (1, 2), lost),
            (
                f"{product} targets without x₂ from 2 samples, their O",
                "product",
                without,
                (2, 3),
                recovered,
            ),
            (f"{product} targets with x₂ from 3 samples, their O", "product", second, (3,), recovered),
            (f"{product} no target with x₂ from 2 samples", "product", second, (2,), lost),
        )
    ]


def _log_errors(
    model: str, chosen: Iterable[Sequence[float]], samples: Sequence[int], middle: Callable[[Any], Any]
) -> Callable[[Evidence], list[float | None]]:
    """Returns a reader of log₁₀ of the median or mean error of every target and number of samples."""

    def read(evidence: Evidence) -> list[float | None]:
        errors = [error_of(evidence, model, target, n, middle) for target in chosen for n in samples]
        return [None if e is None or np.isinf(e) else float(np.log10(max(e, 1e-30))) for e in errors]

    return read


def error_of(
    evidence: Evidence, model: str, target: Sequence[float], samples: int, middle: Callable[[Any], Any] = np.median
) -> float | None:
    """Returns the median or mean test error over trials; None where one is not known.

    A run that diverged, or did not come to the training error asked for, has an infinite error.

    Args:
        evidence: The cases.
        model: A model of three coefficients.
        target: Its coefficients.
        samples: n.
        middle: Median or mean.
    """
    cell = evidence.where(model=model, samples=samples, target=lambda given: list(given) == list(target))
    errors = cell.each(lambda record: record.values["error"], diverged=np.inf)
    return None if not errors or None in errors else float(middle(errors))


def _sparse_statements(settings: Settings) -> list[Statement]:
    k, d = settings.sparsity, settings.inputs
    note = f"first n with half of {settings.seeds} seeds; k = {k}, d = {d}"
    between = within((k + d) / 2, (d - k) / 2 - 0.5)
    more = "needs more samples than O and fewer than the linear model"
    return [
        Statement(
            "a sparse target is not recovered from fewer samples than its sparsity, its O",
            _SPARSE,
            lambda evidence: evidence.where(model=SPARSE, samples=lambda n: n < k).count(_recovers),
            exactly(0),
            note="runs that recover",
            figure=FIGURE,
        ),
        *(
            Statement(text, _SPARSE, _first_half(model, settings.seeds), criterion, note=note, figure=FIGURE)
            for model, text, criterion in (
                ("sparse linear", "the linear model needs as many samples as coefficients", exactly(d)),
                ("squares", f"the difference of squares {more}", between),
                ("deep", f"the deep diagonal model {more}", between),
            )
        ),
    ]


def _first_half(model: str, seeds: int) -> Callable[[Evidence], Measured]:
    """Returns a reader of the first n at which at least half of all seeds recover."""

    def read(evidence: Evidence) -> Measured:
        few = f"half of fewer than {FEWEST} seeds says little" if seeds < FEWEST else ""
        for samples, runs in evidence.where(model=model).by("samples").items():
            share = at_least(0.5).accepts(runs.share(_recovers))
            if share is not False:
                return Measured(samples if share else None, unsettled=few)
        return Measured(None, unsettled=few)

    return read


def _recovers(record: Record) -> bool:
    return record.values["error"] <= SUCCESS


def success_rates(records: Sequence[Record], model: str) -> list[tuple[int, float]]:
    """Returns for every number of samples the share of seeds that recover, as far as it is known.

    Args:
        records: Any records.
        model: A sparse model.
    """
    shares = {n: runs.share(_recovers) for n, runs in of_records(records).where(model=model).by("samples").items()}
    return [(n, share.ends()[0]) for n, share in shares.items() if share is not None]
