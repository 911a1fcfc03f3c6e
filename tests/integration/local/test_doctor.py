"""`bgjob doctor` on this machine."""

import os
from dataclasses import replace

import pytest

from backgroundjob.doctor.check import Verdict
from backgroundjob_operator.local.backend import LocalBackend
from local_mode import LocalMode

OK, WARNING, PROBLEM = Verdict


def told(backend: LocalBackend) -> dict[str, tuple[Verdict, str]]:
    return {check.name: (check.verdict, check.text) for check in backend.checks("default")}


def test_a_machine_that_works_is_all_ok(local: LocalMode) -> None:
    assert not local.backend.list(None)
    found = told(local.backend)
    assert {verdict for verdict, _ in found.values()} == {OK}
    assert found["engine"] == (OK, "none serves the state directory, and no job waits")
    assert list(found) == ["Python", "settings", "allow-list", "configuration", "state", "engine", "jobs"]


def test_a_state_directory_that_does_not_exist_is_not_made(local: LocalMode) -> None:
    state = local.folder / "elsewhere" / "state"
    options = replace(local.options, state_directory=state)
    assert told(LocalBackend(options=options))["state"] == (OK, f"{state} does not exist yet and can be made")
    assert not state.exists()


def test_a_state_directory_that_cannot_be_written_is_a_problem(
    local: LocalMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = local.folder / "file"
    file.touch()
    options = replace(local.options, state_directory=file / "state")
    assert told(LocalBackend(options=options))["state"] == (PROBLEM, f"{file} is no directory")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert told(local.backend)["state"] == (PROBLEM, f"{local.folder} is not writable")


def test_a_missing_settings_file_is_a_problem(local: LocalMode) -> None:
    local.options.settings_file.unlink()
    verdict, text = told(local.backend)["settings"]
    assert verdict is PROBLEM
    assert "cannot be read: No such file" in text


async def test_jobs_wait_for_an_engine(local: LocalMode) -> None:
    local.submit("EmailJob.send", {"to": "a@example.org"}, name="mail")
    assert told(local.backend)["engine"] == (WARNING, "none serves the state directory, and 1 job waits")
    async with local.engine():
        assert told(local.backend)["engine"] == (OK, "one serves the state directory")
