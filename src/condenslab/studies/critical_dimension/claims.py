"""What the critical_dimension study claims, and how it is read from records; numbers only, no JAX."""

from collections.abc import Callable

from condenslab.studies.contract.criteria import at_least, at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Statement
from condenslab.studies.critical_dimension.cases import EmbeddingCase, Settings, shapes
from condenslab.sweeps import Record

CORANKS = "Corank against added neurons"
"""Title of a drawing."""
_THEOREM = "EP21, Theorem 2; EP22, Theorem 6.1"
_HEURISTIC = "EP22, section 6.1, a heuristic count"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed with these settings; a corank that is undecided leaves its statement undecided.

    Args:
        settings: The settings.
    """
    return [*_points(settings), *_coranks(settings)]


def _embedded(settings: Settings, evidence: Evidence, **narrow: list[int]) -> Evidence:
    """Returns the points to which neurons were added."""
    grown = tuple(list(added) for _, added in shapes(settings) if any(added))
    return evidence.where(EmbeddingCase, added=grown, **narrow)


def _points(settings: Settings) -> list[Statement]:
    return [
        Statement(
            "the critical points made to order are nondegenerate",
            "by construction (arXiv 2505.13582, Theorem 4.2.1)",
            lambda evidence: evidence.where(EmbeddingCase).each(_narrow_corank),
            exactly(0),
            note="corank",
        ),
        Statement(
            "embedded, they are critical (L1 gradient at most 1e-11)",
            "EP22, Theorem 5.1",
            lambda evidence: _embedded(settings, evidence).each(lambda record: record.values["gradient"]),
            at_most(1e-11),
            label="embedded, critical points are critical (L1 gradient at most 1e-11)",
        ),
    ]


def _coranks(settings: Settings) -> list[Statement]:
    def exact(text: str, source: str, narrow: list[int]) -> Statement:
        return Statement(
            text,
            source,
            lambda evidence: _embedded(settings, evidence, narrow=narrow).each(_excess("heuristic")),
            exactly(0),
            note="difference",
            of="embeddings",
            figure=CORANKS,
        )

    deep = "three-layer networks: the corank is K₁ + K₂ + K₁K₂, as the heuristic count says"
    return [
        Statement(
            "the corank is at least K, the number of added neurons",
            _THEOREM,
            lambda evidence: _embedded(settings, evidence).each(_excess("proved")),
            at_least(0),
            note="difference",
            figure=CORANKS,
        ),
        exact("two-layer networks: the corank is K", _THEOREM, [2]),
        exact(deep, _HEURISTIC, [2, 2]),
    ]


def _narrow_corank(record: Record) -> int | None:
    return record.values["narrow_corank"] if record.values["narrow_decided"] else None


def _excess(predicted: str) -> Callable[[Record], int | None]:
    """Returns a reader of corank − predicted, None where the corank is undecided."""

    def of(record: Record) -> int | None:
        return record.values["corank"] - record.values[predicted] if record.values["decided"] else None

    return of
