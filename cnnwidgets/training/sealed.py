"""Tensors in a safetensors file that notices every changed byte."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from cnnwidgets.data.files import write_atomically

_VERSION = 1
# safetensors writes several metadata entries in random order; one keeps files reproducible.
_METADATA = "cnnwidgets"


def write_sealed_tensors(
    path: Path, kind: str, tensors: Mapping[str, Tensor], notes: Mapping[str, Any]
) -> None:
    """Write one safetensors file: the old one stays until the new one is complete.

    notes: what JSON can hold, saved beside the tensors. The same content gives the same bytes.
    Raises OSError.
    """
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    header = {"format": kind, "version": _VERSION, "notes": notes}
    header["sha256"] = _digest(whole, notes)
    write_atomically(path, save(whole, {_METADATA: json.dumps(header, sort_keys=True)}))


def read_sealed_tensors(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and notes that write_sealed_tensors wrote to path.

    Raises FileNotFoundError, or ValueError if the file is damaged, newer or of another kind.
    """
    word = kind.rpartition(".")[2]
    if not path.is_file():
        raise FileNotFoundError(f"no {word} at {str(path)!r}; give a file that save wrote")
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {}).get(_METADATA, "{}"))
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError) as error:
        raise ValueError(_damaged(path, str(error).splitlines()[0].rstrip("."))) from error
    _check_header(header, path, kind)
    if header.get("sha256") != _digest(tensors, header.get("notes")):
        raise ValueError(_damaged(path, "its SHA-256 differs from the one it was saved with"))
    return tensors, header["notes"]


def part_of(tensors: Mapping[str, Tensor], kind: str) -> dict[str, Tensor]:
    """Those of the tensors whose name begins with kind and a slash, by the rest of it."""
    return {
        name.removeprefix(f"{kind}/"): value
        for name, value in tensors.items()
        if name.startswith(f"{kind}/")
    }


def _digest(tensors: Mapping[str, Tensor], notes: object) -> str:
    """SHA-256 of every tensor's name, kind and bytes, and of the notes."""
    digest = hashlib.sha256(json.dumps(notes, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        if tensor.numel():  # an empty tensor cannot be viewed as bytes
            digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _check_header(header: Mapping[str, object], path: Path, kind: str) -> None:
    if not isinstance(header, dict) or header.get("format") != kind:
        word = kind.rpartition(".")[2]
        raise ValueError(f"{str(path)!r} is not a training {word}; give a file that save wrote")
    if header.get("version") != _VERSION:
        raise ValueError(
            f"{str(path)!r} has version {header.get('version')} of the format, this cnnwidgets "
            f"reads {_VERSION}; update cnnwidgets"
        )


def _damaged(path: Path, reason: str) -> str:
    return f"{str(path)!r} is damaged ({reason}); save it again, or reinstall if it was shipped"
