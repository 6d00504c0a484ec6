"""The case that two studies share, its part, and its statement; imports no JAX."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from condenslab.studies.contract.criteria import exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.sweeps import Record

_SOURCE = (
    "Krawczyk, Computing 4 (1969); Zhang et al., J. Mach. Learn. 1(1), 2022, Theorems 4.1 to 4.3; EP21, Figs 3(a) and 4"
)
_MISSING = "proofs need python-flint: pip install 'condenslab[proof]', then run this again"


@dataclass(frozen=True)
class ProofCase:
    """The lowest minimum of a narrow width, and wider networks that it is embedded into by equal splitting.

    Attributes:
        width: Neurons of the minimum, 1 or 2.
        wide: Widths that it is embedded into.
        kind: Tells the sorts of case apart.
    """

    width: int
    wide: tuple[int, ...]
    kind: Literal["proof"] = "proof"


PART = Part(
    case=ProofCase,
    run="condenslab.studies.shared.proven.compute:prove_inertias",
    varies=(),
    seconds=lambda case: 3.0 + 0.0005 * sum(case.wide),
)


def provable(cases: Sequence[ProofCase]) -> list[ProofCase]:
    """Returns the cases, or none where python-flint, which is an extra, is not installed: the rest can be run without.

    Args:
        cases: What is to be proven.
    """
    return list(cases) if find_spec("flint") is not None else []


def expected(width: int, wide: int) -> list[int]:
    """Returns the theory's inertia: (3w, 0, 0) and one of each sign for every further neuron.

    Args:
        width: Of the minimum.
        wide: Of the network that it is embedded into.
    """
    return [3 * width + wide - width, wide - width, wide - width]


def proven(case: ProofCase, figure: str) -> Statement:
    """Says that the inertia of the minimum and of every embedding is the theory's, by a proof.

    Args:
        case: The case.
        figure: Title of the drawing that shows the inertias.
    """
    counts = ", ".join(f"({', '.join(map(str, expected(case.width, wide)))})" for wide in (case.width, *case.wide))
    return Statement(
        f"the inertia of the width-{case.width} minimum and of its embeddings is proven",
        _SOURCE,
        lambda evidence: _read(evidence.where(ProofCase, width=case.width)),
        exactly(0),
        note=f"{counts}; by ball arithmetic and the exact embedding; inertias that are not, or that are open",
        figure=figure,
    )


def _read(evidence: Evidence) -> Measured:
    def others(records: list[Record]) -> int:
        (record,) = records
        rows = zip(record.values["widths"], record.values["counts"], strict=True)
        return sum(counts != expected(record.case["width"], wide) for wide, counts in rows)

    return Measured(evidence.all(others), unsettled="" if len(evidence) else _MISSING)
