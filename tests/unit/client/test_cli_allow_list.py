"""`bgjob allow-list`: list, show, lint and generate."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from backgroundjob.allow_list_file import Form, read_texts, write_entries
from backgroundjob.backends import use_backend
from backgroundjob.stored_settings import StoredSettings
from backgroundjob.testing import InMemoryBackend
from command_line import bgjob

SEND: dict[str, Any] = {
    "target": "jobs.email:EmailJob.send",
    "description": "Send one e-mail.",
    "params": {
        "type": "object",
        "required": ["to"],
        "properties": {"to": {"type": "string"}, "subject": {"type": "string"}},
    },
}
TEXTS = {
    "EmailJob.send": yaml.safe_dump(
        SEND | {"namespaces": ["shop"], "limits": {"maxAttempts": 9}}, sort_keys=False
    ),
    "EmailJob.bad": "tagret: x",
}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    with use_backend(InMemoryBackend(settings=StoredSettings(allow_list=TEXTS))):
        yield


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the typed code of the module `jobs_email` says."""
    entries = {"EmailJob.send": SEND}
    catalogue = ModuleType("backgroundjob.catalogue")

    def entries_of(modules: Sequence[str]) -> dict[str, Any]:
        assert list(modules) == ["jobs_email"]
        return entries

    vars(catalogue)["entries"] = entries_of
    monkeypatch.setitem(sys.modules, "backgroundjob.catalogue", catalogue)
    monkeypatch.setitem(sys.modules, "jobs_email", ModuleType("jobs_email"))
    return entries


def test_list_shows_what_may_run_and_names_what_is_malformed() -> None:
    answer = bgjob("allow-list", "list")
    assert answer.code == 0
    assert answer.out.splitlines() == [
        "KEY             TARGET                     PROFILE   NAMESPACES   PARAMS",
        "EmailJob.send   jobs.email:EmailJob.send   default   shop         to: string, subject?: string",
    ]
    assert answer.err.startswith("  entry EmailJob.bad is malformed and not in use: unknown key tagret")


def test_list_has_other_forms() -> None:
    assert bgjob("allow-list", "list", "-o", "name").out == "EmailJob.send\n"
    document = json.loads(bgjob("allow-list", "list", "-o", "json").out)
    assert document["items"][0]["key"] == "EmailJob.send"
    assert list(document["malformed"]) == ["EmailJob.bad"]
    header, row = bgjob("allow-list", "list", "-o", "wide").out.splitlines()
    assert header.split()[-3:] == ["ATTEMPTS", "TIMEOUT", "DESCRIPTION"]
    assert "(at most 9)" in row
    assert row.endswith("Send one e-mail.")


def test_an_empty_allow_list_and_one_that_cannot_be_read_say_so() -> None:
    with use_backend(InMemoryBackend(settings=StoredSettings(allow_list={}))):
        assert "names no method" in bgjob("allow-list", "list").err
    with use_backend(InMemoryBackend()):
        answer = bgjob("allow-list", "list")
    assert answer.code == 5
    assert answer.err.startswith("Error: the allow-list cannot be read: ")


def test_show_prints_the_entry_and_how_to_call_it() -> None:
    answer = bgjob("allow-list", "show", "EmailJob.send")
    assert yaml.safe_load(answer.out) == yaml.safe_load(TEXTS["EmailJob.send"])
    assert answer.out.splitlines()[-1] == "# bgjob run EmailJob.send to=..."


def test_show_of_an_entry_that_is_not_there_names_the_nearest() -> None:
    answer = bgjob("allow-list", "show", "EmailJob.sned")
    assert answer.code == 5
    assert "EmailJob.sned is not in the allow-list (did you mean EmailJob.send?)" in answer.err


def test_show_of_a_malformed_entry_prints_it_and_what_is_wrong() -> None:
    answer = bgjob("allow-list", "show", "EmailJob.bad")
    assert (answer.code, answer.out) == (1, "tagret: x\n")
    assert "malformed" in answer.err


def test_lint_names_every_malformed_entry() -> None:
    answer = bgjob("allow-list", "lint")
    assert answer.code == 1
    assert answer.out.splitlines() == [
        "EmailJob.bad is malformed: unknown key tagret (did you mean target?)",
        "  correct the entry",
    ]


FORMS = {form: write_entries({"EmailJob.send": SEND}, form) for form in Form}


@pytest.mark.parametrize("form", Form)
def test_what_is_generated_in_any_form_passes_lint(form: Form, code: dict[str, Any], tmp_path: Path) -> None:
    answer = bgjob("allow-list", "generate", "jobs_email", "-o", form.value)
    assert (answer.code, answer.out) == (0, FORMS[form])
    (tmp_path / "file.yaml").write_text(answer.out)
    checked = bgjob("allow-list", "lint", str(tmp_path / "file.yaml"), "--module", "jobs_email")
    assert (checked.code, checked.err) == (0, "1 entry can be used, and 1 of the code fit.\n")
    assert bgjob("allow-list", "lint", "-", stdin=answer.out).code == 0


