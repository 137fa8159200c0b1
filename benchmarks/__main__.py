"""Runs the benchmarks and prints one table."""

import argparse
import json
import os
import platform
import signal
import sys
from collections.abc import Callable
from typing import Any

from benchmarks import (
    checking,
    environments,
    generator,
    history,
    metrics,
    portal,
    service,
    snapshots,
    startup,
    submission,
)
from benchmarks.machine import BrokenError, Machine, machine, warm_bytecode
from benchmarks.measure import Result, Samples

BENCHMARKS: dict[str, Callable[[Machine, int], list[Result]]] = {
    "version": startup.version,
    "new": generator.new,
    "check": checking.check,
    "submit": submission.submit,
    "submit-v2": submission.submit_v2,
    "tutorial": submission.tutorial,
    "first-line": submission.first_line,
    "memory": service.memory,
    "run-page": portal.run_page,
    "run-list": portal.run_list,
    "log-delay": portal.log_delay,
    "metrics": metrics.metrics,
    "queued": history.queued,
    "listing": history.listing,
    "snapshot": snapshots.snapshot,
    "restore": snapshots.restore,
    "environment": environments.environment,
    "memory-after": history.memory_after,
}
_HEADINGS = ("benchmark | baseline", "median (min–max)", "baseline (min–max)", "ratio", "aim", "within")


def main() -> int:
    """Returns 1 when a benchmark broke; what was measured decides nothing."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    warm_bytecode()
    results: list[Result] = []
    broken: dict[str, str] = {}
    for name in options.only or BENCHMARKS:
        print(f"measuring {name} …", file=sys.stderr)
        try:
            with machine() as own:
                results += BENCHMARKS[name](own, options.runs)
        except BrokenError as error:
            broken[name] = str(error)
            print(f"{name} broke: {error}", file=sys.stderr)
    if options.json:
        print(json.dumps(_document(results, broken), indent=2, ensure_ascii=False))
    else:
        _print_table([_HEADINGS, *map(_row, results)])
        if (load := _load()) is not None:
            print(f"\nLoad average at the end: {load:.1f} on {os.cpu_count()} cores.")
    return 1 if broken else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--runs", type=_count, default=7, metavar="N", help="measurements of each (default 7)"
    )
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="this benchmark; repeatable")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser.parse_args()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _document(results: list[Result], broken: dict[str, str]) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load": _load(),
        "results": [result.document() for result in results],
        "broken": broken,
    }


def _load() -> float | None:
    """How many processes wanted a core lately: what the times are worth."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _row(result: Result) -> tuple[str, ...]:
    return (
        result.name,
        _shown(result.measured, result.unit),
        _shown(result.baseline, result.unit) if result.baseline else "–",
        f"{result.ratio:.2f}×" if result.ratio else "–",
        result.aim or "–",
        {True: "yes", False: "no", None: "–"}[result.within],
    )


def _shown(samples: Samples, unit: str) -> str:
    scale, digits = (1.0, 3) if unit == "s" else (1e6, 1)
    low, middle, high = (
        f"{value / scale:.{digits}f}" for value in (min(samples.values), samples.median, max(samples.values))
    )
    return f"{middle} {unit} ({low}–{high})"


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for index, row in enumerate(rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
        if index == 0:
            print("  ".join("─" * width for width in widths))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
