"""Ranks that say "decided": how many of them are wrong, on networks whose rank is known from outside.

840 generic two-layer networks (tanh, sigmoid, GELU; weights of std 1 to 1e-4), ranks by elimination in ball arithmetic
of 1,500 bits, and 240 spline networks on refined grids, ranks by theory. Needs the extra [proof]. See README.md.
"""

import sys
import time
from collections.abc import Iterator
from typing import Any

import jax
from support import machine, options
from support.known_ranks import Drawn, generic, kans

from condenslab import measures


def main() -> None:
    """Runs the benchmark."""
    jax.config.update("jax_enable_x64", True)
    arguments = options.parse(__doc__.partition("\n")[0])
    share = 10 if arguments.quick else 1
    groups = {"generic networks": generic(840 // share), "spline networks": kans(60 // share)}
    result = {"machine": machine.describe(), "groups": {name: judged(name, draws) for name, draws in groups.items()}}
    print(options.dump(result) if arguments.json else _text(result))


def judged(name: str, draws: Iterator[Drawn]) -> dict[str, Any]:
    """Returns how many draws are decided, wrong, and undecided although the smallest value is clear of the noise.

    Args:
        name: Of the group.
        draws: Networks of known rank.
    """
    drawn, decided, clear, unknown, wrong, seconds = 0, 0, 0, 0, [], 0.0
    for one in draws:
        begun = time.perf_counter()
        found = measures.model_rank(one.network, one.probes)
        seconds += time.perf_counter() - begun
        distinct = found.singular_values[one.truth - 1] >= 1e3 * found.floor
        drawn, decided, clear = drawn + 1, decided + found.decided, clear + distinct
        unknown += int(distinct and not found.decided)
        if found.decided and found.value != one.truth:
            wrong.append(f"{one.name}: {found.value} for {one.truth} ({found.evidence})")
        if drawn % 60 == 0:
            print(f"{name}: {drawn} drawn, {decided} decided, {len(wrong)} wrong, {seconds:.0f} s …", file=sys.stderr)
    return {
        "drawn": drawn,
        "decided": int(decided),
        "wrong": wrong,
        "smallest_value_clear": int(clear),
        "undecided_although_clear": unknown,
        "seconds": seconds,
    }


def _text(result: dict[str, Any]) -> str:
    """Returns the result for people."""
    lines = [machine.headline(result["machine"]), ""]
    for name, one in result["groups"].items():
        share = 100 * one["undecided_although_clear"] / max(1, one["smallest_value_clear"])
        lines += [
            f"{name}: {one['drawn']} drawn, {one['decided']} decided, of them wrong: {len(one['wrong'])}",
            f"  smallest non-zero value at least 10³ times the noise: {one['smallest_value_clear']}, undecided of "
            f"them: {one['undecided_although_clear']} ({share:.1f} %); {one['seconds']:.0f} s",
            *(f"  WRONG {line}" for line in one["wrong"]),
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
