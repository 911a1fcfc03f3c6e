"""Wheel, chart package and SBOM: the same bytes whoever builds them, where and when."""

import os
import shutil
from pathlib import Path

import pytest

from tests.cluster.build_context import IMAGES, copy_context
from tests.cluster.paths import ROOT, cache_directory
from tests.tools.dist import build_wheel, operator_wheels, package_chart, write_sbom

DATE = "1700000000"
OLD = 1_000_000_000


def checkout(place: Path, *, written: int = 0) -> Path:
    """The files of wheel and chart; `written` is the time that their file system shows."""
    place.mkdir(parents=True)
    copy_context(IMAGES[0], place)
    shutil.copytree(ROOT / "charts", place / "charts")
    for file in place.rglob("*") if written else ():
        os.utime(file, (written, written))
    return place


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """The same files at two times in directories of different names."""
    return checkout(tmp_path / "a"), checkout(tmp_path / "elsewhere" / "b", written=OLD)


def target(place: Path) -> Path:
    (place / "out").mkdir()
    return place / "out"


def test_two_builds_of_the_wheel_are_bit_identical(places: tuple[Path, Path]) -> None:
    first, second = (build_wheel(place, target(place), DATE) for place in places)
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_two_packages_of_the_chart_are_bit_identical(helm: Path, places: tuple[Path, Path]) -> None:
    first, second = (package_chart(helm, place, target(place), DATE) for place in places)
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_mtime == second.stat().st_mtime == int(DATE)


def test_another_date_makes_another_package(helm: Path, places: tuple[Path, Path]) -> None:
    """The package is dated by SOURCE_DATE_EPOCH, and not by nothing at all."""
    first, second = (
        package_chart(helm, place, target(place), date)
        for place, date in zip(places, (DATE, "1700000001"), strict=True)
    )
    assert first.read_bytes() != second.read_bytes()


def test_two_sboms_are_bit_identical(places: tuple[Path, Path]) -> None:
    first, second = (
        write_sbom(operator_wheels(build_wheel(place, target(place), DATE), cache_directory()), place, DATE)
        for place in places
    )
    assert first.read_bytes() == second.read_bytes()
