#!/usr/bin/env python3
"""Synthesis and training steps on a GPU: inadekit, and PyTorch in two forms.

    gpu_bench.py --build FOLDER --gpu NAME --out FILE [--pytorch] [--suites "NAME RESULT SECONDS ..."]

Synthesis at 256x512 with 30 instances, batches of 1 and 16; a training step at
256x256, batch 8, generator, discriminator and VGG19. Each measurement is a process of its own.
Prints a table and writes FILE. inadekit's times are those of a whole step as a program sees it,
with what is copied to and from the device; PyTorch's are between events on the device."""
import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SYNTHESIS = ["dataset.size=[256, 512]", "dataset.max_instances=30",
             "networks.generator.nodes.0.out=[8, 16, 1024]"]
ROWS = (("synthesis", 1), ("synthesis", 16), ("training", 8))
FORMS = (("eager one-hot, f32 with TF32", ["onehot", "tf32"]),
         ("eager one-hot, bf16 autocast", ["onehot", "bf16"]),
         ("lookup, channels_last, bf16, compiled", ["lookup", "bf16", "--compile"]))


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def ours(build, what, batch, precision):
    sets = [f"train.batch={batch}", f"synthesize.batch={batch}", "train.accumulate=1",
            "device={plugin: cuda, autotune: true}", f"precision={precision}"]
    if what == "synthesis":
        sets += SYNTHESIS
    return run([f"{build}/bin/bench_pipeline", what, f"{HERE}/inade.yaml", "10", *sets])


def theirs(what, batch, words, like):
    """At the sizes that a measurement of ours had."""
    sizes = [w for k in ("height", "width", "labels", "instances") for w in (f"--{k}", str(like[k]))]
    return run([sys.executable, f"{HERE}/gpu_pytorch.py", what, *words, "--batch", str(batch), *sizes])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", required=True)
    p.add_argument("--gpu", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--pytorch", action="store_true")
    p.add_argument("--suites", default="")
    o = p.parse_args()
    rows, failed = [], False
    for what, batch in ROWS:
        measured = {f"inadekit {k}": ours(o.build, what, batch, k) for k in ("f32", "tf32", "bf16")}
        like = next((m for m in measured.values() if "ms" in m), None)
        if o.pytorch and like:
            measured.update({name: theirs(what, batch, words, like) for name, words in FORMS})
        rows.append({"what": what, "batch": batch, "measured": measured})
        for name, m in measured.items():
            failed |= name.startswith("inadekit") and "failed" in m
            number = m.get("failed") or f"{m['ms']:9.3f} ms, {m['ms'] / batch:8.3f} a picture"
            print(f"{what:10} batch {batch:3}  {name:40} {number}", flush=True)
    words = o.suites.split()
    suites = [dict(zip(("suite", "result", "s"), words[i:i + 3])) for i in range(0, len(words), 3)]
    with open(o.out + ".new", "w") as f:
        json.dump({"gpu": o.gpu, "suites": suites, "rows": rows}, f, indent=1)
        f.write("\n")
    os.replace(o.out + ".new", o.out)
    print(f"written to {o.out}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
