"""SEC-02: names that are no registered method, at client, operator and runner, each alone."""

import pytest
from pydantic import ValidationError

from backgroundjob.api.spec import BackgroundJobSpec
from backgroundjob_runner.contract import ExitCode, FailureKind
from runner_process import RunnerProcess
from world import World

UNREGISTERED = [("os", "system"), ("builtins", "eval"), ("subprocess", "run"), ("EmailJob", "sned")]
MALFORMED = [
    ("a.b.__class__", "send"),
    ("EmailJob", "__init__"),
    ("EmailJob", "_private"),
    ("\u0415mailJob", "send"),
    ("EmailJob", "\uff53end"),
    ("EmailJob\n", "send"),
    ("EmailJob", "send\n"),
    ("EmailJob", "send\x00"),
    ("EmailJob.", "send"),
    ("", "send"),
    ("EmailJob", ""),
    ("..", ".."),
    ("EmailJob", "send;rm"),
]


@pytest.mark.parametrize(("class_", "method"), MALFORMED)
def test_sec_02_a_client_refuses_to_send_it(class_: str, method: str) -> None:
    with pytest.raises(ValidationError):
        BackgroundJobSpec.model_validate({"class": class_, "method": method})


@pytest.mark.parametrize(("class_", "method"), [*UNREGISTERED, *MALFORMED])
async def test_sec_02_the_operator_alone_rejects_it_without_a_job(class_: str, method: str) -> None:
    """The model of the API server has neither CRD nor policies."""
    world = World()
    key = await world.apply(**{"class": class_}, method=method)
    assert world.cluster.created_jobs == []
    assert world.state(key)[0] == "Rejected"


@pytest.mark.parametrize(
    "target",
    [
        "os:system",
        "builtins:eval",
        "os:path.join",
        "job:Job.__init__",
        "job:Job.__class__",
        "job:Job.run.__globals__",
        "job:Job._private",
        "job:Job.run\n",
        "job:\uff2aob.run",
        "job:Job.nothing",
        "job:nothing.run",
        "..job:Job.run",
        "job.__builtins__:dict.get",
        "",
    ],
)
def test_sec_02_the_runner_alone_calls_nothing(runner: RunnerProcess, target: str) -> None:
    runner.job("class Job:\n def run(self): print('CALLED')\n def _private(self): print('CALLED')")
    ended = runner.run(target=target)
    assert ended.code == ExitCode.NOT_LOADABLE
    assert ended.receipt.failure == FailureKind.NOT_LOADABLE
    assert "CALLED" not in ended.output
