#!/usr/bin/env python3
"""Checks for `./dev gpu`: a device beside the CPU, and beside itself.

    gpu_checks.py noise BUILD SCRATCH [KEY=VALUE...]     the same normals, to 1e-6
    gpu_checks.py crossing BUILD SCRATCH [KEY=VALUE...]  a checkpoint of either goes on on the other
    gpu_checks.py repeat BUILD SCRATCH [KEY=VALUE...]    two trainings leave the same bytes

Prints what was found; the exit status says whether it is good. Needs numpy for `noise`."""
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "..", "tests", "golden")
QUICKSTART = os.path.join(HERE, "..", "pipelines", "quickstart.yaml")
NOISE, LOSS = 1e-6, 1e-3  # the most they may differ, the loss relative
LATENTS = ("z", "noise", "noise.eps", "d.")


def inadekit(build, words, device, sets):
    command = [f"{build}/bin/inadekit", *words, "--set", f"device={device}"]
    for s in sets:
        command += ["--set", s]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")


def noise(build, scratch, sets):
    sys.path.insert(0, GOLDEN)
    import numpy
    import tensors
    inputs, drawn = f"{scratch}/in.safetensors", {}
    tensors.save(inputs, {k: v for k, v in tensors.load(f"{GOLDEN}/inade_small/inputs.safetensors").items()
                          if not k.startswith(LATENTS)})
    for device in ("cpu", "cuda"):
        out = f"{scratch}/{device}.safetensors"
        inadekit(build, ["trace", f"{GOLDEN}/inade_small.yaml", "--program", "g_step", "--inputs", inputs,
                         "--outputs", out, "--all"], device, sets)
        drawn[device] = {k: v for k, v in tensors.load(out).items() if ".randn." in k}
    cpu, cuda = drawn["cpu"], drawn["cuda"]
    if not cpu or cpu.keys() != cuda.keys():
        sys.exit(f"drawn on the cpu: {sorted(cpu)}, on the device: {sorted(cuda)}")
    count = sum(v.size for v in cpu.values())
    most = max(float(numpy.abs(cpu[k] - cuda[k]).max()) for k in cpu)
    print(f"{count} normals of {len(cpu)} tensors differ by at most {most:.2g}")
    return most <= NOISE


def total(run, step):
    with open(f"{run}/log.jsonl") as log:
        for line in log:
            entry = json.loads(line)
            if entry.get("step") == step and "generator.total" in entry:
                return entry["generator.total"]
    sys.exit(f"{run}/log.jsonl has no generator.total of step {step}")


def crossing(build, scratch, sets):
    """Three steps on one device and three on another are six on one."""
    totals = {}
    for first, second in (("cpu", "cpu"), ("cpu", "cuda"), ("cuda", "cpu")):
        out = f"{scratch}/{first}-{second}"
        shutil.rmtree(out, ignore_errors=True)
        for device, steps, more in ((first, 3, []), (second, 6, ["--resume"])):
            inadekit(build, ["run", QUICKSTART, "-q", "--out", out, *more], device,
                     ["stages=[train]", *sets, f"train.steps={steps}", "train.log_every=1",
                      "train.picture_every=0"])
        totals[first, second] = total(out, 6)
        print(f"{first} then {second}: the generator's loss at step 6 is {totals[first, second]:.6g}")
    straight = totals["cpu", "cpu"]
    return all(abs(t - straight) <= LOSS * abs(straight) for t in totals.values())


def repeat(build, scratch, sets):
    left = []
    for name in ("a", "b"):
        out = f"{scratch}/{name}"
        shutil.rmtree(out, ignore_errors=True)
        inadekit(build, ["run", QUICKSTART, "-q", "--out", out], "cuda",
                 ["stages=[train]", "train.steps=50", "train.picture_every=0", *sets])
        step, = os.listdir(f"{out}/checkpoints")
        with open(f"{out}/checkpoints/{step}/weights.safetensors", "rb") as file:
            left.append(file.read())
    print(f"{step}: {len(left[0])} bytes of weights, " + ("the same" if left[0] == left[1] else "others"))
    return left[0] == left[1]


CHECKS = {"noise": noise, "crossing": crossing, "repeat": repeat}


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in CHECKS:
        sys.exit(__doc__)
    os.makedirs(sys.argv[3], exist_ok=True)
    good = CHECKS[sys.argv[1]](sys.argv[2], sys.argv[3], sys.argv[4:])
    sys.exit(0 if good else "gpu_checks: that is too far apart")


if __name__ == "__main__":
    main()
