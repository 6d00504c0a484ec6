"""The independent checker: verifies certificates from scratch, with no line of the code that made them.

It imports nothing of this package but its errors (import-linter enforces it), and uses other methods than the search:
second-order jets instead of matrix products, truncated power series instead of closed derivatives, an LDLᵀ
factorisation instead of Gershgorin discs, its own reading of numbers.
"""

from condenslab.checker.verify import Verdict, verify

__all__ = ["Verdict", "verify"]
