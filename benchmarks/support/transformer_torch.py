"""The decoder of `transformer.py` in PyTorch: python transformer_torch.py PROBLEM.npz MODE STEPS REPEATS LAST."""

import json
import math
import sys
import time

import numpy as np
import torch
from torch.nn import functional


class Decoder(torch.nn.Module):
    """The same function, with the parameters that the other side has written."""

    def __init__(self, arrays: dict[str, np.ndarray], member: int, last: bool) -> None:
        super().__init__()
        self.last = last
        part = lambda name: torch.nn.Parameter(torch.tensor(arrays[name][member]))  # noqa: E731
        self.tokens, self.positions = part(".tokens"), part(".positions")
        self.readout, self.bias = part(".readout"), part(".readout_bias")
        names = ("queries", "keys", "values", "outputs", "attention_scales", "attention_shifts")
        names += ("expand", "contract", "forward_scales", "forward_shifts")
        self.depth = sum(name.startswith(".queries") for name in arrays)
        # A dictionary of PyTorch's takes no entry named like a method of its own, such as keys.
        self.blocks = torch.nn.ModuleList(
            torch.nn.ParameterDict({f"w_{name}": part(f".{name}[{k}]") for name in names}) for k in range(self.depth)
        )

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Returns the logits at the last token, shape (sample, vocabulary)."""
        x = self.tokens[tokens] + self.positions[: tokens.shape[1]]
        length, width = tokens.shape[1], x.shape[-1]
        mask = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
        for k, p in enumerate(self.blocks):
            own = x[:, -1:] if self.last and k == self.depth - 1 else x
            q, key, v = own @ p["w_queries"][0], x @ p["w_keys"][0], x @ p["w_values"][0]
            scores = (q @ key.transpose(-1, -2) / math.sqrt(q.shape[-1])).masked_fill(mask[-own.shape[1] :], -1e9)
            mixed = scores.softmax(-1) @ v @ p["w_outputs"][0].T
            own = functional.layer_norm(own + mixed, (width,), p["w_attention_scales"], p["w_attention_shifts"])
            feed = torch.relu(own @ p["w_expand"]) @ p["w_contract"]
            x = functional.layer_norm(own + feed, (width,), p["w_forward_scales"], p["w_forward_shifts"])
        return x[:, -1] @ self.readout + self.bias


def main() -> None:
    """Trains all members, and prints seconds a step and member, and the mean loss after 20 steps."""
    problem, mode, steps, repeats, last = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    arrays = dict(np.load(problem))
    tokens, targets = torch.tensor(arrays["tokens_of_batch"]), torch.tensor(arrays["targets"])
    members = len(arrays[".tokens"])
    nets = [Decoder(arrays, k, bool(last)) for k in range(members)]
    forwards = [torch.compile(net) for net in nets] if mode == "compile" else nets
    optimisers = [torch.optim.AdamW(net.parameters(), lr=1e-4, weight_decay=0.01, eps=1e-8) for net in nets]

    def step() -> float:
        total = 0.0
        for net, forward, optimiser in zip(nets, forwards, optimisers, strict=True):
            optimiser.zero_grad()
            loss = functional.cross_entropy(forward(tokens), targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            total += float(loss.detach())
        return total / members

    losses = [step() for _ in range(21)]
    best = math.inf
    for _ in range(repeats):
        begun = time.perf_counter()
        for _ in range(steps):
            step()
        best = min(best, time.perf_counter() - begun)
    print(json.dumps({"seconds": best / steps / members, "loss": losses[20]}))


if __name__ == "__main__":
    main()
