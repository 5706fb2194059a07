"""Writes the files of this folder with PyTorch: python make.py"""
from collections import OrderedDict

import torch


def values(*shape):
    n = torch.Size(shape).numel()
    return torch.arange(n, dtype=torch.float32).reshape(shape) / 8 - 3


def state(dtype=torch.float32, prefix=""):
    return OrderedDict([
        (prefix + "conv1.weight", values(4, 5, 3, 2).to(dtype)),
        (prefix + "conv1.bias", values(4).to(dtype)),
        (prefix + "bn1.num_batches_tracked", torch.tensor(1001)),
        (prefix + "linear.weight", values(3, 4).to(dtype)),
    ])


def views():
    """The same numbers, in storages that they share, from the middle, transposed, and one element apart."""
    d = state()
    shared = torch.cat([torch.full((7,), 9.0), d["conv1.bias"], d["linear.weight"].t().reshape(-1)])
    d["conv1.bias"] = shared[7:11]
    d["linear.weight"] = shared[11:].view(4, 3).t()
    apart = torch.full((4, 5, 6, 3), -1.0)
    apart[:, :, ::2, :2] = d["conv1.weight"]
    d["conv1.weight"] = apart[:, :, ::2, :2]
    return d


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(2, 2)

    def forward(self, x):
        return self.fc(x)


torch.save(state(), "float32.pth")
torch.save(dict(state()), "dict.pt")
torch.save(state(torch.float16), "float16.pth")
torch.save(state(torch.bfloat16), "bfloat16.pth")
torch.save(state(torch.float64), "float64.pth")
torch.save(state(prefix="module."), "module.pth")
torch.save(state(prefix="_orig_mod.module."), "compiled.pth")
torch.save({k: torch.nn.Parameter(v, requires_grad=v.is_floating_point()) for k, v in state().items()}, "parameters.pth")
torch.save(views(), "views.pth")
torch.save({"epoch": 3, "acc": 91.5, "net": state(prefix="module.")}, "net.pth")

model = torch.nn.Linear(2, 2)
sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
model(torch.ones(1, 2)).sum().backward()
sgd.step()
torch.save({"state_dict": state(), "optimizer": sgd.state_dict(), "shape": torch.Size([3, 4])}, "training.pth")
torch.save(model.state_dict(), "linear.pth")  # with attributes

torch.save(state(), "old.pth", _use_new_zipfile_serialization=False)
torch.save(Net(), "module-itself.pth")
torch.save([1, 2], "list.pth")
torch.save({"epoch": 3}, "nothing.pth")
torch.save({"a": torch.ones(2), "b": 3}, "mixed.pth")
torch.save({"conv1.weight": torch.ones(1).expand(4, 5, 3, 2)}, "expanded.pth")
torch.save({"a": torch.ones(2, dtype=torch.complex64)}, "complex.pth")
