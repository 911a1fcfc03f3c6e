"""A real cluster does what local mode does: the same tests, run where the API server can be reached."""

import re
import subprocess
import sys

from e2e_product import Namespace
from e2e_release import ROOT


def test_the_cluster_passes_the_tests_of_every_backend(namespace: Namespace) -> None:
    tests = [sys.executable, "-m", "pytest", "tests/integration/conformance", "-q", "-p", "no:cacheprovider"]
    place = ["env", f"BACKGROUNDJOB_CONFORMANCE_NAMESPACE={namespace.name}", *tests]
    run = subprocess.run(
        namespace.product.cluster.command(place), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed is not None
    assert int(passed.group(1)) > 25
