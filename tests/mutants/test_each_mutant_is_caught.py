"""Eight mistakes that must never pass: each is made in a copy of the sources, and its tests must notice."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINE = "tests/unit/engine"
ELECTION = "tests/unit/election/test_elector.py"
FOUND = f"{ENGINE}/test_found_by_the_machine.py"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake: a passage of a source file, what it is replaced with, and the tests that catch it."""

    name: str
    path: str
    before: str
    after: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "expectations dropped: the answer of a create is not believed",
        "operator/backgroundjob_operator/runtime/performer.py",
        '        self._store.apply_job("ADDED", job)\n        _log.info("%s Job %s created"',
        '        _log.info("%s Job %s created"',
        (f"{FOUND}::test_a_slot_is_held_from_the_create_on_however_late_the_watch_is",),
    ),
    Mutant(
        "expectations dropped: the slot of an unanswered create is given away",
        "operator/backgroundjob_operator/runtime/actuator.py",
        "await self._find_out(key, unsure)",
        "await self._back_off(key, unsure.error)",
        (f"{FOUND}::test_a_slot_is_kept_while_it_is_unknown_whether_the_create_took_effect",),
    ),
    Mutant(
        "no fence: whoever lost the Lease writes on",
        "operator/backgroundjob_operator/cluster/api_server.py",
        "        if seconds <= 0:\n",
        "        if seconds < 0:\n",
        ("tests/unit/cluster_edge/test_writes_need_the_lease.py::test_without_the_lease_no_write_is_sent",),
    ),
    Mutant(
        "no margin: the holder writes on until the Lease runs out",
        "operator/backgroundjob_operator/runtime/elector.py",
        "self._clock() + self._times.renew_deadline_seconds\n",
        "self._clock() + self._times.duration_seconds\n",
        (f"{ELECTION}::test_a_silent_holder_stops_writing_5_seconds_before_a_standby_may_begin",),
    ),
    Mutant(
        "the right to write is counted from the answer",
        "operator/backgroundjob_operator/runtime/elector.py",
        "        self._may_write_until = may_write_until\n",
        "        self._may_write_until = self._clock() + self._times.renew_deadline_seconds\n",
        (f"{ELECTION}::test_the_right_is_counted_from_the_sending_and_not_from_the_answer",),
    ),
    Mutant(
        "evictions charged",
        "client/backgroundjob/api/reasons.py",
        "CHARGED_CAUSES: Final = frozenset(\n    {\n",
        "CHARGED_CAUSES: Final = frozenset(\n    {\n        Cause.EVICTED,\n",
        (f"{FOUND}::test_an_eviction_uses_up_no_attempt",),
    ),
    Mutant(
        "uid check skipped: the Job of another is adopted",
        "operator/backgroundjob_operator/runtime/performer.py",
        'if background_job_uid(job) != metadata["ownerReferences"][0]["uid"]:',
        "if False:",
        (
            f"{ENGINE}/test_faults.py::test_a_job_of_the_computed_name_that_belongs_to_another_is_never_adopted",
        ),
    ),
    Mutant(
        "uid check skipped: a delete has no precondition",
        "operator/backgroundjob_operator/cluster/kube.py",
        '"preconditions": {"uid": uid}',
        '"preconditions": {}',
        ("tests/unit/cluster_edge",),
    ),
    Mutant(
        "jitter random",
        "client/backgroundjob/policy/delays.py",
        'digest = hashlib.sha256(f"{uid}/{failures}".encode()).digest()',
        'digest = __import__("random").randbytes(32)',
        ("tests/unit/retry/test_delays.py",),
    ),
    Mutant(
        "terminal overwritten",
        "operator/backgroundjob_operator/engine/planner.py",
        "if record.has_ended:\n            self.history",
        "if False:\n            self.history",
        (f"{FOUND}::test_an_end_is_never_overwritten",),
    ),
)


def run(folder: Path, tests: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run tests over the sources in that folder, with the tests of this tree."""
    sources = [str(folder / name) for name in ("client", "operator", "runner_image")]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sources), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources as they are."""
    folder = tmp_path_factory.mktemp("pristine")
    for name in ("client", "operator", "runner_image"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_every_test_that_catches_a_mutant_passes_without_it(pristine: Path) -> None:
    tests = tuple(dict.fromkeys(test for mutant in MUTANTS for test in mutant.tests))
    done = run(pristine, tests)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_caught(mutant: Mutant, pristine: Path, tmp_path: Path) -> None:
    shutil.copytree(pristine, tmp_path / "copy")
    path = tmp_path / "copy" / mutant.path
    text = path.read_text()
    assert text.count(mutant.before) == 1, f"{mutant.path} has changed: find the passage again"
    path.write_text(text.replace(mutant.before, mutant.after))
    done = run(tmp_path / "copy", mutant.tests)
    assert done.returncode == 1, f"nobody noticed: {done.stdout}{done.stderr}"
    print(f"{mutant.name}: {done.stdout.strip().splitlines()[-1]}")
