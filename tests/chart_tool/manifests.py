"""install.yaml: the chart with its defaults, for `kubectl apply`."""

import re
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
    # Nothing here is managed by Helm, and Helm's own annotations mean nothing to kubectl.
    text = re.sub(
        r"app\.kubernetes\.io/managed-by: Helm", "app.kubernetes.io/managed-by: kubectl", answer.stdout
    )
    return _HEADER + text
