"""Variables of the environment that users set. A test finds each in the code, and no other."""

from typing import Final

VARIABLES: Final = {
    "BACKGROUNDJOB_BACKEND": "`cluster`, `local` or `inline`; left out: the cluster where there is a "
    "kubeconfig or a pod's account, else this machine",
    "KUBECONFIG": "which cluster",
    "BACKGROUNDJOB_SYSTEM_NAMESPACE": "namespace of the operator, where it is not `backgroundjob-system`",
    "BACKGROUNDJOB_STATE_DIR": "local mode: objects and logs; `./.backgroundjob`",
    "BACKGROUNDJOB_ALLOW_LIST_FILE": "local mode: settings; `./backgroundjob.yaml`",
    "DEFAULT_RETRY_ATTEMPTS": "local mode: `retries` of a submission that names none",
    "DEFAULT_DELAY": "local mode: `delay` of a submission that names none",
    "DEFAULT_PRIORITY": "local mode: `priority` of a submission that names none",
    "BACKGROUNDJOB_LOG_FORMAT": "`text`, or `json`: the log lines of runner and engine",
    "NO_COLOR": "`bgjob` prints no colours",
}
RUNNER: Final = (
    "BACKGROUNDJOB_INVOCATION",
    "BACKGROUNDJOB_RECEIPT",
    "BACKGROUNDJOB_SECRET_PARAMS",
)
"""Of the runner's protocol: docs/runner.md."""
OPERATOR: Final = ("BACKGROUNDJOB_LEASE", "BACKGROUNDJOB_LEASE_NAMESPACE")
"""Of the operator's Deployment, which `bgjob doctor` looks at."""
