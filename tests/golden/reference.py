#!/usr/bin/env python3
"""Runs INADE in plain PyTorch (inade.py) on files, to check inadekit's programs against, and times
it, as a peer to compare with.

    reference.py --program init   --outputs W.safetensors [--perturb] [sizes]
    reference.py --program inputs --outputs IN.safetensors [sizes]
    reference.py --program g_step|d_step|train|sample|encode
                 --weights W.safetensors --inputs IN.safetensors --outputs OUT.safetensors [--grads]
    reference.py --program check
    reference.py --bench 20 --size 64 --channels 16 --batch 4 --labels 6 --instances 16 [--encoder]

Shapes follow from the weights and the inputs; the sizes (--channels ... --encoder) are for what
`init`, `inputs` and --bench make up. Weights bear inadekit's paths.
Inputs: image [B,H,W,3]; label, instance [B,H,W] i32; z [B,256]; noise [B,K,2,C0], or noise.eps of
that shape to draw from the encoder's posterior (`encode` takes K from either, else from the ids).
`train` is g_step, Adam, d_step, Adam; its second half takes d.z, d.noise, d.eps where given.
Outputs: fake [B,H,W,3], loss.<name> (unweighted), loss.total, grad.<path>, buffer.<path> as the
forward left them; mu and logvar of `encode`; weight.<path> of `train`.
Speed: MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ raised to 1e9 or more, an OpenMP BLAS.
"""
import argparse
import math
import statistics
import time

import torch
import torch.nn.functional as F

import tensors
from inade import (BLOCKS, BUFFERS, D_LAYERS, D_MAX_CHANNELS, HEADS, SCALES, VGG_CONVS, WIDTHS, Scene,
                   Trainer, batch_norm, conv, d_step, encode, g_step, learned, same_instance_conv,
                   sample, spectral_weight)


# --- made-up weights and inputs ------------------------------------------------------------------

def shapes(c):
    """Every parameter and buffer of a configuration, by path."""
    out = {}

    def weights(path, o, i, kernel=None, bias=True, spectral=False):
        shape = (o, i, kernel, kernel) if kernel else (o, i)
        out[path + (".weight_orig" if spectral else ".weight")] = shape
        if spectral:
            out[path + ".weight_u"], out[path + ".weight_v"] = (o,), (i * kernel * kernel,)
        if bias:
            out[path + ".bias"] = (o,)

    def norm(path, channels):
        out[path + ".weight"] = out[path + ".bias"] = (c.labels, channels, 2)
        weights(path + ".fc_noise", channels, c.noise)
        for buffer in ("running_mean", "running_var"):
            out[f"{path}.param_free_norm.{buffer}"] = (channels,)

    n, halvings = c.channels, 6 if c.more else 5
    weights("generator.fc", 16 * n * (c.height >> halvings) * (c.width >> halvings), 256)
    fin = 16 * n
    for name, width in zip(BLOCKS, WIDTHS):
        path, fout = "generator." + name, width * n
        weights(path + ".conv_0", min(fin, fout), fin, 3, spectral=True)
        weights(path + ".conv_1", fout, min(fin, fout), 3, spectral=True)
        norm(path + ".norm_0", fin)
        norm(path + ".norm_1", min(fin, fout))
        if fin != fout:
            weights(path + ".conv_s", fout, fin, 1, bias=False, spectral=True)
            norm(path + ".norm_s", fin)
        fin = fout
    weights("generator.conv_img", 3, n, 3)

    n = c.encoder_channels or c.channels
    layers = {"layer1": (n, 3), "layer2": (2 * n, n), "layer3": (4 * n, 2 * n),
              "layer4": (8 * n, 4 * n), "mid": (4 * n, 8 * n), "up1": (2 * n, 8 * n),
              "up2": (n, 4 * n), "up3": (n, 2 * n)}
    layers.update({head: (c.noise, n) for head in HEADS})
    for name, (o, i) in layers.items():
        if c.encoder:
            weights("encoder." + name, o, i, 3)

    for scale in range(SCALES):
        fin = c.labels + 1 + 3
        for i in range(D_LAYERS + 1):
            fout = min((c.d_channels or c.channels) << i, D_MAX_CHANNELS) if i < D_LAYERS else 1
            plain = i in (0, D_LAYERS)
            weights(f"discriminator.discriminator_{scale}.model{i}.0", fout, fin, 4, plain,
                    not plain)
            fin = fout

    fin = 3
    for block, convs in enumerate(VGG_CONVS if c.vgg_channels else (), 1):
        fout = c.vgg_channels * min(1 << (block - 1), 8)
        for i in range(1, convs + 1):
            weights(f"vgg19.conv{block}_{i}", fout, fin, 3)
            fin = fout
    return out


