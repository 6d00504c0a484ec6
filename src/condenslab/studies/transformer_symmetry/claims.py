"""What is claimed of growing a decoder, and how it is read from records; no JAX."""

from collections.abc import Callable
from typing import Any

from condenslab.studies.contract.criteria import at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Statement
from condenslab.studies.transformer_symmetry.cases import SPLIT, Case, Discovery, Settings
from condenslab.sweeps import Record

_DECK = "deck 001, permutation symmetry: width, heads, d and d_model of a transformer are free"
_OWN = "derived here: with layer normalisation d_model is free in whole multiples, and shares must be equal"
FIGURE = "Parameters and rank of a decoder before and after it grows"
_ROUNDING, _IMAGE = 1e-9, 1e-7


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    made = [one for growth in settings.growths for one in _of_growth(growth)]
    made += [
        Statement(
            "copies stay equal under training: a wide decoder stays a narrow one in disguise",
            _DECK,
            lambda evidence: evidence.where(Case, growth=SPLIT).each(lambda record: record.values["apart"]),
            at_most(_ROUNDING),
            note="relative distance of two equal halves after AdamW, whose steps are not those of the narrow one",
            of="decoders",
        ),
        Statement(
            "permutations of heads, d_k, d_v, neurons and d_model are found from the outputs alone",
            _DECK,
            lambda evidence: evidence.where(Discovery).each(lambda record: record.values["missing"]),
            exactly(0),
            note="symmetries not found, or found and not expected",
            of="decoders",
        ),
    ]
    return made


def _of_growth(growth: str) -> list[Statement]:
    """Returns what is claimed of one way to grow."""
    source = _OWN if growth == "d_model repeated" else _DECK
    largest = "largest relative deviation"
    rows = (
        ("the output stays what it was", "output", at_most(_ROUNDING), largest),
        ("the new gradient is a linear image of the old one", "gradient", at_most(_IMAGE), largest),
        ("reduction gives the old sizes back", "left", exactly(0), "parameters more than before"),
    )
    made = [
        Statement(f"{growth}: {text}", source, _each(growth, name), criterion, note=note, of="decoders")
        for text, name, criterion, note in rows
    ]
    rank = Statement(
        f"{growth}: the model rank stays what it was",
        source,
        _rank(growth),
        exactly(0),
        note="numerical rank more than before; exact, as each Jacobian is a linear image of the other",
        of="decoders",
        figure=FIGURE,
    )
    return [*made, rank]


def _each(growth: str, name: str) -> Callable[[Evidence], list[Any]]:
    return lambda evidence: evidence.where(Case, growth=growth).each(lambda record: record.values[name])


def _rank(growth: str) -> Callable[[Evidence], list[int | None]]:
    def of(record: Record) -> int | None:
        if max(record.values["gradient"], record.values["back"]) > _IMAGE:
            return None
        return record.values["rank_after"] - record.values["rank_before"]

    return lambda evidence: evidence.where(Case, growth=growth).each(of)
