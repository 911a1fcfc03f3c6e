"""Names of BackgroundJobs."""

import re

import pytest

from backgroundjob.errors import InvalidSpec
from backgroundjob.names import generate_name, is_dns_label, unique_name, with_random_suffix


@pytest.mark.parametrize(
    ("class_", "method", "prefix"),
    [
        ("EmailJob", "send", "email-job-send-"),
        ("shop.jobs.InvoiceJob", "create_all", "invoice-job-create-all-"),
        ("HTTPSeedJob2", "runNow", "http-seed-job2-run-now-"),
        ("Job_", "x", "job-x-"),
    ],
)
def test_a_name_is_made_from_class_and_method(class_: str, method: str, prefix: str) -> None:
    assert generate_name(class_, method) == prefix


def test_a_made_name_is_a_dns_label_however_long_the_class() -> None:
    prefix = generate_name("A" * 189, "b" * 63)
    name = with_random_suffix(prefix)
    assert len(name) == 63
    assert is_dns_label(name)


def test_a_cut_that_falls_on_a_hyphen_leaves_one_hyphen() -> None:
    assert generate_name("A" + "b" * 55, "send") == "a" + "b" * 55 + "-"


def test_the_suffix_has_five_characters_without_vowels() -> None:
    assert re.fullmatch(
        r"email-job-send-[bcdfghjklmnpqrstvwxz2456789]{5}", with_random_suffix("email-job-send-")
    )


def test_unique_names_the_object_after_its_parameters() -> None:
    assert unique_name("invoice-{id}", {"id": 42, "locale": "de"}, []) == "invoice-42"
    assert unique_name("invoice-{0}-{1}", {}, ["a", 2]) == "invoice-a-2"


def test_values_that_are_no_labels_never_share_a_name() -> None:
    names = {
        unique_name("mail-{to}", {"to": to}, [])
        for to in ("A@x.org", "a@x.org", "a-x-org", "a@x,org", "é" * 99)
    }
    assert len(names) == 5
    assert all(map(is_dns_label, names))


def test_a_value_without_any_letter_still_gives_a_name() -> None:
    assert is_dns_label(unique_name("{x}", {"x": "///"}, []))


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("invoice-{nr}", "names the parameter nr, which is not among those given"),
        ("invoice-{3}", "names the parameter 3, which is not"),
        ("invoice-{id.__class__}", "may hold only names of parameters"),
        ("invoice-{id!r}", "may hold only names of parameters"),
        ("invoice-{id:>9}", "may hold only names of parameters"),
        ("invoice-{}", "may hold only names of parameters"),
        ("invoice-{id", "is not a template"),
        ("invoice-{flag}", "needs a text or a whole number in flag; found bool"),
        ("invoice-{items}", "needs a text or a whole number in items; found list"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(template: str, problem: str) -> None:
    with pytest.raises(InvalidSpec, match=re.escape(problem)):
        unique_name(template, {"id": 1, "flag": True, "items": []}, ["a"])


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a.b", "a_b", "a" * 64])
def test_what_is_no_dns_label_is_known(name: str) -> None:
    assert not is_dns_label(name)
