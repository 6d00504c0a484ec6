"""The seam for a torch module: value, gradient, Jacobian, Hessian product and what rests on them, computed by torch."""

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from condenslab.errors import UserError
from condenslab.interop.torch_module import require_torch

if TYPE_CHECKING:
    from condenslab.measures import Inertia, InertiaBounds, Rank

_MOST_DENSE = 5000


class TorchRisk:
    """R(θ) of a torch module on data, with the methods of `EmpiricalRisk`; θ is a flat float64 vector.

    The order of θ is that of `module.named_parameters()`. Everything is computed in float64 on a copy of the module in
    evaluation mode (dropout off, batch statistics frozen), which must be a pure function of parameters and inputs.

    Attributes:
        names: Names of the parameters, in order.
        theta: The trained point, shape (param,).
    """

    names: list[str]
    theta: np.ndarray

    def __init__(self, module: Any, inputs: Any, targets: Any, loss: Callable[..., Any] | None):
        import copy

        torch = require_torch("interop.pytorch")
        if not isinstance(module, torch.nn.Module):
            raise UserError(f"interop.pytorch takes a torch.nn.Module. Got a {type(module).__name__}")
        _load_forward_mode(torch)
        self._torch = torch
        self._module = copy.deepcopy(module).to(device="cpu", dtype=torch.float64).eval()
        parameters = dict(self._module.named_parameters())
        if not parameters:
            raise UserError("the module has no parameters, so there is nothing to differentiate")
        self.names = list(parameters)
        self._shapes = [tuple(parameter.shape) for parameter in parameters.values()]
        self._sizes = [parameter.numel() for parameter in parameters.values()]
        self.theta = np.concatenate([p.detach().numpy().ravel() for p in parameters.values()])
        self._buffers = dict(self._module.named_buffers())
        self._inputs = _tensor(torch, inputs, "inputs")
        self._targets = None if targets is None else _tensor(torch, targets, "targets")
        self._loss = loss
        try:
            outputs = self._outputs(torch.from_numpy(self.theta))
        except UserError:
            raise
        except Exception as error:
            text = str(error).splitlines()[0] if str(error) else ""
            raise UserError(
                f"the module does not take inputs of shape {tuple(self._inputs.shape)}: {type(error).__name__}: {text}"
            ) from error
        if self._targets is not None and len(outputs) != len(self._targets):
            raise UserError(f"there are {len(outputs)} outputs and {len(self._targets)} targets")

    def blocks(self) -> dict[str, slice]:
        """Returns where each parameter is in θ, by name."""
        ends = np.cumsum([0, *self._sizes])
        return {name: slice(int(a), int(b)) for name, a, b in zip(self.names, ends[:-1], ends[1:], strict=True)}

    def outputs(self, theta: np.ndarray | None = None) -> np.ndarray:
        """Returns f_θ(x_i), shape (sample, output).

        Args:
            theta: θ; by default the trained point.
        """
        with self._torch.no_grad():
            return self._outputs(self._point(theta)).numpy()

    def value(self, theta: np.ndarray | None = None) -> float:
        """Returns R(θ).

        Args:
            theta: θ; by default the trained point.
        """
        with self._torch.no_grad():
            return float(self._value(self._point(theta)))

    def gradient(self, theta: np.ndarray | None = None) -> np.ndarray:
        """Returns ∇R(θ), shape (param,).

        Args:
            theta: θ; by default the trained point.
        """
        return self._torch.func.grad(self._value)(self._point(theta)).detach().numpy()

    def jacobian(self, theta: np.ndarray | None = None) -> np.ndarray:
        """Returns ∂f_o(x_i)/∂θ, shape (sample, output, param).

        Args:
            theta: θ; by default the trained point.
        """
        chunk = max(1, min(256, (1 << 27) // max(len(self.theta), 1)))
        found = self._torch.func.jacrev(self._outputs, chunk_size=chunk)(self._point(theta))
        return found.detach().numpy().reshape(len(self._inputs), -1, len(self.theta))

    def hessian(self, theta: np.ndarray | None = None) -> np.ndarray:
        """Returns ∇²R(θ), shape (param, param).

        Args:
            theta: θ; by default the trained point.

        Raises:
            UserError: There are more than 5,000 parameters.
        """
        if len(self.theta) > _MOST_DENSE:
            raise UserError(
                f"a dense Hessian takes at most {_MOST_DENSE} parameters. Got {len(self.theta)}: use inertia_bounds"
            )
        found = self._torch.func.hessian(self._value)(self._point(theta)).detach().numpy()
        return (found + found.T) / 2

    def hessian_product(self, direction: np.ndarray, theta: np.ndarray | None = None) -> np.ndarray:
        """Returns ∇²R(θ)·v.

        Args:
            direction: v, shape (param,).
            theta: θ; by default the trained point.
        """
        along = self._point(np.asarray(direction, np.float64))
        gradient = self._torch.func.grad(self._value)
        return self._torch.func.jvp(gradient, (self._point(theta),), (along,))[1].detach().numpy()

    def model_rank(self, *, block: str | None = None) -> "Rank":
        """Returns the rank of the Jacobian at the trained point over all samples and outputs, with its evidence.

        Args:
            block: The start of the names of some parameters, to take only their columns.

        Raises:
            UserError: No name starts so, or the Jacobian has more than 2·10⁸ entries: see `rank_bounds`.
        """
        from condenslab.measures import rank

        entries = len(self._inputs) * self.outputs().reshape(len(self._inputs), -1).shape[1] * len(self.theta)
        if entries > 2e8:
            raise UserError(f"the Jacobian has {entries:.1e} entries, too many for a dense rank: use rank_bounds")
        return rank(self.jacobian().reshape(-1, len(self.theta))[:, self._columns(block)])

    def rank_bounds(self, *, sketch: int = 64, seed: int = 0) -> tuple[int, int, "Rank"]:
        """Bounds the rank of the Jacobian by products J·Ω with a random Ω, without forming it.

        Args:
            sketch: Columns of Ω: more than the rank that is expected.
            seed: Of Ω.

        Returns:
            A lower bound, an upper bound, and the rank of the sketch. They meet if the sketch has a decided rank below
            its size.
        """
        from condenslab.measures import rank

        rng = np.random.default_rng(seed)
        push = self._torch.func.jvp
        point = self._point(None)
        columns = []
        for _ in range(sketch):
            along = self._point(rng.standard_normal(len(self.theta)))
            columns.append(push(self._outputs, (point,), (along,))[1].detach().numpy().ravel())
        found = rank(np.stack(columns, axis=1))
        rows = len(columns[0])
        below = found.decided and found.value < min(sketch, rows)
        return found.value, found.value if below else min(rows, len(self.theta)), found

    def inertia(self, *, block: str | None = None) -> "Inertia":
        """Returns the inertia of ∇²R at the trained point; up to 5,000 parameters.

        Args:
            block: The start of the names of some parameters, to take only their rows and columns.

        Raises:
            UserError: There are too many parameters, or no name starts so.
        """
        from condenslab.measures import inertia

        chosen = self._columns(block)
        norm = float(np.abs(self.gradient()[chosen]).sum())
        return inertia(self.hessian()[np.ix_(chosen, chosen)], gradient_norm=norm)

    def inertia_bounds(self, *, seed: int = 0, steps: int = 50, starts: int = 2) -> "InertiaBounds":
        """Returns how many positive and negative directions ∇²R has at least, by Lanczos' method.

        Args:
            seed: Of the starts.
            steps: Hessian products a start.
            starts: Random starts.
        """
        import jax

        from condenslab.measures import inertia_bounds

        size = len(self.theta)
        shape = jax.ShapeDtypeStruct((size,), np.float64)  # whatever JAX's default precision is

        def product(v: Any) -> Any:
            return jax.pure_callback(lambda w: self.hessian_product(np.asarray(w)), shape, v, vmap_method="sequential")

        norm = float(np.abs(self.gradient()).sum())
        with jax.enable_x64(True):
            return inertia_bounds(product, size, jax.random.key(seed), steps=steps, starts=starts, gradient_norm=norm)

    def _columns(self, block: str | None) -> np.ndarray:
        places = [
            np.arange(len(self.theta))[part] for name, part in self.blocks().items() if name.startswith(block or "")
        ]
        if not places:
            raise UserError(f"no parameter starts with {block!r}. Valid: {', '.join(self.names)}")
        return np.concatenate(places)

    def _point(self, theta: np.ndarray | None) -> Any:
        point = self.theta if theta is None else np.asarray(theta, np.float64)
        if point.shape != self.theta.shape:
            raise UserError(f"theta must have shape {self.theta.shape}. Got {point.shape}")
        return self._torch.from_numpy(np.array(point))

    def _outputs(self, theta: Any) -> Any:
        parts = self._torch.split(theta, self._sizes)
        named = {n: p.reshape(s) for n, p, s in zip(self.names, parts, self._shapes, strict=True)}
        found = self._torch.func.functional_call(self._module, {**named, **self._buffers}, (self._inputs,))
        if not self._torch.is_tensor(found):
            raise UserError(f"the module must return one tensor. Got a {type(found).__name__}")
        return found.reshape(len(self._inputs), -1)

    def _value(self, theta: Any) -> Any:
        if self._targets is None:
            raise UserError("the risk needs targets: interop.pytorch(module, inputs, targets)")
        outputs = self._outputs(theta)
        if self._loss is not None:
            value = self._loss(outputs, self._targets)
            if not self._torch.is_tensor(value) or value.numel() != 1:
                raise UserError("the loss must return one number, for example by .mean() over samples")
            return value.reshape(())
        return ((outputs - self._targets.reshape(outputs.shape)) ** 2).sum(dim=1).mean()


def pytorch(module: Any, inputs: Any, targets: Any = None, loss: Callable[..., Any] | None = None) -> TorchRisk:
    """Makes the risk of a torch module, so that rank, inertia and gradients work on it.

    Args:
        module: Any module that takes `inputs` and returns one tensor with the sample first.
        inputs: Array or tensor, shape (sample, …).
        targets: Array or tensor with one entry a sample, or None where only outputs are asked for.
        loss: (outputs, targets) → a number, for example `torch.nn.functional.cross_entropy`; by default the mean over
            samples of ‖f − y‖², as everywhere in this package.

    Returns:
        The risk; the module is copied and not changed.

    Raises:
        UserError: torch is not installed, the module has no parameters, returns no tensor, or counts do not fit.
    """
    return TorchRisk(module, inputs, targets, loss)


def _load_forward_mode(torch: Any) -> None:
    """Lets torch load what forward differentiation needs, which warns of a deprecated function of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.func.jvp(torch.sin, (torch.zeros(1),), (torch.ones(1),))


def _tensor(torch: Any, values: Any, what: str) -> Any:
    try:
        tensor = values.detach().cpu() if torch.is_tensor(values) else torch.from_numpy(np.array(values))
    except (TypeError, ValueError) as error:
        raise UserError(f"{what} must be an array or a tensor of numbers. Got a {type(values).__name__}") from error
    if tensor.ndim == 0 or not len(tensor):
        raise UserError(f"{what} need the shape (sample, …). Got {tuple(tensor.shape)}")
    if not tensor.is_floating_point():
        return tensor
    if not torch.isfinite(tensor).all():
        raise UserError(f"{what} hold NaN or infinity: clean them first")
    return tensor.to(torch.float64)
