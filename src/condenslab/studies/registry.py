"""Which studies there are, imported when one is asked for."""

from importlib import import_module

from condenslab.errors import UserError, told, unknown
from condenslab.studies.contract.study import Study

REGISTRY: dict[str, str] = {
    "recovery": "condenslab.studies.recovery:STUDY",
    "table": "condenslab.studies.table:STUDY",
    "optimistic_dense": "condenslab.studies.optimistic_dense:STUDY",
    "optimistic_tables": "condenslab.studies.optimistic_tables:STUDY",
    "embedding_width": "condenslab.studies.embedding_width:STUDY",
    "embedding_losses": "condenslab.studies.embedding_losses:STUDY",
    "initial_condensation": "condenslab.studies.initial_condensation:STUDY",
    "trajectory": "condenslab.studies.trajectory:STUDY",
    "dropout": "condenslab.studies.dropout:STUDY",
    "knobs": "condenslab.studies.knobs:STUDY",
    "knob_efficiency": "condenslab.studies.knob_efficiency:STUDY",
    "generalization": "condenslab.studies.generalization:STUDY",
    "no_free_lunch": "condenslab.studies.no_free_lunch:STUDY",
    "cnn_condensation": "condenslab.studies.cnn_condensation:STUDY",
    "pruning": "condenslab.studies.pruning:STUDY",
    "landscape_slices": "condenslab.studies.landscape_slices:STUDY",
    "relu_stationary": "condenslab.studies.relu_stationary:STUDY",
    "training_similarity": "condenslab.studies.training_similarity:STUDY",
    "attention_rank": "condenslab.studies.attention_rank:STUDY",
    "attention_growth": "condenslab.studies.attention_growth:STUDY",
    "kan_grid": "condenslab.studies.kan_grid:STUDY",
    "kan_recovery": "condenslab.studies.kan_recovery:STUDY",
    "scaling": "condenslab.studies.scaling:STUDY",
    "branches": "condenslab.studies.branches:STUDY",
    "recovery_stability": "condenslab.studies.branches:STABILITY",
    "llr_transition": "condenslab.studies.llr_transition:STUDY",
    "matrix_completion": "condenslab.studies.matrix_completion:STUDY",
    "architectures": "condenslab.studies.architectures:STUDY",
    "tuning_tolerance": "condenslab.studies.tuning_tolerance:STUDY",
    "simple_models": "condenslab.studies.simple_models:STUDY",
    "single_neuron": "condenslab.studies.single_neuron:STUDY",
    "phase_diagram": "condenslab.studies.phase_diagram:STUDY",
    "phase_diagram_three_layer": "condenslab.studies.phase_diagram_three_layer:STUDY",
    "feature_map": "condenslab.studies.feature_map:STUDY",
    "critical_functions": "condenslab.studies.critical_functions:STUDY",
    "exercise_proof": "condenslab.studies.exercise_proof:STUDY",
    "critical_dimension": "condenslab.studies.critical_dimension:STUDY",
    "model_rank": "condenslab.studies.model_rank:STUDY",
    "embedding_depth": "condenslab.studies.embedding_depth:STUDY",
    "depth_similarity": "condenslab.studies.depth_similarity:STUDY",
    "plateau_data": "condenslab.studies.plateau_data:STUDY",
    "symmetry_discovery": "condenslab.studies.invariance:DISCOVERY",
    "invariant_manifolds": "condenslab.studies.invariance:MANIFOLDS",
    "anchor_data_size": "condenslab.studies.anchor_data_size:STUDY",
    "anchor_transformer": "condenslab.studies.anchor_transformer:STUDY",
    "transformer_symmetry": "condenslab.studies.transformer_symmetry:STUDY",
    "attention_condensation": "condenslab.studies.attention_condensation:STUDY",
    "inference_or_memorisation": "condenslab.studies.inference_or_memorisation:STUDY",
    "anchor_tuning": "condenslab.studies.anchor_tuning:STUDY",
}
"""Where each study is, as `module:attribute`. A program of your own may add its studies here."""


def names() -> list[str]:
    """Returns the names of all studies."""
    return list(REGISTRY)


def get(name: str) -> Study:
    """Returns a study.

    Args:
        name: Its name.

    Raises:
        UserError: There is no such study (the message suggests the nearest name), it cannot be imported from where the
            registry says it is, or it has another name: its records would be stored under that one.
    """
    if name not in REGISTRY:
        raise unknown("study", name, REGISTRY)
    module, _, attribute = REGISTRY[name].partition(":")
    try:
        study = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(
            f"the study {name!r} cannot be imported: studies.REGISTRY says that it is {REGISTRY[name]!r}, as "
            f"'module:attribute', and {told(error)}"
        ) from error
    if not isinstance(study, Study) or study.name != name:
        found = repr(study.name) if isinstance(study, Study) else f"a {type(study).__name__}"
        raise UserError(f"studies.REGISTRY[{name!r}] must name the study of that name. {REGISTRY[name]} is {found}")
    return study
