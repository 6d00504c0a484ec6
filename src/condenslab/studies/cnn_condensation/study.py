"""Do the kernels of a convolution network condense on real digits, from small and from large weights?"""

from condenslab.studies.cnn_condensation.cases import PRESETS, Case, make_cases
from condenslab.studies.cnn_condensation.claims import statements
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study

STUDY = Study(
    name="cnn_condensation",
    revision=1,
    question="Do the kernels of a convolution network condense on real digits?",
    source="deck 002, 'Condensation in CNN on MNIST'; Xu's lecture notes, Fig. 1.8; arXiv 2305.09947",
    part="condensation",
    deck="002",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.cnn_condensation.runs:run",
            varies=("exponent", "seed", "rate"),
            together=True,
            seconds=lambda case: 2.0 + 4e-6 * case.steps * case.batch * case.kernels**2 / 32,
            # the images, and a batch's activations
            bytes=lambda case: 4 * (case.samples + case.heldout) * 784 + 4 * case.samples * 100 * case.kernels,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.cnn_condensation.draw:drawings",
    precision="float32",
)
