"""Merges checkpoints of language models, from disk to disk or in memory.

    import demengine

    demengine.merge("recipe.yaml", "merged")
    merged = demengine.merge_tensors({"merge_method": "linear", ...}, {"one": {...}, "two": {...}})

A recipe is a dict, the path of a file, or its text: a str with more than one line, or that begins with "{".
Options are keyword arguments: threads, max_memory (bytes), io ("auto", "mmap", "pread", "direct"), missing ("fail",
"base"), extra ("fail", "ignore"), vocab ("fail", "base", "common"), nonfinite ("fail", "warn"), and where a folder is written overwrite,
unfinished ("refuse", "resume", "restart"), max_shard_size (bytes), card, single_file.

Failures raise DemError. Ctrl-C stops a call cleanly, and a merge into a folder can then be resumed with unfinished="resume".
"""

from __future__ import annotations

import ctypes
import json
import os
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple, Union

from . import _library
from ._errors import DemError
from ._library import Progress
from ._models import GivenModel, Model, Tensor, open_model

__all__ = [
    "DemError", "Model", "Progress", "Tensor", "distance", "extract", "merge", "merge_tensors", "open", "plan", "verify",
]

Recipe = Union[str, "os.PathLike[str]", Mapping[str, Any]]
Path = Union[str, "os.PathLike[str]"]
Told = Optional[Callable[[Progress], object]]
Models = Optional[Mapping[str, Mapping[str, Any]]]

__version__: str = _library.library.dem_version().decode("utf-8").split(" ")[-1]


def plan(recipe: Recipe, out: Optional[Path] = None, *, models: Models = None, **options: Any) -> Dict[str, Any]:
    """Says what a merge would do: inputs, tensors with their sources and formulas, shards, bytes to read and write.

    out     where the output would go, which is checked, and its room
    models  models that the recipe names and that are in memory: tensors by name, each as of merge_tensors()
    """
    request = _Request(recipe, models, {})
    return _library.ask("dem_plan", *request.arguments, _text(out), _library.options(options))


def merge(recipe: Recipe, out: Path, *, models: Models = None, progress: Told = None, **options: Any) -> Dict[str, Any]:
    """Merges into a folder. Nothing stands there until all of it is complete and on disk.

    models    models that the recipe names and that are in memory: tensors by name, each as of merge_tensors()
    progress  is told how far the merge is; what it raises stops the merge and is raised here
    Returns what was read and written, notes, and tensors with infinities or NaNs.
    """
    request = _Request(recipe, models, {})
    return _library.run("dem_merge", [*request.arguments, _text(out), _library.options(options)], progress, request)


def merge_tensors(
    recipe: Recipe,
    models: Models = None,
    *,
    files: Optional[Mapping[str, Mapping[str, bytes]]] = None,
    progress: Told = None,
    **options: Any,
) -> Model:
    """Merges in memory.

    models    tensors of each model that the recipe names: those of torch on the CPU, of NumPy, buffers, or
              (dtype, shape, buffer) with the safetensors format's name of the type. They are read where they lie, and copied
              only if their elements do not lie one after the other. Models that are not here are read from disk.
    files     small files of those models, such as {"base": {"config.json": b"..."}}
    progress  as of merge()
    Returns the merged tensors by name. They lie in the engine's memory, and arrays and tensors over it are no copies.
    """
    request = _Request(recipe, models, files or {})
    report = _library.run("dem_merge_to_memory", [*request.arguments, _library.options(options)], progress, request)
    return Model(report.pop("model"), is_in_memory=True, report=report)


def extract(base: Path, tuned: Path, out: Path, *, progress: Told = None, **options: Any) -> Dict[str, Any]:
    """Stores the distribution vector of a tuned model, its difference from the base. dtype: "f32", "bf16" or "f16"."""
    arguments = [_text(base), _text(tuned), _text(out), _library.options(options)]
    return _library.run("dem_extract", arguments, progress)


def distance(base: Path, models: Iterable[Path], *, progress: Told = None, **options: Any) -> Dict[str, Any]:
    """Measures how far models lie from their base, layer by layer, and the cosines between their changes."""
    paths = [_text(model) for model in ([models] if isinstance(models, (str, os.PathLike)) else models)]
    array = (ctypes.c_char_p * len(paths))(*paths)
    return _library.run("dem_distance", [_text(base), array, len(paths), _library.options(options)], progress)


def verify(folder: Path, *, progress: Told = None, **options: Any) -> Dict[str, Any]:
    """Hashes an output again and compares it with its manifest. Raises DemError, with the report, if it is damaged."""
    return _library.run("dem_verify", [_text(folder), _library.options(options)], progress)


def open(path: Path, **options: Any) -> Model:
    """Opens a checkpoint: a folder or file of safetensors, PyTorch or GGUF. Quantised tensors have their real values."""
    return open_model(os.fspath(path), options)


def _text(path: Optional[Path]) -> Optional[bytes]:
    return None if path is None else _library.text(os.fspath(path))


class _Request:
    """A recipe and its models in memory, for one call."""

    def __init__(self, recipe: Recipe, models: Models, files: Mapping[str, Mapping[str, bytes]]) -> None:
        written, path = _recipe(recipe)
        given = {name: GivenModel(tensors, files.get(name, {})) for name, tensors in (models or {}).items()}
        unknown = [name for name in files if name not in given]
        if unknown:
            raise ValueError(f"files of {unknown[0]!r}, which is not among the models")
        sources = (_library.Source * len(given))(*[(_library.text(name), one.handle) for name, one in given.items()])
        self._given = given
        self.arguments: List[Any] = [_library.text(written), _library.text(path), sources, len(given)]


def _recipe(recipe: Recipe) -> Tuple[Optional[str], Optional[str]]:
    """The text and the path of a recipe, one of which is None."""
    if isinstance(recipe, Mapping):
        return json.dumps(recipe, allow_nan=False, ensure_ascii=False, default=float), None
    if isinstance(recipe, str) and ("\n" in recipe or recipe.lstrip().startswith("{")):
        return recipe, None
    return None, os.fspath(recipe)
