"""Which critical functions does a tanh network of width 3 have, and how do they lead from simple to complex?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.critical_functions.cases import PRESETS, SearchCase, make_cases
from condenslab.studies.critical_functions.claims import statements

STUDY = Study(
    name="critical_functions",
    revision=2,
    question="Which functions are critical for a tanh network of width 3, from simple to complex?",
    source="deck 000, exercise on width-3 tanh networks; EP21 Fig. 4; EP22 Fig. 4.4",
    part="landscape",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=SearchCase,
            run="condenslab.studies.critical_functions.compute:run_search",
            varies=("seed", "starts", "kicked", "time", "max_steps"),
            # 0.1, 0.5 or 1.5 ms a start, compilation, and a second for ten flows.
            seconds=lambda case: 8.0 + 2e-3 * (0.1, 0.5, 1.5)[case.width - 1] * case.starts + 1.2 * case.kicked,
            bytes=lambda _: 2**28,  # what the batches of a search may hold
        ),
    ),
    statements=statements,
    figures="condenslab.studies.critical_functions.draw:drawings",
)
