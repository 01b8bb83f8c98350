"""What the Python package promises, without NumPy and torch. Run in a folder with the models of SmallModels, by unittest."""

import array
import ctypes
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import threading
import time
import unittest

import demengine
from demengine import _library

LINEAR = {
    "merge_method": "linear",
    "models": [{"model": "one", "parameters": {"weight": 3}}, {"model": "two", "parameters": {"weight": 1}}],
}
WEIGHT = "model.layers.1.mlp.up_proj.weight"


def tensors(path):
    """The bytes of each tensor of a safetensors file."""
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    return {name: data[8 + size + one["data_offsets"][0] : 8 + size + one["data_offsets"][1]] for name, one in header.items()}


class Merging(unittest.TestCase):
    def test_a_recipe_as_path_text_and_dict_gives_the_engines_bytes(self):
        expected = tensors("expected/model.safetensors")
        with open("recipe.yaml", encoding="utf-8") as file:
            text = file.read()
        as_dict = {
            "merge_method": "ties",
            "base_model": "base",
            "models": [
                {"model": "one", "parameters": {"weight": 0.5, "density": 0.6}},
                {"model": "two", "parameters": {"weight": 0.3, "density": 0.4}},
            ],
        }
        for name, recipe in {"path": "recipe.yaml", "text": text, "dict": as_dict}.items():
            told = []
            report = demengine.merge(recipe, f"python-{name}", progress=told.append, threads=2)
            self.assertEqual(report["tensors"], len(expected))
            self.assertEqual(tensors(f"python-{name}/model.safetensors"), expected)
            self.assertTrue(told and told[-1].done == told[-1].total)
            self.assertTrue(demengine.verify(f"python-{name}")["intact"])

    def test_a_plan_says_what_would_be_done_and_does_nothing(self):
        plan = demengine.plan("recipe.yaml", "python-planned")
        self.assertEqual(plan["schema"], 1)
        self.assertIn(WEIGHT, [one["name"] for one in plan["tensors"]])
        self.assertGreater(plan["disk_free_bytes"], plan["disk_needed_bytes"])
        self.assertFalse(os.path.exists("python-planned"))

    def test_models_on_disk_merge_in_memory_to_the_same_bytes(self):
        expected = tensors("expected/model.safetensors")
        merged = demengine.merge_tensors("recipe.yaml")
        self.assertEqual({name: bytes(tensor.buffer()) for name, tensor in merged.items()}, expected)
        self.assertIn("num_hidden_layers", json.loads(merged.files["config.json"]))
        self.assertEqual(merged[WEIGHT].dtype, "BF16")
        self.assertEqual(merged[WEIGHT].shape, (64, 32))
        self.assertGreater(merged.report["bytes_read"], 0)

    def test_buffers_of_any_kind_are_merged_where_they_lie(self):
        one = {"weight": array.array("f", [1, 2, 3, 4]), "half": ("F16", (2,), struct.pack("<2e", 1, 2))}
        two = {"weight": memoryview(array.array("f", [5, 6, 7, 8])), "half": ("F16", (2,), bytearray(struct.pack("<2e", 5, 6)))}
        merged = demengine.merge_tensors(LINEAR, {"one": one, "two": two})
        self.assertEqual(struct.unpack("<4f", merged["weight"].buffer()), (2, 3, 4, 5))
        self.assertEqual(struct.unpack("<2e", merged["half"].buffer()), (2, 3))

    def test_models_in_memory_and_on_disk_mix_and_go_into_a_folder(self):
        base = demengine.open("base")
        one = {name: (tensor.dtype, tensor.shape, tensor.buffer()) for name, tensor in demengine.open("one").items()}
        recipe = {"merge_method": "task_arithmetic", "base_model": "base", "models": [{"model": "mine", "parameters": {"weight": 1}}]}
        demengine.merge(recipe, "python-mixed", models={"mine": one})
        merged = tensors("python-mixed/model.safetensors")
        self.assertEqual(set(merged), set(base))
        self.assertEqual(merged[WEIGHT], bytes(one[WEIGHT][2]))

    def test_what_was_merged_or_opened_is_a_model_of_the_next_merge(self):
        merged = demengine.merge_tensors("recipe.yaml")
        half = {"merge_method": "linear", "models": [{"model": name, "parameters": {"weight": 1}} for name in ("mine", "other")]}
        expected = demengine.merge_tensors(half, {"mine": dict(merged), "other": dict(demengine.open("one"))})
        again = demengine.merge_tensors(half, {"mine": merged, "other": demengine.open("one")})
        self.assertEqual(bytes(again[WEIGHT].buffer()), bytes(expected[WEIGHT].buffer()))
        self.assertNotEqual(bytes(again[WEIGHT].buffer()), bytes(merged[WEIGHT].buffer()))
        self.assertEqual(repr(merged), f"<Model of {len(merged)} tensors>")

    def test_a_recipe_may_have_paths_and_tuples_in_it(self):
        recipe = {
            "merge_method": "linear",
            "models": ({"model": pathlib.Path("one"), "parameters": {"weight": 1}}, {"model": "two", "parameters": {"weight": 1}}),
        }
        self.assertEqual({one["path"] for one in demengine.plan(recipe)["inputs"]}, {"one", "two"})
        with self.assertRaisesRegex(TypeError, "in a recipe is no text, number, list, dict or path"):
            demengine.plan({**recipe, "parameters": {"lambda": object()}})

    def test_a_buffer_outlives_the_model_that_it_is_of(self):
        buffer = demengine.merge_tensors("recipe.yaml")[WEIGHT].buffer()
        self.assertEqual(bytes(buffer), tensors("expected/model.safetensors")[WEIGHT])

    def test_distances_and_differences_are_the_engines(self):
        measured = demengine.distance("base", ["one", "two"])
        self.assertEqual([one["label"] for one in measured["models"]], ["one", "two"])
        self.assertGreater(measured["whole"]["distance"][0], 0)
        demengine.extract("base", "one", "python-vector", dtype="bf16")
        self.assertEqual(demengine.open("python-vector")[WEIGHT].dtype, "BF16")

    def test_calls_on_many_threads_at_once_give_the_same(self):
        expected = tensors("expected/model.safetensors")[WEIGHT]
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(bytes(demengine.merge_tensors("recipe.yaml", threads=1)[WEIGHT].buffer())))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [expected] * 8)


