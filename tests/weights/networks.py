"""The published networks' state dicts, small: modules with the names and shapes of the authors' code
and no forward pass. make.py writes files of them, check_export.py loads exports into them."""
import torch
from torch import nn
from torch.nn.utils import spectral_norm

WIDTHS = (16, 16, 16, 8, 4, 2, 1)
BLOCKS = ("head_0", "G_middle_0", "G_middle_1", "up_0", "up_1", "up_2", "up_3")


class InadeNorm(nn.Module):
    def __init__(self, channels, labels, noise):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(labels, channels, 2))
        self.bias = nn.Parameter(torch.randn(labels, channels, 2))
        self.fc_noise = nn.Linear(noise, channels)
        self.param_free_norm = batch_norm(channels)


class SpadeNorm(nn.Module):
    def __init__(self, channels, labels, hidden):
        super().__init__()
        self.param_free_norm = batch_norm(channels)
        self.mlp_shared = nn.Sequential(nn.Conv2d(labels + 1, hidden, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(hidden, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(hidden, channels, 3, padding=1)


class CladeNorm(nn.Module):
    """With the borders of instances as a channel more."""

    def __init__(self, channels, labels):
        super().__init__()
        self.param_free_norm = batch_norm(channels)
        self.class_specified_affine = nn.Module()
        self.class_specified_affine.weight = nn.Parameter(torch.rand(labels, channels))
        self.class_specified_affine.bias = nn.Parameter(torch.randn(labels, channels))
        self.inst_conv = nn.Conv2d(1, 1, 1)


def batch_norm(channels):
    norm = nn.BatchNorm2d(channels, affine=False)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    norm.num_batches_tracked.fill_(7)
    return norm


class Block(nn.Module):
    def __init__(self, fin, fout, norm, more=0):
        super().__init__()
        mid = min(fin, fout)
        self.conv_0 = spectral_norm(nn.Conv2d(fin + more, mid, 3, padding=1))
        self.conv_1 = spectral_norm(nn.Conv2d(mid + more, fout, 3, padding=1))
        if fin != fout:
            self.conv_s = spectral_norm(nn.Conv2d(fin + more, fout, 1, bias=False))
        self.norm_0, self.norm_1 = norm(fin), norm(mid)
        if fin != fout:
            self.norm_s = norm(fin)


class Generator(nn.Module):
    """`start` is the first layer, from z or from the map; a norm appends `more` channels."""

    def __init__(self, start, norm, n=1, more=0):
        super().__init__()
        self.fc = start
        fin = 16 * n
        for name, width in zip(BLOCKS, WIDTHS):
            setattr(self, name, Block(fin, width * n, norm, more))
            fin = width * n
        self.conv_img = nn.Conv2d(fin, 3, 3, padding=1)


def inade_generator(labels, z=4, noise=3):
    return Generator(nn.Linear(z, 16 * 2 * 2), lambda c: InadeNorm(c, labels, noise))


def spade_generator(labels):
    return Generator(nn.Conv2d(labels + 1, 16, 3, padding=1), lambda c: SpadeNorm(c, labels, 2))


def clade_generator(labels):
    return Generator(nn.Conv2d(labels + 1, 16, 3, padding=1), lambda c: CladeNorm(c, labels), more=1)


class InadeEncoder(nn.Module):
    def __init__(self, n=2, noise=3):
        super().__init__()
        widths = (("layer1", 3, n), ("layer2", n, 2 * n), ("layer3", 2 * n, 4 * n),
                  ("layer4", 4 * n, 8 * n), ("middle", 8 * n, 4 * n), ("up1", 8 * n, 2 * n),
                  ("up2", 4 * n, n), ("up3", 2 * n, n), ("scale_conv_mu", n, noise),
                  ("scale_conv_var", n, noise), ("bias_conv_mu", n, noise),
                  ("bias_conv_var", n, noise))
        for name, fin, fout in widths:
            setattr(self, name, nn.Conv2d(fin, fout, 3, padding=1))


def spectral_instance(conv):
    conv.register_parameter("bias", None)
    return nn.Sequential(spectral_norm(conv), nn.InstanceNorm2d(conv.out_channels, affine=False))


class VspadeEncoder(nn.Module):
    def __init__(self, n=1, z=4):
        super().__init__()
        fin = 3
        for i, width in enumerate((1, 2, 4, 8, 8, 8)):
            conv = nn.Conv2d(fin, width * n, 3, stride=2, padding=1)
            setattr(self, f"layer{i + 1}", spectral_instance(conv))
            fin = width * n
        self.fc_mu, self.fc_var = nn.Linear(fin * 16, z), nn.Linear(fin * 16, z)


class Discriminator(nn.Module):
    def __init__(self, labels, n=2, layers=4):
        super().__init__()
        for scale in range(2):
            sequence, fin = nn.Module(), labels + 4
            for i in range(layers):
                fout = n * 2 ** i
                conv = nn.Conv2d(fin, fout, 4, stride=2, padding=2)
                inner = spectral_instance(conv) if i else conv
                sequence.add_module(f"model{i}", nn.Sequential(inner, nn.LeakyReLU(0.2)))
                fin = fout
            sequence.add_module(f"model{layers}", nn.Sequential(nn.Conv2d(fin, 1, 4, padding=2)))
            setattr(self, f"discriminator_{scale}", sequence)


class Vgg19(nn.Module):
    """torchvision's, with a width of 1 where that has 64."""

    def __init__(self, n=1):
        super().__init__()
        layers, fin = [], 3
        for width in (1, 1, 0, 2, 2, 0, 4, 4, 4, 4, 0, 8, 8, 8, 8, 0, 8, 8, 8, 8, 0):
            if not width:
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [nn.Conv2d(fin, width * n, 3, padding=1), nn.ReLU()]
            fin = width * n
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Linear(fin, 2), nn.ReLU(), nn.Dropout(), nn.Linear(2, 2))


def networks(labels):
    torch.manual_seed(5)
    return {"inade_generator": inade_generator(labels), "inade_encoder": InadeEncoder(),
            "inade_discriminator": Discriminator(labels), "spade_generator": spade_generator(labels),
            "vspade_encoder": VspadeEncoder(), "vgg19": Vgg19(),
            "clade_generator": clade_generator(labels)}


def ours(name, key):
    """inadekit's path of an entry of one of the published networks; None where there is none."""
    if key.endswith("num_batches_tracked") or key.startswith("classifier"):
        return None
    if name.endswith("discriminator"):
        parts = key.split(".")
        key = ".".join(parts[:2] + parts[3:]) if len(parts) == 5 else key
    if name == "inade_encoder":
        for theirs, mine in (("middle", "mid"), ("scale_conv_var", "scale_conv_logvar"),
                             ("bias_conv_mu", "shift_conv_mu"), ("bias_conv_var", "shift_conv_logvar")):
            key = key.replace(theirs + ".", mine + ".")
    if name == "vgg19":
        _, layer, leaf = key.split(".")
        at, block, place = 0, 1, 1
        for width in (2, 2, 4, 4, 4):
            for place in range(1, width + 1):
                if at == int(layer):
                    return f"vgg19.conv{block}_{place}.{leaf}"
                at += 2
            at, block = at + 1, block + 1
    return name.split("_")[1] + "." + key
