"""Parameters as JSON: checked before they are sent, because the API server would change some silently.

It stores integers beyond 64 bits as floating-point numbers and lone surrogates as U+FFFD, and
refuses the rest late and less clearly. Messages name the path of a value, never the value.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from backgroundjob.api.limits import PARAMS_LIMIT_BYTES, PARAMS_LIMIT_DEPTH, PARAMS_LIMIT_KEYS
from backgroundjob.errors import InvalidParams

_ARGS_LIMIT: Final = 32
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
_PARAM_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def split_params(params: object) -> tuple[dict[str, Any], list[Any]]:
    """Named parameters and positional ones, as plain JSON values. Raises InvalidParams.

    A mapping gives `spec.params`, a list or tuple `spec.args`, None neither.
    """
    if params is None:
        return {}, []
    if isinstance(params, Mapping):
        named = {param_name(key): json_value(value, f"params.{key}", 2) for key, value in params.items()}
        if len(named) > PARAMS_LIMIT_KEYS:
            raise InvalidParams("params", f"has {len(named)} keys; at most {PARAMS_LIMIT_KEYS} are accepted")
        _check_size("params", named)
        return named, []
    if isinstance(params, (list, tuple)):
        if len(params) > _ARGS_LIMIT:
            raise InvalidParams("args", f"has {len(params)} values; at most {_ARGS_LIMIT} are accepted")
        positional = [json_value(value, f"args[{index}]", 2) for index, value in enumerate(params)]
        _check_size("args", positional)
        return {}, positional
    raise InvalidParams(
        "params", f"is a {type(params).__name__}; give a dict, or a list or tuple of positional values"
    )


def json_value(value: object, path: str, depth: int) -> Any:
    """The value with tuples as lists and mappings as dicts. `depth` is the level it would be at as a list."""
    if value is None or isinstance(value, (bool, str, int, float)):
        return _scalar(value, path)
    if isinstance(value, (Mapping, list, tuple)):
        if depth > PARAMS_LIMIT_DEPTH:
            raise InvalidParams(path, f"is nested too deep; at most {PARAMS_LIMIT_DEPTH} levels are accepted")
        if isinstance(value, Mapping):
            return {
                _key(key, path): json_value(inner, f"{path}.{key}", depth + 1) for key, inner in value.items()
            }
        return [json_value(inner, f"{path}[{index}]", depth + 1) for index, inner in enumerate(value)]
    raise InvalidParams(
        path, f"is a {type(value).__name__}, which JSON does not have: send text, such as str(value)"
    )


def _scalar(value: object, path: str) -> Any:
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidParams(
                path, "holds half of a surrogate pair, which is not Unicode text: send it in base64"
            )
        return str.__str__(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidParams(path, "is not a finite number, which JSON does not have: send text, or null")
    if isinstance(value, int) and not _INT64_MIN <= value <= _INT64_MAX:
        raise InvalidParams(path, "is an integer beyond 64 bits and would lose digits: send it as text")
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)  # an IntEnum is written as its number
    return value


def param_name(key: object) -> str:
    """The key, if it can be the name of a parameter. Raises InvalidParams."""
    if not isinstance(key, str) or not _PARAM_NAME.fullmatch(key):
        raise InvalidParams(
            f"params key {key!r:.80}", "is not an identifier of at most 63 letters, digits and underscores"
        )
    return key


def _key(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise InvalidParams(path, f"has a key that is a {type(key).__name__}; JSON keys are text")
    return str(_scalar(key, path))


def _check_size(what: str, value: object) -> None:
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > PARAMS_LIMIT_BYTES:
        accepted = f"at most {PARAMS_LIMIT_BYTES} are accepted: send a reference to the data"
        raise InvalidParams(what, f"is {size} bytes as JSON; {accepted}")
