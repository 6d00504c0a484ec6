"""What is claimed of small and large initial scales: how a withheld pair is answered, and what condenses."""

from collections.abc import Callable

from condenslab.studies.anchor_transformer.cases import Settings
from condenslab.studies.contract.criteria import above, at_least, at_most
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.shared.aligned import CONDENSED, contrast
from condenslab.studies.shared.conditional import among
from condenslab.sweeps import Record

MAJORITY = 0.5
"""Share of the answers to the withheld pair that makes a kind of answer the rule; ours."""

_SOURCE = "arXiv 2405.05409, Figs 1 and 2: small initial scale infers, large scale is symmetric or memorises"
_CONDENSED = "arXiv 2405.05409, Fig. 4: rows of W_Q of the first block, cosine above 0.7"
_FIGURE = "Answers to the withheld pair along training"
_MATRIX = "Cosines of the rows of W_Q"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed of each design: of the smallest and of the largest initial scale.

    Args:
        settings: The settings.
    """
    small, large = max(settings.gammas), min(settings.gammas)
    return [one for design in settings.designs for one in _of_design(design, small, large)]


def _of_design(design: str, small: float, large: float) -> list[Statement]:
    where = f"{design} tokens"
    return [
        Statement(
            f"{where}: at a small initial scale the withheld pair is answered by inference",
            _SOURCE,
            _fitted(design, small, lambda record: record.values["withheld_inferential"]),
            above(MAJORITY),
            note=f"share of answers at γ = {small}, at the end of training; the majority is our criterion",
            of="runs",
            figure=_FIGURE,
            reason="with the published length and size a stored run of the source has 0.97; smaller ones need not",
        ),
        Statement(
            f"{where}: at a large initial scale it is not: the answer is that of symmetry, or recalled, or none",
            _SOURCE,
            _fitted(design, large, lambda record: record.values["withheld_inferential"]),
            at_most(MAJORITY),
            note=f"share of inferential answers at γ = {large}, at the end of training; the majority is our criterion",
            of="runs",
            label=f"{where}: at a large initial scale the withheld pair is not answered by inference",
            figure=_FIGURE,
        ),
        Statement(
            f"{where}: rows of W_Q condense at a small initial scale and not at a large one",
            _CONDENSED,
            lambda evidence: contrast(evidence.where(design=design), "aligned", small, large),
            at_least(2.0),
            note=f"share of pairs of rows with |cosine| above 0.7, small scale over large scale or over "
            f"{CONDENSED / 2:g} where that is less, means over runs; measure and factor are ours, set beforehand",
            label=f"{where}: rows of W_Q condense at a small initial scale alone",
            figure=_MATRIX,
        ),
    ]


def _fitted(design: str, gamma: float, value: Callable[[Record], float]) -> Callable[[Evidence], Measured]:
    """Returns the values of the runs that answer every trained pair; others say nothing of the withheld one."""

    def of(evidence: Evidence) -> Measured:
        part = evidence.where(design=design, gamma=gamma)
        return among(part, lambda record: record.values["trained_worst"] >= 0.9, value, called="fitted")

    return of
