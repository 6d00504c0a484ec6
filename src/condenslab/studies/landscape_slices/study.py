"""What does the landscape look like around embedded critical points, and along training?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.landscape_slices.cases import PRESETS, CriticalCase, ImageCase, TrajectoryCase, make_cases
from condenslab.studies.landscape_slices.claims import statements


def _seconds(case: CriticalCase | TrajectoryCase) -> float:
    """Returns a rough time of one case, most of it compilation."""
    return 4.0 + case.points**2 * case.width * 1e-7


PARTS = (
    Part(
        case=CriticalCase,
        run="condenslab.studies.landscape_slices.runs:run_critical",
        varies=(),
        seconds=_seconds,
        bytes=lambda case: 64 * (3 * (case.width + case.copies)) ** 2 + 16 * case.points**2,  # the Hessian
    ),
    Part(
        case=TrajectoryCase,
        run="condenslab.studies.landscape_slices.runs:run_trajectories",
        seconds=_seconds,
        bytes=lambda case: 8 * 3 * case.width * 4000 + 32 * case.points**2,  # the recorded parameters
        together=True,
    ),
    Part(
        case=ImageCase,
        run="condenslab.studies.landscape_slices.images:run_images",
        seconds=lambda case: 5.0 + 1e-7 * case.samples * case.width * (3 * case.steps + case.points**2),
        bytes=lambda case: 8 * 784 * (2 * case.samples + 10 * case.width),
    ),
)

STUDY = Study(
    name="landscape_slices",
    revision=1,
    question="What does the landscape look like around embedded critical points, and along training?",
    source="EP21, Theorem 2 and Fig. 3; Li et al., NeurIPS 2018 (arXiv 1712.09913), section 7",
    part="landscape",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=PARTS,
    statements=statements,
    figures="condenslab.studies.landscape_slices.draw:drawings",
)
