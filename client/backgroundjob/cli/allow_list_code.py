"""`bgjob allow-list lint` and `generate`: the allow-list beside the code that it allows."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP
from backgroundjob.cli.exit_codes import ExitCode
from backgroundjob.cli.flags import Where, with_flags
from backgroundjob.cli.output import coloured, one_line, print_error
from backgroundjob.cli.stored_entries import stored_texts
from backgroundjob.errors import BackgroundJobError, NotInstalled


class GeneratedForm(StrEnum):
    """Forms of `generate -o`: those of allow_list_file.Form, whose module parses YAML."""

    CONFIG_MAP = "configmap"
    HELM = "helm"
    LOCAL = "local"


@with_flags
def lint(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE|-]",
            help="ConfigMap, settings file or Helm values; left out, what the backend uses.",
            show_default=False,
        ),
    ] = None,
    *,
    modules: Annotated[
        list[str] | None,
        typer.Option(
            "--module", "-m", help="Compare with this module's jobs; may be repeated.", show_default=False
        ),
    ] = None,
    where: Where,
) -> None:
    """Check every entry, and with --module whether code and allow-list still fit.

    Namespaces, profile, limits, defaults and stricter parameters are the administrator's: no difference.

    [bold]Exit codes[/bold]: 0 nothing to tell, 1 something is wrong or differs.

    [bold]Examples[/bold]

    $ bgjob allow-list lint values.yaml --module jobs.email
    $ kubectl kustomize . | bgjob allow-list lint -
    """
    from backgroundjob.doctor.settings import read_entries  # noqa: PLC0415  validates models
    from backgroundjob.drift import drifts  # noqa: PLC0415  as above

    texts = stored_texts(where.choose()) if file is None else _file_texts(file)
    entries, malformed = read_entries(texts)
    for key, sentence in malformed.items():
        _print_finding(key, f"is malformed: {sentence}", "correct the entry")
    code = code_entries(modules) if modules else {}
    found = [one for one in drifts(code, entries) if one.key not in malformed]
    for one in found:
        _print_finding(one.key, one.text, one.next_step)
    if found or malformed:
        raise typer.Exit(ExitCode.FAILED)
    compared = f", and {len(code)} of the code fit" if modules else ""
    count = "1 entry" if len(entries) == 1 else f"{len(entries)} entries"
    typer.echo(f"{count} can be used{compared}.", err=True)


def _print_finding(key: str, text: str, next_step: str) -> None:
    typer.echo(f"{coloured(key, typer.colors.RED, sys.stdout)} {one_line(text)}")
    typer.echo(f"  {next_step}")


def _file_texts(file: str) -> Mapping[str, str]:
    import yaml  # noqa: PLC0415  most commands need none

    from backgroundjob.allow_list_file import read_texts  # noqa: PLC0415  as above
    from backgroundjob.api.explain import explain  # noqa: PLC0415  as above

    try:
        return read_texts(sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from error
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        print_error(f"{file}: {explain(error)}")
        raise typer.Exit(ExitCode.FAILED) from error


def generate(
    modules: Annotated[
        list[str], typer.Argument(metavar="MODULE...", help="Modules with JobClasses.", show_default=False)
    ],
    *,
    output: Annotated[
        GeneratedForm, typer.Option("--output", "-o", help="Form: for kubectl, for Helm, or for local mode.")
    ] = GeneratedForm.CONFIG_MAP,
) -> None:
    """Print the allow-list entries of typed code, from its signatures and decorators.

    [bold]Examples[/bold]

    $ bgjob allow-list generate jobs.email jobs.invoice | kubectl apply --server-side -f -
    $ bgjob allow-list generate jobs.email -o helm > values-allow-list.yaml
    $ bgjob allow-list generate jobs.email -o local > backgroundjob.yaml
    """
    entries = code_entries(modules)
    if not entries:
        print_error(f"{', '.join(modules)} has no method of a JobClass with @job", "see docs/python.md")
        raise typer.Exit(ExitCode.FAILED)
    # They read YAML and the environment of a cluster: only here.
    from backgroundjob.allow_list_file import Form, write_entries  # noqa: PLC0415
    from backgroundjob.backends.kube_system import system_namespace  # noqa: PLC0415

    typer.echo(write_entries(entries, Form(output.value), system_namespace()), nl=False)
    if output is GeneratedForm.CONFIG_MAP:
        warning = (
            f"  This is the whole ConfigMap {ALLOW_LIST_CONFIG_MAP}: name every module whose jobs may run."
        )
        typer.echo(warning, err=True)


def code_entries(modules: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """The entries of these modules' jobs. Raises Exit when one cannot be imported, and says why."""
    if "" not in sys.path:
        sys.path.insert(0, "")  # as `python -m` does: the code often lies in the current directory
    from backgroundjob.catalogue import entries  # noqa: PLC0415  needs pydantic

    try:
        with redirect_stdout(sys.stderr):  # stdout is for what is generated
            return entries(modules)
    except NotInstalled as error:
        print_error(error.message)
        raise typer.Exit(ExitCode.USAGE) from error
    except BackgroundJobError:
        raise
    except (Exception, SystemExit) as error:  # other people's code: whatever it raises, the reason is told
        print_error(
            f"{', '.join(modules)} cannot be imported: {type(error).__name__}: {error}",
            "run it where the code and its dependencies are installed, or from its root directory",
        )
        raise typer.Exit(ExitCode.USAGE) from error