def test_the_config_map_is_ready_for_kubectl(code: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKGROUNDJOB_SYSTEM_NAMESPACE", "batch")
    document = yaml.safe_load(bgjob("allow-list", "generate", "jobs_email").out)
    assert document["metadata"] == {"name": "backgroundjob-allow-list", "namespace": "batch"}
    assert yaml.safe_load(document["data"]["EmailJob.send"]) == SEND


def test_the_order_of_parameters_survives_every_form() -> None:
    for form, text in FORMS.items():
        entry = yaml.safe_load(read_texts(text)["EmailJob.send"])
        assert list(entry["params"]["properties"]) == ["to", "subject"], form


def test_lint_names_key_difference_and_next_step(code: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text(FORMS[Form.HELM])
    code["EmailJob.send"] = SEND | {"params": {"type": "object", "properties": {"to": {"type": "integer"}}}}
    code["EmailJob.bounce"] = {"target": "jobs.email:EmailJob.bounce"}
    answer = bgjob("allow-list", "lint", str(tmp_path / "values.yaml"), "--module", "jobs_email")
    assert answer.code == 1
    assert answer.out.splitlines()[:4] == [
        "EmailJob.bounce is not in the allow-list",
        "  bgjob allow-list generate jobs.email",
        "EmailJob.send params.to: the code takes integer, the allow-list string",
        "  bgjob allow-list generate jobs.email",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "not YAML"),
        ("kind: Deployment", "it holds no allow-list; accepted: the ConfigMap backgroundjob-allow-list"),
        ("allowList: [a]", "allowList must be a mapping, not a list"),
        ("allowList: {entries: 3}", "allowList.entries must be a mapping, not a int"),
    ],
)
def test_a_file_without_an_allow_list_says_what_is_accepted(text: str, problem: str) -> None:
    answer = bgjob("allow-list", "lint", "-", stdin=text)
    assert answer.code == 1
    assert problem in answer.err


def test_the_config_map_is_found_among_other_documents() -> None:
    text = "kind: Service\n---\n" + FORMS[Form.CONFIG_MAP] + "---\nkind: ConfigMap\nmetadata: {name: other}\n"
    assert list(read_texts(text)) == ["EmailJob.send"]


def test_a_file_that_is_not_there_is_wrong_usage() -> None:
    assert bgjob("allow-list", "lint", "nowhere.yaml").code == 2


def test_a_module_that_cannot_be_imported_says_why_without_a_traceback() -> None:
    answer = bgjob("allow-list", "generate", "no_such_jobs")
    assert answer.code == 2
    assert "the module no_such_jobs is not installed: it cannot be imported from here" in answer.err
    assert "Traceback" not in answer.err


def test_a_module_that_breaks_says_how_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "breaking_jobs.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    answer = bgjob("allow-list", "generate", "breaking_jobs")
    assert answer.code == 2
    assert "breaking_jobs cannot be imported: ZeroDivisionError" in answer.err
    assert "Traceback" not in answer.err


def test_a_module_that_leaves_the_process_is_one_that_breaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaving_jobs.py").write_text("raise SystemExit(0)\n")
    monkeypatch.syspath_prepend(tmp_path)
    answer = bgjob("allow-list", "generate", "leaving_jobs")
    assert answer.code == 2
    assert "leaving_jobs cannot be imported: SystemExit" in answer.err


def test_what_a_module_prints_is_not_in_what_is_generated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "printing_jobs.py").write_text(
        "from backgroundjob import JobClass, job\n"
        "print('hello: there')\n"
        "class Printing(JobClass):\n    @job\n    def go(self) -> None: ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    answer = bgjob("allow-list", "generate", "printing_jobs", "-o", "local")
    assert list(yaml.safe_load(answer.out)) == ["allowList"]


def test_a_module_without_jobs_generates_nothing(code: dict[str, Any]) -> None:
    code.clear()
    answer = bgjob("allow-list", "generate", "jobs_email")
    assert (answer.code, answer.out) == (1, "")


TYPED = """
from backgroundjob import JobClass, job

class ReportJob(JobClass):
    @job(retries=4, timeout="5m")
    def build(self, month: str, copies: int = 1) -> str:
        \"\"\"Build the report of a month.\"\"\"
        return month
"""


def test_typed_code_and_what_is_generated_from_it_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "typed_reports.py").write_text(TYPED)
    monkeypatch.syspath_prepend(tmp_path)
    text = bgjob("allow-list", "generate", "typed_reports").out
    entry = yaml.safe_load(read_texts(text)["ReportJob.build"])
    assert entry["target"] == "typed_reports:ReportJob.build"
    assert entry["defaults"] == {"timeoutSeconds": 300, "retry": {"maxAttempts": 5}}
    answer = bgjob("allow-list", "lint", "-", "--module", "typed_reports", stdin=text)
    assert (answer.code, answer.out) == (0, "")
    looser = text.replace("type: integer", "type: string")
    assert "params.copies: the code takes integer, the allow-list string" in (
        bgjob("allow-list", "lint", "-", "--module", "typed_reports", stdin=looser).out
    )
