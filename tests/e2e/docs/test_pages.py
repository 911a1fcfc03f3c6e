"""The commands of the pages that need a cluster, run from top to bottom by the code that runs the others."""

from importlib import import_module
from pathlib import Path

import pytest

from doc_pages import to_run
from doc_session import BASH, Bash, PageSession, environment_of_a_page
from e2e_product import Namespace, Product

PAGES = to_run(cluster=True)
TIMEOUT_SECONDS = 300


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_shows(page: str, product: Product, namespace: Namespace, tmp_path: Path) -> None:
    """In a current namespace of its own; what a page needs first is in `pages` beside this file."""
    setup = import_module(f"tests.e2e.docs.pages.{Path(page).stem.replace('-', '_')}")
    bash = Bash(tmp_path, environment_of_a_page(), product.cluster.command(BASH), TIMEOUT_SECONDS)
    with PageSession(bash) as session:
        for command in (
            "kubectl config view --raw > kubeconfig && chmod 600 kubeconfig",
            'export KUBECONFIG="$PWD/kubeconfig"',
            f"kubectl config set-context --current --namespace={namespace.name}",
        ):
            code, output = session.bash.run(command)
            assert code == 0, output
        with setup.around(session, namespace, tmp_path):
            for block in PAGES[page]:
                session.run(block)
