"""install.yaml: the chart with its defaults, for `kubectl apply`."""

from typing import Final

from tests.chart_tool.helm import NAMESPACE, template

SIZE_LIMIT_BYTES: Final = 300_000

_HEADER: Final = f"""\
# BackgroundJob with the chart's defaults. Generated from charts/backgroundjob by `make chart`. Do not edit.
#   kubectl apply --server-side -f install.yaml
# `kubectl delete -f` of this file deletes every BackgroundJob: docs/install.md says what to delete instead.
apiVersion: v1
kind: Namespace
metadata:
  name: {NAMESPACE}
  labels:
    pod-security.kubernetes.io/enforce: restricted
"""


def render_manifests() -> str:
    """All objects but the test's. Raises RuntimeError where there is no helm or it refuses."""
    answer = template("--set", "test.enabled=false")
    if answer.returncode:
        raise RuntimeError(answer.stderr)
    return _HEADER + answer.stdout
