"""What the command line sets on this machine before JAX starts: threads, precision, compile cache."""

import contextlib
import hashlib
import os
import platform
import sys
import tempfile
import warnings
from pathlib import Path
from types import ModuleType

from condenslab import aborts
from condenslab.cli import streams
from condenslab.errors import UserError

_THREAD_VARIABLES = (
    "NPROC",  # the size of XLA's thread pools on CPU; XLA_FLAGS has none that limits them
    "PJRT_NPROC",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)


def limit_threads(threads: int | None) -> None:
    """Limits the threads of the computations of this process; to be called before NumPy and JAX are imported.

    Args:
        threads: At least 1, or None for all.

    Raises:
        UserError: It is less than 1.
    """
    if threads is None:
        return
    if threads < 1:
        raise UserError(f"--threads must be at least 1. Got {threads}")
    for variable in _THREAD_VARIABLES:
        os.environ[variable] = str(threads)


def say(text: str) -> None:
    """Writes a line on standard error, where it can be written."""
    with contextlib.suppress(OSError):
        sys.stderr.write(streams.harmless(text) + "\n")
        sys.stderr.flush()


def require_device() -> None:
    """Starts JAX, and lets accelerators, which by default keep three digits in float32, multiply matrices with all.

    Raises:
        UserError: It does not start, or finds no device: its environment variables ask for what is not there.
    """
    aborts.avoid()
    try:
        import jax

        if jax.default_backend() != "cpu" and getattr(jax.config, "jax_default_matmul_precision", None) is None:
            jax.config.update("jax_default_matmul_precision", "highest")
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        given = {name: value for name, value in os.environ.items() if name.startswith("JAX_")}
        asked = "; ".join(f"{name}={value}" for name, value in given.items()) or "no JAX_… variable is set"
        raise UserError(
            f"JAX does not start ({reason}): correct or unset its environment variables ({asked})"
        ) from error


def prepare_jax() -> None:
    """Enables float64 in JAX, which ranks, inertias and critical points need, and a cache of compiled programs.

    Raises:
        UserError: JAX does not start.
    """
    # A program from the cache is announced by an error that is none. "1" is what JAX itself leaves to child processes.
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL", "1") == "1":
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    require_device()
    import jax

    jax.config.update("jax_enable_x64", True)
    if getattr(jax.config, "jax_compilation_cache_dir", None) is None:
        _cache_programs(jax)


def cache_folder(jax_version: str) -> Path:
    """Returns where compiled programs are kept: the user's cache folder, apart for every JAX release and processor.

    Args:
        jax_version: The release of JAX.

    Raises:
        RuntimeError: The user has no home folder.
    """
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "condenslab" / f"jax-{jax_version}-{_processor()}"


def _cache_programs(jax: ModuleType) -> None:
    """Keeps compiled programs from run to run where that is possible; a damaged entry is compiled again."""
    try:
        folder = cache_folder(jax.__version__)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError):
        return
    warnings.filterwarnings("ignore", message=".*persistent compilation cache.*")
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


def _processor() -> str:
    """Returns a fingerprint of the processor: programs compiled for one may not run on another."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        about = [
            line for line in lines[: lines.index("")] if line.startswith(("model name", "flags", "Features", "CPU"))
        ]
    except (OSError, ValueError):
        about = [platform.processor(), platform.machine()]
    return hashlib.sha256("\n".join(about).encode()).hexdigest()[:12]
