"""What the process is told by its environment."""

import socket
from pathlib import Path

import pytest

from backgroundjob_operator.engine.leadership import LeaseTimes
from backgroundjob_operator.runtime import options
from backgroundjob_operator.runtime.options import Options


@pytest.fixture(autouse=True)
def _no_service_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(options, "_NAMESPACE_FILE", tmp_path / "namespace")


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Options.from_environment({}) == Options(
        namespace="backgroundjob-system",
        replica=socket.gethostname(),
        allow_list_name="backgroundjob-allow-list",
        config_name="backgroundjob-config",
        watch_namespaces=(),
        election=None,
        http_port=8080,
        log_format="text",
        log_level="info",
    )


def test_every_variable_is_obeyed() -> None:
    environment = {
        "BACKGROUNDJOB_NAMESPACE": "n",
        "BACKGROUNDJOB_POD_NAME": "operator-x2",
        "BACKGROUNDJOB_ALLOW_LIST": "a",
        "BACKGROUNDJOB_CONFIG": "c",
        "BACKGROUNDJOB_HTTP_PORT": "1",
        "BACKGROUNDJOB_LOG_FORMAT": "json",
        "BACKGROUNDJOB_LOG_LEVEL": "debug",
        "BACKGROUNDJOB_WATCH_NAMESPACES": "shop, team-a,shop",
        "BACKGROUNDJOB_PROBE_ADMISSION": "true",
    }

    assert Options.from_environment(environment) == Options(
        namespace="n",
        replica="operator-x2",
        allow_list_name="a",
        config_name="c",
        http_port=1,
        log_format="json",
        log_level="debug",
        watch_namespaces=("shop", "team-a"),
        probe_admission=True,
    )


def test_the_lease_is_told_by_its_own_variables() -> None:
    environment = {
        "BACKGROUNDJOB_NAMESPACE": "n",
        "BACKGROUNDJOB_LEASE": "operator",
        "BACKGROUNDJOB_LEASE_NAMESPACE": "leases",
        "BACKGROUNDJOB_LEASE_DURATION_SECONDS": "6",
        "BACKGROUNDJOB_LEASE_RENEW_DEADLINE_SECONDS": "4",
        "BACKGROUNDJOB_LEASE_RETRY_PERIOD_SECONDS": "1",
        "BACKGROUNDJOB_POD_NAME": "operator-x2",
        "BACKGROUNDJOB_POD_UID": "uid-7",
    }

    election = Options.from_environment(environment).election

    assert election is not None
    assert (election.lease, election.namespace) == ("operator", "leases")
    assert election.times == LeaseTimes(duration_seconds=6, renew_deadline_seconds=4, retry_period_seconds=1)
    assert str(election.identity).startswith("operator-x2_uid-7_")


def test_each_life_has_an_identity_of_its_own() -> None:
    lives = [Options.from_environment({"BACKGROUNDJOB_LEASE": "operator"}).election for _ in range(2)]
    assert len({str(life.identity) for life in lives if life is not None}) == 2


def test_a_lease_has_the_usual_times_and_the_operators_namespace() -> None:
    election = Options.from_environment(
        {"BACKGROUNDJOB_LEASE": "operator", "BACKGROUNDJOB_NAMESPACE": "n"}
    ).election

    assert election is not None
    assert (election.namespace, election.times) == ("n", LeaseTimes())


def test_times_of_the_lease_that_overlap_are_refused() -> None:
    environment = {"BACKGROUNDJOB_LEASE": "operator", "BACKGROUNDJOB_LEASE_DURATION_SECONDS": "10"}
    with pytest.raises(ValueError, match="each must be longer than the next; found 10, 10, 2 s"):
        Options.from_environment(environment)


@pytest.mark.parametrize("text", ["Shop", "shop;team", "team-*", "a" * 64])
def test_a_namespace_that_cannot_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="BACKGROUNDJOB_WATCH_NAMESPACES has"):
        Options.from_environment({"BACKGROUNDJOB_WATCH_NAMESPACES": f"ok,{text}"})


def test_an_empty_variable_counts_as_absent() -> None:
    names = (
        "NAMESPACE",
        "ALLOW_LIST",
        "CONFIG",
        "LOG_FORMAT",
        "LOG_LEVEL",
        "HTTP_PORT",
        "LEASE",
        "WATCH_NAMESPACES",
    )

    assert Options.from_environment({f"BACKGROUNDJOB_{name}": "" for name in names}) == (
        Options.from_environment({})
    )


def test_the_namespace_is_that_of_the_service_account(tmp_path: Path) -> None:
    (tmp_path / "namespace").write_text("jobs\n")

    assert Options.from_environment({}).namespace == "jobs"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http"])
def test_a_port_that_is_none_is_refused_by_the_name_of_its_variable(port: str) -> None:
    with pytest.raises(ValueError, match=r"BACKGROUNDJOB_HTTP_PORT is .*; use a port number from 1 to 65535"):
        Options.from_environment({"BACKGROUNDJOB_HTTP_PORT": port})
