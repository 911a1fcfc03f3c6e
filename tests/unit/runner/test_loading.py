"""What may be called, and with which params. The last of the four checks of the allow-list."""

import sys
from types import ModuleType
from typing import Any

import pytest

from backgroundjob_runner.contract import ExitCode, FailureKind
from backgroundjob_runner.target import NotLoadable, load
from runner_process import RunnerProcess

SAMPLE = """
import collections
from collections import OrderedDict
from json import JSONDecoder
from backgroundjob_runner.wrapped import MethodWrapper

class Wrapper(MethodWrapper):
    def __init__(self, function): self.function = function
    def __get__(self, instance, owner=None): raise RuntimeError("the descriptor was asked")
    def __getattribute__(self, name): raise RuntimeError("the wrapper was asked")

class Meta(type):
    def __getattr__(cls, name): return lambda self: "made up"
    def of_the_metaclass(cls): pass

class Base:
    def inherited(self): return "inherited"

class Job(Base, metaclass=Meta):
    def run(self, to, subject="Hello", *, copy=False): return [to, subject, copy]
    def any(self, **options): return options
    def positional(self, to, /): pass
    def without_self(): pass
    def generator(self): yield 1
    async def async_generator(self): yield 1
    def _private(self): pass
    def __call__(self): pass
    @property
    def property(self): return lambda: 1
    number = 7
    builtin = len
    nested = staticmethod(len)
    class Inner:
        def run(self): pass

class Wrapped:
    @Wrapper
    def run(self, to): return ["wrapped", to]
    @Wrapper
    @staticmethod
    def static(to): return to
    @Wrapper
    @classmethod
    def of_class(cls): return cls.__name__
    @Wrapper
    def generator(self): yield 1
    number = Wrapper(7)
    twice = Wrapper(Wrapper(lambda self: None))
    outside = staticmethod(MethodWrapper())
    empty = Wrapper.__new__(Wrapper)

class NeedsArgument:
    def __init__(self, name): pass
    def run(self): pass

class Breaks:
    def __init__(self): raise TypeError("inside")
    def run(self): pass

class _Hidden:
    def run(self): pass

def function(): pass
"""


