"""The sections about Python: what `backgroundjob` and `backgroundjob.testing` offer."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import backgroundjob
from backgroundjob import errors
from backgroundjob.backends import Backend
from tests.reference_tool.markdown import one_line, pre, prose, summary, table
from tests.reference_tool.source import Function, annotations, members, nodes_of, signature

SECTIONS: Final[Mapping[str, Sequence[str]]] = {
    "Define and submit": ("JobClass", "job", "JobMethod", "run_background_job", "Batch", "Deferred"),
    "Follow": ("Handle", "Why"),
    "Inside a job": ("current_job", "CurrentJob", "RetryLater", "Fatal", "Secret", "Schema"),
    "Where it runs": ("use_backend",),
}
"""Every public name that is no error."""
_FIXTURES: Final = ("bgjob_fake", "bgjob_local")
_BACKENDS: Final = (
    "backgroundjob.testing.memory.InMemoryBackend",
    "backgroundjob_operator.local.inline.InlineBackend",
)
_OVERLOADED: Final = {"job": ["job(method)", "job(**options)"]}
"""Where the overloads are for type checkers alone."""
_OPTION: Final = re.compile(r"^(\w+) {2,}(.+(?:\n {4,}.+)*)$", re.MULTILINE)
_ALSO: Final = re.compile(r"`(\w+)`[,:]? ")


def render_names() -> str:
    """All sections but the errors. Raises ValueError for a public name that has no place."""
    named = {name for names in SECTIONS.values() for name in names}
    public = {name for name in backgroundjob.__all__ if not hasattr(errors, name)} - {"__version__"}
    if named != public:
        raise ValueError(f"SECTIONS and __all__ differ in {sorted(named ^ public)}")
    parts = []
    for title, names in SECTIONS.items():
        parts += [f"## {title}", *(_name(_module_of(name), name) for name in names)]
    parts += ["## Tests", *(_name("backgroundjob.pytest_plugin", name) for name in _FIXTURES)]
    parts += [_name(*backend.rsplit(".", 1)) for backend in _BACKENDS]
    return "\n\n".join(parts)


def _module_of(name: str) -> str:
    return str(getattr(backgroundjob, name).__module__)


def _name(module: str, name: str) -> str:
    nodes = nodes_of(module, name)
    node = nodes[-1]
    docstring = ast.get_docstring(node) or ""
    if isinstance(node, ast.ClassDef):
        listed = "\n".join(_members(node))
        return "\n\n".join(part for part in (f"### {name}", prose(docstring), listed) if part)
    heads = _OVERLOADED.get(name) or [
        signature(one) for one in nodes[:-1] or nodes if isinstance(one, Function)
    ]
    shown = pre("\n".join(heads)) if module != "backgroundjob.pytest_plugin" else ""
    rest = _OPTION.sub("", docstring)
    options = _options(docstring) if rest != docstring else ""
    return "\n\n".join(part for part in (f"### {name}", shown, prose(rest), options) if part)


def _members(node: ast.ClassDef) -> Iterator[str]:
    for one in members(node):
        if node.name.endswith("Backend") and hasattr(Backend, one.name):
            continue  # what every backend does, for the library's own use
        text = summary(one.text)
        yield f"- `{one.written}`" + (f": {text}" if text else "")


def _options(docstring: str) -> str:
    """Those of `run_background_job`, with who takes them: its docstring names each."""
    calls = annotations("backgroundjob.job_options", "CallOptions")
    defaults = annotations("backgroundjob.job_options", "JobDefaults")
    meanings: dict[str, str] = {}
    for found in _OPTION.finditer(docstring):
        text = one_line(found[2])
        for name in (found[1], *(also for also in _ALSO.findall(text) if also in calls)):
            meanings.setdefault(name, text if name == found[1] else f"see `{found[1]}`")
    if missing := calls.keys() - meanings.keys():
        raise ValueError(f"the docstring of run_background_job has no word about {sorted(missing)}")
    rows = [
        (f"`{name}`", f"`{kind.removesuffix(' | None')}`", "yes" if name in defaults else "", meanings[name])
        for name, kind in calls.items()
    ]
    rows.append(
        ("`loggable`", f"`{defaults['loggable']}`", "only", "names of parameters that log lines may show")
    )
    return table(("option of `run_background_job` and `using`", "type", "in `@job`", "meaning"), rows)
