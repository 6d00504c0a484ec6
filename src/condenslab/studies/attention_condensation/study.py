"""Which parts of a transformer condense along training: heads, feed-forward neurons, embedding?"""

from condenslab.studies.attention_condensation.cases import PRESETS, Case, make_cases, make_task
from condenslab.studies.attention_condensation.claims import statements
from condenslab.studies.contract.study import Study
from condenslab.studies.shared.decoders import decoder_part

STUDY = Study(
    name="attention_condensation",
    revision=2,
    question="Which parts of a transformer condense along training: heads, feed-forward neurons, embedding?",
    source="deck 000, condensation in transformers; arXiv 2405.05409, Figs 4 and 14 to 16",
    part="condensation",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        decoder_part(
            Case,
            "condenslab.studies.attention_condensation.runs:run",
            ("gamma", "seed", "rate", "decay"),
            lambda _: make_task(),
        ),
    ),
    statements=statements,
    figures="condenslab.studies.attention_condensation.draw:drawings",
)