def init(c):
    """Weights as training starts; `perturb` moves them all so that no term hides behind a zero."""
    s = {}
    for path, shape in shapes(c).items():
        kind, field = path.rsplit(".", 1)[-1], math.prod(shape[2:])
        if kind == "weight_orig":
            s[path] = (torch.rand(shape) * 2 - 1) / math.sqrt(shape[1] * field)
        elif kind in ("weight_u", "weight_v"):
            s[path] = F.normalize(torch.randn(shape), dim=0)
        elif path.startswith("vgg19."):  # what comes in goes on at its size; this network is given
            s[path] = torch.randn(shape) * (math.sqrt(2 / (shape[1] * field)) if field > 1 else 0.1)
        elif kind == "weight" and len(shape) == 3:
            s[path] = torch.rand(shape)
        elif kind == "weight":
            s[path] = torch.randn(shape) * 0.02 * math.sqrt(2 / (sum(shape[:2]) * field))
        else:
            s[path] = torch.full(shape, float(kind == "running_var"))
        if c.perturb and kind == "running_var":
            s[path] += torch.rand(shape) - 0.5
        elif c.perturb and kind not in BUFFERS and not path.startswith("vgg19."):
            s[path] += 0.1 * torch.randn(shape) / math.sqrt(math.prod(shape[1:]))
    for path in [k for k in s if c.perturb and k.endswith(".weight_orig")]:
        for _ in range(10):  # as after some training: a first u, v would saturate a sample
            spectral_weight(s, path.rsplit(".", 1)[0], True)
    return s


def random_inputs(c):
    """Nearest-site scenes; the last id is absent from the first picture, id 0 has two labels."""
    y, x = torch.meshgrid(torch.arange(c.height), torch.arange(c.width), indexing="ij")
    sites = torch.rand(c.batch, c.instances, 2, 1, 1) * torch.tensor([c.height, c.width]).view(
        2, 1, 1)
    distance = (y - sites[:, :, 0]) ** 2 + (x - sites[:, :, 1]) ** 2
    if c.instances > 1:
        distance[0, -1] = math.inf
    instance = distance.argmin(1)
    label = torch.randint(c.labels, (c.batch, c.instances)).gather(1, instance.flatten(1))
    label = label.view_as(instance)
    label = torch.where((instance == 0) & (y % 16 < 8), c.labels - 1, label)
    noise = torch.randn(c.batch, c.instances, 2, c.noise)
    return {"image": torch.rand(c.batch, 3, c.height, c.width) * 2 - 1, "label": label.int(),
            "instance": instance.int(), "z": torch.randn(c.batch, 256),
            "eps" if c.encoder else "noise": noise}


# --- command line --------------------------------------------------------------------------------

def check():
    """What the formulas above assume of PyTorch, and counts known from the published networks."""
    s = {"c." + k: v for k, v in torch.nn.utils.spectral_norm(
        torch.nn.Conv2d(5, 7, 3, bias=False)).double().state_dict().items()}
    layer = torch.nn.utils.spectral_norm(torch.nn.Conv2d(5, 7, 3, padding=1, bias=False)).double()
    layer.load_state_dict({k[2:]: v.clone() for k, v in s.items()})
    s["c.weight_orig"].requires_grad_(True)
    x, grads = torch.randn(2, 5, 6, 6).double(), []
    for training in (True, True, False):
        layer.train(training)
        ours, theirs = conv(s, "c", x, training), layer(x)
        assert torch.allclose(ours, theirs, atol=1e-13)
        grads = [torch.autograd.grad((y ** 3).sum(), w)[0]
                 for y, w in ((ours, s["c.weight_orig"]), (theirs, layer.weight_orig))]
        assert torch.allclose(*grads, rtol=1e-10)
    assert torch.equal(s["c.weight_u"], layer.weight_u)

    s = {"n.running_mean": torch.zeros(5).double(), "n.running_var": torch.ones(5).double()}
    var, mean = torch.var_mean(x, (0, 2, 3), unbiased=False, keepdim=True)
    normed = (x - mean) / (var + 1e-5).sqrt()
    assert torch.allclose(batch_norm(s, "n", x, True), normed, atol=1e-13)
    assert torch.allclose(s["n.running_mean"], 0.1 * mean.flatten())
    assert torch.allclose(s["n.running_var"], 0.9 + 0.1 * var.flatten() * 72 / 71)

    ids = torch.randint(3, (2, 6, 6))
    scene = Scene({"label": ids, "instance": ids}, 3, 3, torch.float64)
    s = {"c.weight": torch.randn(4, 5, 3, 3).double(), "c.bias": torch.randn(4).double()}
    masked = sum(F.conv2d(x * scene.instance[:, k:k + 1], s["c.weight"], s["c.bias"], 2, 1)
                 * scene.instance[:, k:k + 1, ::2, ::2] for k in range(3))
    assert torch.allclose(same_instance_conv(s, "c", x, scene, 2), masked, atol=1e-12)

    published = {"--labels 35 --size 256,512 --more": 77394435, "--labels 19": 85115395}
    for flags, count in published.items():
        c = arguments(["--size", "256", "--channels", "64"] + flags.split())
        assert count == sum(map(math.prod, learned(shapes(c), "generator").values()))
    print("spectral norm, batch norm, same-instance convolution, parameter counts: as expected")


