#!/usr/bin/env python3
"""Times INADE in PyTorch (2.0 or newer) on a GPU, a peer for `./dev gpu`; prints a JSON object.

    gpu_pytorch.py synthesis|training onehot|lookup tf32|bf16 [--compile] --batch N --height H
        --width W --labels L --instances K

The forms are those of pytorch.py. Least of 100 repeats between events."""
import argparse
import json

import torch

import pytorch as forms
import inade
import reference


def main():
    p = argparse.ArgumentParser()
    p.add_argument("what", choices=("synthesis", "training"))
    p.add_argument("form", choices=("onehot", "lookup"))
    p.add_argument("precision", choices=("tf32", "bf16"))
    p.add_argument("--compile", action="store_true")
    for name in ("batch", "height", "width", "labels", "instances"):
        p.add_argument("--" + name, type=int, required=True)
    o = p.parse_args()
    torch.set_default_device("cuda")
    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    c = reference.arguments(["--size", f"{o.height},{o.width}", "--channels", "64", "--batch",
                             str(o.batch), "--labels", str(o.labels), "--instances",
                             str(o.instances), "--encoder"] +
                            (["--vgg-channels", "64"] if o.what == "training" else []))
    if o.form == "lookup":
        forms.use_lookup()
    s, inputs = reference.init(c), reference.random_inputs(c)
    s, inputs = ({k: v.cuda() for k, v in d.items()} for d in (s, inputs))
    if o.what == "synthesis":
        inputs["noise"] = inputs.pop("eps")
        step = torch.no_grad()(lambda: inade.sample(s, inputs))
    else:
        trainer = inade.Trainer(s)
        step = lambda: trainer.step(inputs, inputs)  # noqa: E731
    if o.compile:
        step = torch.compile(step, mode="reduce-overhead")
    times = []
    with torch.autocast("cuda", torch.bfloat16, enabled=o.precision == "bf16"):
        for i in range(120):
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            step()
            end.record()
            end.synchronize()
            if i >= 20:  # those before are for warming up
                times.append(begin.elapsed_time(end))
    print(json.dumps({"what": o.what, "form": o.form, "ms": round(min(times), 4), "repeats": len(times),
                      "peak_mb": round(torch.cuda.max_memory_allocated() / 1e6),
                      "version": torch.__version__}))


if __name__ == "__main__":
    main()
