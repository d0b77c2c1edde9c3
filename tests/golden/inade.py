"""INADE in plain PyTorch, in its reference form: maps are one-hot tensors, every product is
written out.

The state `s` is a dictionary of tensors by inadekit's paths, buffers included; a training forward
updates the buffers in place. Pictures are [B,3,H,W] here. All shapes follow from the weights and
the inputs: label, instance [B,H,W], image, z [B,256], noise [B,K,2,C0], or eps of that shape to
draw the noise from the encoder's posterior."""
import torch
import torch.nn.functional as F

BLOCKS = ("head_0", "G_middle_0", "G_middle_1", "up_0", "up_1", "up_2", "up_3")
WIDTHS = (16, 16, 16, 8, 4, 2, 1)
BUFFERS = ("weight_u", "weight_v", "running_mean", "running_var")
HEADS = ("scale_conv_mu", "shift_conv_mu", "scale_conv_logvar", "shift_conv_logvar")
LOSS_WEIGHTS = {"hinge": 1, "feature_matching": 10, "perceptual": 10, "kl": 0.05}
RATES = {"generator": 1e-4, "encoder": 1e-4, "discriminator": 4e-4}
VGG_CONVS = (2, 2, 4, 4, 1)             # of VGG19's five blocks, as far as they are used
VGG_LAYERS = [0, 0, 0, 1 / 4, 1]        # weights of relu1_1 ... relu5_1
SCALES, D_LAYERS, FIRST_MATCHED, D_MAX_CHANNELS = 2, 4, 3, 512


# --- layers --------------------------------------------------------------------------------------

def spectral_weight(s, path, training):
    """weight_orig / sigma; a training forward first does one power iteration."""
    weight, u, v = s[path + ".weight_orig"], s[path + ".weight_u"], s[path + ".weight_v"]
    matrix = weight.flatten(1)
    if training:
        with torch.no_grad():
            v.copy_(F.normalize(matrix.t() @ u, dim=0, eps=1e-12))
            u.copy_(F.normalize(matrix @ v, dim=0, eps=1e-12))
        u, v = u.clone(), v.clone()  # later iterations must not reach into this one's gradient
    return weight / torch.dot(u, matrix @ v)


def conv(s, path, x, training, stride=1, padding=None):
    spectral = path + ".weight_orig" in s
    weight = spectral_weight(s, path, training) if spectral else s[path + ".weight"]
    padding = weight.shape[2] // 2 if padding is None else padding
    return F.conv2d(x, weight, s.get(path + ".bias"), stride, padding)


def linear(s, path, x):
    return F.linear(x, s[path + ".weight"], s[path + ".bias"])


def batch_norm(s, path, x, training):
    mean, var = s[path + ".running_mean"], s[path + ".running_var"]
    return F.batch_norm(x, mean, var, training=training, momentum=0.1, eps=1e-5)


def act(x):
    return F.leaky_relu(x, 0.2)


def nearest(x, height, width):
    """Source index = floor(destination * in / out), in integers."""
    if tuple(x.shape[2:]) == (height, width):
        return x
    rows = torch.arange(height) * x.shape[2] // height
    columns = torch.arange(width) * x.shape[3] // width
    return x.index_select(2, rows).index_select(3, columns)


class Scene:
    """One-hot maps at full size, and what follows from them."""

    def __init__(self, inputs, labels, instances, dtype):
        label, instance = inputs["label"].long(), inputs["instance"].long()
        self.size = tuple(label.shape[1:])
        self.label = F.one_hot(label, labels).permute(0, 3, 1, 2).to(dtype).contiguous()
        self.instance = F.one_hot(instance, instances).permute(0, 3, 1, 2).to(dtype).contiguous()
        self.ids = instance[:, None].to(dtype)
        edge = torch.zeros(instance.shape, dtype=torch.bool)
        down, right = instance[:, 1:] != instance[:, :-1], instance[..., 1:] != instance[..., :-1]
        edge[:, 1:] |= down
        edge[:, :-1] |= down
        edge[..., 1:] |= right
        edge[..., :-1] |= right
        self.edge = edge[:, None].to(dtype)


# --- generator -----------------------------------------------------------------------------------

def inade(s, path, x, scene, noise, training):
    """scale = Wg[c] F(ng[p]) + Bg[c], shift alike; index 0 of weight, bias and noise is scale."""
    label = nearest(scene.label, *x.shape[2:])
    instance = nearest(scene.instance, *x.shape[2:])
    remapped = linear(s, path + ".fc_noise", noise)
    y = []
    for i in range(2):
        weight = torch.einsum("blhw,lc->bchw", label, s[path + ".weight"][..., i])
        bias = torch.einsum("blhw,lc->bchw", label, s[path + ".bias"][..., i])
        y.append(weight * torch.einsum("bkhw,bkc->bchw", instance, remapped[:, :, i]) + bias)
    return y[0] * batch_norm(s, path + ".param_free_norm", x, training) + y[1]


