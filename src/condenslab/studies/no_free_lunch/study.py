"""Does any search, any setting or any network do better on functions without structure?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.no_free_lunch.cases import PRESETS, RankCase, SearchCase, make_cases
from condenslab.studies.no_free_lunch.claims import statements
from condenslab.studies.shared.descents import DESCENTS

STUDY = Study(
    name="no_free_lunch",
    revision=1,
    question="Does any search, any setting or any network do better on functions without structure?",
    source="deck 001, 'No Free Lunch Theorem' (Wolpert & Macready, IEEE Trans. Evol. Comput. 1, 1997, 67-82)",
    part="generalization",
    deck="001",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=SearchCase,
            run="condenslab.studies.no_free_lunch.searches:enumerate_functions",
            varies=("search",),
            seconds=lambda case: 6e-5 * case.places * case.values**case.places,
            bytes=lambda case: 8 * 4 * case.places * case.values**case.places,
        ),
        DESCENTS,
        Part(case=RankCase, run="condenslab.studies.no_free_lunch.runs:measure", seconds=lambda _: 0.5),
    ),
    statements=statements,
    figures="condenslab.studies.no_free_lunch.draw:drawings",
)
