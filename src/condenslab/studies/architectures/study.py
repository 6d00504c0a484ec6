"""How many samples does one target need from a convolution network, one without sharing, and a dense one?"""

from condenslab.studies.architectures.cases import PRESETS, RankCase, TableCase, TrainCase, make_cases
from condenslab.studies.architectures.claims import statements
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study

STUDY = Study(
    name="architectures",
    revision=1,
    question=(
        "How many samples does one target need from a convolution network, one without weight sharing, and a dense one?"
    ),
    source=(
        "deck 001, CNN, no sharing, fully connected; LSH (arXiv 2211.11623), Fig. 6 and Table 4; Zhang et al., JMLR "
        "26(69), 2025, Fig. 3 and Table 3"
    ),
    part="generalization",
    deck="001",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=TableCase,
            run="condenslab.studies.architectures.runs:run_table",
            varies=("kernels",),
            seconds=lambda _: 0.01,
        ),
        Part(
            case=RankCase,
            run="condenslab.studies.architectures.runs:run_rank",
            seconds=lambda case: 0.3 + 1e-9 * (21 * case.factor) ** 3,
            bytes=lambda case: 8 * 6 * (21 * case.factor) ** 2,
        ),
        # Microseconds a step, and nanoseconds a neuron and sample.
        Part(
            case=TrainCase,
            run="condenslab.studies.architectures.runs:descend",
            varies=("samples", "rate", "std", "seed"),
            together=True,
            seconds=lambda case: 0.5e-6 * case.steps * (2.4 + 4e-3 * 3 * case.factor * case.padded),
            bytes=lambda case: 8 * (8 * case.padded + 4 * (21 + case.padded) * case.factor),
        ),
    ),
    statements=statements,
    figures="condenslab.studies.architectures.draw:drawings",
)
