"""How networks learn: gradient descent, gradient flow, ensembles of either, and decoders on sequences."""

from condenslab.training.adamw import AdamW
from condenslab.training.descent import descend
from condenslab.training.ensemble import ensemble
from condenslab.training.flow import flow
from condenslab.training.methods import Adam, GradientDescent
from condenslab.training.normalised import Features, NormalisedRun, normalised_bytes, normalised_flow
from condenslab.training.penalties import dropout_penalty, dropout_risk
from condenslab.training.rosenbrock import RODAS3, RODAS4, Rosenbrock, Tableau
from condenslab.training.sequence_data import FixedSample, FreshSequences
from condenslab.training.sequences import predicted, train_sequences
from condenslab.training.stack import Stack
from condenslab.training.trajectory import (
    Stop,
    Trajectory,
    Until,
    record_gradient_norm,
    record_outputs,
    record_parameters,
    record_risk,
)

__all__ = [
    "RODAS3",
    "RODAS4",
    "Adam",
    "AdamW",
    "Features",
    "FixedSample",
    "FreshSequences",
    "GradientDescent",
    "NormalisedRun",
    "Rosenbrock",
    "Stack",
    "Stop",
    "Tableau",
    "Trajectory",
    "Until",
    "descend",
    "dropout_penalty",
    "dropout_risk",
    "ensemble",
    "flow",
    "normalised_bytes",
    "normalised_flow",
    "predicted",
    "record_gradient_norm",
    "record_outputs",
    "record_parameters",
    "record_risk",
    "train_sequences",
]
