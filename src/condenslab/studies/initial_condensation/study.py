"""How many orientations do the neurons of a layer have while training begins?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.initial_condensation.cases import PRESETS, Case, Kind, make_cases
from condenslab.studies.initial_condensation.claims import statements


def _part(kind: Kind) -> Part:
    deep, looked_at = kind == "deep", kind == "direction"
    return Part(
        case=Case,
        when=lambda case: case.kind == kind,
        run=f"condenslab.studies.initial_condensation.runs:run_{kind}",
        varies=("seed", "std", "design", "cosine", "strays"),
        together=True,
        seconds=lambda case: 1.0 if deep else 0.4,  # most of it is compilation
        bytes=lambda case: 8 * (case.steps if looked_at else 20) * case.width * (5 * case.width if deep else 7),
    )


STUDY = Study(
    name="initial_condensation",
    revision=1,
    question="How many orientations do the neurons of a layer have while training begins?",
    source="decks 002 and 003, initial condensation; Zhou et al., NeurIPS 2022 (IC), Figs 3 to 6",
    part="condensation",
    deck="002",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(_part("plane"), _part("five"), _part("direction"), _part("deep")),
    statements=statements,
    figures="condenslab.studies.initial_condensation.draw:drawings",
)
