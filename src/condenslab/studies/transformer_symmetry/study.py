"""The study of growths of a transformer that cost no samples."""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.transformer_symmetry.cases import PRESETS, Case, Discovery, make_cases
from condenslab.studies.transformer_symmetry.claims import statements

STUDY = Study(
    name="transformer_symmetry",
    revision=1,
    question="Which growth of a transformer costs no samples: heads, head dimensions, neurons, d_model?",
    source="deck 001, permutation symmetry and the scaling of transformers",
    part="generalization",
    deck="001",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(case=Case, run="condenslab.studies.transformer_symmetry.runs:measure", seconds=lambda case: 4.0),
        Part(case=Discovery, run="condenslab.studies.transformer_symmetry.runs:discover", seconds=lambda case: 20.0),
    ),
    statements=statements,
    figures="condenslab.studies.transformer_symmetry.draw:drawings",
)
