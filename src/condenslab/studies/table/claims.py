"""What the table study claims: of the built-in table, whose neurons are planted, and of any."""

from typing import Any

from condenslab.studies.contract.criteria import at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Statement
from condenslab.studies.table.answer import Answer, answer
from condenslab.studies.table.cases import FitsCase, FoldsCase, Settings, WideCase
from condenslab.studies.table.planted import NEURONS

_OWN = "the study's own criterion"
_RULE = f"{_OWN}; one-standard-error rule of Breiman et al. 1984"
_DECK = "deck 000 and 003: small initialisation condenses to what the target needs"
ERRORS, COURSE = "Held-out error by width", "Held-out error along the flow"
"""Titles of drawings."""


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    made = [
        Statement(
            "the number of neurons that cross-validation chooses is the planted one",
            _RULE,
            lambda evidence: _read(evidence, lambda found: found.neurons),
            exactly(NEURONS),
            figure=ERRORS,
        ),
        Statement(
            "the held-out error is at most 1.5 times the noise (root mean squares)",
            _OWN,
            lambda evidence: _read(evidence, _over_noise),
            at_most(1.5),
            figure=ERRORS,
        ),
        Statement(
            "the file and the formula predict what the fitted network does (largest difference, relative)",
            _OWN,
            lambda evidence: evidence.where(FitsCase).each(lambda record: record.values["file_error"]),
            at_most(1e-9),
            label="the file and the formula predict what the fitted network does",
            needs_target=False,
        ),
    ]
    if settings.wide:
        made.append(
            Statement(
                "where its held-out error is least, the wide network has condensed to at most twice the planted number "
                "of groups (median over folds)",
                f"{_DECK}; the factor is the study's own",
                lambda evidence: _read(evidence, _groups, wide=True),
                at_most(2 * NEURONS),
                label="at its best the wide network has condensed to at most twice the planted number",
                figure=COURSE,
            )
        )
    return made


def _read(evidence: Evidence, value: Any, *, wide: bool = False) -> Any:
    """Returns a number of the answer, None where a case of it is missing."""
    kinds = (FitsCase, FoldsCase, *((WideCase,) if wide else ()))
    parts = [evidence.where(kind).all(lambda records: records) for kind in kinds]
    if not all(parts):
        return None
    found = answer([record for records in parts for record in records])
    return None if found is None else value(found)


def _over_noise(found: Answer) -> float | None:
    return float((found.error / found.noise) ** 0.5) if found.noise else None


def _groups(found: Answer) -> float | None:
    if found.stage is None:
        return None
    groups = sorted(found.stage.groups)
    return float((groups[(len(groups) - 1) // 2] + groups[len(groups) // 2]) / 2)
