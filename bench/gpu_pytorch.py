#!/usr/bin/env python3
"""Times INADE in PyTorch (2.0 or newer) on a GPU, a peer for `./dev gpu`; prints a JSON object.

    gpu_pytorch.py synthesis|training onehot|best f32|tf32|bf16 --batch N --height H --width W
        --labels L --instances K [--device cpu --repeats 2 --channels 8 --no-compile --no-graph]
    gpu_pytorch.py check [--device cpu]

`onehot` is the form of the published code (tests/golden/inade.py), eager; bf16 is autocast there.
`best` is the fastest one that PyTorch's own means give: integer maps prepared with the data, scale
and shift looked up in a table with a row per segment, whose gradient is a product; channels_last;
everything compiled, and the whole step one CUDA graph. In bf16 its synthesis has bf16 weights, with
spectral norms folded into them, and its training is autocast with one fused Adam.
What cannot be had (a compiler, a graph) is left out and said in "without".

"ms" is the median of series of 100 runs back to back between two events, "least_ms" the least of
these, "single_ms" the least of single runs. `check` compares the forms' numbers."""
import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F

import pytorch as forms
import inade
import reference

SERIES, RUNS, WARM = 5, 100, 5


# --- the best form -------------------------------------------------------------------------------

class Prepared(inade.Scene):
    """What follows from maps alone, made once, as a loader would. The distinct (label, instance)
    pairs of a picture are numbered; pictures with fewer than the most are padded."""

    def __init__(self, inputs, labels, instances, dtype):
        super().__init__(inputs, labels, instances, dtype)
        label, instance = inputs["label"].long(), inputs["instance"].long()
        pairs = [torch.unique(one, return_inverse=True) for one in label * instances + instance]
        most = max(len(known) for known, _ in pairs)
        known = torch.stack([F.pad(k, (0, most - len(k))) for k, _ in pairs])
        first = torch.arange(len(pairs))[:, None]
        self.of_label = (known // instances).flatten()
        self.of_row = (known % instances + first * instances).flatten()
        segment = torch.stack([s for _, s in pairs])[:, None]
        self.sized, self.same = {}, {}
        height, width = self.size
        while height > 1 and width > 1:
            small = inade.nearest(segment, height, width)[:, 0]
            rows = F.one_hot(small.flatten(1), most).transpose(1, 2).to(dtype).contiguous()
            flat = small + first[:, None] * most
            self.sized[height, width] = flat.int().contiguous(), rows
            ids = inade.nearest(self.ids, height, width)
            for stride in (1, 2):
                taps = F.unfold(ids, 3, padding=1, stride=stride)
                self.same[height, width, stride] = (taps == taps[:, 4:5]).to(dtype)[:, None]
            height, width = (height + 1) // 2, (width + 1) // 2


class Lookup(torch.autograd.Function):
    """Rows of a table by a map; the gradient sums over each segment's pixels by a product."""

    @staticmethod
    def forward(context, table, segment, rows):
        context.save_for_backward(rows)
        return F.embedding(segment, table).permute(0, 3, 1, 2)

    @staticmethod
    def backward(context, grad):
        rows, = context.saved_tensors
        by_pixel = grad.permute(0, 2, 3, 1).flatten(1, 2)
        return torch.bmm(rows.to(grad.dtype), by_pixel).flatten(0, 1), None, None


def inade_by_lookup(s, path, x, scene, noise, training):
    segment, rows = scene.sized[tuple(x.shape[2:])]
    remapped = inade.linear(s, path + ".fc_noise", noise).flatten(0, 1)[scene.of_row]
    weight, bias = s[path + ".weight"][scene.of_label], s[path + ".bias"][scene.of_label]
    table = (weight * remapped.transpose(1, 2) + bias).to(x.dtype)
    scale, shift = (Lookup.apply(table[..., i].contiguous(), segment, rows) for i in range(2))
    return scale * inade.batch_norm(s, path + ".param_free_norm", x, training) + shift


def same_instance_conv(s, path, x, scene, stride=1):
    weight, bias = s[path + ".weight"], s[path + ".bias"]
    batch, channels, height, width = x.shape
    same = scene.same[height, width, stride].to(x.dtype)
    taps = F.unfold(x, 3, padding=1, stride=stride).view(batch, channels, 9, -1) * same
    y = weight.flatten(1) @ taps.flatten(1, 2) + bias[:, None]
    return y.view(batch, -1, (height - 1) // stride + 1, (width - 1) // stride + 1)


def folded_conv(s, path, x, training, stride=1, padding=None):
    weight = s[path + ".weight"]
    padding = weight.shape[2] // 2 if padding is None else padding
    return F.conv2d(x, weight, s.get(path + ".bias"), stride, padding)


def fold(s):
    for path in [k.rsplit(".", 1)[0] for k in s if k.endswith(".weight_orig")]:
        s[path + ".weight"] = inade.spectral_weight(s, path, False)
    inade.conv = folded_conv


def channels_last(values):
    return {k: v.contiguous(memory_format=torch.channels_last)
            if v.dim() == 4 and v.is_floating_point() and k not in ("noise", "eps") else v
            for k, v in values.items()}


def use_best():
    inade.inade = inade_by_lookup
    inade.block = forms.block_channels_last(inade.block)
    inade.same_instance_conv = same_instance_conv
    inade.encoder = forms.encoder_with_one_head(inade.encoder)


def prepare(s, inputs):
    """Scenes are made here, and given to all who ask for one from now on."""
    noise = inputs.get("noise", inputs.get("eps"))
    labels, dtype = s["generator.head_0.norm_0.weight"].shape[0], noise.dtype
    scene = Prepared(inputs, labels, noise.shape[1], dtype)
    inade.Scene = lambda *_: scene


class Trainer:
    """g_step, Adam, d_step, Adam, with what is compiled kept apart from what is not."""

    def __init__(self, s, compiler, device):
        self.s, self.players = s, []
        for names, total in ((("generator", "encoder"), g_total), (("discriminator",), d_total)):
            params = list(inade.learned(s, *names).values())
            fused = {"fused": True, "capturable": True} if device == "cuda" else {}
            adam = torch.optim.Adam(params, lr=inade.RATES[names[0]], betas=(0.0, 0.9), eps=1e-8, **fused)
            self.players.append((names, compiler(total), params, adam))

    def step(self, inputs):
        totals = []
        for names, total, params, adam in self.players:
            inade.require(self.s, *names)
            totals.append(total(self.s, inputs))
            grads = torch.autograd.grad(totals[-1], params, allow_unused=True)
            for p, g in zip(params, grads):
                p.grad = g
            adam.step()
        return totals


def spectral_norms_in_f32(device):
    """Autocast would round one side of a dot product and not the other."""
    spectral_weight = inade.spectral_weight

    def in_f32(s, path, training):
        with torch.autocast(device, enabled=False):
            return spectral_weight(s, path, training)
    inade.spectral_weight = in_f32


def weighted(losses):
    return sum(inade.LOSS_WEIGHTS[name] * loss for name, loss in losses.items())


def g_total(s, inputs):
    scene = inade.scene_of(s, inputs)
    fake, posterior = inade.fakes(s, scene, inputs, True)
    judgement = inade.discriminator(s, scene, fake, inputs["image"], True)
    losses = {"hinge": inade.hinge_g(judgement), "feature_matching": inade.feature_matching(judgement)}
    if "vgg19.conv1_1.weight" in s:
        losses["perceptual"] = inade.perceptual(s, fake, inputs["image"])
    if posterior:
        losses["kl"] = inade.divergence(*posterior)
    return weighted(losses)


def d_total(s, inputs):
    scene = inade.scene_of(s, inputs)
    with torch.no_grad():
        fake, _ = inade.fakes(s, scene, inputs, True)
    judgement = inade.discriminator(s, scene, fake, inputs["image"], True)
    return weighted({"hinge": inade.hinge_d(judgement)})


# --- one step of whatever is asked for -----------------------------------------------------------

def make_step(o, s, inputs, compiler):
    """A function without arguments, whose work is always the same."""
    best = o.form == "best"
    autocast = o.precision == "bf16" and (not best or o.what == "training")
    if autocast:
        spectral_norms_in_f32(o.device)

    def within(step):
        def run():
            with torch.autocast(o.device, torch.bfloat16, enabled=autocast):
                return step()
        return run

    if best:
        if o.what == "synthesis":
            fold(s)
            if o.precision == "bf16":
                s = {k: v.bfloat16() for k, v in s.items()}
                inputs = {k: v.bfloat16() if v.is_floating_point() else v for k, v in inputs.items()}
        use_best()
        prepare(s, inputs)
        s, inputs = channels_last(s), channels_last(inputs)
    if o.what == "synthesis":
        sample = compiler(inade.sample) if best else inade.sample
        return within(lambda: sample(s, inputs))
    if best:
        trainer = Trainer(s, compiler, o.device)
        return within(lambda: trainer.step(inputs))
    published = inade.Trainer(s)
    return within(lambda: published.step(inputs, inputs))


def with_fallback(o, without, make):
    """A step that has run, compiled if that can be had."""
    def compiler(f):
        return torch.compile(f, dynamic=False)

    def plain(f):
        return f

    if o.form == "best" and o.compile:
        try:
            step = make(compiler)
            step()
            return step
        except Exception as e:  # whatever it is, the form without it is still worth a number
            without.append("compiler: " + (str(e).strip().splitlines() or [repr(e)])[0][:200])
    step = make(plain)
    step()
    return step


def graphed(o, without, step):
    """The whole step as one CUDA graph."""
    if o.device != "cuda" or o.form != "best" or not o.graph:
        return step
    try:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM):
                step()
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        graph.replay()
        torch.cuda.synchronize()
        return graph.replay
    except Exception as e:
        without.append("CUDA graph: " + (str(e).strip().splitlines() or [repr(e)])[0][:200])
        torch.cuda.synchronize()
        return step


# --- timing --------------------------------------------------------------------------------------

class Clock:
    """Milliseconds between two marks, on the device where there is one."""

    def __init__(self, device):
        self.device = device

    def mark(self):
        if self.device != "cuda":
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def between(self, begin, end):
        if self.device != "cuda":
            return 1e3 * (end - begin)
        end.synchronize()
        return begin.elapsed_time(end)

    def of(self, step, runs):
        begin = self.mark()
        for _ in range(runs):
            step()
        return self.between(begin, self.mark()) / runs


def measure(o, step):
    clock = Clock(o.device)
    clock.of(step, WARM)
    began, series = time.monotonic(), []
    while len(series) < SERIES and (not series or time.monotonic() - began < o.seconds):
        series.append(clock.of(step, o.repeats))
    single = min(clock.of(step, 1) for _ in range(min(o.repeats, 20)))
    return {"ms": round(statistics.median(series), 4), "least_ms": round(min(series), 4),
            "single_ms": round(single, 4), "runs": o.repeats, "series": len(series)}


def memory(o):
    if o.device != "cuda":
        return {}
    available, total = torch.cuda.mem_get_info()
    return {"peak_mb": round(torch.cuda.max_memory_allocated() / 1e6),
            "taken_mb": round((total - available) / 1e6)}


def made_up(o):
    c = reference.arguments(["--size", f"{o.height},{o.width}", "--channels", str(o.channels), "--batch",
                             str(o.batch), "--labels", str(o.labels), "--instances", str(o.instances),
                             "--encoder"] +
                            (["--vgg-channels", str(o.channels)] if o.what == "training" else []))
    s, inputs = reference.init(c), reference.random_inputs(c)
    if o.what == "synthesis":
        inputs["noise"] = inputs.pop("eps")
    return s, inputs


def check(o):
    """One step of either form gives the same numbers; `best` comes last, it changes the module."""
    o.height, o.width, o.batch, o.channels, o.labels, o.instances = 64, 128, 2, 4, 7, 6
    for o.what in ("synthesis", "training"):
        o.precision = "f32"
        s, inputs = made_up(o)
        pictures, kept = [], vars(inade).copy()
        for o.form in ("onehot", "best"):
            step = make_step(o, {k: v.clone() for k, v in s.items()}, dict(inputs), lambda f: f)
            out = step()
            if o.what == "training" and o.form == "onehot":
                out = [losses["total"] for losses, _, _ in out]
            pictures.append(out)
        vars(inade).update(kept)
        for a, b in zip(*pictures):
            assert torch.allclose(a, b, rtol=1e-4, atol=1e-5), (o.what, a, b)
    print("the forms agree")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=("synthesis", "training", "check"))
    p.add_argument("form", nargs="?", choices=("onehot", "best"), default="best")
    p.add_argument("precision", nargs="?", choices=("f32", "tf32", "bf16"), default="bf16")
    for name in ("batch", "height", "width", "labels", "instances"):
        p.add_argument("--" + name, type=int)
    p.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    p.add_argument("--channels", type=int, default=64)
    p.add_argument("--repeats", type=int, default=RUNS)
    p.add_argument("--seconds", type=float, default=10, help="no more series after that")
    p.add_argument("--no-compile", dest="compile", action="store_false")
    p.add_argument("--no-graph", dest="graph", action="store_false")
    o = p.parse_args()
    torch.set_default_device(o.device)
    torch.manual_seed(1)
    tf32 = o.precision != "f32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    if o.what == "check":
        return check(o)
    without = []
    began = time.monotonic()
    step = with_fallback(o, without, lambda compiler: make_step(o, *made_up(o), compiler))
    step = graphed(o, without, step)
    ready = time.monotonic() - began
    result = measure(o, step)
    print(json.dumps({"what": o.what, "form": o.form, "precision": o.precision, "batch": o.batch,
                      **result, **memory(o), "ready_s": round(ready, 1), "without": without,
                      "version": torch.__version__}))


if __name__ == "__main__":
    main()
