"""The command line of the benchmarks, and what they print."""

import argparse
import json
from collections.abc import Sequence
from typing import Any


def parse(description: str) -> argparse.Namespace:
    """Returns the options `json` and `quick`.

    Args:
        description: The first line of `--help`.
    """
    return parser(description).parse_args()


def parser(description: str) -> argparse.ArgumentParser:
    """Returns what reads the options `json` and `quick`, to which a benchmark may add its own.

    Args:
        description: The first line of `--help`.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print JSON alone on standard output")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller budgets: a look, not a result")
    return parser


def aim(statement: str, *, measured: float | None, bound: float, at_least: bool, note: str = "") -> dict[str, Any]:
    """Returns an aim and whether it is reached; None where it could not be measured.

    Args:
        statement: What is aimed at.
        measured: The ratio reached, or None.
        bound: The ratio aimed at.
        at_least: Whether the ratio should be at least, or at most, the bound.
        note: What a reader must know of the number.
    """
    reached = None if measured is None else (measured >= bound if at_least else measured <= bound)
    return {"aim": statement, "bound": bound, "measured": measured, "reached": reached, "note": note}


def aim_lines(aims: Sequence[dict[str, Any]]) -> list[str]:
    """Returns the aims for people.

    Args:
        aims: What `aim` returned.
    """
    words = {True: "reached", False: "NOT reached", None: "not decided"}
    lines = []
    for one in aims:
        value = "not measured" if one["measured"] is None else f"{one['measured']:.3g}×"
        note = f" ({one['note']})" if one["note"] else ""
        lines.append(f"  {words[one['reached']]}: {one['aim']}: {value}{note}")
    return lines


def dump(result: dict[str, Any]) -> str:
    """Returns strict JSON.

    Args:
        result: What was measured; without NaN or infinity.

    Raises:
        ValueError: A number is not finite.
    """
    return json.dumps(result, indent=2, allow_nan=False, ensure_ascii=False)
