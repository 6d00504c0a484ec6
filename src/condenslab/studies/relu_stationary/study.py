"""Where do ReLU networks rest, and are these points stationary from every side?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.relu_stationary.cases import EXPERIMENTS, PRESETS, RunCase, make_cases
from condenslab.studies.relu_stationary.claims import statements


def _seconds(case: RunCase) -> float:
    """Returns a rough time of one case, from measurements."""
    return 0.2 + case.end * 1.5e-6 * len(EXPERIMENTS[case.experiment].inputs) * case.width / 250


STUDY = Study(
    name="relu_stationary",
    revision=3,
    question="Where do ReLU networks rest, and are these points stationary from every side?",
    source="Wu, Simsek & Ged, ICLR 2025 (arXiv 2402.05626), experiments of its code",
    part="landscape",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=RunCase,
            run="condenslab.studies.relu_stationary.runs:run_cases",
            seconds=_seconds,
            bytes=lambda case: 8 * (2000 + case.perturbations + 256 * case.width * 8),  # records, perturbation test
            together=True,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.relu_stationary.draw:drawings",
)
