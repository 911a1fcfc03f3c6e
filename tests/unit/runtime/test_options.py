"""What the process is told by its environment."""

from pathlib import Path

import pytest

from backgroundjob_operator.runtime import options
from backgroundjob_operator.runtime.options import Options


@pytest.fixture(autouse=True)
def _no_service_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(options, "_NAMESPACE_FILE", tmp_path / "namespace")


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Options.from_environment({}) == Options(
        namespace="backgroundjob-system",
        allow_list_name="backgroundjob-allow-list",
        config_name="backgroundjob-config",
        http_port=8080,
        log_format="text",
    )


def test_every_variable_is_obeyed() -> None:
    environment = {
        "BACKGROUNDJOB_NAMESPACE": "n",
        "BACKGROUNDJOB_ALLOW_LIST": "a",
        "BACKGROUNDJOB_CONFIG": "c",
        "BACKGROUNDJOB_HTTP_PORT": "1",
        "BACKGROUNDJOB_LOG_FORMAT": "json",
    }

    assert Options.from_environment(environment) == Options(
        namespace="n", allow_list_name="a", config_name="c", http_port=1, log_format="json"
    )


def test_an_empty_variable_counts_as_absent() -> None:
    names = ("NAMESPACE", "ALLOW_LIST", "CONFIG", "LOG_FORMAT")

    assert Options.from_environment({f"BACKGROUNDJOB_{name}": "" for name in names}) == (
        Options.from_environment({})
    )


def test_the_namespace_is_that_of_the_service_account(tmp_path: Path) -> None:
    (tmp_path / "namespace").write_text("jobs\n")

    assert Options.from_environment({}).namespace == "jobs"


@pytest.mark.parametrize("port", ["", "0", "65536", "-1", "http"])
def test_a_port_that_is_none_is_refused_by_the_name_of_its_variable(port: str) -> None:
    with pytest.raises(ValueError, match=r"BACKGROUNDJOB_HTTP_PORT is .*; use a port number from 1 to 65535"):
        Options.from_environment({"BACKGROUNDJOB_HTTP_PORT": port})
