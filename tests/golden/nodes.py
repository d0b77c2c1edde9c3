"""What the layers inside a run of inade.py give, by inadekit's names; large tensors thinned."""
import inade

MOST = 700  # values kept of a tensor
_WATCHED = ("conv", "linear", "inade", "block", "same_instance_conv")


def thinned(values):
    """{name: tensor} -> the tensors, pictures channels last and flat where only every so-manieth
    value is kept, and the metadata that says so: `stride.NAME`."""
    thin, strides = {}, {}
    for name, v in values.items():
        v = v.detach()
        v = v.permute(0, 2, 3, 1) if v.dim() == 4 and name.split(".")[0] not in ("update", "grad") else v
        if v.numel() > MOST:
            stride = -(-v.numel() // MOST) | 1  # odd, so that it meets every channel
            strides["stride." + name], v = str(stride), v.flatten()[::stride]
        thin[name] = v.float().contiguous()
    return thin, strides


def watched(run):
    """Calls run(); gives node.PATH, and feature.fake|real.SCALE.INDEX of the discriminator."""
    seen, kept = {}, {name: getattr(inade, name) for name in _WATCHED + ("discriminator",)}

    def watch(name):
        def call(s, path, *args, **options):
            y = kept[name](s, path, *args, **options)
            # The heads' maps are only used by their means, which need no maps.
            if not path.startswith("discriminator") and "scale_conv" not in path \
                    and "shift_conv" not in path and "fc_noise" not in path:
                seen["node." + path] = y
            return y
        return call

    def discriminator(*args):
        judgement = kept["discriminator"](*args)
        for scale, features in enumerate(judgement):
            for i, feature in enumerate(features):
                fake, real = feature.chunk(2)
                seen[f"feature.fake.{scale}.{i}"], seen[f"feature.real.{scale}.{i}"] = fake, real
        return judgement

    for name in _WATCHED:
        setattr(inade, name, watch(name))
    inade.discriminator = discriminator
    try:
        run()
    finally:
        for name, function in kept.items():
            setattr(inade, name, function)
    first = seen.get("node.generator.fc")
    if first is not None:  # flat there, a picture of 2x2 here
        seen["node.generator.fc"] = first.view(first.shape[0], -1, 2, 2)
    return seen
