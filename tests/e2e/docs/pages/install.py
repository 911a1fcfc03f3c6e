"""docs/install.md from an empty cluster to an empty one; then the product is there again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from doc_pages import all_blocks
from doc_session import PageSession
from e2e_product import NAMESPACE, ROOT, Namespace
from tests.cluster.protocol import Images
from tests.e2e.install.cleared import clear


@contextmanager
def around(session: PageSession, namespace: Namespace, folder: Path) -> Iterator[None]:
    """In a directory with what the commands name; the page's own values, with the images of the tests."""
    product = namespace.product
    for name in ("charts", "crds"):
        (folder / name).symlink_to(ROOT / name)
    pages_values = next(
        block.text
        for block in all_blocks()
        if block.page == "docs/install.md" and block.first_line == "image:"
    )
    values = _merged(yaml.safe_load(pages_values), _images(product.images))
    (folder / "my-values.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    clear(product.cluster)
    try:
        yield
    finally:
        clear(product.cluster)
        # The page marks it as kept.
        allow_list = ("configmap", "backgroundjob-allow-list", "--ignore-not-found")
        product.cluster.kubectl("-n", NAMESPACE, "delete", *allow_list)
        product.install()


def _images(images: Images) -> dict[str, Any]:
    repository, _, tag = images.operator.rpartition(":")
    return {
        "image": {"registry": "", "repository": repository, "tag": tag, "pullPolicy": "Never"},
        "config": {"profiles": {"default": {"image": images.examples, "imagePullPolicy": "Never"}}},
    }


def _merged(base: Any, over: Any) -> Any:
    if not (isinstance(base, Mapping) and isinstance(over, Mapping)):
        return over
    return {**base, **{key: _merged(base.get(key), value) for key, value in over.items()}}
