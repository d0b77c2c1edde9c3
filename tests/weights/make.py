"""Writes the files of this folder: what torch.save writes, and the same tensors by Python's
safetensors library. With a folder of files of others, their sums too. Any PyTorch from 1.6 will do; the tests need neither Python nor PyTorch."""
import collections
import os
import sys
import zlib

import torch
from safetensors.torch import save_file

from networks import networks, ours

LABELS = 6  # of dataset/shapes
HERE = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(HERE, name)


def every_kind():
    """Types, layouts and storages of every sort."""
    torch.manual_seed(1)
    x = torch.randn(4, 6)
    shared = torch.arange(12, dtype=torch.float32)
    return collections.OrderedDict([
        ("f32", x),
        ("f16", torch.tensor([1.5, -0.0, 6e-8, 65504, float("inf")], dtype=torch.float16)),
        ("bf16", torch.tensor([1.5, -3e38, 1e-40, 0.1], dtype=torch.bfloat16)),
        ("f64", torch.tensor([[0.1, 1e300], [1e-50, -2]], dtype=torch.float64)),
        ("i64", torch.tensor([-2**31, 2**31 - 1, 0])),
        ("i32", torch.tensor([-5, 7], dtype=torch.int32)),
        ("i16", torch.tensor([-5, 7], dtype=torch.int16)),
        ("i8", torch.tensor([-5, 7], dtype=torch.int8)),
        ("u8", torch.tensor([0, 255], dtype=torch.uint8)),
        ("bool", torch.tensor([True, False, True])),
        ("scalar", torch.tensor(3.25)),
        ("empty", torch.zeros(0, 3)),
        ("transposed", x.t()),
        ("permuted", torch.randn(2, 3, 4, 5).permute(3, 0, 2, 1)),
        ("sliced", x[1:3, ::2]),
        ("column", x[:, 2]),
        ("channels_last", torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last)),
        ("shared.whole", shared),
        ("shared.part", shared[5:9].view(2, 2)),
        ("parameter", torch.nn.Parameter(torch.randn(3))),
        ("grün.größe", torch.ones(1)),
    ])


def checkpoint():
    """As training scripts write them: DataParallel's names, beside an optimiser and numbers."""
    torch.manual_seed(2)
    net = torch.nn.DataParallel(torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3)))
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.randn(2, 2, 5, 5)).sum().backward()
    optimizer.step()
    return {"epoch": 12, "best": 0.5, "name": "net", "done": None, "state_dict": net.state_dict(),
            "optimizer": optimizer.state_dict()}


def old_spectral():
    """Spectral norm as before PyTorch 1.1: the weight as it was used, no v. With the sigma that
    PyTorch itself arrives at when it loads such a state dict."""
    torch.manual_seed(3)
    net = torch.nn.utils.spectral_norm(torch.nn.Conv2d(3, 4, 3))
    for _ in range(3):
        net(torch.randn(1, 3, 5, 5))
    state = net.state_dict()
    sigma = state["weight_u"] @ state["weight_orig"].flatten(1) @ state.pop("weight_v")
    state["weight"] = state["weight_orig"] / sigma
    again = torch.nn.utils.spectral_norm(torch.nn.Conv2d(3, 4, 3))
    again.load_state_dict(collections.OrderedDict(state))
    sigma = again.weight_u @ again.weight_orig.detach().flatten(1) @ again.weight_v
    old = {"layer." + k: v for k, v in state.items()}
    return dict(old, sigma=sigma)


def two_parts():
    return {"a": {"w": torch.ones(2)}, "b": [torch.zeros(1), {"w": torch.full((1,), 2.0)}]}


def averaged(raw, average, **more):
    """The weights of a training, as 1, and their averages, as 2."""
    ones, twos = torch.ones(2), torch.full((2,), 2.0)
    return {raw: {"w": ones}, average: {more.get("key", "w"): twos}, "optimizer": {"m": ones}}


def expected(tensors):
    out = {}
    for name, t in tensors.items():
        out[name] = t.detach().contiguous().clone()
    return out


def line(file, key, t):
    """A file, a name in it, the CRC-32 of the numbers in f32."""
    crc = zlib.crc32(t.detach().float().contiguous().numpy().tobytes())
    return f"{file} {key} {crc:08x}\n"


def write_networks():
    """Files of the published networks' names, and a line per entry under inadekit's name."""
    lines = []
    for name, net in networks(LABELS).items():
        state = net.state_dict()
        torch.save(state, path(name + ".pth"))
        lines += [line(name, ours(name, k), v) for k, v in state.items() if ours(name, k)]
    with open(path("networks.txt"), "w") as f:
        f.writelines(lines)


def sums(folder):
    """A line per tensor of the files of others, which are not part of this repository."""
    lines = []
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(f for f in files if f.endswith(".pth")):
            file = os.path.join(root, name)
            for key, t in torch.load(file, map_location="cpu").items():
                lines.append(line(os.path.relpath(file, folder), key, t))
    return lines


def main():
    kinds = every_kind()
    for name, old in (("kinds_zip", False), ("kinds_stream", True)):
        torch.save(kinds, path(name + ".pth"), _use_new_zipfile_serialization=not old)
    torch.save(kinds, path("kinds_protocol4.pth"), pickle_protocol=4)
    save_file(expected(kinds), path("kinds.safetensors"), {"format": "pt"})

    whole = checkpoint()
    torch.save(whole, path("checkpoint_zip.pth"))
    torch.save(whole, path("checkpoint_stream.pth"), _use_new_zipfile_serialization=False)
    state = {k.replace("module.", ""): v for k, v in whole["state_dict"].items()}
    save_file(expected(state), path("checkpoint.safetensors"))

    torch.save(old_spectral(), path("old_spectral.pth"))
    torch.save(two_parts(), path("parts.pth"))
    torch.save(averaged("params", "params_ema"), path("averaged.pth"))
    torch.save(averaged("model", "ema", key="shadow"), path("averaged_otherwise.pth"))
    torch.save(torch.nn.Linear(2, 2), path("model.pth"))
    torch.save({"epoch": 1}, path("nothing.pth"))
    torch.save({"w": torch.ones(1).expand(1000, 1000)}, path("expanded.pth"))
    torch.save({"w": torch.zeros(1, 1, 1, 1, 1, 1)}, path("rank6.pth"))
    torch.save({"w": torch.tensor([2**40])}, path("large_number.pth"))

    write_networks()
    if len(sys.argv) > 1:  # ../shared/weights
        with open(path("shared.txt"), "w") as f:
            f.writelines(sums(sys.argv[1]))


if __name__ == "__main__":
    main()
