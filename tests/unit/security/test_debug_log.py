"""SEC-09: at its most talkative the operator's log has no parameter, no status of a pod and no token."""

from pathlib import Path

from kube_stub import running_stub
from operator_process import JOBS, TOKEN, end_well, install, operator_process, run_pod, submit, until

MARKER = "marker-4711"


async def test_sec_09_the_debug_log_has_no_parameter_and_no_token(tmp_path: Path) -> None:
    async with running_stub() as api:
        install(api)
        async with operator_process(api, tmp_path, BACKGROUNDJOB_LOG_LEVEL="debug") as operator:
            await operator.until_ready()
            submit(api, params={"to": MARKER})
            await until(lambda: api.all(JOBS))
            [job] = api.all(JOBS)
            run_pod(api, job)
            end_well(api, job)
            await until(lambda: "→Succeeded" in operator.raw_log)
            submit(api, "refused", params={"to": MARKER, "cc": MARKER})
            await until(lambda: "→Rejected" in operator.raw_log)
            await operator.terminate()
    levels = {line["level"] for line in operator.log}
    assert "debug" in levels
    assert MARKER not in operator.raw_log
    assert TOKEN not in operator.raw_log
