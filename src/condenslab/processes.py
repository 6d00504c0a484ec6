"""Processes of our own that compute: started afresh, spoken to through a pipe, never a copy of this one.

They are Python interpreters that import what they are sent, so that neither the threads of JAX nor the main program of
a user, guarded by `if __name__ == "__main__"` or not, matters to them.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

THREAD_VARIABLES = (
    "NPROC",  # the size of XLA's thread pools on CPU; XLA_FLAGS has none that limits them
    "PJRT_NPROC",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)
"""Environment variables that bound the threads of numerical libraries; they are read when these are imported."""

_PATIENCE = 5.0


@dataclass(frozen=True)
class Told:
    """A message of a helper.

    Attributes:
        kind: `told` for what a function says on its way, `returned` for its result, `raised` for its exception.
        content: What was said or returned; of an exception its traceback.
    """

    kind: str
    content: Any


class Helper:
    """A process that calls functions for this one, one after the other.

    Example:
        ```python
        helper = Helper(threads=1)
        helper.call(math.gcd, 12, 18)
        helper.heard()  # Told("returned", 6)
        helper.stop()
        ```
    """

    def __init__(self, *, threads: int, environment: dict[str, str] | None = None):
        """Starts the process.

        Args:
            threads: Threads that its numerical libraries may use.
            environment: Further environment variables.
        """
        self.connection, theirs = Pipe()
        variables = {name: str(threads) for name in THREAD_VARIABLES} | (environment or {})
        path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        program = f"from condenslab.processes import serve; serve({theirs.fileno()}, {os.getpid()})"
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            pass_fds=[theirs.fileno()],
            env=os.environ | variables | {"PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if sys.stdout is None else 2,  # standard output is for results alone
        )
        theirs.close()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def call(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Sends a call without waiting for it; the function also gets `tell` by name.

        Args:
            function: A function of a module; it may say something on its way by tell(object).
            *arguments: Its arguments: what is sent and said must survive pickle.

        Raises:
            OSError: The process is dead.
        """
        self.connection.send_bytes(pickle.dumps((function, arguments)))

    def heard(self) -> Told | None:
        """Waits for the next message; None where the process has died instead."""
        try:
            return Told(*pickle.loads(self.connection.recv_bytes()))
        except (EOFError, OSError, pickle.UnpicklingError):
            return None

    def death(self) -> str:
        """Says what became of a process that is dead or dying."""
        try:
            code = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"ended with exit status {code}"

    def stop(self) -> None:
        """Ends the process at once."""
        self._process.kill()
        self._process.wait()
        self.connection.close()


def serve(descriptor: int, parent: int) -> None:
    """Calls what comes through a pipe until it is closed; the main program of a helper.

    Args:
        descriptor: The file descriptor of this end of the pipe.
        parent: The process that sends; when it is gone, this one ends too.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the parent decides
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    connection = Connection(descriptor)
    lock = threading.Lock()

    def send(kind: str, content: Any) -> None:
        with lock:
            connection.send_bytes(pickle.dumps((kind, content)))

    while True:
        try:
            message = connection.recv_bytes()
        except (EOFError, OSError):
            os._exit(0)  # threads of libraries must not hold it up
        try:
            function, arguments = pickle.loads(message)
            answer = "returned", function(*arguments, tell=lambda said: send("told", said))
        except Exception:
            answer = "raised", traceback.format_exc()
        try:
            send(*answer)
        except OSError:
            os._exit(0)


def _follow(parent: int) -> None:
    """Ends this process when its parent is gone."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
