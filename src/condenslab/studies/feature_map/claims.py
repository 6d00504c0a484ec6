"""What the study of the feature map claims; numbers only, no JAX."""

from collections.abc import Callable

from condenslab.studies.contract.criteria import above, at_most, below
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Statement
from condenslab.studies.feature_map.cases import Settings
from condenslab.studies.feature_map.spread import beyond_boundary, spread_at_end
from condenslab.sweeps import Record

PD = "Luo et al., JMLR 22(71), 2021, Fig. 6"
_FIGURE = "Do features gather as the width grows?"
_SCATTER = (
    "0.1 right of the boundary the seeds of width 1000 scatter more than the width changes: their spreads are 0.77 to "
    "0.85 at γ = 1.1, γ′ = 0 in the full preset. From width 10,000 to a million that of every seed falls there, from "
    "0.84 or 0.85 to 0.80."
)


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    return [
        Statement(
            "right of the boundary the features gather: the spread of the wider network is smaller",
            PD,
            lambda evidence: _along_widths(evidence, lambda beyond: beyond > 0, lambda row: row[-1] / row[0]),
            below(1),
            "ratio of the spreads, widest to narrowest",
            "points or seeds",
            figure=_FIGURE,
            reason=_SCATTER,
        ),
        Statement(
            "on the boundary the spread does not depend on the width: over the widths it changes by no more than three "
            "times 1/√m, the relative sampling error of the narrowest network",
            PD,
            lambda evidence: _along_widths(evidence, lambda beyond: beyond == 0, lambda row: max(row) / min(row) - 1.0),
            at_most(3 / min(settings.widths) ** 0.5),
            of="points or seeds",
            label="on the boundary the spread is the same at every width, up to sampling",
            figure=_FIGURE,
        ),
        Statement(
            "left of the boundary nothing gathers: the spread stays above that right of it",
            PD,
            lambda evidence: _gaps(evidence.where(width=max(settings.widths))),
            above(0),
            of="points or seeds",
            figure=_FIGURE,
        ),
    ]


def _along_widths(
    evidence: Evidence, belongs: Callable[[float], bool], value: Callable[[list[float]], float]
) -> list[float | None]:
    """Returns value(spreads from the narrowest network to the widest) for every point on one side, and seed."""

    def of(records: list[Record]) -> float | None:
        spreads = [spread_at_end(record) for record in sorted(records, key=lambda record: record.case["width"])]
        known = [spread for spread in spreads if spread is not None]
        return value(known) if len(known) == len(spreads) else None

    points = evidence.by("gamma_prime", "gamma", "seed").items()
    return [runs.all(of) for (prime, gamma, _), runs in points if belongs(beyond_boundary(prime, gamma))]


def _gaps(widest: Evidence) -> list[float | None]:
    """Returns the least spread left of the boundary less the largest right of it, for every seed."""

    def gap(evidence: Evidence) -> float | None:
        points = evidence.by("gamma_prime", "gamma").items()
        sides = [(beyond_boundary(*point), runs) for point, runs in points]
        left = [spread for beyond, runs in sides if beyond < 0 for spread in runs.each(spread_at_end)]
        right = [spread for beyond, runs in sides if beyond > 0 for spread in runs.each(spread_at_end)]
        return min(left) - max(right) if left and right and None not in left + right else None

    return [gap(runs) for runs in widest.by("seed").values()]
