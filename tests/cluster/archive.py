"""Writes a docker-archive of one layer: enough for an image that is a single file."""

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write_archive(target: Path, reference: str, files: dict[str, bytes], entrypoint: list[str]) -> None:
    """Image `reference` with executable `files` (absolute names), run by `entrypoint` as user 65535."""
    layer = _tar({name.lstrip("/"): content for name, content in files.items()}, mode=0o755)
    layer_digest = hashlib.sha256(layer).hexdigest()
    config = json.dumps(
        {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Entrypoint": entrypoint, "User": "65535:65535"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]},
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    layer_name = f"{layer_digest}/layer.tar"
    manifest = [{"Config": config_name, "RepoTags": [reference], "Layers": [layer_name]}]
    part = target.with_suffix(".part")
    part.write_bytes(
        _tar({config_name: config, "manifest.json": json.dumps(manifest).encode(), layer_name: layer})
    )
    part.replace(target)


def _tar(files: dict[str, bytes], mode: int = 0o644) -> bytes:
    """The same bytes for the same files: no times, no owners."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
