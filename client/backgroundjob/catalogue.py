"""The allow-list entries that typed code asks for: what `bgjob allow-list generate` prints."""

import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from backgroundjob.errors import InvalidJob, InvalidSpec, NotInstalled
from backgroundjob.job_options import options_of
from backgroundjob.jobs import JobClass, JobMethod
from backgroundjob.manifest import backgroundjob_manifest
from backgroundjob.schema import compiled, params_schema
from backgroundjob.signatures import methods_of, place_of

Entries = Mapping[str, dict[str, Any]]
"""Allow-list entries as documents, by their key `<class>.<method>`."""

_SPEC_DEFAULTS: Final = (
    "priority",
    "queue",
    "timeoutSeconds",
    "deadlineSeconds",
    "ttlSecondsAfterFinished",
    "retry",
)
_DESCRIPTION_LIMIT: Final = 1024
_IN_A_MODULE: Final = "write the class at the top of a module of its own, such as jobs.py, and import it"


def entries(modules: Iterable[str]) -> Entries:
    """Of the typed jobs that these modules define; private and abstract classes are bases of others.

    Raises NotInstalled, InvalidJob.
    """
    return _entries(one for module in modules for one in _classes(module))


def entries_of_process() -> tuple[Entries, Mapping[str, str]]:
    """Of every typed job that this process has imported; and by key, why one has no entry.

    Classes in a script or inside functions have none: nobody could import them.
    """
    found: dict[str, dict[str, Any]] = {}
    problems: dict[str, str] = {}
    owners = filter(_can_run, _subclasses(JobClass))
    for method in (one for owner in owners for one in methods_of(owner)):
        if not _is_importable(method.owner):
            problems.setdefault(method.key, f"{place_of(method)} cannot be imported; {_IN_A_MODULE}")
            continue
        try:
            entry = entry_of(method)
        except InvalidJob as error:
            problems[method.key] = str(error)
            continue
        if method.key not in found:
            problems.pop(method.key, None)  # one of that name that could not be imported is another class
        other = found.setdefault(method.key, entry)
        if other["target"] != entry["target"]:
            problems[method.key] = str(_ambiguous(method, other, entry))
    return {key: entry for key, entry in found.items() if key not in problems}, problems


def entry_of(method: JobMethod[..., Any]) -> dict[str, Any]:
    """One entry: target, description, params, defaults, loggable. Raises InvalidJob."""
    entry: dict[str, Any] = {"target": place_of(method)}
    text = inspect.getdoc(method.function)
    if text:
        entry["description"] = text.split("\n\n")[0].replace("\n", " ")[:_DESCRIPTION_LIMIT]
    entry["params"] = params_schema(method)
    defaults = _defaults(method)
    if defaults:
        entry["defaults"] = defaults
    loggable = list(method.defaults.get("loggable", ()))
    parameters = compiled(method).parameters
    for name in loggable:
        if name not in parameters.hints:
            what = "is a Secret" if name in parameters.secrets else "is no parameter of it"
            raise InvalidJob(place_of(method), f"loggable names {name}, which {what}")
    if loggable:
        entry["loggable"] = loggable
    return entry


def _entries(classes: Iterable[type[JobClass]]) -> Entries:
    found: dict[str, dict[str, Any]] = {}
    for owner in filter(_can_run, classes):
        for method in methods_of(owner):
            entry = entry_of(method)
            other = found.setdefault(method.key, entry)
            if other["target"] != entry["target"]:
                raise _ambiguous(method, other, entry)
    return found


def _ambiguous(method: JobMethod[..., Any], one: Mapping[str, Any], other: Mapping[str, Any]) -> InvalidJob:
    advice = f"tell them apart: class {method.owner.__name__}(JobClass, alias='…')"
    return InvalidJob(other["target"], f"{method.key} is {one['target']} too", advice)


def _can_run(owner: type[JobClass]) -> bool:
    return not owner.__name__.startswith("_") and not inspect.isabstract(owner)


def _is_importable(owner: type[JobClass]) -> bool:
    module = sys.modules.get(owner.__module__)
    return owner.__module__ != "__main__" and getattr(module, owner.__qualname__, None) is owner


def _classes(module: str) -> Iterator[type[JobClass]]:
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # the module is there, and imports one that is not
        problem = "it cannot be imported from here; run it in the folder that holds the code"
        raise NotInstalled(f"the module {module}", problem) from error
    for value in vars(loaded).values():
        if isinstance(value, type) and issubclass(value, JobClass) and value.__module__ == loaded.__name__:
            yield value


def _subclasses(owner: type[JobClass]) -> Iterator[type[JobClass]]:
    for one in owner.__subclasses__():
        yield one
        yield from _subclasses(one)


def _defaults(method: JobMethod[..., Any]) -> dict[str, Any]:
    """What `@job` says, as the entry's defaults. Names and templates belong to submissions alone."""
    asked: dict[str, Any] = {**method.defaults}
    for name in ("loggable", "unique", "concurrency_key"):
        asked.pop(name, None)
    try:
        options, _ = options_of(asked)
        manifest = backgroundjob_manifest(method.owner.job_class, method.name, None, options)
    except InvalidSpec as error:
        raise InvalidJob(place_of(method), error.message) from error
    return {name: manifest["spec"][name] for name in _SPEC_DEFAULTS if name in manifest["spec"]}
