"""The watcher as a callback of Lightning and of the Hugging Face Trainer."""

import importlib
from typing import Any

from condenslab.errors import UserError
from condenslab.interop.watching import Watcher


def lightning_callback(watcher: Watcher) -> Any:
    """Returns a Lightning callback that shows the watcher every batch, and tells the trainer's logger.

    Args:
        watcher: The watcher.

    Raises:
        UserError: Neither `lightning` nor `pytorch_lightning` is installed.

    Example:
        ```python
        Trainer(callbacks=[interop.lightning_callback(interop.Watcher("runs", run="mine"))])
        ```
    """
    base = _first("lightning.pytorch", "pytorch_lightning").Callback

    class WatchCallback(base):  # a class of the user's own Lightning
        """Shows the watcher the module after each batch."""

        def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any, **__: Any) -> None:
            """Records the step if it is one of every k."""
            values = watcher(trainer.global_step, pl_module)
            if values is not None and getattr(trainer, "logger", None) is not None:
                trainer.logger.log_metrics(flat(values), step=trainer.global_step)

    return WatchCallback()


def transformers_callback(watcher: Watcher) -> Any:
    """Returns a callback of the Hugging Face Trainer that shows the watcher every step.

    Args:
        watcher: The watcher.

    Raises:
        UserError: `transformers` is not installed.

    Example:
        ```python
        Trainer(…, callbacks=[interop.transformers_callback(interop.Watcher("runs", run="mine"))])
        ```
    """
    base = _first("transformers").TrainerCallback

    class WatchCallback(base):  # a class of the user's own transformers
        """Shows the watcher the model after each step."""

        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            """Records the step if it is one of every k."""
            if model is not None and getattr(state, "is_world_process_zero", True):
                watcher(state.global_step, model)

    return WatchCallback()


def flat(values: dict[str, dict[str, float]]) -> dict[str, float]:
    """Returns the numbers of a step by one name each.

    Args:
        values: Numbers by layer.
    """
    return {f"condensation/{name}/{key}": value for name, row in values.items() for key, value in row.items()}


def _first(*names: str) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise UserError(f"this callback needs {' or '.join(names)}, which is not installed")