def bench(c):
    trainer, inputs = Trainer(init(c)), random_inputs(c)
    times = []
    for i in range(c.bench + 2):
        start = time.perf_counter()
        trainer.step(inputs, inputs)
        times.append(time.perf_counter() - start)
    times = times[2:]
    print(f"{statistics.median(times):.4f} s per step (median of {len(times)}; "
          f"least {min(times):.4f}, mean {statistics.mean(times):.4f}), {c.threads} threads")


def arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, add_help=True,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", choices=("init", "inputs", "g_step", "d_step", "train",
                                              "sample", "encode", "check"))
    for name in ("weights", "inputs", "outputs"):
        parser.add_argument("--" + name, metavar="FILE")
    parser.add_argument("--size", default="64", help="SIDE or HEIGHT,WIDTH")
    for name, default in (("channels", 16), ("labels", 6), ("noise", 64), ("instances", 16),
                          ("batch", 4), ("encoder-channels", 0), ("d-channels", 0),
                          ("vgg-channels", 0),
                          ("threads", 2), ("seed", 1), ("bench", 0)):
        parser.add_argument("--" + name, type=int, default=default)
    for name in ("more", "encoder", "perturb", "grads", "double"):
        parser.add_argument("--" + name, action="store_true")
    c = parser.parse_args(argv)
    c.height, c.width = ([int(v) for v in c.size.split(",")] * 2)[:2]
    return c


def read(path, dtype):
    """Tensors of a file: pictures channels first, reals in the precision of the run."""
    values = {k: torch.from_numpy(v) for k, v in tensors.load(path).items()}
    if "image" in values:
        values["image"] = values["image"].permute(0, 3, 1, 2).contiguous()
    values = {{"noise.eps": "eps"}.get(k, k): v for k, v in values.items()}
    return {k: v.to(dtype) if v.is_floating_point() else v for k, v in values.items()}


def write(path, values):
    """Reals as f32, pictures channels last."""
    values = {{"eps": "noise.eps"}.get(k, k): v for k, v in values.items()}
    for name in ("image", "fake"):
        if name in values:
            values[name] = values[name].permute(0, 2, 3, 1)
    tensors.save(path, {k: (v.float() if v.is_floating_point() else v).detach().numpy()
                        for k, v in values.items()})


def outputs_of(c, s, inputs):
    if c.program == "sample":
        return {"fake": sample(s, inputs)}
    if c.program == "encode":
        return dict(zip(("mu", "logvar"), encode(s, inputs)))
    if c.program == "train":
        second = {**inputs, **{k[2:]: v for k, v in inputs.items() if k.startswith("d.")}}
        Trainer(s).step(inputs, second)
        return {"weight." + k: v for k, v in s.items()}
    losses, fake, grads = (g_step if c.program == "g_step" else d_step)(s, inputs)
    out = {"fake": fake, **{"loss." + k: v for k, v in losses.items()}}
    out.update({"buffer." + k: v for k, v in s.items() if k.rsplit(".", 1)[-1] in BUFFERS})
    if c.grads:
        out.update({"grad." + k: v for k, v in grads.items()})
    return out


def main():
    c = arguments()
    torch.set_num_threads(c.threads)
    torch.manual_seed(c.seed)
    dtype = torch.float64 if c.double else torch.float32
    if c.bench:
        bench(c)
    elif c.program == "check":
        check()
    elif c.program in ("init", "inputs"):
        write(c.outputs, init(c) if c.program == "init" else random_inputs(c))
    else:
        write(c.outputs, outputs_of(c, read(c.weights, dtype), read(c.inputs, dtype)))


if __name__ == "__main__":
    main()
