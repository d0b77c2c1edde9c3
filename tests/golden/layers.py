#!/usr/bin/env python3
"""Makes the golden files of layers_small.yaml with PyTorch, in double precision: layers.py [FOLDER]."""
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


def main(folder):
    torch.manual_seed(5)
    net = Generator().double().train()
    with torch.no_grad():
        for name, p in net.named_parameters():
            scale = 0.5 / p[0].numel() ** 0.5 if p.dim() > 1 else 0.3
            p.copy_(torch.randn_like(p).float() * scale + (1 if name == "norm.weight" else 0))
        net.norm.running_mean.copy_(torch.randn(4).float() * 0.2)
        net.norm.running_var.copy_(torch.rand(4).float() + 0.5)
    weights = {k: v for k, v in net.state_dict().items() if "num_batches" not in k}
    weights = {k: v.clone() for k, v in weights.items()}
    image = (torch.rand(2, 3, 32, 32) * 2 - 1).float().double()
    z = torch.randn(2, 6).float().double()
    fake = net(image, z)
    loss = F.l1_loss(fake, image)
    loss.backward()
    out = {"fake": fake.detach().permute(0, 2, 3, 1), "loss.l1": loss.detach(),
           "loss.total": loss.detach()}
    path = {k: "generator." + k.replace("conv_in", "in") for k in net.state_dict()}
    for name, p in net.named_parameters():
        out["grad." + path[name]] = p.grad
    for name in ("norm.running_mean", "norm.running_var"):
        out["state." + path[name]] = net.state_dict()[name]
    os.makedirs(folder, exist_ok=True)

    def save(name, values):
        values = {k: np.asarray(v.numpy(), np.float32) for k, v in values.items()}
        tensors.save(os.path.join(folder, name + ".safetensors"), values)

    save("weights", {path[k]: v for k, v in weights.items()})
    save("inputs", {"image": image.permute(0, 2, 3, 1), "z": z})
    save("g_step", out)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "layers_small"))
