#!/usr/bin/env python3
"""Synthesis and training steps at three sizes: inadekit, the floor under it, and PyTorch.

    bench.py [--seconds N] [--sizes 64,128,256] [--no-pytorch] [--build FOLDER]

Prints a table and writes results/<date>-<commit>.json and results/latest.svg, a chart of the same
numbers. PyTorch is optional: without it its columns say so. Every measurement is a process of its
own. Needs nothing but the standard library."""
import argparse
import datetime
import json
import os
import subprocess
import sys

import chart

HERE = os.path.dirname(os.path.abspath(__file__))
FORMS = ("onehot", "lookup")
BUSY = 0.7  # load before anything is measured
# Side, base channels of all networks, batch; with VGG19's perceptual loss where it was published.
SIZES = {64: (16, 4, False), 128: (32, 2, False), 256: (64, 1, True)}
WIDTHS = {0: 16, 1: 16, 3: 16, 4: 16, 6: 8, 8: 4, 10: 2, 12: 1}  # of the generator's nodes


def overrides(side):
    """What makes the published 256x256 pipeline one of that size."""
    n, batch, vgg = SIZES[side]
    start = side // 32
    sets = [f"dataset.size=[{side}, {side}]", f"train.batch={batch}", f"synthesize.batch={batch}",
            f"networks.encoder.channels={n}", f"networks.discriminator.channels={n}",
            "train.accumulate=1"]
    for node, width in WIDTHS.items():
        out = [start, start, width * n] if node == 0 else width * n
        sets.append(f"networks.generator.nodes.{node}.out={out}")
    if not vgg:
        sets.append("losses=[{plugin: hinge}, {plugin: feature_matching, weight: 10, from: 3}, "
                    "{plugin: kl, weight: 0.05}]")
    return sets


def run(command, **env):
    """The JSON object that a command prints, or None and why."""
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env})
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        return None, why
    return json.loads(done.stdout.splitlines()[-1]), None


def inadekit(build, what, side, seconds):
    # The program itself sets this, too: threads that wait spin only briefly.
    return run([f"{build}/bin/bench_pipeline", what, f"{HERE}/inade.yaml", str(seconds),
                *overrides(side)], GOMP_SPINCOUNT="1000")


def pytorch(what, form, side, seconds, ours):
    n, batch, vgg = SIZES[side]
    command = [sys.executable, f"{HERE}/pytorch.py", what, form, str(seconds),
               "--size", str(side), "--channels", str(n), "--batch", str(batch),
               "--labels", str(ours["labels"]), "--instances", str(ours["instances"])]
    if vgg:
        command += ["--vgg-channels", "64"]
    return run(command, MALLOC_MMAP_THRESHOLD_="4000000000", MALLOC_TRIM_THRESHOLD_="4000000000")


def measure(options):
    rows = []
    for side in options.sizes:
        for what in ("synthesis", "training"):
            ours, why = inadekit(options.build, what, side, options.seconds)
            if not ours:
                sys.exit(f"bench: {what} at {side}x{side} failed: {why}")
            row = {"what": what, "side": side, "channels": SIZES[side][0],
                   "batch": SIZES[side][1], "inadekit": ours, "pytorch": {}}
            for form in FORMS if options.pytorch else ():
                theirs, why = pytorch(what, form, side, options.seconds, ours)
                row["pytorch"][form] = theirs or {"failed": why}
            rows.append(row)
            print(line(row), flush=True)
    return rows


def cell(result):
    if not result:
        return "-"
    return f"{result['ms']:.1f} ({result['peak_mb']:.0f})" if "ms" in result else "failed"


# As 3 on x86; 2 has one for processors with AVX-512.
NO_WINOGRAD = ("this oneDNN has no Winograd convolution in float32 for this processor: the floor is one of "
               "direct convolutions and matrix products")

HEAD = ("| step | size, channels, batch | inadekit ms (MB) | floor ms | ratio | PyTorch one-hot | "
        "PyTorch lookup |\n|---|---|---|---|---|---|---|")


def line(row):
    ours = row["inadekit"]
    return (f"| {row['what']} | {row['side']}x{row['side']}, {row['channels']}, {row['batch']} | "
            f"{cell(ours)} | {ours['floor_ms']:.1f} | {ours['ms'] / ours['floor_ms']:.2f} | " +
            " | ".join(cell(row["pytorch"].get(form)) for form in FORMS) + " |")


def has_pytorch():
    return subprocess.run([sys.executable, "-c", "import torch"], capture_output=True).returncode == 0


def commit():
    def git(*arguments):
        return subprocess.run(["git", "-C", HERE, *arguments], capture_output=True,
                              text=True).stdout.strip()
    changed = git("status", "--porcelain", "--", "..", ":!results")
    return git("rev-parse", "--short", "HEAD") + ("-changed" if changed else "")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=5, help="for each measurement (5)")
    parser.add_argument("--sizes", default="64,128,256", help="some of 64,128,256")
    parser.add_argument("--no-pytorch", dest="pytorch", action="store_false")
    parser.add_argument("--build", default=os.path.join(HERE, "..", "build"))
    parser.add_argument("--results", default=os.path.join(HERE, "results"), help="where they go")
    options = parser.parse_args()
    options.sizes = [int(s) for s in options.sizes.split(",")]
    for side in options.sizes:
        if side not in SIZES:
            parser.error(f"there is no size {side}; choose from {', '.join(map(str, SIZES))}")
    return options


def main():
    options = arguments()
    if options.pytorch and not has_pytorch():
        options.pytorch = False
        print("PyTorch is not installed (python3-torch, libopenblas0-openmp): its columns stay empty")
    load = os.getloadavg()[0]
    if load > BUSY:
        print(f"the machine is busy (load {load:.1f}): these times will not be worth much")
    print(HEAD, flush=True)
    rows = measure(options)
    ours = rows[0]["inadekit"]
    peers = [p for r in rows for p in r["pytorch"].values() if "version" in p]
    result = {"commit": commit(), "date": datetime.date.today().isoformat(),
              "processor": ours["processor"], "processors": ours["processors"],
              "system": ours["system"].split("-")[0], "inadekit": ours["version"], "device": ours["device"],
              "pytorch": peers[0]["version"] if peers else None,
              "blas": peers[0]["blas"] if peers else None,
              "winograd": any(r["inadekit"]["winograd"] for r in rows),
              "load_before": load, "busy": load > BUSY, "rows": rows}
    os.makedirs(options.results, exist_ok=True)
    path = os.path.join(options.results, f"{result['date']}-{result['commit']}.json")
    with open(path, "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    svg = os.path.join(options.results, "latest.svg")
    with open(svg, "w") as file:
        file.write(chart.draw(result))
    print(f"\n{ours['processor']}, {ours['device']}; "
          f"PyTorch {result['pytorch'] or 'not measured'} ({result['blas'] or '-'})")
    if not result["winograd"]:
        print(NO_WINOGRAD)
    print(f"written: {os.path.relpath(path)}, {os.path.relpath(svg)}")


if __name__ == "__main__":
    main()
