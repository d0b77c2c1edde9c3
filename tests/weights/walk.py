"""Writes walk/, what docs/weights.md walks with: a scene, random values, and the pictures that PyTorch
(golden/inade.py, in double precision) makes of inade_generator.pth and inade_encoder.pth with them.
They stand for best_net_G.pth and best_net_E.pth, and the pictures for the authors'."""
import os
import sys

import numpy as np
import torch
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "golden"))
import inade  # noqa: E402
import make as golden  # noqa: E402
import tensors  # noqa: E402
from networks import ours  # noqa: E402


def path(name):
    return os.path.join(HERE, "walk", name)


def read(name):
    """A state dict by inadekit's paths."""
    state = torch.load(os.path.join(HERE, name + ".pth"))
    return {ours(name, k): v.double() for k, v in state.items() if ours(name, k)}


def save_picture(name, y):
    """As the published code saves it: truncated."""
    y = ((y[0].permute(1, 2, 0) + 1) / 2 * 255).numpy()
    Image.fromarray(y.astype(np.uint8)).save(path(name), optimize=True)


def main():
    os.makedirs(path(""), exist_ok=True)
    torch.manual_seed(11)
    label, instance = (maps[0] for maps in golden.scene())
    Image.fromarray(label).save(path("street_label.png"), optimize=True)
    Image.fromarray(instance * 40 + 3).save(path("street_instance.png"), optimize=True)
    photo = torch.nn.functional.interpolate(torch.rand(1, 3, 8, 8), size=(64, 64), mode="bicubic")
    photo = (photo[0].permute(1, 2, 0).clamp(0, 1) * 255).numpy().astype(np.uint8)
    Image.fromarray(photo).save(path("street.png"), optimize=True)

    s = {**read("inade_generator"), **read("inade_encoder")}
    z, noise = torch.randn(1, 4), torch.randn(1, int(instance.max()) + 1, 2, 3)
    tensors.save(path("fixed.safetensors"), {"z": z.numpy(), "noise": noise.numpy()})
    tensors.save(path("normals.safetensors"), {"z": z.numpy(), "noise.eps": noise.numpy()})
    inputs = {"label": torch.from_numpy(label)[None].long(),
              "instance": torch.from_numpy(instance)[None].long(), "z": z.double(),
              "image": torch.from_numpy(photo).double().permute(2, 0, 1)[None] / 127.5 - 1}
    with torch.no_grad():
        save_picture("fixed_by_pytorch.png", inade.sample(s, {**inputs, "noise": noise.double()}))
        save_picture("styled_by_pytorch.png", inade.sample(s, {**inputs, "eps": noise.double()}))


if __name__ == "__main__":
    main()
