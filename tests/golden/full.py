#!/usr/bin/env python3
"""Compares inadekit with PyTorch at full size: synthesis, g_step and d_step with VGG19, batch 1, f32.

    full.py celebamask_hq|cityscapes FOLDER [--double] [--inadekit PROGRAM] [--device cpu]

FOLDER takes 3 GB and is used again where it has the files already. PyTorch needs about 10 GB, and
twice as much with --double, which lets PyTorch compute in f64 as well: how far are both from that?
The digest goes to full/NAME.txt, for the repository. Exit status 1 beyond the limits below."""
import argparse
import hashlib
import os
import subprocess
import sys
import time

import numpy as np
import torch

import reference
import tensors

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
COMMON = ("--channels 64 --noise 64 --batch 1 --encoder --vgg-channels 64 --perturb --seed 5").split()
SIZES = {"celebamask_hq": "--size 256 --labels 19 --instances 19".split(),
         "cityscapes": "--size 256,512 --more --labels 35 --instances 30".split()}
PROGRAMS = ("sample", "g_step", "d_step")
# Relative 2-norms. Gradients: of all together, and of the worst of those above NEGLIGIBLE of the
# whole; a bias before a normalisation has none but rounding. They are less alike than values: where
# rounding turns a sign, of a ReLU or of an absolute difference, a gradient jumps.
LIMITS = {"fake": 1e-5, "loss": 1e-5, "state": 1e-5, "grad": 5e-3, "worst grad": 2e-2}
AS_GOOD, ROUNDING = 2, 1e-6  # of f64: so many times PyTorch's own distance, or so far
NEGLIGIBLE = 1e-6


def run(command):
    """-> seconds, peak memory in GB."""
    start = time.time()
    child = subprocess.Popen(command, cwd=HERE)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return time.time() - start, usage.ru_maxrss / 1e6


def make(path, command):
    if os.path.exists(path):
        return None
    cost = run(command + ["--outputs", path + ".part"])
    os.rename(path + ".part", path)
    return cost


def distance(theirs, ours):
    theirs, ours = theirs.astype(np.float64).ravel(), ours.astype(np.float64).ravel()
    return np.linalg.norm(ours - theirs), np.linalg.norm(theirs)


def compare(theirs, ours, report):
    """Lines of the digest; gives the kinds that are beyond their limit."""
    theirs = {k.replace("buffer.", "state."): v for k, v in theirs.items()}
    missing = sorted(set(theirs) - set(ours))
    if missing:
        sys.exit(f"inadekit lacks {missing}")
    far = []

    def judge(kind, value, line):
        report(f"  {line}")
        if not value <= LIMITS[kind]:
            far.append(kind)

    kinds = {}
    for name, value in theirs.items():
        kinds.setdefault(name.split(".")[0], {})[name] = distance(value, ours[name])
    for kind, rows in kinds.items():
        apart, size = (np.linalg.norm(v) for v in zip(*rows.values()))
        if kind == "loss":
            for name in sorted(rows):
                a, b = float(theirs[name]), float(ours[name])
                # The generator's hinge is a mean of scores that may cancel to almost nothing.
                judge(kind, abs(a - b) / max(abs(a), 1e-3), f"{name} {a:.7g}, here {b:.7g}")
            continue
        judge(kind, apart / size, f"{kind}: {len(rows)} tensors, all together {apart / size:.2g} off, of {size:.6g}")
        if kind == "fake":
            report(f"  fake: at most {np.abs(theirs['fake'] - ours['fake']).max():.2g} off")
        told = [(d / n, k) for k, (d, n) in rows.items() if n > NEGLIGIBLE * size]
        for value, name in sorted(told, reverse=True)[:3] if len(told) > 1 else ():
            judge("worst grad" if kind == "grad" else kind, value, f"{name} {value:.2g}")
    return far


def compare_double(exact, theirs, ours, report):
    """How far PyTorch's f32 and ours are from f64, all tensors of a kind together."""
    far = []
    for kind in sorted({k.split(".")[0] for k in exact}):
        names = [k for k in exact if k.split(".")[0] == kind]
        there, here = [
            np.linalg.norm([distance(exact[k], v[k.replace("buffer.", into)])[0] for k in names])
            / np.linalg.norm([np.linalg.norm(exact[k]) for k in names])
            for v, into in ((theirs, "buffer."), (ours, "state."))]
        report(f"  {kind}: from f64 PyTorch is {there:.2g} off, this {here:.2g}")
        if not here <= max(AS_GOOD * there, ROUNDING):
            far.append(kind + " from f64")
    return far


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=sorted(SIZES))
    parser.add_argument("folder")
    parser.add_argument("--inadekit", default=os.path.join(ROOT, "build/bin/inadekit"))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--double", action="store_true")
    c = parser.parse_args()
    sizes = SIZES[c.name] + COMMON
    args = reference.arguments(sizes)
    os.makedirs(c.folder, exist_ok=True)

    def path(name):
        return os.path.join(os.path.abspath(c.folder), name + ".safetensors")

    script = [sys.executable, os.path.join(HERE, "reference.py")]
    for name, program in (("weights", "init"), ("inputs", "inputs")):
        make(path(name), script + ["--program", program] + sizes)
    given = ["--weights", path("weights"), "--inputs", path("inputs")]
    lines, far = [], []

    def report(line):
        print(line, flush=True)
        lines.append(line)

    version = subprocess.run([c.inadekit, "--version"], capture_output=True, text=True, check=True)
    report(f"{c.name}: {args.height}x{args.width}, {args.labels} labels, {args.instances} instances, "
           f"batch 1, f32")
    report(f"PyTorch {torch.__version__}; {version.stdout.splitlines()[0]} on {c.device}")
    for name in ("weights", "inputs"):
        report(f"{name}: sha256 {digest_of(path(name))}")
    for program in PROGRAMS:
        more = [] if program == "sample" else ["--grads"]
        make(path("torch_" + program), script + ["--program", program] + given + more)
        ours = path("inadekit_" + program)
        seconds, memory = run(
            [c.inadekit, "trace", os.path.join(ROOT, f"pipelines/inade/{c.name}.yaml"), "--program",
             program, "--set", "device=" + c.device, "--set",
             f"dataset.max_instances={args.instances}", "--outputs", ours] + given + more)
        print(f"{program}: {seconds:.1f} s, {memory:.2f} GB with the packing of weights")
        report(f"{program}: PyTorch's sha256 {digest_of(path('torch_' + program))}")
        theirs, ours = tensors.load(path("torch_" + program)), tensors.load(ours)
        far += compare(theirs, ours, report)
        if c.double:
            exact = path("double_" + program)
            make(exact, script + ["--program", program, "--double"] + given + more)
            far += compare_double(tensors.load(exact), theirs, ours, report)
    os.makedirs(os.path.join(HERE, "full"), exist_ok=True)
    with open(os.path.join(HERE, "full", c.name + ".txt"), "w") as file:
        file.write("\n".join(lines) + "\n")
    if far:
        sys.exit(f"beyond the limits: {', '.join(sorted(set(far)))}")


if __name__ == "__main__":
    main()
