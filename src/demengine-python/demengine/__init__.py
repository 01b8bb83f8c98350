"""Merges checkpoints of language models, from disk to disk or in memory.

    import demengine

    demengine.merge("recipe.yaml", "merged")
    merged = demengine.merge_tensors({"merge_method": "linear", ...}, {"one": {...}, "two": {...}})

A recipe is a dict, the path of a file, or its text: a str with more than one line, or that begins with "{".
Options such as threads=8 are keyword arguments: ReadOptions, MatchOptions, MemoryOptions, ExtractOptions and MergeOptions have
them, each with what it does.

Failures raise DemError. Ctrl-C stops a call cleanly, and a merge into a folder can then be resumed with unfinished="resume".
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple, Union

from . import _library
from ._errors import DemError
from ._library import Progress
from ._models import Model, Tensor, give_model, open_model
from ._options import ExtractOptions, MatchOptions, MemoryOptions, MergeOptions, ReadOptions

if sys.version_info >= (3, 11):
    from typing import Unpack
elif TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "DemError", "ExtractOptions", "MatchOptions", "MemoryOptions", "MergeOptions", "Model", "Progress", "ReadOptions", "Tensor",
    "distance", "extract", "merge", "merge_tensors", "open", "plan", "verify",
]

Recipe = Union[str, "os.PathLike[str]", Mapping[str, Any]]
Path = Union[str, "os.PathLike[str]"]
Told = Optional[Callable[[Progress], object]]
Models = Optional[Mapping[str, Mapping[str, Any]]]

__version__: str = _library.library.dem_version().decode("utf-8").split(" ")[-1]


def plan(
    recipe: Recipe, out: Optional[Path] = None, *, models: Models = None, **options: Unpack[MergeOptions]
) -> Dict[str, Any]:
    """Says what a merge would do: inputs, tensors with their sources and formulas, shards, bytes to read and write.

    out      where the output would go, which is checked, and its room
    models   models that the recipe names and that are in memory: tensors by name, each as of merge_tensors()
    options  those of MergeOptions
    """
    request = _Request(recipe, models, {})
    return _library.ask("dem_plan", *request.arguments, _text(out), _library.options(options))


def merge(
    recipe: Recipe, out: Path, *, models: Models = None, progress: Told = None, **options: Unpack[MergeOptions]
) -> Dict[str, Any]:
    """Merges into a folder. Nothing stands there until all of it is complete and on disk.

    models    models that the recipe names and that are in memory: tensors by name, each as of merge_tensors()
    progress  is told how far the merge is; what it raises stops the merge and is raised here
    options   those of MergeOptions: threads, max_memory, overwrite, unfinished, ...
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
    **options: Unpack[MemoryOptions],
) -> Model:
    """Merges in memory.

    models    tensors of each model that the recipe names: those of torch on the CPU, of NumPy, buffers, or
              (dtype, shape, buffer) with the safetensors format's name of the type; or a Model. They are read where they lie, and
              copied only if their elements do not lie one after the other. Models that are not here are read from disk.
    files     small files of those models, such as {"base": {"config.json": b"..."}}
    progress  as of merge()
    options   those of MemoryOptions
    Returns the merged tensors by name. They lie in the engine's memory, and arrays and tensors over it are no copies.
    """
    request = _Request(recipe, models, files or {})
    report = _library.run("dem_merge_to_memory", [*request.arguments, _library.options(options)], progress, request)
    return Model(report.pop("model"), is_in_memory=True, report=report)


def extract(
    base: Path, tuned: Path, out: Path, *, progress: Told = None, **options: Unpack[ExtractOptions]
) -> Dict[str, Any]:
    """Stores the distribution vector of a tuned model, its difference from the base. options: those of ExtractOptions."""
    arguments = [_text(base), _text(tuned), _text(out), _library.options(options)]
    return _library.run("dem_extract", arguments, progress)


def distance(
    base: Path, models: Union[Path, Iterable[Path]], *, progress: Told = None, **options: Unpack[MatchOptions]
) -> Dict[str, Any]:
    """Measures how far models lie from their base, layer by layer, and the cosines between their changes.

    models    paths of models tuned from the base, or of distribution vectors
    progress  as of merge()
    options   those of MatchOptions
    """
    paths = [_text(model) for model in ([models] if isinstance(models, (str, os.PathLike)) else models)]
    array = (ctypes.c_char_p * len(paths))(*paths)
    return _library.run("dem_distance", [_text(base), array, len(paths), _library.options(options)], progress)


def verify(folder: Path, *, progress: Told = None, **options: Unpack[ReadOptions]) -> Dict[str, Any]:
    """Hashes an output again and compares it with its manifest. Raises DemError, with the report, if it is damaged.

    progress  as of merge()
    options   those of ReadOptions
    """
    return _library.run("dem_verify", [_text(folder), _library.options(options)], progress)


def open(path: Path, **options: Unpack[ReadOptions]) -> Model:
    """Opens a checkpoint: a folder or file of safetensors, PyTorch or GGUF. Quantised tensors have their real values.

    options  those of ReadOptions
    """
    return open_model(os.fspath(path), options)


def _text(path: Optional[Path]) -> Optional[bytes]:
    return None if path is None else _library.text(os.fspath(path))


class _Request:
    """A recipe and its models in memory, for one call."""

    def __init__(self, recipe: Recipe, models: Models, files: Mapping[str, Mapping[str, bytes]]) -> None:
        written, path = _recipe(recipe)
        given = {name: give_model(name, tensors, files.get(name, {})) for name, tensors in (models or {}).items()}
        unknown = [name for name in files if name not in given]
        if unknown:
            raise ValueError(f"files of {unknown[0]!r}, which is not among the models")
        named = [_library.Source(_library.text(name), one.handle) for name, one in given.items()]
        sources = (_library.Source * len(given))(*named)
        self._given = given
        self.arguments: List[Any] = [_library.text(written), _library.text(path), sources, len(given)]


def _recipe(recipe: Recipe) -> Tuple[Optional[str], Optional[str]]:
    """The text and the path of a recipe, one of which is None."""
    if isinstance(recipe, Mapping):
        return json.dumps(recipe, allow_nan=False, ensure_ascii=False, default=_plain), None
    if isinstance(recipe, str) and ("\n" in recipe or recipe.lstrip().startswith("{")):
        return recipe, None
    return None, os.fspath(recipe)


def _plain(value: Any) -> Any:
    """What stands for a value of a recipe that JSON has no form for: a path, or a number of NumPy or torch."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    number = value.item() if hasattr(value, "item") else None
    if isinstance(number, (bool, int, float, str)):
        return number
    raise TypeError(f"{value!r} in a recipe is no text, number, list, dict or path")