class Errors(unittest.TestCase):
    def test_an_error_has_its_code_remedy_and_place(self):
        with self.assertRaises(demengine.DemError) as raised:
            demengine.merge("merge_method: linear\nmodels:\n  - model: nowhere\n    parameters: {weigth: 1}\n", "python-none")
        error = raised.exception
        self.assertRegex(error.code, r"^DEM\d{4}$")
        self.assertTrue(error.remedy)
        self.assertEqual(error.line, 3 if error.code == "DEM2001" else 4)
        self.assertIn(error.code, str(error))
        self.assertFalse(os.path.exists("python-none"))

    def test_remedies_name_what_the_caller_can_give(self):
        demengine.merge("recipe.yaml", "python-there")
        with self.assertRaisesRegex(demengine.DemError, "DEM1002(.|\n)*give the option overwrite"):
            demengine.merge("recipe.yaml", "python-there")
        demengine.merge("recipe.yaml", "python-there", overwrite=True)
        one, two = {"w": ("F32", (1,), bytes(4))}, {"w": ("F32", (1,), bytes(4)), "v": ("F32", (1,), bytes(4))}
        with self.assertRaisesRegex(demengine.DemError, "DEM201[45](.|\n)*for the option (missing|extra)"):
            demengine.merge_tensors(LINEAR, {"one": one, "two": two})

    def test_a_model_that_the_recipe_does_not_name_is_refused(self):
        one = {"w": ("F32", (1,), bytes(4))}
        with self.assertRaisesRegex(demengine.DemError, 'DEM1001: the recipe names no model "ome" \\(did you mean "one"'):
            demengine.merge_tensors(LINEAR, {"ome": one})

    def test_what_is_no_model_or_no_function_is_refused_before_anything_is_done(self):
        class Module:
            def state_dict(self):
                return {}

        with self.assertRaisesRegex(TypeError, r"one: Module is no model; give its state_dict\(\)"):
            demengine.merge_tensors(LINEAR, {"one": Module()})
        with self.assertRaisesRegex(TypeError, "one: list is no model"):
            demengine.merge_tensors(LINEAR, {"one": [1]})
        with self.assertRaisesRegex(TypeError, "progress: int is no function"):
            demengine.merge("recipe.yaml", "python-none", progress=5)
        self.assertFalse([name for name in os.listdir(".") if "python-none" in name])

    def test_tensors_that_do_not_match_are_named(self):
        with self.assertRaises(demengine.DemError) as raised:
            demengine.merge_tensors(LINEAR, {"one": {"w": array.array("f", [1])}, "two": {"w": array.array("f", [1, 2])}})
        self.assertRegex(raised.exception.code, r"^DEM20\d\d$")
        self.assertEqual(raised.exception.tensor, "w")

    def test_an_unknown_option_is_refused_with_the_one_that_was_meant(self):
        with self.assertRaisesRegex(demengine.DemError, "did you mean \"threads\""):
            demengine.merge("recipe.yaml", "python-none", thread=2)
        with self.assertRaisesRegex(demengine.DemError, "DEM1001"):
            demengine.merge("recipe.yaml", "python-none", threads=0)
        with self.assertRaisesRegex(demengine.DemError, "DEM1001"):
            demengine.verify("expected", overwrite=True)

    def test_a_damaged_output_is_an_error_with_its_report(self):
        demengine.merge("recipe.yaml", "python-damaged")
        with open("python-damaged/model.safetensors", "r+b") as file:
            file.seek(-1, os.SEEK_END)
            last = file.read(1)[0]
            file.seek(-1, os.SEEK_END)
            file.write(bytes([last ^ 1]))
        with self.assertRaises(demengine.DemError) as raised:
            demengine.verify("python-damaged")
        self.assertEqual(raised.exception.code, "DEM4006")
        self.assertEqual(len(raised.exception.report["differing"]), 1)

    def test_what_a_progress_function_raises_stops_the_merge(self):
        def stop(progress):
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            demengine.merge_tensors("recipe.yaml", progress=stop)

    def test_pointers_and_handles_that_are_wrong_are_errors(self):
        call = _library.library
        handle = ctypes.c_void_p()
        call.dem_model_new(ctypes.byref(handle))
        call.dem_model_free(handle)
        call.dem_model_free(handle)
        call.dem_model_free(None)
        self.assertEqual(call.dem_model_describe(handle, None), 2)
        self.assertEqual(json.loads(call.dem_last_error())["error"]["code"], "DEM1001")
        self.assertEqual(call.dem_model_describe(12345678, None), 2)
        self.assertEqual(call.dem_merge(None, None, None, 0, b"out", None, _library.ProgressFunction(), None, None), 2)
        self.assertEqual(call.dem_merge(None, b"recipe.yaml", None, 0, None, None, _library.ProgressFunction(), None, None), 2)
        self.assertIn("out is NULL", json.loads(call.dem_last_error())["error"]["message"])
        self.assertEqual(call.dem_verify(b"\xff\xfe", None, _library.ProgressFunction(), None, None), 2)
        self.assertIn("UTF-8", json.loads(call.dem_last_error())["error"]["message"])

        given = ctypes.c_void_p()
        call.dem_model_new(ctypes.byref(given))
        shape = (ctypes.c_int64 * 1)(2)
        data = (ctypes.c_float * 2)(1, 2)
        self.assertEqual(call.dem_model_add_tensor(given, b"w", b"F32", shape, 1, data, 4), 2)
        self.assertEqual(call.dem_model_add_tensor(given, b"w", b"F99", shape, 1, data, 8), 2)
        self.assertEqual(call.dem_model_add_tensor(given, b"w", b"F32", shape, 1, data, 8), 0)
        self.assertEqual(call.dem_model_add_tensor(given, b"w", b"F32", shape, 1, data, 8), 2)
        part = (ctypes.c_float * 1)()
        self.assertEqual(call.dem_model_read(given, b"w", 4, part, 4), 0)
        self.assertEqual(part[0], 2)
        for offset, size in [(8, 4), (-4, 4), (2, 4), (0, 3), (4, 2**63 - 4)]:
            self.assertEqual(call.dem_model_read(given, b"w", offset, part, size), 2)
        self.assertEqual(call.dem_model_read(given, b"v", 0, part, 4), 2)
        self.assertEqual(json.loads(call.dem_last_error())["error"]["code"], "DEM1040")
        call.dem_model_free(given)

    def test_errors_of_one_thread_are_not_those_of_another(self):
        call = _library.library
        self.assertEqual(call.dem_model_describe(1 << 40, None), 2)
        seen = []
        thread = threading.Thread(target=lambda: seen.append(call.dem_last_error()))
        thread.start()
        thread.join()
        self.assertEqual(seen, [None])
        self.assertIsNotNone(call.dem_last_error())


