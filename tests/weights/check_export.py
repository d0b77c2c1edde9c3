"""A model trained by inadekit loads in PyTorch with strict=True: trains the pipelines of this folder
for two steps, exports their networks and loads them into the modules of networks.py. Checks against
the checkpoint as Python's safetensors library reads it. What it prints is kept in check_export.txt.

    python3 tests/weights/check_export.py build/bin/inadekit"""
import os
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file

from make import LABELS, ours  # the names, worked out a second time
from networks import networks

HERE = os.path.dirname(os.path.abspath(__file__))
RUNS = {"inade": ("inade_generator", "inade_encoder", "inade_discriminator"),
        "spade": ("spade_generator", "spade_discriminator"), "vspade": ("vspade_encoder",)}


def check(name, exported, checkpoint):
    """The module takes the file, and then holds what the checkpoint does."""
    net = networks(LABELS)[name.replace("spade_disc", "inade_disc")]
    state = torch.load(exported, weights_only=True)
    message = net.load_state_dict(state, strict=True)
    equal = 0
    for key, value in net.state_dict().items():
        path = ours(name, key)
        if path:
            assert torch.equal(value, checkpoint[path]), key
            equal += 1
    assert equal == sum(k.startswith(name.split("_")[1] + ".") for k in checkpoint)
    print(f"{name}: {len(state)} entries, {equal} compared with the checkpoint, {message}")


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        for run, nets in RUNS.items():
            subprocess.check_call(
                [program, "run", os.path.join(HERE, run + ".yaml"), "-q", "--out", run,
                 "--set", "train.steps=2", "--set", "train.lr={generator: 1e-3, discriminator: 1e-3}"],
                cwd=folder)
            at = os.path.join(folder, run, "checkpoints", "step-00000002")
            checkpoint = load_file(os.path.join(at, "weights.safetensors"))
            for name in nets:
                file = os.path.join(folder, name + ".pth")
                subprocess.check_call([program, "export", at, "-o", file, "--map", name],
                                      stdout=subprocess.DEVNULL)
                check(name, file, checkpoint)


if __name__ == "__main__":
    main()
