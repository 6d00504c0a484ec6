"""`condenslab plan module:function`: the rank of the user's own network at its trained point, beside its samples."""

from typing import TYPE_CHECKING, Any

from condenslab.errors import UserError

if TYPE_CHECKING:
    from condenslab.cli.options import PlanOptions


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
    from condenslab.interop.torch_module import load_module, read_inputs
    from condenslab.interop.torch_seam import pytorch

    inputs = read_inputs(options.inputs, dtype=float)
    risk = pytorch(load_module(options.kind, options.weights), inputs)
    outputs = risk.outputs().shape[1]
    rows, parameters = len(inputs) * outputs, len(risk.theta)
    answer: dict[str, Any] = {
        "module": options.kind,
        "weights": options.weights,
        "parameters": parameters,
        "samples": len(inputs),
        "outputs": outputs,
        "rows": rows,
    }
    if rows * parameters <= 5e7 and min(rows, parameters) <= 5000:
        found = risk.model_rank()
        gap = found.gap if found.decided else None
        rank = {"value": found.value if found.decided else None, "decided": found.decided, "gap_decades": gap}
        return {**answer, "rank": {**rank, "tolerance": found.tolerance, "evidence": str(found)}, "bounds": None}
    lower, upper, sketch = risk.rank_bounds(sketch=128)
    evidence = f"a random sketch of 128 directions has rank {sketch}"
    return {**answer, "rank": None, "bounds": {"lower": lower, "upper": upper, "evidence": evidence}}


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