class Signals(unittest.TestCase):
    def test_ctrl_c_stops_a_merge_that_can_be_resumed(self):
        program = (
            "import signal, time, demengine\n"
            # A process that was started in the background ignores the signal, and its children do.
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "def slowly(progress):\n"
            "    print('going', flush=True); time.sleep(0.2)\n"
            "try:\n"
            "    demengine.merge('recipe.yaml', 'python-stopped', progress=slowly, threads=1)\n"
            "except KeyboardInterrupt:\n"
            "    print('stopped')\n"
            "    report = demengine.merge('recipe.yaml', 'python-stopped', unfinished='resume')\n"
            "    print('resumed', report['tensors'])\n"
        )
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), "going\n")
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0)
        self.assertIn("stopped\nresumed 6\n", rest)
        self.assertEqual(tensors("python-stopped/model.safetensors"), tensors("expected/model.safetensors"))

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork")
    def test_a_forked_child_is_told_and_does_not_hang(self):
        demengine.plan("recipe.yaml")
        child = os.fork()
        if child == 0:
            try:
                demengine.plan("recipe.yaml")
            except RuntimeError:
                os._exit(7)
            os._exit(8)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 7)


class Importing(unittest.TestCase):
    def test_a_library_that_is_not_there_or_none_is_an_import_error_that_says_so(self):
        for path, said in (("/nowhere/libdem.so", "is not there: install the wheel"), (os.path.abspath("recipe.yaml"), "cannot be loaded here")):
            code = "try:\n    import demengine\nexcept ImportError as error:\n    print(error)"
            ended = subprocess.run(
                [sys.executable, "-c", code], env={**os.environ, "DEMENGINE_LIBRARY": path}, capture_output=True, text=True, check=True)
            self.assertIn(f"{path} {said}", ended.stdout)


