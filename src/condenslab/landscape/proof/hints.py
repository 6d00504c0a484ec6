"""Why a point that is not proven looks critical in floats: saturation, and lifts in depth; sentences, no proofs."""

from collections.abc import Sequence

from condenslab.landscape.proof.exact import ball, precision
from condenslab.landscape.proof.passes import forward, input_balls, places
from condenslab.landscape.proof.problem import Problem

_FLAT = 1e-6
_AFFINE = 0.02


def hint(problem: Problem, theta: Sequence[str]) -> str:
    """Returns a sentence on what θ is, where that explains why it is not proven; or nothing.

    A unit whose σ′ is nearly 0 at every sample although its input weights are not is constant only in the limit: the
    critical point is at infinity. A hidden layer whose σ′ hardly changes over the data acts affinely: θ is lifted in
    depth (Bai et al., arXiv 2205.13283, Definition 3), which is critical exactly only where σ has an affine segment,
    and no activation here has one. The zero block of a layer that adds its input (their Definition 5) is a lift, too.

    Args:
        problem: The problem.
        theta: θ, exact numbers.
    """
    layers = places(problem.shape)
    with precision(53):
        point = [ball(text) for text in theta]
        run = forward(problem.shape, point, input_balls(problem))
        slopes = [[[abs(float(v.mid())) for v in row] for row in table] for table in run.slopes]
    for number, (table, layer) in enumerate(zip(slopes, layers, strict=False)):
        units = [list(column) for column in zip(*table, strict=True)]
        live = [any(point[layer.weight(k, j)] != 0 for j in range(layer.inner)) for k in range(layer.outer)]
        flat = [k for k, own in enumerate(units) if live[k] and max(own) < _FLAT]
        if flat:
            return (
                f"units {flat} of hidden layer {number} are saturated: they are constant on the data up to {_FLAT:g} "
                "though their input weights are not 0, so that this is near a critical point at infinity, which is none"
            )
        if problem.shape.skips(number) and units and not any(live):
            return (
                f"hidden layer {number} adds its input and has no weights: a trivial lift in depth, which no theorem "
                "here covers; prove the network without that layer"
            )
        if len(layers) > 2 and units and all(max(own) - min(own) <= _AFFINE * max(own) > 0 for own in units):
            return (
                f"hidden layer {number} acts affinely on the data, as after a lift in depth, but the activation has no "
                "affine segment, so that such points are critical only approximately: prove the net without that layer"
            )
    return ""
