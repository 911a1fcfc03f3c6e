"""The page docs/reference.md as it should be."""

from pathlib import Path
from typing import Final

from tests.reference_tool.command_line import render_commands
from tests.reference_tool.error_names import render_errors
from tests.reference_tool.markdown import one_line, table
from tests.reference_tool.python_names import render_names
from tests.reference_tool.source import words
from tests.reference_tool.variables import VARIABLES

PAGE: Final = Path(__file__).resolve().parents[2] / "docs/reference.md"
_REASONS: Final = "backgroundjob.api.reasons"
_TROUBLES: Final = {"reason": "troubleshooting.md#reason-", "cause": "troubleshooting.md#cause-"}

_INTRODUCTION: Final = (
    (
        "Everything public, made from the code by `make reference`; a test keeps the two the same. "
        "The way in: [quickstart](quickstart.md), [concepts](concepts.md), [cookbook](cookbook.md)."
    ),
    (
        "Python: [define and submit](#define-and-submit), [follow](#follow), [inside a job](#inside-a-job), "
        "[where it runs](#where-it-runs), [tests](#tests), [errors](#errors). "
        "[Commands](#commands), [exit codes](#exit-codes), [environment](#environment). "
        "Words: [states](#states), [reasons](#reasons), [outcomes](#outcomes), [causes](#causes), "
        "[backoff](#backoff)."
    ),
    "Durations are seconds, a text such as `90s`, `10m`, `1h30m`, `2d`, or a `timedelta`.",
)


def render_page() -> str:
    """The whole page. Raises ValueError for something public that it would leave out."""
    parts = [
        "# Reference",
        *_INTRODUCTION,
        render_names(),
        "## Errors",
        (
            "All are subclasses of `BackgroundJobError`, carry their data as fields, and can be pickled. "
            "`message` says what is wrong, `next_step` what to do, `str()` both."
        ),
        render_errors(),
        "## Commands",
        render_commands(),
        "## Exit codes",
        table(("code", "meaning"), _exit_codes()),
        "## Environment",
        table(("variable", "meaning"), [(f"`{name}`", text) for name, text in VARIABLES.items()]),
        "Those of the runner's protocol: [runner.md](runner.md#protocol). Those of the operator: its chart.",
        "## States",
        "What each is for: [lifecycle.md](lifecycle.md#states).",
        _words("State"),
        "## Reasons",
        _words("Reason", "reason"),
        "## Outcomes",
        "How one attempt ended.",
        _words("Outcome"),
        "## Causes",
        "Why an attempt ended without success.",
        _words("Cause", "cause"),
        "## Backoff",
        _words("Backoff"),
    ]
    return "\n\n".join(parts) + "\n"


def _words(enum: str, link: str = "") -> str:
    rows = [
        (f"[{word}]({_TROUBLES[link]}{word})" if link else word, one_line(text))
        for word, text in words(_REASONS, enum).items()
    ]
    return table((link or enum.lower(), "meaning"), rows)


def _exit_codes() -> list[tuple[str, str]]:
    found = words("backgroundjob.cli.exit_codes", "ExitCode")
    return [(code, one_line(text) or "Done; of `wait`: it succeeded.") for code, text in found.items()]
