"""`python -m bench [PART …] [--large]`: all parts, or those of `PARTS` that are named.

Fails on wrong counts, never on slowness. `--large` (or `BENCH_LARGE=1`) adds the world of ten
million events, which takes several minutes.
"""

from __future__ import annotations

import os
import sys

from bench import askers, audit, batch, ingest, memory, outbox, pages, rebuild, redirect, sealed
from bench.measure import machine
from bench.place import prepared

PARTS = {
    "ingest": ingest.measure,
    "batch": batch.measure,
    "redirect": redirect.measure,
    "rebuild": rebuild.measure,
    "memory": memory.measure,
    "pages": pages.measure,
    "askers": askers.measure,
    "audit": audit.measure,
    "outbox": outbox.measure,
    "sealed": sealed.measure,
}
LARGE = "--large"


def main(names: list[str]) -> int:
    """Run the named parts, or all; the exit status."""
    if LARGE in names:
        os.environ["BENCH_LARGE"] = "1"
        names = [name for name in names if name != LARGE]
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"There is no {unknown[0]}; there are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    print(f"On {machine()}", flush=True)
    wrong = 0
    with prepared() as place:
        for name in names or PARTS:
            report = PARTS[name](place)
            report.print()
            sys.stdout.flush()
            wrong += len(report.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