class Types(unittest.TestCase):
    OPTIONS = {
        "merge": demengine.MergeOptions, "plan": demengine.MergeOptions, "extract": demengine.ExtractOptions,
        "distance": demengine.MatchOptions, "verify": demengine.ReadOptions, "merge_tensors": demengine.MemoryOptions,
    }
    CALLS = {
        "merge": lambda **options: demengine.merge("recipe.yaml", "python-none", **options),
        "plan": lambda **options: demengine.plan("recipe.yaml", "python-none", **options),
        "extract": lambda **options: demengine.extract("base", "one", "python-none", **options),
        "distance": lambda **options: demengine.distance("base", ["one"], **options),
        "verify": lambda **options: demengine.verify("expected", **options),
        "merge_tensors": lambda **options: demengine.merge_tensors("recipe.yaml", **options),
    }

    def test_the_options_that_types_declare_are_those_that_the_engine_takes(self):
        for name, declared in self.OPTIONS.items():
            with self.subTest(name), self.assertRaises(demengine.DemError) as raised:
                self.CALLS[name](nonsense=1)
            taken = raised.exception.message.partition("this call takes ")[2].split(", ")
            self.assertEqual(set(taken), set(declared.__annotations__))

    def test_every_public_name_says_what_it_is(self):
        for name in demengine.__all__:
            self.assertTrue((getattr(demengine, name).__doc__ or "").strip(), name)


if __name__ == "__main__":
    unittest.main()
