"""Options that commands share, declared once: a command takes a class of flags as one parameter."""

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Annotated, Any, TypeVar, cast, get_type_hints

import typer

from backgroundjob.backends import Backend, select_backend

Function = TypeVar("Function", bound=Callable[..., Any])
_WHERE = "Where"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which cluster, or this machine, and which namespace."""

    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace", "-n", help="Namespace; left out, the one of the context.", rich_help_panel=_WHERE
        ),
    ] = None
    backend: Annotated[
        str | None,
        typer.Option(
            "--backend",
            metavar="NAME",
            envvar="BACKGROUNDJOB_BACKEND",
            help="cluster or local; left out, the cluster where there is a kubeconfig.",
            rich_help_panel=_WHERE,
        ),
    ] = None
    local: Annotated[
        bool,
        typer.Option("--local", help="Use this machine: short for --backend local.", rich_help_panel=_WHERE),
    ] = False
    context: Annotated[
        str | None, typer.Option("--context", help="Context of the kubeconfig.", rich_help_panel=_WHERE)
    ] = None

    def choose(self) -> Backend:
        """The backend that these options ask for. Raises BadParameter where they contradict each other."""
        if self.local and self.context is not None:
            raise typer.BadParameter("--local and --context exclude each other")
        return select_backend("local" if self.local else self.backend, context=self.context)

    def again(self, namespace: str) -> str:
        """The options that a next command needs to reach the same object."""
        place = " --local" if self.local else f" --backend {self.backend}" if self.backend else ""
        context = f" --context {self.context}" if self.context else ""
        return f" --namespace {namespace}{place}{context}"


def with_flags(function: Function) -> Function:
    """The command with each parameter whose type is a dataclass replaced by its fields, one option each."""
    signature = inspect.signature(function, eval_str=True)
    kinds = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if inspect.isclass(parameter.annotation) and is_dataclass(parameter.annotation)
    }

    @functools.wraps(function)
    def command(*args: Any, **given: Any) -> Any:
        for name, kind in kinds.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
        return function(*args, **given)

    parameters = [
        expanded
        for name, parameter in signature.parameters.items()
        for expanded in (_options(kinds[name]) if name in kinds else (parameter,))
    ]
    vars(command)["__signature__"] = signature.replace(parameters=parameters)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return cast("Function", command)  # typer alone calls it, with what the signature says


def _options(kind: type[Any]) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        yield inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=_default(field), annotation=hints[field.name]
        )


def _default(field: Field[Any]) -> Any:
    return inspect.Parameter.empty if field.default is MISSING else field.default
