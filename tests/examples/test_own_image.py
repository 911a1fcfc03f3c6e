"""The image of examples/08-own-image: the runner, packages and code."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples/08-own-image"


def instructions() -> list[str]:
    lines = (FOLDER / "Dockerfile").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_image_is_the_runner_plus_one_folder() -> None:
    found = instructions()
    assert found[found.index("FROM ${BASE_IMAGE}") :] == [
        "FROM ${BASE_IMAGE}",
        "COPY --from=builder /app /app",
    ]


def test_packages_are_installed_by_their_hashes_beside_the_code() -> None:
    [install] = [line for line in instructions() if " pip install " in line]
    assert {"--require-hashes", "--target=/app"} <= set(install.split())


def test_what_is_installed_is_what_this_environment_has() -> None:
    """So that the README's commands find it here, and the lock's updates reach it."""
    locked = (ROOT / "requirements/dev.txt").read_text()
    assert (FOLDER / "requirements.txt").read_text().strip() in locked
