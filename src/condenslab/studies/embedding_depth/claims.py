"""What the study of embeddings in depth claims with given settings; no JAX."""

from condenslab.studies.contract.statements import Statement
from condenslab.studies.embedding_depth.cases import (
    READINGS,
    Settings,
)
from condenslab.studies.embedding_depth.layer_claims import lift_statements, merge_statements
from condenslab.studies.embedding_depth.plateau_claims import norm_statements, plateau_statements


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed with these settings: nothing about cases that they leave out.

    Args:
        settings: The settings.
    """
    plateaus = ((settings.seeds, settings.steps), (settings.plateau_seeds, settings.plateau_steps))
    merges = (
        (settings.merge_seeds, 0.05**2, "adam", "standard deviation 0.05, Adam"),
        (settings.printed_seeds, 0.05, "sgd", "as printed: variance 0.05, SGD"),
    )
    found: list[Statement] = []
    for (words, std), (seeds, steps) in zip(READINGS, plateaus, strict=True):
        found += plateau_statements(settings, words, std, steps) if seeds else []
    found += lift_statements("three_tanh") if settings.starts else []
    found += lift_statements("iris") if settings.iris_starts else []
    for seeds, variance, method, words in merges:
        found += merge_statements(variance, method, words) if seeds else []
    return found + (norm_statements() if settings.norm_seeds else [])
