"""Typed modules in the settings file: allowed as their code says, and read again when it changes."""

import os
import subprocess

import pytest
import yaml

from backgroundjob.errors import BackendUnavailable
from backgroundjob_operator.local.typed_modules import read_modules
from local_mode import LocalMode, bgjob, until

SHOP = """
from backgroundjob import JobClass, job

print("imported: user code may print")

class ShopJob(JobClass, alias="Shop"):
    @job(retries=0)
    def {method}(self, number: int) -> int:
        return number * {factor}
"""


def write(local: LocalMode, method: str = "order", factor: int = 2) -> None:
    text = SHOP.format(method=method, factor=factor)
    (local.options.working_directory / "shop.py").write_text(text)


def name_modules(local: LocalMode, *modules: str, **sections: object) -> None:
    local.options.settings_file.write_text(yaml.safe_dump({"modules": list(modules), **sections}))


async def test_a_module_allows_what_its_code_says_and_new_code_is_taken_up(local: LocalMode) -> None:
    write(local)
    name_modules(local, "shop")
    async with local.engine() as engine:
        local.submit("Shop.order", {"number": 4}, name="first")
        [first] = await local.ended("first")
        write(local, "reorder", 3)
        await until(lambda: "Shop.reorder" in engine.settings.allow_list.entries)  # type: ignore[union-attr]
        local.submit("Shop.reorder", {"number": 4}, name="second")
        local.submit("Shop.order", {"number": 4}, name="third")
        [second, third] = await local.ended("second", "third")
    assert (first["result"], second["result"], third["state"]) == (8, 12, "Rejected")


async def test_code_that_cannot_be_imported_leaves_the_last_good_one(
    local: LocalMode, caplog: pytest.LogCaptureFixture
) -> None:
    write(local)
    name_modules(local, "shop")
    async with local.engine() as engine:
        (local.options.working_directory / "shop.py").write_text("class Shop(:\n")
        await until(lambda: "SyntaxError" in caplog.text)
        assert list(engine.settings.allow_list.entries) == ["Shop.order"]  # type: ignore[union-attr]
    assert "modules shop cannot be imported: SyntaxError" in caplog.text


async def test_an_entry_of_the_file_goes_before_that_of_the_code(local: LocalMode) -> None:
    write(local)
    entry = {
        "target": "shop:ShopJob.order",
        "params": {"type": "object", "properties": {"number": {"maximum": 3}}},
    }
    name_modules(local, "shop", allowList={"Shop.order": entry})
    async with local.engine():
        local.submit("Shop.order", {"number": 4}, name="large")
        [status] = await local.ended("large")
    assert status["state"] == "Rejected"


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (
            "from backgroundjob import JobClass, job\nclass A(JobClass):\n  @job\n  def b(self, c): ...",
            "no type hint",
        ),
        (None, "the module shop is not installed: it cannot be imported from here"),
        ("raise OSError('no disk')", "modules shop cannot be imported: OSError: no disk"),
    ],
)
async def test_a_module_that_cannot_be_used_says_why_at_the_start(
    local: LocalMode, code: str | None, problem: str
) -> None:
    if code is not None:
        (local.options.working_directory / "shop.py").write_text(code)
    name_modules(local, "shop")
    with pytest.raises(BackendUnavailable, match=problem):
        async with local.engine():
            pass


def test_a_module_that_prints_no_text_and_breaks_says_why(local: LocalMode) -> None:
    text = "import sys\nsys.stderr.buffer.write(bytes([255, 10]))\nsys.stderr.flush()\n1 / 0\n"
    (local.options.working_directory / "shop.py").write_text(text)
    with pytest.raises(ValueError, match="shop cannot be imported: ZeroDivisionError"):
        read_modules(["shop"], local.options.working_directory)


def test_what_a_module_does_at_exit_does_not_matter(local: LocalMode) -> None:
    write(local)
    text = (local.options.working_directory / "shop.py").read_text()
    (local.options.working_directory / "shop.py").write_text(
        f"{text}\nimport atexit\natexit.register(print, 42)\n"
    )
    assert list(read_modules(["shop"], local.options.working_directory).entries) == ["Shop.order"]


def test_a_file_that_is_written_while_it_is_imported_is_read_again(local: LocalMode) -> None:
    path = local.options.working_directory / "shop.py"
    touch = "\nimport pathlib\npathlib.Path(__file__).touch()\n"
    path.write_text(SHOP.format(method="order", factor=1) + touch)
    assert read_modules(["shop"], local.options.working_directory).stamps == {path: None}


def test_the_settings_of_the_backend_have_the_modules_too(local: LocalMode) -> None:
    write(local)
    name_modules(local, "shop")
    assert list(local.backend.settings().allow_list or ()) == ["Shop.order"]


def dev(local: LocalMode, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        bgjob("dev", *arguments),
        cwd=local.options.working_directory,
        env={**os.environ, **local.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_dev_with_a_module_needs_no_file(local: LocalMode) -> None:
    write(local)
    local.options.settings_file.unlink()
    with dev(local, "shop") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.terminate()
    assert lines[0] == f"Created {local.options.settings_file} with modules: [shop]\n"
    assert lines[1].startswith("Allowed methods: 1 ")
    assert yaml.safe_load(local.options.settings_file.read_text()) == {"modules": ["shop"]}


def test_dev_with_a_file_says_the_name_of_the_module(local: LocalMode) -> None:
    local.options.settings_file.unlink()
    with dev(local, "shop/orders.py") as process:
        assert process.stdout is not None
        told = " ".join(process.stdout.read().replace("│", " ").split())
    assert "for the file shop/orders.py it is: shop.orders" in told
    assert not local.options.settings_file.exists()


def test_dev_with_a_module_that_the_file_does_not_name_says_what_to_write(local: LocalMode) -> None:
    name_modules(local, "other")
    with dev(local, "shop") as process:
        assert process.stdout is not None
        told = " ".join(process.stdout.read().replace("│", " ").split())
    assert process.returncode == 2
    assert "write there: modules: [other, shop]" in told


def test_dev_says_that_it_cannot_create_the_settings_file(local: LocalMode) -> None:
    with dev(local, "shop", "--settings", "nowhere/backgroundjob.yaml") as process:
        assert process.stdout is not None
        told = process.stdout.read()
    assert process.returncode == 5
    assert "cannot be created: No such file or directory" in told
    assert "Traceback" not in told
