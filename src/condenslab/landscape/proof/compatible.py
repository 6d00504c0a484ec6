"""Critical points that are exact compatible embeddings of proven ones, at any depth, with either loss.

The wide point is critical by Theorem 5.1 of Zhang et al. (J. Mach. Learn. 1(1), 2022). Its inertia follows from three
lower bounds that add up to the number of parameters: the zero modes that theory is sure of, those of the narrow point
and those that `embedding` counts; and the positive and the negative eigenvalues of CᵀH′C for any matrix C, which H′ has
as well (a subspace on which the form is definite stays one), H′ the wide Hessian enclosed over the narrow box.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from condenslab.landscape.proof.carried import CarriedProof
from condenslab.landscape.proof.embedding import NULL, Embedding
from condenslab.landscape.proof.enclosure import enclose
from condenslab.landscape.proof.exact import exact_matrix, floats, precision
from condenslab.landscape.proof.passes import places
from condenslab.landscape.proof.points import PointProof
from condenslab.landscape.proof.problem import Problem
from condenslab.landscape.proof.signs import ProvenInertia, proven_inertia
from condenslab.landscape.width.compatible import CompatibleEmbedding

LARGEST = 300
"""Parameters of a wide network whose Hessian is enclosed; of larger ones only the zero modes are proven."""


@dataclass(frozen=True, eq=False)
class CompatibleProof(CarriedProof):
    """A degenerate critical point: an exact compatible embedding of a proven one.

    Attributes:
        problem: The problem of the wide network.
        narrow: The proof of the narrow point.
        embedding: The exact embedding.
        inertia: Of ∇²R at the wide point.
        dimension: The point lies in a family of critical points of this dimension at least, all with its function.
        reason: Why nothing was proven, a sentence, or empty.
    """

    problem: Problem
    narrow: PointProof
    embedding: Embedding
    inertia: ProvenInertia
    dimension: int
    reason: str

    def certificate(self) -> dict[str, Any]:
        """Returns the certificate as plain values; that of the narrow point is a part of it.

        Raises:
            ValueError: Nothing was proven.
        """
        how = self.embedding
        parts = {
            "sources": [list(row) for row in how.sources],
            "signs": [list(row) for row in how.signs],
            "biases": [[str(bias) for bias in row] for row in how.biases],
            "shares": [[[str(share) for share in row] for row in table] for table in how.shares],
        }
        return self._sealed("compatible_point", {"embedding": parts}, {"widths": list(self.problem.shape.widths)})


def compatible(narrow: PointProof, how: Embedding | CompatibleEmbedding) -> CompatibleProof:
    """Carries a proven narrow point through an exact compatible embedding.

    Args:
        narrow: The proof, of a network without skips.
        how: The embedding; of a `landscape.CompatibleEmbedding` the floats are the binary numbers that they are, and
            its conditions must hold exactly (shares like 1/4 do, 1/3 does not: give `Fraction`s in an `Embedding`).

    Returns:
        The proof, or why there is none.
    """
    exact = _exact(how) if isinstance(how, CompatibleEmbedding) else how
    small, data = narrow.problem.shape, narrow.problem
    reason = narrow.reason or (exact if isinstance(exact, str) else exact.defect(small))
    if reason or isinstance(exact, str):
        nothing = ProvenInertia(0, 0, 0, small.size)
        return CompatibleProof(data, narrow, Embedding((), (), (), ()), nothing, 0, reason)
    wide = data.of_widths(exact.widths(small))
    with precision(narrow.precision):
        box, softmax = narrow.box(), data.loss == "cross_entropy"
        live = live_neurons(data, box)
        zero = narrow.inertia.zero + exact.zero_modes(small, live, softmax)
        inertia = _inertia(wide, exact.wide_theta(small, wide.shape, box), zero)
    return CompatibleProof(wide, narrow, exact, inertia, exact.dimension(small, live), "")


def live_neurons(problem: Problem, box: list[Any]) -> list[set[int]]:
    """Returns, for each hidden layer, the neurons whose outgoing column is proven not to be in the way of a zero mode.

    It must not be 0, and in the last hidden layer under cross-entropy not constant.

    Args:
        problem: The narrow problem.
        box: Balls in which the point lies.
    """
    found, layers = [], places(problem.shape)
    for number, layer in enumerate(layers[1:], start=1):
        softmax = problem.loss == "cross_entropy" and number == len(layers) - 1
        own = set()
        for s in range(layer.inner):
            column = [box[layer.weight(k, s)] for k in range(layer.outer)]
            apart = [value - column[-1] for value in column] if softmax else column
            own |= {s} if any(not value.contains(0) for value in apart) else set()
        found.append(own)
    return found


def _inertia(wide: Problem, theta: list[Any], zero: int) -> ProvenInertia:
    size = wide.shape.size
    if size > LARGEST:
        return ProvenInertia(0, zero, 0, size - zero)
    hessian = enclose(wide, theta, hessian=True).hessian
    middle = floats(hessian)
    if zero > size or not np.all(np.isfinite(middle)):
        return ProvenInertia(0, 0, 0, size)
    values, vectors = np.linalg.eigh((middle + middle.T) / 2)
    basis = exact_matrix(vectors[:, np.sort(np.argsort(np.abs(values))[zero:])])
    form = basis.transpose() * hessian * basis
    signs = proven_inertia(form)
    if not signs.decided or not _may_vanish(hessian, basis, form):
        return ProvenInertia(0, zero, 0, size - zero)
    return ProvenInertia(signs.positive, zero, signs.negative)


def _may_vanish(hessian: Any, basis: Any, form: Any) -> bool:
    """Returns whether the rest of H′ beside CᵀH′C holds 0, as it must if the zero modes are what theory says."""
    if not form.nrows():
        return all(entry.contains(0) for entry in hessian.entries())
    side = hessian * basis
    rest = hessian - side * form.inv() * side.transpose()
    return all(entry.contains(0) for entry in rest.entries())


def _exact(how: CompatibleEmbedding) -> Embedding | str:
    """Returns the exact embedding of the same numbers, or why there is none."""
    hidden = range(len(how.sources))
    for number, (share, term) in enumerate(zip(how.shares, how.bias_terms, strict=True)):
        null = how.index(number + 1) == NULL, how.index(number) == NULL
        if np.any(share[null[0]] != 0) or np.any(share[:, null[1]] != 0) or np.any(term[~null[0]] != 0):
            return "null neurons with weights of their own are not covered: give them none, and no bias terms to others"
    biases = tuple(tuple(map(Fraction, how.bias_terms[k].tolist())) for k in hidden)
    shares = tuple(tuple(tuple(map(Fraction, row)) for row in share.tolist()) for share in how.shares)
    return Embedding(how.sources, tuple((1,) * len(row) for row in how.sources), biases, shares)
