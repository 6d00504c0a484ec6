"""The study of inference and memorisation complexity."""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.inference_or_memorisation.cases import PRESETS, Case, make_cases
from condenslab.studies.inference_or_memorisation.claims import statements


def _seconds(case: Case) -> float:
    vocabulary = case.items[1] + 30
    return 0.6 * case.budget * case.model.seconds(vocabulary, 3, case.batch, case.steps)


STUDY = Study(
    name="inference_or_memorisation",
    revision=1,
    question="Do the samples a transformer needs follow the rules that it must store, or those that it must infer?",
    source="deck 001, optimistic sample size of transformers: composite, symmetric and random anchor functions",
    part="generalization",
    deck="001",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(Part(case=Case, run="condenslab.studies.inference_or_memorisation.runs:search", seconds=_seconds),),
    statements=statements,
    figures="condenslab.studies.inference_or_memorisation.draw:drawings",
)