@pytest.fixture(autouse=True)
def sample(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("sample")
    exec(SAMPLE, vars(module))  # noqa: S102  the text above
    monkeypatch.setitem(sys.modules, "sample", module)
    return module


def call(target: str, **params: Any) -> Any:
    found = load(target)
    found.check(params)
    return found.bind()(**params)


def test_params_arrive_by_name() -> None:
    assert call("sample:Job.run", to="a", copy=True) == ["a", "Hello", True]


def test_a_method_of_a_base_may_run() -> None:
    assert call("sample:Job.inherited") == "inherited"


def test_a_class_that_the_module_imports_may_run() -> None:
    assert call("sample:JSONDecoder.decode", s="[1]") == [1]


def test_a_function_in_a_wrapper_made_for_jobs_may_run() -> None:
    assert call("sample:Wrapped.run", to="a") == ["wrapped", "a"]
    assert call("sample:Wrapped.static", to="a") == "a"
    assert call("sample:Wrapped.of_class") == "Wrapped"


def test_a_method_runs_on_the_instance_that_is_given(sample: ModuleType) -> None:
    broken = sample.Breaks.__new__(sample.Breaks)
    assert load("sample:Breaks.run").bind(broken)() is None


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("", "must be module:Class.method"),
        ("sample", "must be module:Class.method"),
        ("sample:function", "must be module:Class.method"),
        ("sample:Job.Inner.run", "must be module:Class.method"),
        ("sample:Job.run()", "must be module:Class.method"),
        ("sample:Job.run:x", "must be module:Class.method"),
        ("../sample:Job.run", "must be module:Class.method"),
        ("sample:Job._private", "not public"),
        ("sample:Job.__call__", "not public"),
        ("sample:Job.__init__", "not public"),
        ("sample:_Hidden.run", "not public"),
        ("__main__:Job.run", "not public"),
        (
            "sample:Missing.run",
            "no class 'Missing'; its classes are 'Base', 'Breaks', 'JSONDecoder', 'Job', ",
        ),
        ("sample:function.run", "a function, not a class, 'function'"),
        ("sample:collections.run", "a module, not a class, 'collections'"),
        ("sample:Job.missing", "no method 'missing'; it has 'Inner'"),
        ("sample:Job.of_the_metaclass", "no method 'of_the_metaclass'"),
        ("sample:Job.mro", "no method 'mro'"),
        ("sample:Job.property", "is a property; a job is a plain function"),
        ("sample:Job.number", "is a int;"),
        ("sample:Job.builtin", "is a builtin_function_or_method;"),
        ("sample:Job.nested", "is a staticmethod;"),
        ("sample:OrderedDict.popitem", "is a method_descriptor;"),
        ("sample:Job.Inner", "is a type;"),
        ("sample:Job.generator", "is a generator"),
        ("sample:Job.async_generator", "is a generator"),
        ("sample:Wrapped.generator", "is a generator"),
        ("sample:Wrapped.number", "is a int;"),
        ("sample:Wrapped.twice", "is a Wrapper;"),
        ("sample:Wrapped.outside", "is a staticmethod;"),
        ("sample:Wrapped.empty", "is a Wrapper;"),
    ],
)
def test_anything_but_a_public_function_of_a_class_is_refused(target: str, message: str) -> None:
    with pytest.raises(NotLoadable) as caught:
        load(target)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("run", {}, "Job.run() misses 'to'; it takes 'to', 'subject', 'copy'"),
        ("run", {"to": 1, "cc": 2}, "Job.run() does not know 'cc'; it takes 'to', 'subject', 'copy'"),
        ("run", {"to": 1, "self": 2}, "Job.run() does not know 'self'"),
        ("any", {"self": 2}, "Job.any() does not know 'self'"),
        ("inherited", {"x": 1}, "Job.inherited() does not know 'x'; it takes nothing"),
        ("positional", {"to": 1}, "positional-only parameters"),
        ("without_self", {}, "takes no self"),
    ],
)
def test_params_that_do_not_fit_are_refused_by_name(
    method: str, params: dict[str, Any], message: str
) -> None:
    found = load(f"sample:Job.{method}")
    with pytest.raises(NotLoadable) as caught:
        found.check(params)
    assert message in str(caught.value)


def test_a_method_that_takes_any_keyword_gets_them() -> None:
    assert call("sample:Job.any", a=1, b=2) == {"a": 1, "b": 2}


def test_a_class_that_needs_arguments_is_refused() -> None:
    with pytest.raises(NotLoadable, match=r"NeedsArgument\(\) cannot be called without arguments"):
        call("sample:NeedsArgument.run")


def test_an_error_inside_a_constructor_is_the_jobs_own() -> None:
    with pytest.raises(TypeError, match="inside"):
        call("sample:Breaks.run")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("class Job(:", "module job cannot be imported: SyntaxError"),
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("raise SystemExit(0)", "SystemExit: sys.exit(0) was called"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import sys; sys.modules['job'] = 7", "no class 'Job'"),
        ("class Job: pass", "has no method 'run'; it has nothing"),
    ],
)
def test_a_module_that_cannot_be_used_is_not_loadable(
    runner: RunnerProcess, source: str, message: str
) -> None:
    runner.job(source)
    ended = runner.run()
    assert ended.code == ExitCode.NOT_LOADABLE
    assert ended.receipt.failure is FailureKind.NOT_LOADABLE
    assert ended.receipt.exception is not None
    assert message in ended.receipt.exception.message
    assert "ATTEMPT" not in ended.output


def test_nothing_is_made_or_called_when_a_param_is_missing(runner: RunnerProcess) -> None:
    runner.job("class Job:\n def __init__(self): print('made')\n def run(self, to): print('called')")
    ended = runner.run(params={"cc": 1})
    assert ended.code == ExitCode.NOT_LOADABLE
    assert "made" not in ended.output
    assert "called" not in ended.output
