"""The start of the process: what is imported before user code, and invocations that cannot be read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from backgroundjob_runner.contract import ExitCode, FailureKind, Invocation, ProtocolError, ReceiptOutcome
from runner_process import RunnerProcess, invocation

GOLDEN = Path(__file__).with_name("modules_before_user_code.txt")
HEAVY = {
    "asyncio",
    "logging",
    "inspect",
    "dataclasses",
    "typing",
    "pydantic",
    "traceback",
    "pathlib",
    "datetime",
}


def imported_before_user_code(runner: RunnerProcess) -> set[str]:
    runner.job("import sys\nSEEN = ' '.join(sys.modules)\nclass Job:\n def run(self): print('SEEN', SEEN)")
    line = next(line for line in runner.run().output.splitlines() if line.startswith("SEEN"))
    bare = [sys.executable, "-S", "-c", "import os, runpy, sys; print(*sys.modules)"]
    always = subprocess.run(bare, check=True, capture_output=True, text=True).stdout.split()
    return set(line.split()[1:]) - set(always) - {"job"}


def test_nothing_new_is_imported_before_user_code(runner: RunnerProcess) -> None:
    golden = set(GOLDEN.read_text().split())
    added = imported_before_user_code(runner) - golden
    assert not added, (
        f"the runner now imports {sorted(added)} before user code, and every job pays for it: "
        "import it where it is used, or, if it is worth its time for all jobs, "
        f"add it to {GOLDEN.name} with the reason"
    )


def test_what_is_heavy_is_left_to_user_code(runner: RunnerProcess) -> None:
    assert not imported_before_user_code(runner) & HEAVY
    assert not set(GOLDEN.read_text().split()) & HEAVY


def test_asyncio_is_imported_for_an_async_method_only(runner: RunnerProcess) -> None:
    runner.job(
        "import sys\nclass Job:\n"
        " def plain(self): return 'asyncio' in sys.modules\n"
        " async def waits(self): return 'asyncio' in sys.modules"
    )
    assert runner.run(target="job:Job.plain").receipt.result is False
    assert runner.run(target="job:Job.waits").receipt.result is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the invocation is not JSON"),
        ("[]", "the invocation is a JSON list, not an object"),
        ("[" * 100_000, "the invocation is not JSON"),
        ('{"uid": "uid-1", "attempt": 3}', "protocol version None; this side reads 1 to 1"),
        ('{"uid": "uid-1", "attempt": 3, "protocol": 2}', "protocol version 2; this side reads 1 to 1"),
        (
            '{"uid": "uid-1", "attempt": 3, "protocol": 1}',
            "the invocation's namespace is None, not of type str",
        ),
    ],
)
def test_an_invocation_that_cannot_be_read_is_said_so(runner: RunnerProcess, text: str, message: str) -> None:
    ended = runner.run(text)
    assert ended.code == ExitCode.BAD_INVOCATION
    receipt = ended.receipt
    assert (receipt.outcome, receipt.failure) == (ReceiptOutcome.FAILED, FailureKind.BAD_INVOCATION)
    assert receipt.exception is not None
    assert message in receipt.exception.message
    assert message in ended.output
    # Named as far as it can be read, so that the operator can trust it.
    assert (receipt.uid, receipt.attempt) == (("uid-1", 3) if "uid-1" in text else ("", 0))


def test_a_missing_invocation_names_the_path(runner: RunnerProcess) -> None:
    path = str(runner.folder / "missing.json")
    ended = runner.run(environment={"BACKGROUNDJOB_INVOCATION": path})
    assert ended.code == ExitCode.BAD_INVOCATION
    assert f"the invocation file {path} cannot be read: No such file" in ended.output


@pytest.mark.parametrize(
    "field", ["uid", "namespace", "name", "attempt", "maxAttempts", "class", "method", "target"]
)
def test_each_field_of_an_invocation_is_needed(field: str) -> None:
    document = json.loads(invocation().to_json())
    del document[field]
    with pytest.raises(ProtocolError, match=f"the invocation's {field} is None"):
        Invocation.from_json(json.dumps(document))
