"""The allow-list and the configuration: whether each entry can be used."""

from collections.abc import Iterator, Mapping
from typing import Final

import yaml

from backgroundjob.api.allow_list import AllowListEntry, parse_entry
from backgroundjob.api.config import parse_config
from backgroundjob.api.explain import UNREADABLE, explain
from backgroundjob.doctor.check import Check, not_checked, ok, problem
from backgroundjob.stored_settings import StoredSettings

ALLOW_LIST: Final = "allow-list"
CONFIGURATION: Final = "configuration"


def stored_checks(stored: StoredSettings) -> Iterator[Check]:
    """Both, where a backend has them as they are stored."""
    for sentence in stored.missing:
        yield not_checked("settings", sentence)
    if stored.allow_list is not None:
        yield from allow_list_checks(stored.allow_list)
    if stored.config is not None:
        yield config_check(stored.config)


def allow_list_checks(texts: Mapping[str, str]) -> Iterator[Check]:
    """One line for the whole, and one for each malformed entry."""
    entries, malformed = read_entries(texts)
    if not texts:
        yield problem(
            ALLOW_LIST, "it names no method, so nothing can run", "bgjob allow-list generate MODULE"
        )
        return
    methods = "1 method" if len(entries) == 1 else f"{len(entries)} methods"
    yield ok(ALLOW_LIST, f"{methods} can be used")
    for key, sentence in malformed.items():
        yield problem(ALLOW_LIST, f"entry {key} is malformed: {sentence}", f"bgjob allow-list show {key}")


def read_entries(texts: Mapping[str, str]) -> tuple[dict[str, AllowListEntry], dict[str, str]]:
    """The entries that can be used, and what is wrong with each of the others."""
    entries: dict[str, AllowListEntry] = {}
    malformed: dict[str, str] = {}
    for key, text in texts.items():
        try:
            entries[key] = parse_entry(key, yaml.safe_load(text))
        except UNREADABLE as error:
            malformed[key] = explain(error)
    return entries, malformed


def config_check(texts: Mapping[str, str]) -> Check:
    """Half a configuration is none: one line."""
    try:
        config = parse_config({topic: yaml.safe_load(text) for topic, text in texts.items()})
    except UNREADABLE as error:
        return problem(CONFIGURATION, explain(error), "correct it; until then the last good one stays in use")
    paused = sorted(name for name, queue in config.queues.items() if queue.paused)
    more = f"; paused queues: {', '.join(paused)}" if paused else ""
    return ok(CONFIGURATION, f"{config.limits.concurrency} attempts at once{more}")
