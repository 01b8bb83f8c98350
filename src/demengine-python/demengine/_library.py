"""The functions of demengine.h, and how they are called."""

from __future__ import annotations

import ctypes
import json
import operator
import os
import sys
import threading
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional

from ._errors import DemError, parse

Text = ctypes.c_char_p
Given = ctypes.POINTER(ctypes.c_void_p)
ProgressFunction = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int64, ctypes.c_int64
)


class Source(ctypes.Structure):
    """The structure dem_source."""

    _fields_ = [("name", ctypes.c_char_p), ("model", ctypes.c_void_p)]


class Progress(NamedTuple):
    """How far a call is.

    phase   such as "merge", and "syncing" while an output is brought to the disk
    tensor  the tensor begun last; may be empty
    done    bytes read and written so far; never goes back within a phase
    total   bytes to read and write
    """

    phase: str
    tensor: str
    done: int
    total: int


_RECIPE = [Text, Text, ctypes.POINTER(Source), ctypes.c_size_t]
_TOLD = [ProgressFunction, ctypes.c_void_p]
_SHOWN = [ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_size_t)]
_FUNCTIONS: Dict[str, List[Any]] = {
    "dem_plan": [*_RECIPE, Text, Text, Given],
    "dem_merge": [*_RECIPE, Text, Text, *_TOLD, Given],
    "dem_merge_to_memory": [*_RECIPE, Text, *_TOLD, Given, Given],
    "dem_extract": [Text, Text, Text, Text, *_TOLD, Given],
    "dem_distance": [Text, ctypes.POINTER(Text), ctypes.c_size_t, Text, *_TOLD, Given],
    "dem_verify": [Text, Text, *_TOLD, Given],
    "dem_model_new": [Given],
    "dem_model_add_tensor": [
        ctypes.c_void_p, Text, Text, ctypes.POINTER(ctypes.c_int64), ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t,
    ],
    "dem_model_add_file": [ctypes.c_void_p, Text, ctypes.c_char_p, ctypes.c_size_t],
    "dem_model_open": [Text, Text, Given],
    "dem_model_describe": [ctypes.c_void_p, Given],
    "dem_model_read": [ctypes.c_void_p, Text, ctypes.c_int64, ctypes.c_void_p, ctypes.c_size_t],
    "dem_model_data": [ctypes.c_void_p, Text, *_SHOWN],
    "dem_model_file": [ctypes.c_void_p, Text, *_SHOWN],
}


def _path() -> str:
    name = {"win32": "libdem.dll", "darwin": "libdem.dylib"}.get(sys.platform, "libdem.so")
    return os.environ.get("DEMENGINE_LIBRARY") or os.path.join(os.path.dirname(os.path.abspath(__file__)), name)


def _load() -> ctypes.CDLL:
    path = _path()
    if not os.path.exists(path):
        raise ImportError(
            f"{path} is not there: install the wheel that tools/build-wheel.py makes, or name the library in the environment "
            "variable DEMENGINE_LIBRARY"
        )
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(f"{path} cannot be loaded here: {error}") from error
    for name, arguments in _FUNCTIONS.items():
        function = getattr(library, name)
        function.argtypes = arguments
        function.restype = ctypes.c_int32
    library.dem_version.restype = ctypes.c_char_p
    library.dem_last_error.restype = ctypes.c_char_p
    library.dem_free.argtypes = [ctypes.c_void_p]
    library.dem_free.restype = None
    library.dem_model_free.argtypes = [ctypes.c_void_p]
    library.dem_model_free.restype = None
    return library


library = _load()

# The library has threads of its own, and these are not there in a child made by fork().
_is_forked = False


def _forked() -> None:
    global _is_forked
    _is_forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def text(value: Optional[str]) -> Optional[bytes]:
    """A text on its way into the library."""
    if value is not None and "\0" in value:
        raise ValueError("a text has a zero character in it")
    return None if value is None else value.encode("utf-8")


