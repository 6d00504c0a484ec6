"""The two PyTorch contestants: the loop that everybody writes, and torch.func."""

from typing import Any

import numpy as np
import torch
from torch import nn

from support.problem import RATE
from support.timing import Contestant, count_text


class TwoLayerNet(nn.Module):
    """f(x) = A·tanh(w·x + b), as a user writes it."""

    def __init__(self, width: int, dtype: torch.dtype) -> None:
        """Makes the layers; their values are set later."""
        super().__init__()
        self.hidden = nn.Linear(1, width, dtype=dtype)
        self.output = nn.Linear(width, 1, bias=False, dtype=dtype)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Returns the outputs, shape (sample, 1)."""
        return self.output(torch.tanh(self.hidden(inputs)))


def make_module_loop(inputs: np.ndarray, targets: np.ndarray, threads: int, device: str = "cpu") -> Contestant:
    """Returns the training loop with nn.Module, MSELoss and the SGD optimiser, one member after the other.

    Args:
        inputs: x, shape (sample, 1).
        targets: y, shape (sample, 1).
        threads: How many it uses.
        device: Where it computes, in PyTorch's words.
    """
    x, y = (torch.from_numpy(part.copy()).to(device) for part in (inputs, targets))
    criterion = nn.MSELoss()

    def advance(nets: list[TwoLayerNet], steps: int) -> list[TwoLayerNet]:
        torch.set_num_threads(threads)
        for net in nets:
            optimiser = torch.optim.SGD(net.parameters(), lr=RATE)
            for _ in range(steps):
                optimiser.zero_grad()
                loss = criterion(net(x), y)
                loss.backward()
                optimiser.step()
        _finish(device)
        return nets

    return Contestant(
        f"PyTorch loop, {_where(threads, device)}",
        lambda start: [_module(own).to(device) for own in start],
        advance,
        _read_modules,
        100,
    )


def make_functional(inputs: np.ndarray, targets: np.ndarray, threads: int, device: str = "cpu") -> Contestant:
    """Returns torch.func: vmap over the members of grad of the risk, and a plain update of the stacked parameters.

    Args:
        inputs: x, shape (sample, 1).
        targets: y, shape (sample, 1).
        threads: How many it uses.
        device: Where it computes, in PyTorch's words.
    """
    x, y = (torch.from_numpy(part.copy()).to(device) for part in (inputs, targets))
    shell: dict[str, nn.Module] = {}

    def risk(parameters: dict[str, torch.Tensor]) -> torch.Tensor:
        return nn.functional.mse_loss(torch.func.functional_call(shell["net"], parameters, (x,)), y)

    gradient = torch.func.vmap(torch.func.grad(risk))

    def start(parameters: np.ndarray) -> dict[str, torch.Tensor]:
        nets = [_module(own).to(device) for own in parameters]
        shell["net"] = nets[0]
        return torch.func.stack_module_state(nets)[0]

    def advance(state: dict[str, torch.Tensor], steps: int) -> dict[str, torch.Tensor]:
        torch.set_num_threads(threads)
        with torch.no_grad():
            for _ in range(steps):
                slopes = gradient(state)
                state = {name: value - RATE * slopes[name] for name, value in state.items()}
        _finish(device)
        return state

    return Contestant(f"torch.func vmap(grad), {_where(threads, device)}", start, advance, _read_stacked, 300)


def _finish(device: str) -> None:
    """Waits until the device has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()


def _where(threads: int, device: str) -> str:
    return count_text(threads) if device == "cpu" else device


def _module(parameters: np.ndarray) -> TwoLayerNet:
    w, b, a = (torch.from_numpy(row.copy()) for row in parameters)
    net = TwoLayerNet(len(w), w.dtype)
    net.load_state_dict({"hidden.weight": w[:, None], "hidden.bias": b, "output.weight": a[None, :]})
    return net


def _read_modules(nets: list[TwoLayerNet]) -> np.ndarray:
    return np.stack([_rows(net.state_dict()) for net in nets])


def _rows(state: dict[str, Any]) -> np.ndarray:
    names = ("hidden.weight", "hidden.bias", "output.weight")
    return np.stack([state[name].detach().reshape(-1).cpu().numpy() for name in names])


def _read_stacked(state: dict[str, torch.Tensor]) -> np.ndarray:
    members = len(state["hidden.bias"])
    return np.stack([_rows({name: value[k] for name, value in state.items()}) for k in range(members)])
