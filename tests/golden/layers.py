#!/usr/bin/env python3
"""Makes the golden files of layers_small.yaml and clade_small.yaml with PyTorch, in double precision:
layers.py [FOLDER]."""
import os
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import tensors

HERE = os.path.dirname(os.path.abspath(__file__))


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_in = nn.Conv2d(3, 4, (1, 7), padding=(0, 3), padding_mode="reflect")
        self.norm = nn.BatchNorm2d(4, eps=1e-3)
        self.slopes = nn.PReLU(4)
        self.down = nn.Conv2d(4, 6, (4, 3), stride=(2, 1), padding=1)
        self.largest = nn.MaxPool2d((3, 2), 2, ceil_mode=True)
        self.means = nn.AdaptiveAvgPool2d((3, 2))
        self.up_0 = nn.ConvTranspose2d(18, 6, 4, 2, 1, groups=2)
        self.slope = nn.PReLU()
        self.mean = nn.AvgPool2d(3, (1, 2), 1, count_include_pad=False)
        self.up_1 = nn.ConvTranspose2d(6, 3, 3, 2, 1, output_padding=1, bias=False)

    def forward(self, image, z):
        x = self.down(self.slopes(self.norm(self.conv_in(image))))
        largest = self.largest(x)
        spread = F.interpolate(self.means(largest), size=largest.shape[2:], mode="bilinear")
        z = z[:, :, None, None].expand(-1, -1, *largest.shape[2:])
        x = self.mean(self.slope(self.up_0(torch.cat([largest, spread, z], 1))))
        return torch.tanh(self.up_1(x * torch.sigmoid(x)))


class Clade(nn.Module):
    """y = xhat w[label] + b[label], and the borders through a 1x1 convolution as a channel more."""

    def __init__(self, labels, channels):
        super().__init__()
        self.param_free_norm = nn.BatchNorm2d(channels, affine=False)
        self.class_specified_affine = nn.Module()
        self.class_specified_affine.weight = nn.Parameter(torch.rand(labels, channels))
        self.class_specified_affine.bias = nn.Parameter(torch.randn(labels, channels))
        self.inst_conv = nn.Conv2d(1, 1, 1)

    def forward(self, x, label, edge):
        table = self.class_specified_affine
        rows = [t[label].permute(0, 3, 1, 2) for t in (table.weight, table.bias)]
        y = self.param_free_norm(x) * rows[0] + rows[1]
        return torch.cat([y, self.inst_conv(edge)], 1)


class CladeGenerator(nn.Module):
    def __init__(self, labels=6):
        super().__init__()
        self.labels = labels
        self.first = nn.Conv2d(labels + 1, 5, 3, padding=1)
        self.norm = Clade(labels, 5)
        self.last = nn.Conv2d(6, 3, 3, padding=1)

    def forward(self, label, instance):
        edge = torch.zeros(instance.shape, dtype=torch.bool)
        for axis in (1, 2):
            n = instance.shape[axis]
            differs = instance.narrow(axis, 1, n - 1) != instance.narrow(axis, 0, n - 1)
            edge.narrow(axis, 1, n - 1).logical_or_(differs)
            edge.narrow(axis, 0, n - 1).logical_or_(differs)
        label, edge = label[:, ::2, ::2], edge[:, None, ::2, ::2].double()
        one_hot = F.one_hot(label, self.labels).permute(0, 3, 1, 2).double()
        x = self.first(torch.cat([one_hot, edge], 1))
        x = F.leaky_relu(self.norm(x, label, edge), 0.2)
        return torch.tanh(self.last(F.interpolate(x, scale_factor=2)))


def perturb(net):
    with torch.no_grad():
        for name, p in net.named_parameters():
            scale = 0.5 / p[0].numel() ** 0.5 if p.dim() > 1 else 0.3
            p.copy_(torch.randn_like(p).float() * scale + (1 if name == "norm.weight" else 0))
        for name, b in net.named_buffers():
            if name.endswith("running_mean"):
                b.copy_(torch.randn_like(b).float() * 0.2)
            if name.endswith("running_var"):
                b.copy_(torch.rand_like(b).float() + 0.5)


def write(folder, net, image, inputs):
    """Weights, inputs, and the fake, loss, gradients and statistics of a step on them."""
    path = {k: "generator." + k.replace("conv_in", "in") for k in net.state_dict()}
    path = {k: v for k, v in path.items() if "num_batches" not in k}
    weights = {path[k]: v.clone() for k, v in net.state_dict().items() if k in path}
    fake = net(*inputs.values())
    loss = F.l1_loss(fake, image)
    loss.backward()
    out = {"fake": fake.detach().permute(0, 2, 3, 1), "loss.l1": loss.detach(),
           "loss.total": loss.detach()}
    for name, p in net.named_parameters():
        out["grad." + path[name]] = p.grad
    for name, b in net.named_buffers():
        if name in path:
            out["state." + path[name]] = b
    os.makedirs(folder, exist_ok=True)

    def save(name, values):
        values = {k: v.detach().numpy() for k, v in values.items()}
        values = {k: v if v.dtype == np.uint8 else np.asarray(v, np.float32)
                  for k, v in values.items()}
        tensors.save(os.path.join(folder, name + ".safetensors"), values)

    inputs = {k: v.permute(0, 2, 3, 1) if v.dim() == 4 else v for k, v in inputs.items()}
    inputs = {k: v if v.is_floating_point() else v.byte() for k, v in inputs.items()}
    save("weights", weights)
    save("inputs", {"image": image.permute(0, 2, 3, 1), **inputs})
    save("g_step", out)


def picture():
    return (torch.rand(2, 3, 32, 32) * 2 - 1).float().double()


def main(folder):
    torch.manual_seed(5)
    net, image = Generator().double().train(), picture()
    perturb(net)
    write(os.path.join(folder, "layers_small"), net, image,
          {"image": image, "z": torch.randn(2, 6).float().double()})
    net = CladeGenerator().double().train()
    perturb(net)
    instance = torch.randint(0, 4, (2, 8, 8)).repeat_interleave(4, 1).repeat_interleave(4, 2)
    instance[:, 5:20, 7:18] = 4
    label = instance * 3 % 5  # class 5 is absent, two instances share one
    write(os.path.join(folder, "clade_small"), net, picture(),
          {"label": label, "instance": instance})


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else HERE)
