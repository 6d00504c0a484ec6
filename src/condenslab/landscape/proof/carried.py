"""What proofs of embedded points share: all but the embedding and its inertia is the narrow point's."""

from typing import Any

from condenslab.landscape.proof.evidence import sealed
from condenslab.landscape.proof.points import PointProof
from condenslab.landscape.proof.signs import ProvenInertia


class CarriedProof:
    """The proof of a narrow point, carried through an exact embedding to a wide one.

    What is proven says an `EmbeddedProof` (two layers) or a `CompatibleProof` (any depth), which have all of this.

    Attributes:
        narrow: The proof of the narrow point.
        inertia: Of ∇²R at the wide point.
        dimension: The point lies in a family of critical points of this dimension at least, all with its function.
        reason: Why nothing was proven, a sentence, or empty.
    """

    narrow: PointProof
    inertia: ProvenInertia
    dimension: int
    reason: str

    @property
    def proven(self) -> bool:
        """Whether the point is proven to be critical."""
        return self.narrow.proven and not self.reason

    @property
    def isolated(self) -> bool:
        """False: an embedded point lies in a continuous family or has a kernel that nothing is said about."""
        return False

    @property
    def precision(self) -> int:
        """Binary digits that sufficed."""
        return self.narrow.precision

    @property
    def risk(self) -> list[str]:
        """R at the point, [midpoint, radius], exact text."""
        return self.narrow.risk

    def outputs(self) -> list[list[Any]]:
        """Returns enclosures of f(x_i), those of the narrow network, shape (sample, output)."""
        return self.narrow.outputs()

    def _sealed(self, kind: str, embedding: dict[str, Any], widths: dict[str, Any]) -> dict[str, Any]:
        """Returns the certificate: the narrow one, what the embedding is, and what is claimed."""
        if not self.proven:
            raise ValueError(f"there is a certificate only of what is proven: {self.reason or self.narrow.reason}")
        counts = {name: getattr(self.inertia, name) for name in ("positive", "zero", "negative", "open")}
        claim = {"inertia": counts, "dimension": self.dimension, **widths}
        body = {"precision": self.precision, "narrow": self.narrow.certificate(), **embedding, "claim": claim}
        return sealed(kind, body)
