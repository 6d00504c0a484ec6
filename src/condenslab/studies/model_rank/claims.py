"""What is claimed of model ranks, and how it is read from the records; numbers only, no JAX."""

from collections.abc import Callable

from condenslab.studies.contract.criteria import at_least, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Statement
from condenslab.studies.model_rank.cases import PAIRS, Kind, Settings
from condenslab.studies.shared.ranks import decided
from condenslab.sweeps import Record

TEXTS: dict[Kind, str] = {
    "condensed": "two tanh neurons with w₂ = w₁ or w₂ = −w₁ have model rank 2",
    "opposite": "two tanh neurons with w₂ = w₁ or w₂ = −w₁ have model rank 2",
    "generic": "two tanh neurons in general position have model rank 4",
    "dead": "one of them dead (a = 0) leaves model rank 3",
}
FIGURE = "Model rank, condensed and not"
_LLR = "LLR1 (arXiv 2406.18035), Corollary 7; deck 001, tanh pair"
_RUN = "LLR, Theorem 4: k(d + 2) = 3; deck 001 (condensed networks have a low rank); threshold 1e-2 is the study's own"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    return [
        *(
            Statement(text, _LLR, _ranks_of(kind), exactly(PAIRS[kind]), note=kind, of="seeds", figure=FIGURE)
            for kind, text in TEXTS.items()
        ),
        Statement(
            "the model rank at random, copied, dead and null neurons together is m_w + m_a·d",
            _LLR,
            lambda evidence: evidence.where(kind="formula").each(_deviation),
            exactly(0),
            note="deviation",
            of="seeds",
        ),
        Statement(
            "merging what has condensed from small initialisation gives a network of the target's model rank, 3",
            _RUN,
            lambda evidence: evidence.where(kind="run", std=is_small).each(lambda r: decided(r, "merged")),
            exactly(3),
            of="seeds",
            label="what condensed from small initialisation, merged, has the target's model rank",
        ),
        Statement(
            "at the end fewer singular values exceed 1e-2 of the largest from small than from std-1 initialisation",
            _RUN,
            lambda evidence: evidence.where(kind="run").per("seed", _more_from_large),
            at_least(1),
            note="by how many",
            of="seeds",
            label="fewer large singular values from small than from std-1 initialisation",
            figure=FIGURE,
        ),
    ]


def _ranks_of(kind: Kind) -> Callable[[Evidence], list[int | None]]:
    return lambda evidence: evidence.where(kind=kind).each(decided)


def is_small(std: float) -> bool:
    """Returns whether a run starts small, and not with standard deviation 1."""
    return std < 1


def _deviation(record: Record) -> int | None:
    rank = decided(record)
    return None if rank is None else abs(rank - record.values["expected"])


def _more_from_large(runs: list[Record]) -> int:
    """Returns how many more singular values exceed 1e-2 of the largest from std 1 than from the small start."""
    small, large = sorted(runs, key=lambda record: record.case["std"])
    return large.values["ends"][0] - small.values["ends"][0]
