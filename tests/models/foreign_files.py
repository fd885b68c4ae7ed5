"""Small networks, and the files that other tools write of them."""

import os

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from lrpgen.models import MotifCNN

WIDTH = 24
KW = {"classes": 3, "width": WIDTH, "filters": 6, "dense": 5}


class Evil:
    """Unpickled, it leaves a file behind."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


def onehot(n=5, width=WIDTH, seed=0):
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(0, 4, (n, width), generator=generator)
    return nn.functional.one_hot(rows, 4).transpose(1, 2).float()


def net(final=None, seed=1):
    torch.manual_seed(seed)
    parts = [nn.Conv1d(4, 8, 5, padding=2), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten()]
    model = nn.Sequential(*parts, nn.Linear(8 * WIDTH // 2, 3), *([final] if final else [])).eval()
    model[1].running_mean.uniform_(-1, 1)
    return model


def motif_cnn():
    torch.manual_seed(0)
    return MotifCNN(**KW).eval()


def same(a, b, x):
    with torch.no_grad():
        torch.testing.assert_close(a(x), b(x), atol=1e-5, rtol=1e-5)


def exported(folder, model=None, name="m.pt2"):
    program = torch.export.export(
        model or net(nn.Softmax(1)), (onehot(2),), dynamic_shapes=({0: torch.export.Dim("batch")},)
    )
    torch.export.save(program, folder / name)
    return folder / name


def onnx_file(path, auto_pad="NOTSET", stride=1, final="Softmax", value=None):
    """conv, ReLU, flatten, gemm, final; returns its weights as a torch module without the final activation."""
    torch.manual_seed(4)
    pads = {"auto_pad": auto_pad} if auto_pad != "NOTSET" else {"pads": [2, 1]}
    length = -(-WIDTH // stride)
    conv, linear = nn.Conv1d(4, 6, 4, stride=stride), nn.Linear(6 * length, 3)
    if value is not None:
        conv.bias.data[0] = value
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], kernel_shape=[4], strides=[stride], **pads),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("Gemm", ["f", "v", "d"], ["g" if final else "y"], transB=1),
        *([helper.make_node(final, ["g"], ["y"])] if final else []),
    ]
    tensors = {"w": conv.weight, "b": conv.bias, "v": linear.weight, "d": linear.bias}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4, WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])],
        [numpy_helper.from_array(t.detach().numpy(), n) for n, t in tensors.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    total = max((length - 1) * stride + 4 - WIDTH, 0)
    left = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2
    return nn.Sequential(nn.ConstantPad1d((left, total - left), 0.0), conv, nn.ReLU(), nn.Flatten(), linear).eval()
