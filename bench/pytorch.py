#!/usr/bin/env python3
"""Times INADE in PyTorch on the CPU, a peer for `./dev bench`, and prints a JSON object.

    pytorch.py synthesis|training onehot|lookup SECONDS --size 256 --channels 64 --batch 1
               --labels 6 --instances 12 [--vgg-channels 64]

`onehot` is the form of the published code (tests/golden/inade.py). `lookup` is what a knowing
PyTorch user would write: maps stay integers, scale and shift are looked up in a table with a row
per (label, instance), tensors are channels_last, and the encoder's four heads are one product.
Repeated for so many seconds, at least three times; the least time counts. Give it an OpenMP BLAS
and malloc thresholds (MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_) that keep memory."""
import json
import os
import resource
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "golden"))
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
import inade  # noqa: E402
import reference  # noqa: E402


# --- the lookup form -----------------------------------------------------------------------------

class Segments(inade.Scene):
    """The distinct (label, instance) pairs of each picture, numbered over the batch."""

    def __init__(self, inputs, labels, instances, dtype):
        super().__init__(inputs, labels, instances, dtype)
        label, instance = inputs["label"].long(), inputs["instance"].long()
        picture = torch.arange(len(label))[:, None, None]
        pair = (picture * labels + label) * instances + instance
        pairs, segment = torch.unique(pair, return_inverse=True)
        self.of_label = pairs // instances % labels
        self.of_row = pairs // (labels * instances) * instances + pairs % instances
        self.full, self.sized = segment, {}

    def map(self, height, width):
        """Segments [B,h,w], and as one-hot rows [segments,B*h*w]."""
        if (height, width) not in self.sized:
            segment = inade.nearest(self.full[:, None], height, width)[:, 0]
            rows = F.one_hot(segment.flatten(), len(self.of_label)).t().float().contiguous()
            self.sized[height, width] = segment, rows
        return self.sized[height, width]


class Lookup(torch.autograd.Function):
    """Rows of a table by a map. PyTorch's own gradient of it adds pixel by pixel on a CPU, many times
    slower than this product."""

    @staticmethod
    def forward(context, table, segment, rows):
        context.rows = rows
        return F.embedding(segment, table).permute(0, 3, 1, 2)

    @staticmethod
    def backward(context, grad):
        return context.rows @ grad.permute(0, 2, 3, 1).flatten(0, 2), None, None


def inade_by_lookup(s, path, x, scene, noise, training):
    segment, rows = scene.map(*x.shape[2:])
    remapped = inade.linear(s, path + ".fc_noise", noise).flatten(0, 1)[scene.of_row]
    weight, bias = s[path + ".weight"][scene.of_label], s[path + ".bias"][scene.of_label]
    table = weight * remapped.transpose(1, 2) + bias  # [segments, C, 2]
    scale, shift = (Lookup.apply(table[..., i].contiguous(), segment, rows) for i in range(2))
    return scale * inade.batch_norm(s, path + ".param_free_norm", x, training) + shift


def block_channels_last(block):
    def run(s, path, x, *rest):
        return block(s, path, x.contiguous(memory_format=torch.channels_last), *rest)
    return run


def encoder_with_one_head(encoder):
    def run(s, scene, image):
        heads = {}
        conv = inade.same_instance_conv

        def merged(s, path, x, scene, stride=1):
            name = path.rsplit(".", 1)[-1]
            if name not in inade.HEADS:
                return conv(s, path, x, scene, stride)
            if not heads:
                paths = ["encoder." + h for h in inade.HEADS]
                one = {"w" + end: torch.cat([s[p + end] for p in paths])
                       for end in (".weight", ".bias")}
                heads["all"] = conv(one, "w", x, scene).chunk(len(paths), 1)
            return heads["all"][inade.HEADS.index(name)]

        inade.same_instance_conv = merged
        try:
            return encoder(s, scene, image)
        finally:
            inade.same_instance_conv = conv
    return run


def use_lookup():
    inade.Scene = Segments
    inade.inade = inade_by_lookup
    inade.block = block_channels_last(inade.block)
    inade.encoder = encoder_with_one_head(inade.encoder)


def check():
    """Both forms give the same numbers."""
    c = reference.arguments("--size 64 --channels 4 --batch 2 --instances 5 --encoder".split())
    torch.manual_seed(1)
    s, inputs = reference.init(c), reference.random_inputs(c)
    copy = {k: v.clone() for k, v in s.items()}
    one = inade.g_step(s, inputs)
    use_lookup()
    other = inade.g_step(copy, inputs)
    assert torch.allclose(one[1], other[1], atol=1e-5)
    for path, grad in one[2].items():
        assert (grad - other[2][path]).norm() <= 1e-4 * grad.norm() + 1e-6, path
    print("the lookup form agrees with the one-hot form")


# --- timing --------------------------------------------------------------------------------------

def blas():
    """The BLAS that was loaded: Debian's reference BLAS is no fair peer."""
    with open("/proc/self/maps") as maps:
        files = {os.path.realpath(line.split()[-1]) for line in maps if "blas" in line}
    return ", ".join(sorted(os.path.basename(f) for f in files)) or "built in"


def main():
    if sys.argv[1:] == ["check"]:
        return check()
    what, form, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    c = reference.arguments(sys.argv[4:] + ["--encoder"])
    torch.set_num_threads(os.cpu_count())
    torch.manual_seed(1)
    if form == "lookup":
        use_lookup()
    s, inputs = reference.init(c), reference.random_inputs(c)
    if what == "synthesis":
        inputs["noise"] = inputs.pop("eps")
    if form == "lookup":
        for values in (s, inputs):
            for k, v in values.items():
                if v.dim() == 4 and v.is_floating_point() and "noise" not in k and k != "eps":
                    values[k] = v.contiguous(memory_format=torch.channels_last)
    trainer = inade.Trainer(s) if what == "training" else None
    times, began = [], time.perf_counter()
    while len(times) < 4 or time.perf_counter() - began < seconds:
        start = time.perf_counter()
        if trainer:
            trainer.step(inputs, inputs)
        else:
            inade.sample(s, inputs)
        times.append(time.perf_counter() - start)
    times = times[1:]  # the first is for warming up
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"what": what, "form": form, "ms": round(1e3 * min(times), 3),
                      "repeats": len(times), "peak_mb": round(peak * 1024 / 1e6),
                      "version": torch.__version__, "blas": blas()}))


if __name__ == "__main__":
    main()
