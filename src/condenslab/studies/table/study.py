"""How many neurons does the function behind a table need, and are there enough samples to say so?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.table.cases import PRESETS, FitsCase, FoldsCase, WideCase, make_cases
from condenslab.studies.table.claims import statements


def _fit_seconds(case: FitsCase | FoldsCase) -> float:
    """Returns about how long the fits of all widths to one set of samples take, on a core of 2026.

    Measured on planted tables of 60 and 300 samples, one and three inputs: 0.1 to 0.3 s with the settings of `quick`,
    one to three times that for classes.
    """
    starts = case.most * (case.starts + 4)
    if case.labels:
        return starts * (2.3e-3 + 0.8e-5 * case.samples * (case.inputs + case.outputs))
    parameters = (case.inputs + 2) * case.most
    return starts * (1.2e-3 + 4e-9 * case.samples * parameters**2)


def _wide_seconds(case: WideCase) -> float:
    """Returns about how long a flow takes: most steps solve a matrix of the size of the samples."""
    return 0.8 + 0.6 * (case.samples * case.outputs / 60) ** 2 * (case.width / 100)


def _wide_bytes(case: WideCase) -> int:
    parameters = (case.inputs + 2) * case.width
    return 8 * (case.max_steps * (parameters + case.samples) + 6 * case.samples * parameters)


PARTS = (
    Part(
        case=FitsCase,
        run="condenslab.studies.table.compute:run_fits",
        seconds=lambda case: 1.0 + 0.2 * case.most + _fit_seconds(case),
        takes_data=True,
    ),
    Part(
        case=FoldsCase,
        run="condenslab.studies.table.compute:run_folds",
        seconds=lambda case: case.folds * _fit_seconds(case),
        takes_data=True,
    ),
    Part(
        case=WideCase,
        run="condenslab.studies.table.wide:run_wide",
        varies=("seed", "fold"),
        seconds=_wide_seconds,
        bytes=_wide_bytes,
        together=True,
        takes_data=True,
    ),
)

STUDY = Study(
    name="table",
    revision=2,
    question="How many neurons does the function behind a table need, and are there enough samples to say so?",
    source="decks 000, 001 and 003: condensation, optimistic sample size; cross-validation (Stone 1974)",
    part="generalization",
    deck="001",
    presets=PRESETS,
    make_cases=make_cases,
    parts=PARTS,
    statements=statements,
    figures="condenslab.studies.table.draw:drawings",
    accepts_data=True,
    answer="condenslab.studies.table.report:tell",
)
