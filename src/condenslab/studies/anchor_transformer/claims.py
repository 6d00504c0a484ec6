"""What is claimed of small and large initial scales: how a withheld pair is answered, and what condenses."""

from collections.abc import Callable
from dataclasses import replace

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
            lambda evidence: _small(design, small, evidence),
            above(MAJORITY),
            note=f"share of answers at γ = {small}, at the end of training; the majority is our criterion",
            of="runs",
            figure=_FIGURE,
            reason="With the published length and size a stored run of the source has 0.97; it was not run here.",
        ),
        Statement(
            f"{where}: at a large initial scale it is not: the answer is that of symmetry, or recalled, or none",
            _SOURCE,
            lambda evidence: _large(design, small, large, evidence),
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


def _inferential(record: Record) -> float:
    return record.values["withheld_inferential"]


def _fitted(design: str, gamma: float, value: Callable[[Record], float], evidence: Evidence) -> Measured:
    """Returns the values of the runs that answer every trained pair; others say nothing of the withheld one."""
    part = evidence.where(design=design, gamma=gamma)
    return among(part, lambda record: record.values["trained_worst"] >= 0.9, value, called="fitted")


def _small(design: str, gamma: float, evidence: Evidence) -> Measured:
    """Returns the inferential shares at the end, and what else was answered, then and before."""
    found = _fitted(design, gamma, _inferential, evidence)
    told = [one for one in evidence.where(design=design, gamma=gamma).each(_course) if one]
    return replace(found, failing=f"Run by run: {'; '.join(told)}." if told else "")


def _course(record: Record) -> str:
    course = record.arrays.get("withheld_inferential")
    if course is None:
        return ""
    kinds = ", ".join(f"{record.values[f'withheld_{kind}']:.2f} {kind}" for kind in ("symmetric", "memorised"))
    return f"{kinds}, inferential never above {max(course):.2f}"


def _large(design: str, small: float, large: float, evidence: Evidence) -> Measured:
    """Returns the inferential shares at the large scale, a contrast only where the small scale infers."""
    found = _fitted(design, large, _inferential, evidence)
    contrast = _fitted(design, small, _inferential, evidence)
    infers = any(share is not None and share > MAJORITY for share in contrast.values)
    nothing = "At the small initial scale no run infers either: there is no contrast."
    return found if infers or None in contrast.values else replace(found, unsettled=found.unsettled or nothing)
