"""What the Python package promises of NumPy's arrays and torch's tensors; each is passed over where it is not installed."""

import importlib.util
import sys
import unittest

import demengine

LINEAR = {
    "merge_method": "linear",
    "models": [{"model": "one", "parameters": {"weight": 3}}, {"model": "two", "parameters": {"weight": 1}}],
}
WEIGHT = "model.layers.1.mlp.up_proj.weight"


@unittest.skipUnless(importlib.util.find_spec("numpy"), "there is no NumPy")
class NumPy(unittest.TestCase):
    def test_arrays_go_in_and_come_out(self):
        import numpy as np

        one = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "i": np.array([7], dtype=np.int64)}
        two = {"w": np.ones((3, 2), dtype=np.float32).T, "i": np.array([7], dtype=np.int64)}
        merged = demengine.merge_tensors(LINEAR, {"one": one, "two": two}).numpy()
        np.testing.assert_array_equal(merged["w"], (3 * one["w"] + two["w"]) / 4)
        self.assertEqual(merged["i"].dtype, np.int64)

    def test_single_numbers_are_tensors_without_dimensions(self):
        import numpy as np

        merged = demengine.merge_tensors(LINEAR, {"one": {"w": np.float32(2)}, "two": {"w": np.array(6, dtype=np.float32)}})
        self.assertEqual(merged["w"].shape, ())
        self.assertEqual(float(merged["w"].numpy()), 3)

    def test_numbers_of_numpy_may_stand_in_a_recipe(self):
        import numpy as np

        recipe = {"merge_method": "linear", "models": [
            {"model": name, "parameters": {"weight": weight}} for name, weight in (("one", np.float64(3)), ("two", np.int64(1)))]}
        models = {"one": {"w": np.zeros(1, np.float32)}, "two": {"w": np.ones(1, np.float32)}}
        self.assertEqual(demengine.merge_tensors(recipe, models)["w"].numpy()[0], 0.25)

        self.assertEqual(demengine.merge_tensors(recipe, models, threads=np.int64(2))["w"].numpy()[0], 0.25)
        with self.assertRaisesRegex(TypeError, "as an option"):
            demengine.merge_tensors(recipe, models, threads=np.complex64(2))

    def test_a_masked_array_is_refused(self):
        import numpy as np

        masked = np.ma.masked_array(np.ones(2, np.float32), mask=[False, True])
        with self.assertRaisesRegex(TypeError, "w: a masked array.*filled"):
            demengine.merge_tensors(LINEAR, {"one": {"w": masked}, "two": {"w": np.ones(2, np.float32)}})

    def test_a_model_is_not_copied_and_what_is_taken_of_it_is(self):
        import copy
        import pickle

        import numpy as np

        model = demengine.merge_tensors(LINEAR, {"one": {"w": np.zeros(3)}, "two": {"w": np.ones(3)}})
        for take in (copy.copy, copy.deepcopy, pickle.dumps, lambda given: pickle.dumps(given["w"])):
            with self.assertRaisesRegex(TypeError, "numpy"):
                take(model)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(model.numpy()))["w"], [0.25, 0.25, 0.25])

    def test_an_array_is_the_engines_memory_and_keeps_it(self):
        import numpy as np

        model = demengine.merge_tensors(LINEAR, {"one": {"w": np.zeros(3)}, "two": {"w": np.ones(3)}})
        first, second = model["w"].numpy(), model["w"].numpy()
        first[0] = 5
        self.assertEqual(second[0], 5)
        del model, second
        np.testing.assert_array_equal(first, [5, 0.25, 0.25])

    def test_types_that_numpy_lacks_come_as_their_bits_or_as_those_of_ml_dtypes(self):
        array = demengine.merge_tensors("recipe.yaml")[WEIGHT].numpy()
        self.assertEqual(array.shape, (64, 32))
        self.assertEqual(array.dtype.name, "bfloat16" if importlib.util.find_spec("ml_dtypes") else "uint16")


@unittest.skipUnless(importlib.util.find_spec("torch"), "there is no torch")
class Torch(unittest.TestCase):
    def test_tensors_go_in_and_come_out_in_bfloat16(self):
        import torch

        torch.manual_seed(1)
        one, two = ({"w": torch.randn(5, 7).to(torch.bfloat16), "n": torch.tensor(3)} for _ in range(2))
        merged = demengine.merge_tensors(LINEAR, {"one": one, "two": two}).torch()
        self.assertEqual(merged["w"].dtype, torch.bfloat16)
        expected = ((3 * one["w"].double() + two["w"].double()) / 4).to(torch.bfloat16)
        self.assertTrue(torch.equal(merged["w"], expected))
        self.assertEqual(merged["n"].shape, ())

    def test_a_state_dict_of_disk_and_memory_are_the_same(self):
        import torch

        models = {name: demengine.open(name).torch() for name in ("base", "one", "two")}
        recipe = {
            "merge_method": "ties",
            "base_model": "base",
            "models": [
                {"model": "one", "parameters": {"weight": 0.5, "density": 0.6}},
                {"model": "two", "parameters": {"weight": 0.3, "density": 0.4}},
            ],
        }
        merged = demengine.merge_tensors(recipe, models).torch()
        for name, tensor in demengine.open("expected").torch().items():
            self.assertTrue(torch.equal(merged[name], tensor), name)

    def test_what_torch_only_notes_of_a_tensor_is_taken_by_its_values(self):
        import torch

        numbers = torch.tensor([1 + 2j, 3 - 4j], dtype=torch.complex64)
        given = {"imaginary": torch.imag(numbers.conj()), "view": torch._neg_view(torch.ones(2)), "conjugated": numbers.conj()}
        self.assertTrue(given["view"].is_neg() and given["conjugated"].is_conj())
        merged = demengine.merge_tensors({"merge_method": "passthrough", "models": [{"model": "one"}]}, {"one": given}).torch()
        for name, tensor in given.items():
            self.assertTrue(torch.equal(merged[name], tensor.resolve_conj().resolve_neg()), name)

    def test_tensors_without_elements_in_memory_are_refused_with_what_to_give(self):
        import torch
        from torch._subclasses.fake_tensor import FakeTensorMode

        with FakeTensorMode():
            fake = torch.ones(2)
        for tensor, remedy in (
            (torch.empty(2, device="meta"), "load the model's weights"),
            (torch.eye(2).to_sparse(), "to_dense"),
            (fake, "plain tensor"),
        ):
            with self.assertRaisesRegex(ValueError, f"w: .*{remedy}"):
                demengine.merge_tensors(LINEAR, {"one": {"w": tensor}, "two": {"w": torch.ones(2)}})

    def test_a_view_with_strides_is_taken_by_its_values(self):
        import torch

        one = {"w": torch.arange(6, dtype=torch.float32).reshape(2, 3).t()}
        merged = demengine.merge_tensors(LINEAR, {"one": one, "two": one}).torch()
        self.assertTrue(torch.equal(merged["w"], one["w"]))


if __name__ == "__main__":
    unittest.main()