def options(values: Mapping[str, Any]) -> Optional[bytes]:
    """Options on their way into the library."""
    return json.dumps(values, default=_number).encode("utf-8") if values else None


def _number(value: Any) -> int:
    """What stands for a value of an option that JSON has no form for: a whole number of NumPy or torch."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{value!r} as an option is no text and no whole number") from None


def call(name: str, *arguments: Any) -> None:
    """Calls a function that is quick, and raises what it refuses."""
    if _check()(name, *arguments) != 0:
        raise DemError(parse(library.dem_last_error()))


def ask(name: str, *arguments: Any) -> Dict[str, Any]:
    """Calls a function that is quick and gives JSON as its last argument."""
    given = ctypes.c_void_p()
    call(name, *arguments, ctypes.byref(given))
    return _take(given) or {}


def run(name: str, arguments: List[Any], progress: Optional[Callable[[Progress], object]], keep: Any = None) -> Dict[str, Any]:
    """Calls a function that takes long, tells of its progress, and can be interrupted.

    The call runs on a thread of its own, because Python handles signals on the main thread, between its own instructions.
    Ctrl-C, or an exception of the progress function, stops the call cleanly before it is raised.

    arguments  those before the progress function
    keep       what must not go before the call is done
    """
    if progress is not None and not callable(progress):
        raise TypeError(f"progress: {type(progress).__name__} is no function")
    function = _check()
    stop = threading.Event()
    raised: List[BaseException] = []
    outcome: Dict[str, Any] = {}

    def tell(_: Any, phase: bytes, tensor: bytes, done: int, total: int) -> int:
        if progress is not None and not stop.is_set():
            try:
                progress(Progress(phase.decode("utf-8"), tensor.decode("utf-8"), done, total))
            except BaseException as error:
                raised.append(error)
                stop.set()
        return 1 if stop.is_set() else 0

    told = ProgressFunction(tell)

    # Waited for in place of the thread: join() takes a thread for ended whose wait a signal has interrupted.
    done = threading.Event()

    def work(_: Any) -> None:
        try:
            ask_library()
        except BaseException as error:
            raised.append(error)
        finally:
            done.set()

    def ask_library() -> None:
        given = [ctypes.c_void_p() for _ in range(2 if name == "dem_merge_to_memory" else 1)]
        status = function(name, *arguments, told, None, *[ctypes.byref(one) for one in given])
        outcome["error"] = parse(library.dem_last_error()) if status != 0 else None
        outcome["report"] = _take(given[-1])
        outcome["model"] = given[0].value if len(given) > 1 else None

    thread = threading.Thread(target=work, name=name, args=(keep,), daemon=True)
    thread.start()
    try:
        while not done.wait(0.2):
            pass
    except BaseException as error:
        stop.set()
        _wait(done)
        raised.insert(0, error)
    if raised:
        if outcome.get("model"):
            library.dem_model_free(outcome["model"])
        raise raised[0]
    if outcome["error"] is not None:
        raise DemError(outcome["error"], outcome["report"])
    report: Dict[str, Any] = outcome["report"] or {}
    if outcome["model"] is not None:
        report["model"] = outcome["model"]
    return report


def _wait(done: threading.Event) -> None:
    """Waits until a call has stopped, whatever else is asked meanwhile."""
    while not done.is_set():
        try:
            done.wait()
        except BaseException:
            continue


def _check() -> Callable[..., int]:
    if _is_forked:
        raise RuntimeError(
            "demengine cannot be used in a process made by fork(); start it with multiprocessing's method 'spawn', "
            "or import demengine there first"
        )
    return lambda name, *arguments: int(getattr(library, name)(*arguments))


def _take(given: ctypes.c_void_p) -> Optional[Dict[str, Any]]:
    if not given.value:
        return None
    try:
        answer: Dict[str, Any] = json.loads(ctypes.string_at(given.value))
        return answer
    finally:
        library.dem_free(given)
