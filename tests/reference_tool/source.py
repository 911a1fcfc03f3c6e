"""What the source says of a name: signature, docstring, members. Read as text, so alike for every Python."""

import ast
import copy
import importlib
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
Node = ast.ClassDef | Function


@dataclass(frozen=True, slots=True)
class Member:
    """A field, property or method: how it is written, and its docstring."""

    name: str
    written: str
    text: str


@cache
def tree_of(module: str) -> ast.Module:
    """The parsed module."""
    path = importlib.import_module(module).__file__
    assert path is not None
    return ast.parse(Path(path).read_text(encoding="utf-8"))


def nodes_of(module: str, name: str) -> Sequence[Node]:
    """The definitions of one name, overloads first. Raises LookupError when there is none."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in tree_of(module).body if isinstance(node, kinds) and node.name == name]
    if not found:
        raise LookupError(f"{module} defines no {name}")
    return found


def signature(node: Function, *, bound: bool = False) -> str:
    """`name(arguments) -> result`; `bound` leaves self or cls out."""
    arguments = copy.deepcopy(node.args)
    if bound:
        (arguments.posonlyargs or arguments.args).pop(0)
    for one in (*arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if one is not None and one.annotation is not None:
            one.annotation = ast.Name(written_type(one.annotation))
    result = f" -> {written_type(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(arguments).replace('=', ' = ')}){result}"


def written_type(node: ast.expr) -> str:
    """Without the quotes that keep names unloaded."""
    return ast.unparse(node).replace("'", "")


def members(node: ast.ClassDef) -> Iterator[Member]:
    """The public ones with a docstring, in order."""
    for one, after in zip(node.body, [*node.body[1:], ast.Pass()], strict=True):
        if isinstance(one, Function):
            if one.name.startswith("_") or ast.get_docstring(one) is None:
                continue
            names = {ast.unparse(decorator) for decorator in one.decorator_list}
            shown = one.name if "property" in names else signature(one, bound="staticmethod" not in names)
            yield Member(one.name, shown, ast.get_docstring(one) or "")
        elif (field := field_name(one)) and not field.startswith("_"):
            kind = f": {written_type(one.annotation)}" if isinstance(one, ast.AnnAssign) else ""
            yield Member(field, f"{field}{kind}", inspect.cleandoc(docstring_after(after)))


def field_name(node: ast.stmt) -> str:
    """Of `name: type` and `NAME = value`, else nothing."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return ""


def docstring_after(node: ast.stmt) -> str:
    """The text of a bare string, as it stands below a field."""
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    value = node.value.value if is_text else ""  # type: ignore[attr-defined]
    return value if isinstance(value, str) else ""


def annotations(module: str, name: str) -> dict[str, str]:
    """The fields of a TypedDict, or a dataclass, with their types as they are written."""
    (node,) = nodes_of(module, name)
    assert isinstance(node, ast.ClassDef)
    return {
        one.target.id: written_type(one.annotation)
        for one in node.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    }


def words(module: str, name: str) -> dict[str, str]:
    """The members of an enum: value and docstring."""
    (node,) = nodes_of(module, name)
    assert isinstance(node, ast.ClassDef)
    return {
        str(ast.literal_eval(one.value)): docstring_after(after)
        for one, after in zip(node.body, [*node.body[1:], ast.Pass()], strict=True)
        if isinstance(one, ast.Assign)
    }
