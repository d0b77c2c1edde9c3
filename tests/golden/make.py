#!/usr/bin/env python3
"""Makes the golden files of inade_small.yaml with PyTorch, in double precision: make.py [FOLDER].
README.md says what is in them."""
import os
import sys

import numpy as np
import torch

import inade
import nodes
import reference
import tensors

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = ("--size 64 --channels 2 --labels 6 --noise 8 --instances 6 --batch 2 --encoder "
         "--encoder-channels 4 --d-channels 4 --perturb").split()
SEED = 7
STEPS = 3


def scene():
    """label, instance [2,64,64] with the cases that go wrong easily."""
    y, x = np.mgrid[0:64, 0:64]
    instance = np.zeros((2, 64, 64), np.uint8)
    one, two = instance
    one[(y - 24) ** 2 + (x - 40) ** 2 < 200] = 1
    one[34:56, 6:30] = 2
    one[10:31, 21] = 3        # an odd column: gone at 32x32
    one[50:52, 50:52] = 4     # at 32x32 one pixel, gone at 16x16; id 5 is absent
    sites = {0: (10, 12), 1: (50, 20), 3: (30, 40), 4: (12, 50), 5: (54, 52)}  # id 2 is absent
    keys = np.array(list(sites))
    away = [(y - sy) ** 2 + (x - sx) ** 2 for sy, sx in sites.values()]
    two[:] = keys[np.argmin(away, 0)]

    label = np.zeros_like(instance)
    label[0] = np.array([0, 3, 2, 5, 4, 0])[one]
    label[0][(one == 0) & (y > 28)] = 1             # one id, two labels
    label[0][(one == 1) & (x + y < 60)] = 2         # a label's border inside an id
    label[0][45, 15] = 5                            # the pair is gone at 32x32, its id is not
    label[1] = np.array([0, 4, 0, 4, 2, 3])[two]    # neighbours 1 and 3 share a label
    label[1][(y // 8 + x // 8) % 5 == 0] = 1        # borders across those of the ids
    return label, instance


def weights(c):
    """As after some training; the discriminators' scores reach over both hinges."""
    s = reference.init(c)
    for path in s:
        if ".model4.0." in path:
            s[path] *= 12
    return s


def run(program, s, inputs):
    """The results, by the names that `inadekit trace` gives them."""
    c = reference.arguments(SIZES + ["--program", program, "--grads"])
    s = {k: v.clone() for k, v in s.items()}
    out = reference.outputs_of(c, s, inputs)
    if program == "encode":
        return {k + ".noise": v for k, v in out.items()}
    if program == "d_step":
        del out["fake"]  # that of g_step
    return {k.replace("buffer.", "state."): v for k, v in out.items()}


def perceptual_weights():
    """Of a VGG19 of 4 instead of 64 channels."""
    torch.manual_seed(SEED + 1)
    s = reference.init(reference.arguments(SIZES + ["--vgg-channels", "4"]))
    return {k: v for k, v in s.items() if k.startswith("vgg19.")}


def training(s, inputs, eps):
    """What STEPS steps, their Adam updates included, add to the parameters; eps: two per step, the
    generator's and the discriminator's."""
    s = {k: v.clone() for k, v in s.items()}
    before = {k: v.clone() for k, v in s.items()}
    trainer = inade.Trainer(s)
    for i in range(STEPS):
        trainer.step({**inputs, "eps": eps[2 * i]}, {**inputs, "eps": eps[2 * i + 1]})
    players = ("generator", "encoder", "discriminator")
    return {"update." + k: v - before[k] for k, v in inade.learned(s, *players).items()}


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "inade_small")
    os.makedirs(folder, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    c = reference.arguments(SIZES)
    label, instance = scene()
    maps = {"label": torch.from_numpy(label), "instance": torch.from_numpy(instance)}
    noise = (2, c.instances, 2, c.noise)

    def save(name, values):
        reference.write(os.path.join(folder, name + ".safetensors"), dict(values))

    def save_thinned(name, values, more):
        values, strides = nodes.thinned(values)
        values = {k: v.numpy() for k, v in {**values, **more}.items()}
        tensors.save(os.path.join(folder, name + ".safetensors"), values, strides)

    def load(name):
        return reference.read(os.path.join(folder, name + ".safetensors"), torch.float64)

    save("weights", weights(c))
    save("inputs", {**maps, "image": torch.rand(2, 3, 64, 64) * 2 - 1, "z": torch.randn(2, 256),
                    "eps": torch.randn(noise)})
    save("prior", {**maps, "z": torch.randn(2, 256), "noise": torch.randn(noise)})
    s, inputs = load("weights"), load("inputs")
    save("sample", run("sample", s, load("prior")))
    save("exemplar", run("sample", s, inputs))
    for program in ("encode", "g_step", "d_step"):
        save(program, run(program, s, inputs))

    save("vgg", perceptual_weights())
    inade.VGG_LAYERS = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1]
    perceived = run("g_step", {**s, **load("vgg")}, inputs)
    save_thinned("perceptual", {k: v for k, v in perceived.items() if k[:5] in ("loss.", "grad.")},
                 {})

    for program, given in (("g_step", inputs), ("sample", load("prior"))):
        save_thinned("nodes_" + program, nodes.watched(lambda: run(program, s, given)), {})
    eps = torch.randn((2 * STEPS,) + noise)
    del inputs["eps"]
    save_thinned("adam", training(s, inputs, eps.double()),
                 {f"eps.{i}": v for i, v in enumerate(eps)})


if __name__ == "__main__":
    main()
