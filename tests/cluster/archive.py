"""Writes docker-archives: of an image that is a single file, and of several images that share layers."""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping
from pathlib import Path

from .errors import ClusterError

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


def merge_archives(archives: Mapping[str, Path], target: Path) -> None:
    """One archive of every image, by reference; a layer that several of them have is in it once."""
    entries: list[dict[str, object]] = []
    copied: set[str] = set()
    with tarfile.open(target, "w") as merged:
        for reference, archive in archives.items():
            with tarfile.open(archive) as source:
                manifest = source.extractfile("manifest.json")
                if manifest is None:
                    raise ClusterError(f"{archive} is no docker-archive: its manifest.json is not a file")
                (entry,) = json.load(manifest)
                entries.append({**entry, "RepoTags": [reference]})
                for name in {entry["Config"]: None, **dict.fromkeys(entry["Layers"])}:
                    if name not in copied:
                        merged.addfile(source.getmember(name), source.extractfile(name))
                        copied.add(name)
        listed = json.dumps(entries).encode()
        info = tarfile.TarInfo("manifest.json")
        info.size = len(listed)
        merged.addfile(info, io.BytesIO(listed))


def _tar(files: dict[str, bytes], mode: int = 0o644) -> bytes:
    """The same bytes for the same files: no times, no owners."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
