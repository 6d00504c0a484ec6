"""`condenslab plan module:function`: the rank of the user's own network at its trained point, beside its samples."""

from typing import TYPE_CHECKING, Any

import numpy as np

from condenslab.errors import UserError

if TYPE_CHECKING:
    from condenslab.cli.options import PlanOptions
    from condenslab.measures import Rank


def make(options: "PlanOptions") -> dict[str, Any]:
    """Computes the rank of the Jacobian at the trained point, or bounds where it is too large.

    Args:
        options: Options of the command, `kind` being "module:function".

    Returns:
        Plain values for JSON.

    Raises:
        UserError: Weights or inputs are missing or do not fit, or a size was given that the module has itself.
    """
    foreign = [name for name in _SIZES if getattr(options, name) not in (None, False)]
    if foreign:
        raise UserError(f"plan {options.kind} takes the network as it is, so --{foreign[0]} says nothing: leave it out")
    if options.weights is None or not isinstance(options.inputs, str):
        raise UserError(
            f"plan {options.kind} needs the trained weights and the inputs: --weights CHECKPOINT --inputs X.npz"
        )
    from condenslab.interop.torch_module import call_target, read_inputs

    inputs = read_inputs(options.inputs, dtype=float)
    built = call_target(options.kind)
    of_jax = callable(built) and not hasattr(built, "named_parameters")
    found = _of_predict(built, options.weights, inputs) if of_jax else _of_module(options, inputs)
    return {"module": options.kind, "weights": options.weights, **found}


def _of_module(options: "PlanOptions", inputs: np.ndarray) -> dict[str, Any]:
    from condenslab.interop.torch_module import load_module
    from condenslab.interop.torch_seam import pytorch

    risk = pytorch(load_module(options.kind, str(options.weights)), inputs)
    sizes = _sizes(len(risk.theta), len(inputs), risk.outputs().shape[1])
    if _is_small(sizes):
        return {**sizes, **_rank(risk.model_rank())}
    lower, upper, sketch = risk.rank_bounds(sketch=128)
    return {**sizes, **_bounds(lower, upper, str(sketch))}


def _of_predict(predict: Any, weights: str, inputs: np.ndarray) -> dict[str, Any]:
    """Takes the arrays of the checkpoint, nested as their names are, for the parameters of a JAX function."""
    from condenslab.interop.reading import read
    from condenslab.measures import model_rank, rank_bounds

    params: dict[str, Any] = {}
    count = 0
    for name, array in read(weights).tensors.items():
        *above, last = name.split(".")
        inner = params
        for part in above:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise UserError(
                    f"{weights} has an array {part} and others below that name, which no nested dict can hold"
                )
        inner[last] = np.asarray(array, np.float64)
        count += array.size
    try:
        outputs = np.asarray(predict(params, inputs))
        sizes = _sizes(count, len(inputs), outputs.reshape(len(inputs), -1).shape[1])
        if _is_small(sizes):
            return {**sizes, **_rank(model_rank(params, inputs, predict=predict))}
        found = rank_bounds(0, params, inputs, sketch=128, predict=predict)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        text = str(error).splitlines()[0] if str(error) else ""
        raise UserError(
            f"the function does not take these weights and inputs: {type(error).__name__}: {text}"
        ) from error
    return {**sizes, **_bounds(found.lower, found.upper, str(found.sketch))}


def _sizes(parameters: int, samples: int, outputs: int) -> dict[str, int]:
    return {"parameters": parameters, "samples": samples, "outputs": outputs, "rows": samples * outputs}


def _is_small(sizes: dict[str, int]) -> bool:
    rows, parameters = sizes["rows"], sizes["parameters"]
    return rows * parameters <= _MOST_ENTRIES and min(rows, parameters) <= _MOST_RANK


def _rank(found: "Rank") -> dict[str, Any]:
    value = found.value if found.decided else None
    gap = found.gap if np.isfinite(found.gap) else None
    evidence = {"decided": found.decided, "gap_decades": gap, "tolerance": found.tolerance, "evidence": str(found)}
    return {"rank": {"value": value, **evidence}, "bounds": None}


def _bounds(lower: int, upper: int, sketch: str) -> dict[str, Any]:
    evidence = f"a random sketch of 128 directions has rank {sketch}"
    return {"rank": None, "bounds": {"lower": lower, "upper": upper, "evidence": evidence}}


_MOST_ENTRIES, _MOST_RANK = 5e7, 5000
_SIZES = (
    "width",
    "intrinsic",
    "bias",
    "kernel",
    "axes",
    "null_weights",
    "depth",
    "head_size",
    "value_size",
    "grid",
    "degree",
)


def as_text(answer: dict[str, Any]) -> str:
    """Writes the answer in sentences.

    Args:
        answer: What `make` returned.
    """
    lines = [
        f"{answer['module']} with {answer['weights']}: {answer['parameters']} parameters, "
        f"{answer['samples']} samples of {answer['outputs']} outputs"
    ]
    rank, bounds = answer["rank"], answer["bounds"]
    if bounds is not None:
        lines.append(f"  rank at the trained point: from {bounds['lower']} to {bounds['upper']} ({bounds['evidence']})")
        return "\n".join(lines)
    lines.append(f"  rank at the trained point on these samples: {rank['evidence']}")
    if rank["value"] is None:
        return "\n".join(lines)
    if rank["value"] >= answer["rows"]:
        lines.append(
            f"  every row counts, so that the samples, {answer['rows']} rows, may be too few to see the whole rank"
        )
    else:
        lines.append(
            f"  {rank['value']} of {answer['parameters']} directions matter at this point: by local linear recovery "
            f"about {-(-rank['value'] // answer['outputs'])} samples determine it nearby, {answer['samples']} were used"
        )
    return "\n".join(lines)
