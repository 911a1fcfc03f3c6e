"""Real jobs on this machine, with no cluster: submit seven, watch them run, check how each ended.

`make demo` runs it. Jobs and logs lie in a temporary directory; nothing is left behind.
"""

import asyncio
import logging
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parents[1]
# A script finds only its own directory.
sys.path.insert(0, str(EXAMPLES.parent))

from rich.console import Console  # noqa: E402
from rich.live import Live  # noqa: E402

from backgroundjob import Handle  # noqa: E402
from backgroundjob_operator.local.backend import LocalBackend  # noqa: E402
from backgroundjob_operator.local.engine import LocalEngine  # noqa: E402
from backgroundjob_operator.local.state import LocalOptions  # noqa: E402
from examples.demo import screen  # noqa: E402
from examples.demo.scenario import CASES  # noqa: E402

TIME_LIMIT_SECONDS = 50.0
REFRESH_SECONDS = 0.1

Handles = dict[str, Handle[Any]]


def main() -> int:
    """Run the demo; 0 when every job ended as it must."""
    logging.basicConfig(level=logging.WARNING)
    console = screen.make_console()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="backgroundjob-demo-", ignore_cleanup_errors=True) as directory:
        options = LocalOptions(
            state_directory=Path(directory),
            settings_file=EXAMPLES / "demo" / "backgroundjob.yaml",
            working_directory=EXAMPLES,
        )
        backend = LocalBackend(options=options)
        handles = {case.name: case.submit(backend) for case in CASES}
        console.print(f"{len(handles)} jobs submitted; one runs at a time, by priority.\n")
        handles = asyncio.run(_run(options, handles, console))
        errors = len((Path(directory) / "background_jobs_errors.log").read_text().splitlines())
        processes = sum(len(handle.document["status"].get("attempts", ())) for handle in handles.values())
    return _conclude(console, handles, f"{processes} processes ran, {errors} lines in the error log", started)


async def _run(options: LocalOptions, handles: Handles, console: Console) -> Handles:
    """Run an engine until all have ended, or the time is over; show what happens."""
    shows_table = console.is_terminal
    end = time.monotonic() + TIME_LIMIT_SECONDS
    on_transition = None if shows_table else lambda document: print(screen.line(document), flush=True)
    async with LocalEngine(options, on_transition=on_transition) as engine:
        try:
            with Live(console=console, auto_refresh=False, transient=True) as live:
                while not all(handle.done for handle in handles.values()) and time.monotonic() < end:
                    handles = {name: handle.refresh() for name, handle in handles.items()}
                    if shows_table:
                        live.update(screen.table(handles.values(), datetime.now(UTC)), refresh=True)
                    await asyncio.sleep(REFRESH_SECONDS)
        finally:
            await engine.stop_attempts(grace_seconds=2)  # one runs after Ctrl+C, or when the time was over
    return handles


def _conclude(console: Console, handles: Handles, counts: str, started: float) -> int:
    if not console.is_terminal:
        console.print()
    console.print(screen.table(handles.values(), datetime.now(UTC)))
    console.print()
    failures = 0
    for case in CASES:
        handle = handles[case.name]
        if handle.done and case.is_as_expected(handle, handles):
            console.print(f"[green]ok[/green]  [bold]{case.name}[/bold] {case.explain(handle)}.")
        else:
            failures += 1
            state = f"{handle.state or 'not seen'} ({handle.reason}) {handle.message}"
            console.print(f"[red]not as expected[/red]  [bold]{case.name}[/bold]: {state}")
    console.print(f"\n{counts}, {time.monotonic() - started:.0f} s in all.")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
