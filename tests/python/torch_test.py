"""A PyTorch module becomes a net that gives what the module gives."""

import os
import unittest
import unittest.mock

from packages import FOLDER, TestCase

import hardnet

try:
    import torch
except ImportError:
    torch = None


class WithoutTorch(TestCase):
    def test_its_absence_is_one_line(self):
        with unittest.mock.patch.dict("sys.modules", {"torch": None}):
            with self.assertRaises(hardnet.EnvironmentFailure) as raised:
                hardnet.from_torch(None, None)
        self.assertIn("from_torch: expected PyTorch, found: ", str(raised.exception))


@unittest.skipIf(torch is None, "PyTorch is not installed (apt-get install python3-torch)")
class FromTorch(TestCase):
    def module(self):
        torch.manual_seed(1)
        return torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3, stride=2, padding=1),
            torch.nn.BatchNorm2d(8),
            torch.nn.ReLU(),
            torch.nn.Conv2d(8, 5, 1),
            torch.nn.AdaptiveAvgPool2d(1),
            torch.nn.Flatten(),
        )

    def test_one_call_gives_an_open_net(self):
        exporters = [{"dynamo": False}, {"dynamo": True}] if torch.__version__ >= "2" else [None]
        for export in exporters:
            with self.subTest(export=export):
                module, example = self.module(), torch.randn(2, 3, 32, 32)
                net = hardnet.from_torch(module, example, task="classify", export=export)
                self.assertTrue(module.training)
                self.assertEqual((net.task, net.input_shape), ("classification", (2, 3, 32, 32)))
                with torch.no_grad():
                    expected = module.eval()(example).numpy()
                found = net.run(example)
                self.assertLess(abs(found.reshape(expected.shape) - expected).max(), 1e-5)

    def test_the_folder_is_a_package(self):
        folder = os.path.join(FOLDER, "from_torch")
        net = hardnet.from_torch(self.module(), torch.randn(1, 3, 16, 16), folder, name="small")
        self.assertEqual(net.name, "small")
        self.assertEqual(hardnet.load(folder).input_shape, (1, 3, 16, 16))

    def test_opens_where_it_is_asked_to(self):
        with self.assertRaises(hardnet.NoDevice):
            hardnet.from_torch(self.module(), torch.randn(1, 3, 16, 16), device="cuda")

    def test_another_output_is_an_error(self):
        class Restless(torch.nn.Module):
            def __init__(self, inner):
                super().__init__()
                self.inner = inner

            def forward(self, x):  # the exported file has the first branch
                y = self.inner(x)
                return y if torch.onnx.is_in_onnx_export() else y * 2

        with self.assertRaises(hardnet.ResultNotAsAsked) as raised:
            hardnet.from_torch(Restless(self.module()), torch.randn(1, 3, 16, 16))
        self.assertIn("expected a relative RMS error of 0.0001 at most", str(raised.exception))

    def test_masks_are_refused(self):
        with self.assertRaises(hardnet.UsageError):
            hardnet.from_torch(self.module(), torch.randn(1, 3, 16, 16), mask=True)
