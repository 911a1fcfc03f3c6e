"""A process that is told its namespaces asks for nothing beyond them."""

from pathlib import Path

from kube_stub import Call, running_stub
from operator_process import JOBS, NAMESPACE, install, operator_process, run_pod, state, submit, until

WATCHED = ("shop", "team")


async def test_every_request_names_a_watched_namespace_or_the_operators_own(tmp_path: Path) -> None:
    async with running_stub() as api:
        install(api)
        submit(api, "elsewhere", namespace="other")
        async with operator_process(
            api, tmp_path, BACKGROUNDJOB_WATCH_NAMESPACES=",".join(WATCHED)
        ) as process:
            await process.until_ready()
            submit(api, "mail")
            submit(api, "mail", namespace="team")
            await until(lambda: len(api.all(JOBS)) == len(WATCHED))
            for job in api.all(JOBS):
                run_pod(api, job)
            await until(lambda: [state(api, "mail", name) for name in WATCHED] == ["Running", "Running"])

        assert {place for place in map(_namespace, api.calls) if place} == {*WATCHED, NAMESPACE}
        assert state(api, "elsewhere", "other") is None


def _namespace(call: Call) -> str:
    """Of a request; empty for what describes the API itself. Fails for one that is about all namespaces."""
    parts = call.path.strip("/").split("/")
    if "namespaces" in parts:
        return parts[parts.index("namespaces") + 1]
    assert len(parts) <= (2 if parts[0] == "api" else 3), f"{call.method} {call.path} asks for all namespaces"
    return ""
