"""How many samples make a network of two neurons recover a single one?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.single_neuron.cases import Case, Settings, make_cases
from condenslab.studies.single_neuron.claims import statements

STUDY = Study(
    name="single_neuron",
    revision=3,
    question="How many samples make a network of two neurons recover a single one?",
    source=("deck 000, geometry of the target set; DIS (arXiv 2405.13787); arXiv 2309.00508, Theorem 5.4"),
    part="landscape",
    deck="000",
    presets={
        "tiny": Settings(seeds=2, near=2, max_steps=2_000),
        "quick": Settings(),
        "full": Settings(seeds=1000, near=1000, max_steps=20_000),
    },
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.single_neuron.runs:ranks",
            when=lambda case: case.start == "rank",
            seconds=lambda _: 1.0,
        ),
        Part(
            case=Case,
            run="condenslab.studies.single_neuron.runs:flows",
            when=lambda case: case.start != "rank",
            varies=("start", "samples", "spread", "time", "seed", "risk"),
            together=True,
            seconds=lambda _: 0.02,
            bytes=lambda case: 8 * 8 * case.max_steps,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.single_neuron.draw:drawings",
)
