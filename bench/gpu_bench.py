#!/usr/bin/env python3
"""Synthesis and training steps on a GPU: inadekit, and PyTorch in three forms.

    gpu_bench.py --build FOLDER --device FILE --out FILE [--profile FILE] [--pytorch]
                 [--seconds N] [--small] [--set KEY=VALUE]

FILE of --device is what `./dev gpu` knows of the machine, with what bench_device measured. Synthesis
at 256x512 in batches of 1 and 16, a training step at 256x256 of 8 with generator, discriminator and
VGG19; 35 labels, 30 instances. Each measurement is a process of its own, the most wanted first;
what would begin after N seconds is not run, and says so. Prints a table and writes --out, anew after
every measurement, and a table per kernel into --profile.

"ms" is a step as a program sees it, with what it copies to the device and back; "replay_ms" the
device's time for one of 100 replays back to back, as all of PyTorch's times are."""
import argparse
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = (("synthesis", 1), ("synthesis", 16), ("training", 8))
FORMS = {"best PyTorch, bf16": ["best", "bf16"],
         "eager one-hot, TF32": ["onehot", "tf32"],
         "eager one-hot, bf16 autocast": ["onehot", "bf16"]}
ORDER = ["inadekit bf16", "best PyTorch, bf16", "inadekit tf32", "eager one-hot, TF32",
         "eager one-hot, bf16 autocast", "inadekit f32"]
LIMIT = 240  # seconds of one measurement; compilers take long


def run(command, until):
    left = until - time.monotonic()
    if left < 5:
        return {"not_run": "no time left"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=min(LIMIT, left))
    except subprocess.TimeoutExpired as e:
        return {"failed": f"stopped after {e.timeout:.0f} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]}
    return {"text": done.stdout}


def measured(command, until):
    got = run(command, until)
    if "text" not in got:
        return got
    try:
        return json.loads(got["text"].splitlines()[-1])
    except (ValueError, IndexError):
        return {"failed": "it printed no result"}


def settings(o, what, batch, precision, device="{plugin: cuda, autotune: true}"):
    sets = [f"train.batch={batch}", f"synthesize.batch={batch}", "train.accumulate=1",
            f"device={device}", f"precision={precision}"]
    if o.small:
        sets += ["dataset.size=[64, 64]", "networks.generator.nodes.0.out=[2, 2, 1024]"]
        sets += [f"networks.generator.nodes.{node}.out={width}" for node, width in
                 ((1, 32), (3, 32), (4, 32), (6, 16), (8, 8), (10, 8), (12, 8))]
        sets += ["networks.generator.nodes.0.out=[2, 2, 32]", "networks.encoder.channels=4",
                 "networks.discriminator.channels=4", "losses=[{plugin: hinge}, {plugin: kl}]"]
    elif what == "synthesis":
        sets += ["dataset.size=[256, 512]", "networks.generator.nodes.0.out=[8, 16, 1024]"]
    return sets + o.set


def ours(o, what, batch, precision, until):
    return measured([f"{o.build}/bin/bench_pipeline", what, f"{HERE}/inade_gpu.yaml", "3",
                     *settings(o, what, batch, precision)], until)


def theirs(o, what, batch, words, until):
    height, width = (64, 64) if o.small else (256, 512 if what == "synthesis" else 256)
    small = ["--device", "cpu", "--channels", "2", "--repeats", "1", "--seconds", "1",
             "--no-compile"] if o.small else []
    return measured([sys.executable, f"{HERE}/gpu_pytorch.py", what, *words, "--batch", str(batch),
                     "--height", str(height), "--width", str(width), "--labels", "35",
                     "--instances", "30", *small], until)


def profile(o, what, batch, most, until):
    """The text of the table; with launches one by one where a graph with events in it cannot be had."""
    for device in ("{plugin: cuda, autotune: true}", "{plugin: cuda, autotune: true, graphs: false}"):
        got = run([f"{o.build}/bin/bench_pipeline", "profile", what, f"{HERE}/inade_gpu.yaml", *most,
                   *settings(o, what, batch, "bf16", device)], until)
        if "text" in got:
            return got["text"]
    return got.get("failed", got.get("not_run")) + "\n"


def line(what, batch, name, m):
    if "ms" not in m:
        return f"{what:10} {batch:5}  {name:30} " + (f"FAILED: {m['failed']}" if "failed" in m
                                                     else f"not run: {m['not_run']}")
    device = m.get("replay_ms", m["ms"])
    least = m.get("replay_least_ms", m.get("least_ms", device))
    program = f"{m['ms']:10.3f}" if "replay_ms" in m else f"{'-':>10}"
    note = "; ".join(m.get("without", []))
    return (f"{what:10} {batch:5}  {name:30} {device:9.3f} {least:9.3f} {device / batch:9.3f} {program} "
            f"{m.get('peak_mb', 0):8.0f} {m.get('taken_mb', 0):8.0f}" + (f"  without {note}" if note else ""))


HEAD = (f"{'step':10} {'batch':>5}  {'':30} {'replay ms':>9} {'least':>9} {'a picture':>9} {'as seen':>10} "
        f"{'peak MB':>8} {'taken MB':>8}")


def write(path, text):
    with open(path + ".new", "w") as f:
        f.write(text)
    os.replace(path + ".new", path)


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("build", "device", "out"):
        p.add_argument("--" + name, required=True)
    p.add_argument("--profile")
    p.add_argument("--pytorch", action="store_true")
    p.add_argument("--seconds", type=float, default=500)
    p.add_argument("--small", action="store_true", help="sizes that try the script, not the device")
    p.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    return p.parse_args()


def main():
    o = arguments()
    until = time.monotonic() + o.seconds
    with open(o.device) as f:
        result = json.load(f)
    most = [str(result.get("ceilings", {}).get(k) or 0) for k in ("copy_gb_s", "bf16_tflop_s")]
    rows = [{"what": what, "batch": batch, "measured": {}} for what, batch in ROWS]
    result["rows"], failed, tables = rows, False, ""
    print(HEAD, flush=True)
    for name in ORDER:
        for row in rows:
            what, batch = row["what"], row["batch"]
            if name.startswith("inadekit"):
                m = ours(o, what, batch, name.split()[1], until)
                failed |= "ms" not in m
            elif o.pytorch:
                m = theirs(o, what, batch, FORMS[name], until)
            else:
                m = {"not_run": "PyTorch with a GPU is not there, or not wanted"}
            row["measured"][name] = m
            write(o.out, json.dumps(result, indent=1) + "\n")
            print(line(what, batch, name, m), flush=True)
        if name == ORDER[0] and o.profile:
            for row in rows:
                tables += f"--- {row['what']}, batch {row['batch']}, bf16\n\n"
                tables += profile(o, row["what"], row["batch"], most, until) + "\n"
                write(o.profile, tables)
    print(f"written: {o.out}" + (f", {o.profile}" if o.profile else ""))
    sys.exit(failed)


if __name__ == "__main__":
    main()
