"""The study of inferential, symmetric and memorised answers by initial scale."""

from condenslab.studies.anchor_transformer.cases import Case, Settings, make_cases, make_task
from condenslab.studies.anchor_transformer.claims import statements
from condenslab.studies.contract.study import Study
from condenslab.studies.shared.decoders import Model, decoder_part

STUDY = Study(
    name="anchor_transformer",
    revision=1,
    question="Does a transformer reason or memorise, and how does its initial scale decide that?",
    source="arXiv 2405.05409; deck 000, condensation in transformers",
    part="condensation",
    deck="000",
    presets={
        "tiny": Settings(("three",), (0.5, 1.1), 1, Model(8, 1, 4, 8, 1), steps=16, batch=8),
        "quick": Settings(("three",), (0.3, 1.1)),  # the scales of the claims; others are for the picture
        "full": Settings(
            ("three", "five", "nine"),
            (0.3, 0.5, 0.7, 0.8, 1.0),
            9,
            Model(400, 1, 200, 1200, 2),
            steps=9_000,
            batch=2048,
            rate=2.5e-4,
            decay=0.01,
        ),
        "panel": Settings(),  # five tokens too: about five minutes on two cores
    },
    make_cases=make_cases,
    parts=(
        decoder_part(
            Case,
            "condenslab.studies.anchor_transformer.runs:train_all",
            ("gamma", "seed", "rate", "decay"),
            lambda case: make_task(case.design),
        ),
    ),
    statements=statements,
    figures="condenslab.studies.anchor_transformer.draw:drawings",
)
