"""Critical functions that are proven to be different."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from condenslab.landscape.proof.embedded import EmbeddedProof
from condenslab.landscape.proof.evidence import sealed
from condenslab.landscape.proof.exact import precision
from condenslab.landscape.proof.points import PointProof


@dataclass(frozen=True, eq=False)
class DistinctFunctions:
    """Proven critical points whose functions differ in pairs: at some input of the data their outputs are apart.

    Attributes:
        members: The proofs.
        left_out: How many of the given proofs are no members: unproven, or possibly equal to one.
    """

    members: tuple[PointProof | EmbeddedProof, ...]
    left_out: int

    @property
    def count(self) -> int:
        """So many critical functions exist at least."""
        return len(self.members)

    def certificate(self) -> dict[str, Any]:
        """Returns the certificate as plain values, those of the members in it."""
        members = [member.certificate() for member in self.members]
        return sealed("distinct_functions", {"members": members, "claim": {"count": len(members)}})


def distinct_functions(proofs: Sequence[PointProof | EmbeddedProof]) -> DistinctFunctions:
    """Chooses, in their order, proofs whose functions are proven to differ in pairs.

    Args:
        proofs: Of points of any width on the same data.

    Raises:
        ValueError: They are about different data: functions of different problems need not be different.
    """
    if any(not proof.problem.same_data(proofs[0].problem) for proof in proofs[1:]):
        raise ValueError("the proofs must be about the same data and loss. Got others: their functions say nothing.")
    members: list[PointProof | EmbeddedProof] = []
    seen: list[list[Any]] = []
    for proof in proofs:
        if not proof.proven:
            continue
        with precision(proof.precision):
            values = [value for row in proof.outputs() for value in row]
            apart = all(any(not a.overlaps(b) for a, b in zip(values, own, strict=True)) for own in seen)
        if apart:
            members.append(proof)
            seen.append(values)
    return DistinctFunctions(tuple(members), len(proofs) - len(members))
