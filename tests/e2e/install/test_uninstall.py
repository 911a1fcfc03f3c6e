"""Uninstalling keeps what people made; whoever installs next takes it over or is refused in a sentence."""

import dataclasses

import pytest

from e2e_product import Namespace, Product, utc_now
from e2e_release import Release
from tests.cluster.errors import CommandError
from tests.e2e.install.work import assert_work_is_done, submit_work

ELSEWHERE = "jobs-elsewhere"


@pytest.fixture
def elsewhere(product: Product) -> Release:
    """Another release name in another namespace."""
    return dataclasses.replace(product.release, name="other", namespace=ELSEWHERE)


def test_what_people_made_outlives_the_release_and_the_same_release_goes_on(
    namespace: Namespace, product: Product
) -> None:
    since = utc_now()
    submit_work(namespace)
    product.release.uninstall()
    assert namespace.status("long")["state"] == "Running"
    with pytest.raises(CommandError, match="no params found for policy binding with `Deny`"):
        namespace.apply("refused", "EmailJob", "send", params={"to": "a@example.org"})
    product.release.install()
    product.wait_ready()
    assert_work_is_done(namespace, since)


def test_another_release_is_refused_while_this_one_is_installed(elsewhere: Release) -> None:
    with pytest.raises(
        CommandError, match="belongs to the release backgroundjob in the namespace backgroundjob-"
    ):
        elsewhere.install("--take-ownership")


def test_another_release_takes_over_what_an_uninstalled_one_left(
    namespace: Namespace, product: Product, elsewhere: Release
) -> None:
    since = utc_now()
    submit_work(namespace)
    product.release.uninstall()
    try:
        with pytest.raises(CommandError, match="invalid ownership metadata"):
            elsewhere.install()
        elsewhere.install("--take-ownership")
        elsewhere.wait_ready()
        assert_work_is_done(namespace, since)
        # Admission reads the new release's allow-list, and not the one that is gone.
        with pytest.raises(CommandError, match=r"Nobody\.allowed is not in the allow-list"):
            namespace.apply("refused", "Nobody", "allowed")
    finally:
        elsewhere.helm("uninstall", elsewhere.name, "--wait", "--ignore-not-found")
        product.cluster.kubectl("delete", "namespace", ELSEWHERE, "--ignore-not-found")
        product.install()
