"""`bgjob why` without an operator to ask: the same planner over what is stored, which starts nothing."""

from dataclasses import replace
from datetime import datetime

from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP, CONFIG_CONFIG_MAP, KIND
from backgroundjob.backends import Document
from backgroundjob.errors import BackendUnavailable
from backgroundjob.why import Why
from backgroundjob_operator.engine.actions import ObjectKey
from backgroundjob_operator.engine.catalogue import Settings
from backgroundjob_operator.engine.planner import Planner
from backgroundjob_operator.engine.store import Store
from backgroundjob_operator.local.locks import is_taken
from backgroundjob_operator.local.objects import Objects
from backgroundjob_operator.local.settings import SettingsFile
from backgroundjob_operator.local.state import LocalOptions
from backgroundjob_operator.runtime.config import SettingsSource
from backgroundjob_operator.runtime.why import why_document

_NO_ENGINE = "no engine runs: start one with bgjob dev"


def local_why(document: Document, objects: Objects, options: LocalOptions, now: datetime) -> Why:
    """Why the job does not run yet, as an engine would judge it at this moment."""
    missing = "" if is_taken(options.state.engine_lock) else _NO_ENGINE
    source = SettingsSource(ALLOW_LIST_CONFIG_MAP, CONFIG_CONFIG_MAP, lambda _: None)
    try:
        SettingsFile(options.settings_file, source, options.working_directory).load()
    except BackendUnavailable as error:
        return Why.stored(document, missing or f"position and estimate are unknown: {error.problem}")
    return planned_why(document, objects, source.settings, now, missing)


def planned_why(
    document: Document, objects: Objects, settings: Settings, now: datetime, missing: str = ""
) -> Why:
    """The same under these settings; `missing` is what the answer is to say of itself."""
    store = Store(lambda: now)
    for kind, apply in (
        (KIND, store.apply_background_job),
        ("Job", store.apply_job),
        ("Pod", store.apply_pod),
    ):
        for stored in objects.list(kind):
            apply("ADDED", stored)
    planner = Planner(store, settings)
    planner.plan(now, busy=frozenset())  # what it would do is dropped: only who waits for what is of interest
    metadata = document["metadata"]
    answer = planner.explain(ObjectKey(metadata["namespace"], metadata["name"]), now)
    if answer is None or answer.wait is None:
        return Why.stored(document, missing)
    found = Why.answered(metadata["namespace"], metadata["name"], why_document(answer, now))
    return replace(found, missing=missing)
