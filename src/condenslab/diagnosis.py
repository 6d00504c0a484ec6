"""What is found out about a JAX build, and how it is told to people and to programs; imports no JAX."""

import textwrap
from dataclasses import asdict, dataclass
from typing import Any

from condenslab import aborts


@dataclass(frozen=True)
class Check:
    """One comparison with NumPy.

    Attributes:
        name: What was compared.
        error: The largest difference, relative to the largest entry (for activations: to the entry itself, or to 1
            where that is larger).
        tolerance: The largest accepted.
    """

    name: str
    error: float
    tolerance: float

    @property
    def right(self) -> bool:
        """Whether the error is within the tolerance; NaN is not."""
        return self.error <= self.tolerance


@dataclass(frozen=True)
class Diagnosis:
    """What is installed, whether it computes correctly, and how fast.

    Attributes:
        versions: Version by package, None where it is not installed.
        device: The device that JAX computes on.
        threads: How many threads it may use.
        checks: Comparisons with NumPy.
        microseconds: Median time of a full-batch gradient step of the width-500 tanh network on 50 samples in float32.
        abort: What this build says when it ends a process that sums a padded array; empty where it computes the sum.
    """

    versions: dict[str, str | None]
    device: str
    threads: int
    checks: tuple[Check, ...]
    microseconds: float
    abort: str = ""

    @property
    def problem(self) -> str:
        """A sentence that says what is wrong and what to do; empty where nothing is."""
        wrong = [check for check in self.checks if not check.right]
        if not wrong:
            return ""
        first = max(wrong, key=lambda check: check.error / check.tolerance)
        if self.device != "cpu" and all("float32" in check.name for check in wrong):
            return (
                f"float32 is not computed to its precision on {self.device}: {first.name} differ from NumPy's by "
                f"{first.error:.1e} (tolerance {first.tolerance:.0e}); set JAX_DEFAULT_MATMUL_PRECISION=highest, or in "
                'Python jax.config.update("jax_default_matmul_precision", "highest")'
            )
        return (
            f"this build of jax {self.versions['jax']} computes wrong results on this machine: {first.name} differ "
            f"from NumPy's by {first.error:.1e} (tolerance {first.tolerance:.0e}); install another one, for example "
            "pip install 'jax>=0.10.1,!=0.10.2'"
        )

    @property
    def warning(self) -> str:
        """A sentence on what ends a process that computes it, and how to avoid it; empty where nothing does."""
        if not self.abort:
            return ""
        return (
            f"this build of jax {self.versions['jax']} ends a process that sums a padded array ({self.abort}): set "
            f"XLA_FLAGS={aborts.FLAG} before JAX starts, as this command line does for itself"
        )

    def as_dict(self) -> dict[str, Any]:
        """Returns the diagnosis as JSON would hold it."""
        return {
            "ok": not self.problem,
            "problem": self.problem or None,
            "warning": self.warning or None,
            "versions": self.versions,
            "device": self.device,
            "threads": self.threads,
            "microseconds_per_step": self.microseconds,
            "checks": [asdict(check) | {"right": check.right} for check in self.checks],
        }

    def text(self) -> str:
        """Returns the diagnosis for people."""
        listed = ", ".join(f"{name}\N{NO-BREAK SPACE}{number or '(missing)'}" for name, number in self.versions.items())
        installed = textwrap.fill(listed, 110, subsequent_indent=" " * 10)
        step = f"{self.microseconds:.0f} µs"
        checks = [
            f"  {'✓' if check.right else '✗'} {check.name}: {check.error:.1e} (tolerance {check.tolerance:.0e})"
            for check in self.checks
        ]
        return "\n".join(
            [
                f"versions  {installed}",
                f"device    {self.device}, {self.threads} threads",
                "errors against NumPy",
                *checks,
                f"  {'✗' if self.abort else '✓'} sums of padded arrays: {self.abort or 'computed'}",
                f"speed     {step} a full-batch gradient step (tanh, width 500, 50 samples, float32)",
            ]
        )
