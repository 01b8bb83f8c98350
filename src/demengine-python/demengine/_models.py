"""Models that the engine holds: tensors given to it, results in memory, opened checkpoints."""

from __future__ import annotations

import ctypes
import weakref
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple, Union

from . import _tensors
from ._library import ask, call, library, options, text


class Tensor:
    """A tensor of a model.

    name    its name
    dtype   the safetensors format's name of its element type, such as "BF16"
    shape   sizes of the dimensions, outermost first
    nbytes  size in bytes
    """

    def __init__(self, model: "Model", name: str, dtype: str, shape: Tuple[int, ...], nbytes: int) -> None:
        self._model = model
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.nbytes = nbytes

    def buffer(self) -> Any:
        """The elements, row-major and little-endian, as an object with the buffer protocol.

        Of a model in memory this is its own memory, which stays as long as the buffer, or an array over it, is in use. Of an
        opened checkpoint it is a copy. Writing to a model's memory changes the model.
        """
        return self._model._buffer(self)

    def numpy(self) -> Any:
        """An array over buffer(). BF16 and FP8 need ml_dtypes, and are integers of the same bits without it."""
        return _tensors.to_numpy(self.dtype, self.shape, self.buffer())

    def torch(self) -> Any:
        """A tensor of torch over buffer()."""
        return _tensors.to_torch(self.dtype, self.shape, self.buffer())

    def __repr__(self) -> str:
        return f"<Tensor {self.name} {self.dtype}{list(self.shape)}>"


class Model(Mapping[str, Tensor]):
    """The tensors of a model by their names.

    files   contents of the small files of a model in memory (config.json, ...) by their names
    report  what the merge that made it did; empty for others
    """

    def __init__(self, handle: int, is_in_memory: bool, report: Optional[Dict[str, Any]] = None) -> None:
        self._handle = handle
        self._is_in_memory = is_in_memory
        self._free = weakref.finalize(self, library.dem_model_free, handle)
        self.report: Dict[str, Any] = report or {}
        listed = ask("dem_model_describe", handle)
        self._tensors: Dict[str, Tuple[str, Tuple[int, ...], int]] = {
            one["name"]: (one["dtype"], tuple(one["shape"]), one["bytes"]) for one in listed["tensors"]
        }
        self.files: Dict[str, bytes] = {one["name"]: self._file(one["name"]) for one in listed["files"]}

    def __getitem__(self, name: str) -> Tensor:
        return Tensor(self, name, *self._tensors[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def numpy(self) -> Dict[str, Any]:
        """All tensors as NumPy's."""
        return {name: tensor.numpy() for name, tensor in self.items()}

    def torch(self) -> Dict[str, Any]:
        """All tensors as torch's: a state dict."""
        return {name: tensor.torch() for name, tensor in self.items()}

    def __repr__(self) -> str:
        return f"<Model of {len(self)} tensor{'' if len(self) == 1 else 's'}>"

    def __reduce__(self) -> Any:
        # A copy would go on with memory that is freed with the first, and in another process its number is another model's.
        raise TypeError("a Model lies in the engine's memory and cannot be copied or pickled; take its .numpy() or .torch()")

    def _file(self, name: str) -> bytes:
        data, size = ctypes.c_void_p(), ctypes.c_size_t()
        call("dem_model_file", self._handle, text(name), ctypes.byref(data), ctypes.byref(size))
        return ctypes.string_at(data.value, size.value) if data.value and size.value else b""

    def _buffer(self, tensor: Tensor) -> Any:
        if not self._is_in_memory:
            copy = (ctypes.c_ubyte * tensor.nbytes)()
            call("dem_model_read", self._handle, text(tensor.name), 0, copy, tensor.nbytes)
            return copy
        data, size = ctypes.c_void_p(), ctypes.c_size_t()
        call("dem_model_data", self._handle, text(tensor.name), ctypes.byref(data), ctypes.byref(size))
        if not data.value or not size.value:
            return (ctypes.c_ubyte * 0)()
        memory = (ctypes.c_ubyte * size.value).from_address(data.value)

        # An array over the memory refers to this object, and so keeps the model.
        setattr(memory, "_model", self)
        return memory


class GivenModel:
    """A model of tensors that lie in Python's memory, for one call."""

    def __init__(self, tensors: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        handle = ctypes.c_void_p()
        call("dem_model_new", ctypes.byref(handle))
        self.handle = handle.value
        self._free = weakref.finalize(self, library.dem_model_free, handle.value)
        self._owners = []
        for name, tensor in tensors.items():
            given = (tensor.dtype, tensor.shape, tensor.buffer()) if isinstance(tensor, Tensor) else tensor
            memory = _tensors.find(name, given)
            self._owners.append(memory.owner)
            shape = (ctypes.c_int64 * len(memory.shape))(*memory.shape)
            call(
                "dem_model_add_tensor", self.handle, text(name), text(memory.dtype), shape, len(memory.shape), memory.address,
                memory.nbytes,
            )
        for name, contents in files.items():
            call("dem_model_add_file", self.handle, text(name), contents, len(contents))


class GivenHandle:
    """A model that the engine has already, for one call."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.handle = model._handle


def give_model(name: str, tensors: Any, files: Mapping[str, bytes]) -> Union[GivenModel, GivenHandle]:
    """A model of a call, by the name that the recipe has for it: tensors by their names, or one that the engine has already."""
    if isinstance(tensors, Model) and not files:
        return GivenHandle(tensors)
    if not isinstance(tensors, Mapping):
        hint = "its state_dict()" if hasattr(tensors, "state_dict") else "a dict of tensors by their names"
        raise TypeError(f"{name}: {type(tensors).__name__} is no model; give {hint}")
    return GivenModel(tensors, files)


def open_model(path: str, values: Mapping[str, Any]) -> Model:
    handle = ctypes.c_void_p()
    call("dem_model_open", text(path), options(values), ctypes.byref(handle))
    return Model(handle.value or 0, is_in_memory=False)
