"""What a manifest says of other things by name: exceptions, other jobs, Secrets. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from backgroundjob.api.reasons import DependencyCondition
from backgroundjob.errors import InvalidParams, InvalidSpec
from backgroundjob.job_options import Dependency, ExceptionKind
from backgroundjob.names import is_dns_label

_EXCEPTIONS_LIMIT: Final = 32
_DEPENDENCIES_LIMIT: Final = 16
_SECRETS_LIMIT: Final = 16
_EXCEPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_PARAM = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_SECRET = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SECRET_KEY = re.compile(r"[-._A-Za-z0-9]{1,253}")


def exception_names(option: str, kinds: Iterable[ExceptionKind]) -> list[str]:
    """`retry.retryOn` and `failOn`: classes by the qualified name that the runner reports."""
    if isinstance(kinds, (str, type)):
        kinds = (kinds,)
    names = list(dict.fromkeys(_exception_name(kind) for kind in kinds))
    for name in names:
        if not _EXCEPTION.fullmatch(name) or len(name) > 253:
            accepted = "give a class, or its name such as 'TimeoutError' or 'smtplib.SMTPException'"
            raise InvalidSpec(option, f"has {name!r:.80}; {accepted}")
    return _at_most(option, names, _EXCEPTIONS_LIMIT)


def _exception_name(kind: object) -> str:
    if not isinstance(kind, type):
        return str(kind)
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def dependencies(others: Iterable[Dependency]) -> list[dict[str, str]]:
    """`dependsOn`, from names, `name:Finished` and handles."""
    if isinstance(others, str):
        others = (others,)
    found: dict[str, dict[str, str]] = {}
    for other in others:
        name, _, condition = (other if isinstance(other, str) else other.name).partition(":")
        if not is_dns_label(name) or (condition and condition not in tuple(DependencyCondition)):
            accepted = "give the name of a job, 'name:Finished' when any end will do, or its handle"
            raise InvalidSpec("depends_on", f"has {other!r:.80}; {accepted}")
        if name in found:
            raise InvalidSpec("depends_on", f"names {name} twice")
        found[name] = {"name": name} | ({"condition": condition} if condition else {})
    return _at_most("depends_on", list(found.values()), _DEPENDENCIES_LIMIT)


def secret_params(sources: Mapping[str, str], params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`paramsFrom`, from `{"token": "secret-name/key"}`. Never reads a Secret."""
    found: list[dict[str, Any]] = []
    for param, source in sources.items():
        if not _PARAM.fullmatch(param):
            raise InvalidParams(f"params_from key {param!r:.80}", "is not an identifier")
        if param in params:
            raise InvalidParams(f"params.{param}", "is in params_from too; give it once")
        secret, _, key = source.partition("/")
        if not _SECRET.fullmatch(secret) or len(secret) > 253 or not _SECRET_KEY.fullmatch(key):
            accepted = "give the Secret and its key, such as 'mail/smtp-password'"
            raise InvalidParams(f"params_from.{param}", f"is {source!r:.80}; {accepted}")
        found.append({"name": param, "secretKeyRef": {"name": secret, "key": key}})
    return _at_most("params_from", found, _SECRETS_LIMIT)


def _at_most(option: str, found: list[Any], limit: int) -> list[Any]:
    if len(found) > limit:
        raise InvalidSpec(option, f"has {len(found)} entries; at most {limit} are accepted")
    return found
