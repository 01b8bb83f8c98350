"""Tensors of NumPy, torch and others by the memory in which they lie."""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Dict, NamedTuple, Sequence, Tuple

# Names of the safetensors format by those of NumPy, ml_dtypes and torch.
_NAMES: Dict[str, str] = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16", "uint32": "U32", "int32": "I32",
    "uint64": "U64", "int64": "I64", "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64",
    "complex64": "C64", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e4m3fnuz": "F8_E4M3FNUZ",
    "float8_e5m2fnuz": "F8_E5M2FNUZ", "float8_e8m0fnu": "F8_E8M0",
}
_TYPES: Dict[str, str] = {name: type_ for type_, name in _NAMES.items()}

# Those of the buffer protocol, for objects such as array.array('f').
_FORMATS: Dict[str, str] = {
    "?": "BOOL", "B": "U8", "b": "I8", "H": "U16", "h": "I16", "I": "U32", "i": "I32", "Q": "U64", "q": "I64", "e": "F16",
    "f": "F32", "d": "F64",
}

# Unsigned integers of the same size, where NumPy has no type: its arrays then hold the bits.
_BITS: Dict[int, str] = {1: "uint8", 2: "uint16", 4: "uint32", 8: "uint64"}


class Memory(NamedTuple):
    """Where a tensor lies.

    owner  keeps the memory alive
    """

    dtype: str
    shape: Tuple[int, ...]
    address: int
    nbytes: int
    owner: Any


class _Buffer(ctypes.Structure):
    """Py_buffer, which also read-only objects fill in."""

    _fields_ = [
        ("buf", ctypes.c_void_p), ("obj", ctypes.c_void_p), ("len", ctypes.c_ssize_t), ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int), ("ndim", ctypes.c_int), ("format", ctypes.c_char_p), ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p), ("suboffsets", ctypes.c_void_p), ("internal", ctypes.c_void_p),
    ]


class _Held:
    """A buffer that stays where it is until this goes."""

    def __init__(self, view: memoryview) -> None:
        self._buffer = _Buffer()
        ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(view), ctypes.byref(self._buffer), 0)
        self.address: int = self._buffer.buf or 0

    def __del__(self) -> None:
        ctypes.pythonapi.PyBuffer_Release(ctypes.byref(self._buffer))


def find(name: str, tensor: Any) -> Memory:
    """Where a tensor lies: one of torch or NumPy, a buffer, or (dtype, shape, buffer).

    It is not copied, unless its elements do not lie one after the other.
    """
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(tensor, torch.Tensor):
        return _of_torch(name, tensor.detach())
    if isinstance(tensor, tuple) and len(tensor) == 3 and isinstance(tensor[0], str):
        dtype, shape, data = tensor
        return _of_buffer(dtype, tuple(int(size) for size in shape), memoryview(data))
    if hasattr(tensor, "__array_interface__"):
        return _of_array(name, tensor)
    try:
        view = memoryview(tensor)
    except TypeError:
        raise TypeError(f"{name}: {type(tensor).__name__} is no array, tensor or buffer") from None
    if view.format.lstrip("@=<") not in _FORMATS:
        raise TypeError(f"{name}: a buffer of format {view.format!r}; give (dtype, shape, buffer)")
    return _of_buffer(_FORMATS[view.format.lstrip("@=<")], view.shape or (), view)


def _of_torch(name: str, tensor: Any) -> Memory:
    if tensor.device.type == "meta":
        raise ValueError(f"{name}: the tensor is on meta and has no elements; load the model's weights first")
    if tensor.device.type != "cpu":
        raise ValueError(f"{name}: the tensor is on {tensor.device}; move it with .cpu() first")
    if str(tensor.layout) != "torch.strided":
        raise ValueError(f"{name}: the tensor is of layout {tensor.layout}; give its .to_dense()")

    # torch only notes that a tensor is conjugated or negated, and leaves the elements in memory as they were.
    tensor = tensor.resolve_conj().resolve_neg().contiguous()
    dtype = _name(name, str(tensor.dtype).rpartition(".")[2])
    address = _address(tensor)
    if address == 0 and tensor.numel() > 0:
        kind = type(tensor).__name__
        raise ValueError(f"{name}: a {kind} has no memory of its own; give a plain tensor, of a DTensor its .full_tensor()")
    return Memory(dtype, tuple(tensor.shape), address, tensor.numel() * tensor.element_size(), tensor)


def _address(tensor: Any) -> int:
    """Where the elements of a tensor lie; 0 for those that stand for others, which some versions of torch refuse to say."""
    if type(tensor).__name__ == "FakeTensor":
        return 0
    try:
        return int(tensor.data_ptr())
    except RuntimeError:
        return 0


def _of_array(name: str, array: Any) -> Memory:
    if hasattr(array, "mask") and hasattr(array, "filled"):
        raise TypeError(f"{name}: a masked array has elements that do not count; give its .filled() with a value for them")
    if not hasattr(array, "ctypes"):
        # A single number of NumPy, or an array of another library.
        import numpy

        array = numpy.asarray(array)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if not array.flags.c_contiguous:
        array = array.copy(order="C")
    return Memory(_name(name, array.dtype.name), tuple(array.shape), array.ctypes.data, array.nbytes, array)


def _of_buffer(dtype: str, shape: Tuple[int, ...], view: memoryview) -> Memory:
    if not view.c_contiguous:
        view = memoryview(view.tobytes())
    held = _Held(view)
    return Memory(dtype, shape, held.address, view.nbytes, held)


def _name(name: str, dtype: str) -> str:
    if dtype not in _NAMES:
        raise TypeError(f"{name}: elements of type {dtype} are none of the safetensors format")
    return _NAMES[dtype]


def to_numpy(dtype: str, shape: Sequence[int], buffer: Any) -> Any:
    """An array over a buffer. Types that NumPy lacks come from ml_dtypes if that is installed, else as integers of their bits."""
    import numpy

    name = _TYPES.get(dtype)
    if dtype == "BF16" or dtype.startswith("F8"):
        try:
            import ml_dtypes

            element = numpy.dtype(getattr(ml_dtypes, str(name)))
        except (ImportError, AttributeError):
            element = numpy.dtype(_BITS[2 if dtype == "BF16" else 1])
    elif name is None:
        return numpy.frombuffer(buffer, dtype=numpy.uint8)
    else:
        element = numpy.dtype(name)
    return numpy.frombuffer(buffer, dtype=element).reshape(tuple(shape))


def to_torch(dtype: str, shape: Sequence[int], buffer: Any) -> Any:
    """A tensor of torch over a buffer."""
    import torch

    name = _TYPES.get(dtype)
    element = torch.uint8 if name is None else getattr(torch, name)
    if len(buffer) == 0:
        return torch.empty(tuple(shape), dtype=element)
    flat = torch.frombuffer(buffer, dtype=element)
    return flat if name is None else flat.reshape(tuple(shape))
