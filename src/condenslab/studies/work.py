"""A study's work as it travels to other processes: by the study's name, with what its numbers depend on."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from condenslab import aborts
from condenslab.errors import UserError
from condenslab.studies.contract.study import Study
from condenslab.studies.registry import REGISTRY
from condenslab.sweeps import Outcome, Progress
from condenslab.tasks import Table

_SHARED = (
    "jax_enable_x64",
    "jax_default_matmul_precision",
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
)


@dataclass(frozen=True)
class JaxSettings:
    """The settings of JAX that a worker must share with the process that sends it work.

    Attributes:
        values: By name.
    """

    values: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def here(cls) -> "JaxSettings":
        """Returns those of this process; none where JAX has not been imported."""
        jax = sys.modules.get("jax")
        return cls() if jax is None else cls(tuple((name, getattr(jax.config, name)) for name in _SHARED))

    def apply(self) -> None:
        """Sets them in this process."""
        if self.values:
            import jax

            for name, value in self.values:
                jax.config.update(name, value)


class JaxWork:
    """Work of which every process that computes it has the same settings of JAX, and counts its compilations.

    Attributes:
        settings: Of JAX.
    """

    settings: JaxSettings

    def prepare(self) -> None:
        """Sets JAX as it is where the work comes from, and starts to count compilations."""
        aborts.avoid()  # a worker of another engine has an environment of its own
        self.settings.apply()
        compilations()

    @staticmethod
    def compilations() -> int:
        """Returns how many programs this process has compiled since it was first asked."""
        return compilations()


@dataclass(frozen=True)
class StudyWork(JaxWork):
    """Computes batches of a study, in this process or in another.

    Attributes:
        reference: Where the study is, as "module:attribute".
        data: The user's own table, or None.
        settings: Of JAX.
    """

    reference: str
    data: Table | None
    settings: JaxSettings

    def __call__(self, cases: Sequence[Any], /, *, progress: Progress | None = None) -> list[Outcome]:
        """Computes a batch."""
        spare_programs()
        module, _, attribute = self.reference.partition(":")
        return getattr(import_module(module), attribute).run_batch(cases, data=self.data, progress=progress)

    def prepare(self) -> None:
        """Sets JAX as it is where the work comes from, imports the study, and starts to count compilations."""
        super().prepare()
        import_module(self.reference.partition(":")[0])


@dataclass(frozen=True)
class OwnWork:
    """Computes batches of a study in this process.

    Attributes:
        study: The study.
        data: The user's own table, or None.
    """

    study: Study
    data: Table | None

    def __call__(self, cases: Sequence[Any], /, *, progress: Progress | None = None) -> list[Outcome]:
        """Computes a batch."""
        spare_programs()
        return self.study.run_batch(cases, data=self.data, progress=progress)

    @staticmethod
    def compilations() -> int:
        """Returns how many programs this process has compiled since it was first asked."""
        return compilations()


def spare_programs() -> None:
    """Forgets compiled programs where the system would soon give no memory map for one more."""
    if "jax" in sys.modules:
        from condenslab.processors import make_room_for_programs

        make_room_for_programs()


def compilations() -> int:
    """Returns how many programs this process has compiled since it was first asked."""
    jax = sys.modules.get("jax")
    if jax is None:
        return 0
    if not _counting:
        _counting.append(0)
        jax.monitoring.register_event_duration_secs_listener(_count)
    return _counting[0]


def work_of(study: Study, data: Table | None) -> StudyWork:
    """Returns the work of a study that other processes can import.

    Args:
        study: The study.
        data: The user's own table, or None.

    Raises:
        UserError: The registry does not say where it is.
    """
    reference = REGISTRY.get(study.name, "")
    module, _, attribute = reference.partition(":")
    if not reference or getattr(import_module(module), attribute) is not study:
        raise UserError(
            f"other processes cannot import the study {study.name!r}: put it into a module and name it in "
            f"studies.REGISTRY[{study.name!r}] = 'module:attribute', or use the executor 'inprocess'"
        )
    return StudyWork(reference, data, JaxSettings.here())


def _count(event: str, seconds: float, **_: Any) -> None:
    if event.endswith("backend_compile_duration"):
        _counting[0] += 1


_counting: list[int] = []
"""The number of compilations, once they are counted."""
