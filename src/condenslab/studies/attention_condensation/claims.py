"""What the study claims of condensation in transformers; numbers only, no JAX."""

from condenslab.studies.attention_condensation.cases import Settings
from condenslab.studies.contract.criteria import at_least, at_most
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Statement
from condenslab.studies.shared.aligned import CONDENSED, contrast
from condenslab.sweeps import Record

COURSES = "Condensation of the first block along training"
"""Title of the drawing that shows the claims."""

_SOURCE = "arXiv 2405.05409, Figs 4 and 14 to 16; deck 000, condensation in transformers"
_EMBEDDING = "arXiv 2405.05409, §5.3: word embeddings do not condense even at a small initial scale"
_STAGES = "arXiv 2510.06954: first the value and feed-forward matrices condense, then queries and keys lose rank"
_FORWARD = (
    "The source has one block, with tanh and a frozen embedding and projection; here are two, with ReLU, and all is "
    "trained. From small weights 5 and 8 % of the pairs align, from large ones none. One block is claimed apart."
)
_ONE_BLOCK = "one block, as the source has; ReLU instead of tanh, and all is trained; seeds of its own"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    small, large, depth = max(settings.gammas), min(settings.gammas), settings.model.depth
    made = [
        _rows("queries", "W_Q", _SOURCE, depth, (small, large)),
        _rows("values", "W_V", _STAGES, depth, (small, large)),
        _rows("forward", "W₁, the feed-forward neurons,", _STAGES, depth, (small, large), reason=_FORWARD),
        _rank(depth, small),
        Statement(
            "the embedding does not condense, however small the initial scale",
            _EMBEDDING,
            lambda evidence: _of(evidence, depth).where(gamma=small).each(lambda r: r.values["tokens_aligned"]),
            at_most(CONDENSED),
            note="share of pairs of tokens with |cosine| above 0.7 after training; the bound is ours",
            of="runs",
            figure=COURSES,
        ),
    ]
    if settings.adds_one_block:
        made += [
            _rows("values", "W_V", _STAGES, 1, (small, large), where=_ONE_BLOCK),
            _rows("forward", "W₁, the feed-forward neurons,", _STAGES, 1, (small, large), where=_ONE_BLOCK),
            _rank(1, small, where=_ONE_BLOCK),
        ]
    return made


def _of(evidence: Evidence, depth: int) -> Evidence:
    return evidence.where(model=lambda model: model["depth"] == depth)


def _rows(
    part: str, words: str, source: str, depth: int, scales: tuple[float, float], *, where: str = "", reason: str = ""
) -> Statement:
    """Returns the statement that the rows of a part condense more at the smaller of two initial scales."""
    beginning = "in one block " if where else ""
    note = (
        f"share of pairs with |cosine| above 0.7 after training, small over large or over {CONDENSED / 2:g} "
        "where that is less, means over runs; the factor is ours"
    )
    return Statement(
        f"{beginning}rows of {words} condense more at a small initial scale than at a large one",
        source,
        lambda evidence: contrast(_of(evidence, depth), f"{part}_aligned", *scales),
        at_least(2.0),
        note=f"{where}; {note}" if where else note,
        label=f"{beginning}rows of {words.partition(',')[0]} condense more at a small initial scale",
        figure=COURSES,
        reason=reason,
    )


def _rank(depth: int, small: float, *, where: str = "") -> Statement:
    """Returns the statement that the product of queries and keys loses rank at a small initial scale."""
    note = "effective rank after training over that before; 0.8 is ours"
    return Statement(
        f"{'in one block ' if where else ''}at a small initial scale the gauge-invariant W_Q W_Kᵀ loses rank along "
        "training",
        _STAGES,
        lambda evidence: _of(evidence, depth).where(gamma=small).each(_rank_left),
        at_most(0.8),
        note=f"{where}; {note}" if where else note,
        label=f"{'in one block ' if where else ''}the gauge-invariant W_Q W_Kᵀ loses rank at a small initial scale",
        of="runs",
        figure=COURSES,
    )


def _rank_left(record: Record) -> float:
    return record.values["query-key_rank"] / record.values["query-key_first_rank"]
