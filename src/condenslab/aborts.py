"""Programs at which a release of JAX ends the whole process, and how to keep it from doing so; imports no JAX.

jaxlib 0.10.1 on CPU ends with "(0 <= -4) is statically false" where it sums, over that axis and another one of some
length, an array that was padded in front, for example the gradient of what reads the last of several tokens: XLA turns
it into a padded window sum, which its library YNNPACK cannot lay out.
"""

import os
import subprocess
import sys
from importlib import metadata

FLAG = "--xla_cpu_experimental_ynn_fusion_type=-reduce"
"""Has XLA compute sums by itself; releases that do not know the flag refuse to start, so it is set for one alone."""

_RELEASE = "0.10.1"
_PROGRAM = """
import jax, jax.numpy as jnp
padded = lambda x: jnp.pad(x, ((0, 0), (0, 0), (4, 0), (0, 0))).sum((1, 2))
print(float(jax.jit(padded)(jnp.ones((4, 128, 1, 128)))[0, 0]))
"""


def avoid() -> None:
    """Sets the flag in `XLA_FLAGS` for this process and those that it starts, where the release needs it.

    To be called before JAX starts. A flag of the user's for the same library is left as it is.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    try:
        needed = metadata.version("jaxlib") == _RELEASE and "ynn_fusion_type" not in flags
    except metadata.PackageNotFoundError:
        needed = False
    if needed:
        os.environ["XLA_FLAGS"] = f"{flags} {FLAG}".strip()


def found() -> str:
    """Returns what a process says that sums a padded array on the CPU, flags as here; empty where the sum is right."""
    on_cpu = os.environ | {"JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, env=on_cpu)
    if done.returncode == 0 and done.stdout.strip() == "128.0":
        return ""
    return " ".join((done.stderr or done.stdout).split())[-200:] or f"exit status {done.returncode}"
