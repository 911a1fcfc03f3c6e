"""Names of created objects: computed, short enough, and never those of another object."""

import re
import string

from hypothesis import given
from hypothesis import strategies as st

from backgroundjob_operator.engine.names import event_name, job_name

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
EDGE = string.ascii_lowercase + string.digits


def _starting_and_ending_well(inner: str) -> st.SearchStrategy[str]:
    middle = st.text(alphabet=EDGE + inner, max_size=61)
    return st.builds(lambda first, text, last: first + text + last, EDGES, middle, EDGES)


EDGES = st.sampled_from(EDGE)
NAMES = _starting_and_ending_well("-")
DOTTED = _starting_and_ending_well(".").filter(lambda name: ".." not in name)
UIDS = st.uuids().map(str)


def test_a_name_reads_as_object_hash_and_attempt() -> None:
    # the first 8 hex digits of sha256("0b5c")
    assert job_name("nightly", "0b5c", 2) == "nightly-891722b1-2"


@given(name=NAMES, uid=UIDS, attempt=st.integers(1, 10**9))
def test_a_job_name_is_a_dns_label_of_at_most_63_characters(name: str, uid: str, attempt: int) -> None:
    assert DNS_LABEL.fullmatch(job_name(name, uid, attempt))


@given(name=DOTTED, uid=UIDS)
def test_the_name_of_an_object_with_dots_gives_a_usable_job_name(name: str, uid: str) -> None:
    found = job_name(name, uid, 1)

    assert len(found) <= 63
    assert DNS_SUBDOMAIN.fullmatch(found)


def test_a_long_name_is_cut_where_no_dash_is_left_before_the_hash() -> None:
    assert job_name("a" * 50 + "-" * 12 + "b", "uid", 1).startswith("a" * 50 + "-")


@given(name=NAMES, uids=st.lists(UIDS, min_size=2, max_size=5, unique=True))
def test_an_object_created_again_under_its_name_never_meets_the_jobs_of_the_old_one(
    name: str, uids: list[str]
) -> None:
    assert len({job_name(name, uid, 1) for uid in uids}) == len(uids)


@given(name=NAMES, uid=UIDS)
def test_every_attempt_has_its_own_name_and_it_is_the_same_each_time(name: str, uid: str) -> None:
    names = [job_name(name, uid, attempt) for attempt in range(1, 30)]

    assert len(set(names)) == 29
    assert names == [job_name(name, uid, attempt) for attempt in range(1, 30)]


@given(name=NAMES, uid=UIDS, identity=st.text())
def test_an_event_name_is_a_dns_subdomain(name: str, uid: str, identity: str) -> None:
    assert DNS_SUBDOMAIN.fullmatch(event_name(name, uid, identity))


def test_the_same_story_has_the_same_event_and_another_has_another() -> None:
    names = {event_name("mail", uid, identity) for uid in ("a", "b") for identity in ("end/0", "end/1")}

    assert len(names) == 4
    assert event_name("mail", "a", "end/0") in names
