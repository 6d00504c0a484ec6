"""The watcher as a callback of Lightning and of the Hugging Face Trainer."""

import importlib
from typing import Any

from condenslab.errors import UserError
from condenslab.interop.watching import Watcher, flat


def lightning_callback(watcher: Watcher) -> Any:
    """Returns a Lightning callback that shows the watcher the module at the start and after each optimiser step.

    The trainer's loggers (TensorBoard, W&B, CSV and so on) are told too.

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
        """Shows the watcher the module at each global step."""

        def __init__(self) -> None:
            super().__init__()
            self._seen = -1

        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            """Records the state before the first step, or where a resumed training goes on."""
            self._see(trainer, pl_module)

        def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any, **__: Any) -> None:
            """Records the step if it is one of every k; batches whose gradients are only gathered are no steps."""
            self._see(trainer, pl_module)

        def _see(self, trainer: Any, pl_module: Any) -> None:
            step = trainer.global_step
            if step == self._seen or not trainer.is_global_zero:
                return
            self._seen = step
            values = watcher(step, pl_module)
            if values is not None:
                for logger in trainer.loggers:
                    logger.log_metrics(flat(values), step=step)

    return WatchCallback()


def transformers_callback(watcher: Watcher, trainer: Any = None) -> Any:
    """Returns a callback of the Hugging Face Trainer that shows the watcher the model at the start and at every step.

    Args:
        watcher: The watcher.
        trainer: The Trainer whose reporters (`report_to`: TensorBoard, W&B and so on) are to be told too, or None: a
            callback alone does not know them.

    Raises:
        UserError: `transformers` is not installed.

    Example:
        ```python
        trainer = Trainer(...)
        trainer.add_callback(interop.transformers_callback(interop.Watcher("runs", run="mine"), trainer))
        ```
    """
    base = _first("transformers").TrainerCallback

    class WatchCallback(base):  # a class of the user's own transformers
        """Shows the watcher the model at the start and after each step."""

        def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            """Records the state before the first step, or where a resumed training goes on."""
            self._see(args, state, control, model)

        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            """Records the step if it is one of every k."""
            self._see(args, state, control, model)

        def _see(self, args: Any, state: Any, control: Any, model: Any) -> None:
            if model is None or not state.is_world_process_zero:
                return
            values = watcher(state.global_step, model)
            if values is None or trainer is None:
                return
            for reporter in trainer.callback_handler.callbacks:
                if type(reporter).__module__.startswith("transformers.integrations"):
                    reporter.on_log(args, state, control, model=model, logs=flat(values))

    return WatchCallback()


def _first(*names: str) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise UserError(f"this callback needs {' or '.join(names)}, which is not installed")