def block(s, path, x, scene, noise, training):
    def norm(name, x):
        return inade(s, f"{path}.{name}", x, scene, noise, training)

    y = conv(s, path + ".conv_0", act(norm("norm_0", x)), training)
    y = conv(s, path + ".conv_1", act(norm("norm_1", y)), training)
    if path + ".conv_s.weight_orig" in s:
        x = conv(s, path + ".conv_s", norm("norm_s", x), training)
    return y + x


def generator(s, scene, z, noise, training):
    height, width = scene.size
    x = linear(s, "generator.fc", z)
    top = 16 * s["generator.conv_img.weight"].shape[1]
    more = x.shape[1] == top * (height // 64) * (width // 64)
    halvings = 6 if more else 5
    x = x.view(-1, top, height >> halvings, width >> halvings)
    for name in BLOCKS:
        if name.startswith("up_") or name == "G_middle_0" or (name == "G_middle_1" and more):
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = block(s, "generator." + name, x, scene, noise, training)
    return torch.tanh(conv(s, "generator.conv_img", act(x), training))


# --- encoder -------------------------------------------------------------------------------------

def same_instance_conv(s, path, x, scene, stride=1):
    """3x3; a tap counts only where its pixel has the id of the window's centre."""
    weight, bias = s[path + ".weight"], s[path + ".bias"]
    batch, channels, height, width = x.shape
    ids = F.unfold(nearest(scene.ids, height, width), 3, padding=1, stride=stride)
    same = (ids == ids[:, 4:5]).to(x.dtype)
    taps = F.unfold(x, 3, padding=1, stride=stride).view(batch, channels, 9, -1) * same[:, None]
    y = weight.flatten(1) @ taps.flatten(1, 2) + bias[:, None]
    return y.view(batch, -1, (height - 1) // stride + 1, (width - 1) // stride + 1)


def encoder(s, scene, image):
    """[B,3,H,W] -> mu, logvar [B,K,2,C0]."""
    def layer(name, x, stride=1):
        return act(F.instance_norm(same_instance_conv(s, "encoder." + name, x, scene, stride)))

    def grow(x, size):
        return F.interpolate(x, size=tuple(size), mode="bilinear", align_corners=False)

    skips, x = [], image
    for name in ("layer1", "layer2", "layer3", "layer4"):
        x = layer(name, x, stride=2)
        skips.append(x)
    x = layer("mid", x)
    for name, skip in zip(("up1", "up2", "up3"), skips[2::-1]):
        x = layer(name, torch.cat([grow(x, skip.shape[2:]), skip], 1))
    x = grow(x, image.shape[2:])
    count = scene.instance.sum((2, 3))[..., None].clamp(min=1)
    means = []
    for name in HEADS:
        head = same_instance_conv(s, "encoder." + name, x, scene)
        means.append(torch.einsum("bkhw,bchw->bkc", scene.instance, head) / count)
    return torch.stack(means[:2], 2), torch.stack(means[2:], 2)


# --- discriminator and losses --------------------------------------------------------------------

def discriminator(s, scene, fake, image, training):
    """Per scale the features, the score map last, each [2B,C,h,w], fakes first."""
    maps = torch.cat([scene.label, scene.edge], 1)
    x = torch.cat([torch.cat([maps, fake], 1), torch.cat([maps, image], 1)], 0)
    judgement = []
    for scale in range(SCALES):
        if scale:
            x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        path, features, y = f"discriminator.discriminator_{scale}.model", [], x
        for i in range(D_LAYERS + 1):
            y = conv(s, f"{path}{i}.0", y, training, stride=2 if i < D_LAYERS - 1 else 1, padding=2)
            if 0 < i < D_LAYERS:
                y = F.instance_norm(y)
            if i < D_LAYERS:
                y = act(y)
            features.append(y)
        judgement.append(features)
    return judgement


def hinge_g(judgement):
    return sum(-f[-1].chunk(2)[0].mean() for f in judgement) / len(judgement)


def hinge_d(judgement):
    total = 0
    for features in judgement:
        fake, real = features[-1].chunk(2)
        total = total + F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    return total / len(judgement)


def feature_matching(judgement):
    total = 0
    for features in judgement:
        for feature in features[FIRST_MATCHED:-1]:
            fake, real = feature.chunk(2)
            total = total + F.l1_loss(fake, real.detach())
    return total / len(judgement)


def vgg(s, x):
    """The features after relu1_1, relu2_1, ... relu5_1."""
    features = []
    for block_, convs in enumerate(VGG_CONVS, 1):
        x = F.max_pool2d(x, 2) if block_ > 1 else x
        for i in range(1, convs + 1):
            x = F.relu(conv(s, f"vgg19.conv{block_}_{i}", x, False))
            if i == 1:
                features.append(x)
    return features


def perceptual(s, fake, image):
    with torch.no_grad():
        wanted = vgg(s, image)
    return sum(w * F.l1_loss(a, b) for w, a, b in zip(VGG_LAYERS, vgg(s, fake), wanted) if w)


def divergence(mu, logvar):
    """The mean of scale's and shift's KL, each summed over everything."""
    return 0.5 * -0.5 * (1 + logvar - mu * mu - logvar.exp()).sum()


# --- programs ------------------------------------------------------------------------------------

def learned(s, *networks):
    return {k: p for k, p in s.items()
            if k.split(".")[0] in networks and k.rsplit(".", 1)[-1] not in BUFFERS}


def scene_of(s, inputs):
    noise = inputs.get("noise", inputs.get("eps"))
    instances = int(inputs["instance"].max()) + 1 if noise is None else noise.shape[1]
    weight = s["generator.head_0.norm_0.weight"]
    return Scene(inputs, weight.shape[0], instances, weight.dtype)


def fakes(s, scene, inputs, training):
    """The fake and, where eps asks for it, the posterior of its noise."""
    if "eps" not in inputs:
        return generator(s, scene, inputs["z"], inputs["noise"], training), None
    mu, logvar = encoder(s, scene, inputs["image"])
    noise = inputs["eps"] * (0.5 * logvar).exp() + mu
    return generator(s, scene, inputs["z"], noise, training), (mu, logvar)


def differentiate(s, networks, losses):
    """The losses' weighted sum, and its gradient by path."""
    total = sum(LOSS_WEIGHTS[name] * loss for name, loss in losses.items())
    params = learned(s, *networks)
    grads = torch.autograd.grad(total, list(params.values()), allow_unused=True)
    losses = {name: loss.detach() for name, loss in losses.items()}
    losses["total"] = total.detach()
    return losses, {k: g for k, g in zip(params, grads) if g is not None}


def require(s, *networks):
    """Only the player's own weights need gradients."""
    for p in s.values():
        p.requires_grad_(False)
    for p in learned(s, *networks).values():
        p.requires_grad_(True)


def g_step(s, inputs):
    """-> losses, fake, gradients by path."""
    require(s, "generator", "encoder")
    scene = scene_of(s, inputs)
    fake, posterior = fakes(s, scene, inputs, True)
    judgement = discriminator(s, scene, fake, inputs["image"], True)
    losses = {"hinge": hinge_g(judgement), "feature_matching": feature_matching(judgement)}
    if "vgg19.conv1_1.weight" in s:
        losses["perceptual"] = perceptual(s, fake, inputs["image"])
    if posterior:
        losses["kl"] = divergence(*posterior)
    losses, grads = differentiate(s, ("generator", "encoder"), losses)
    return losses, fake.detach(), grads


def d_step(s, inputs):
    """-> losses, fake, gradients by path."""
    require(s, "discriminator")
    scene = scene_of(s, inputs)
    with torch.no_grad():
        fake, _ = fakes(s, scene, inputs, True)
    judgement = discriminator(s, scene, fake, inputs["image"], True)
    losses, grads = differentiate(s, ("discriminator",), {"hinge": hinge_d(judgement)})
    return losses, fake, grads


@torch.no_grad()
def sample(s, inputs):
    return fakes(s, scene_of(s, inputs), inputs, False)[0]


@torch.no_grad()
def encode(s, inputs):
    return encoder(s, scene_of(s, inputs), inputs["image"])


class Trainer:
    """g_step, Adam, d_step, Adam."""

    def __init__(self, s):
        self.s, self.optimizers = s, []
        for names in (("generator", "encoder"), ("discriminator",)):
            params = list(learned(s, *names).values())
            self.optimizers.append(
                torch.optim.Adam(params, lr=RATES[names[0]], betas=(0.0, 0.9), eps=1e-8))

    def update(self, optimizer, grads):
        for path, grad in grads.items():
            self.s[path].grad = grad
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    def step(self, g_inputs, d_inputs):
        g = g_step(self.s, g_inputs)
        self.update(self.optimizers[0], g[2])
        d = d_step(self.s, d_inputs)
        self.update(self.optimizers[1], d[2])
        return g, d
