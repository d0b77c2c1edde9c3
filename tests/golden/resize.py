"""Writes resize.h beside it: what Pillow makes of small pictures. Run it again to renew them."""

import pathlib

import numpy as np
from PIL import Image

BICUBIC = [((11, 13), (7, 5)), ((5, 7), (9, 8)), ((12, 4), (4, 9)), ((6, 9), (6, 4)), ((9, 6), (4, 6))]


def picture(h, w):
    y, x, c = np.indices((h, w, 3))
    return ((x * 37 + y * 91 + c * 53 + x * y * 29) % 256).astype(np.uint8)


def nearest(size, out):
    """Source index of each destination, along one axis."""
    row = Image.fromarray(np.arange(size, dtype=np.int32)[None])
    return np.asarray(row.resize((out, 1), Image.NEAREST))[0]


def telling_sizes():
    """Small sizes at which accumulating differs from the closed form."""
    found = []
    for size in range(5, 700):
        for out in range(5, 120):
            closed = ((np.arange(out) + 0.5) * (size / out)).astype(int)
            if (closed != nearest(size, out)).any():
                found.append((size, out))
                break
        if len(found) == 2:
            return found
    return found


def rows(values):
    values = [str(v) for v in values]
    return "".join("    " + ", ".join(values[i : i + 20]) + ",\n" for i in range(0, len(values), 20))


def main():
    text = f"/* Made by resize.py with Pillow {Image.__version__}. */\n/* clang-format off */\n"
    cases = []
    for i, ((h, w), (oh, ow)) in enumerate(BICUBIC):
        out = Image.fromarray(picture(h, w)).resize((ow, oh), Image.BICUBIC)
        text += f"static const uint8_t bicubic_{i}[] = {{\n{rows(np.asarray(out).ravel())}}};\n"
        cases.append(f"    {{{h}, {w}, {oh}, {ow}, bicubic_{i}}},\n")
    text += "static const struct { int h, w, height, width; const uint8_t *out; } bicubic_cases[] = {\n"
    text += "".join(cases) + "};\n"
    cases = []
    for i, (size, out) in enumerate([(7, 23), (480, 30), (31, 17)] + telling_sizes()):
        text += f"static const int32_t nearest_{i}[] = {{\n{rows(nearest(size, out))}}};\n"
        cases.append(f"    {{{size}, {out}, nearest_{i}}},\n")
    text += "static const struct { int size, out; const int32_t *source; } nearest_cases[] = {\n"
    text += "".join(cases) + "};\n/* clang-format on */\n"
    pathlib.Path(__file__).with_name("resize.h").write_text(text)


main()
