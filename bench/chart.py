"""The bench's numbers as an SVG: a bar per form, a group per step and size, legible on light and on
dark ground. Times differ by a hundredfold between sizes, so each group has a scale of its own: the
bars of a group compare, and every bar carries its number."""

BARS = (("inadekit", "inadekit", "#2a7de1"), ("lookup", "PyTorch, lookup", "#e08a1e"),
        ("onehot", "PyTorch, one-hot as published", "#b8522a"), ("floor", "oneDNN alone", "#8a8a8a"))
LEFT, LENGTH, THICK, GAP, HEAD = 190, 400, 14, 26, 46


def times(row):
    found = {"inadekit": row["inadekit"]["ms"], "floor": row["inadekit"]["floor_ms"]}
    found.update({form: r["ms"] for form, r in row["pytorch"].items() if "ms" in r})
    return found


def text_of(ms):
    return f"{ms / 1000:.2f} s" if ms >= 1000 else f"{ms:.0f} ms" if ms >= 20 else f"{ms:.1f} ms"


def group(row, top):
    found, out = times(row), []
    longest = max(found.values())
    bars = [bar for bar in BARS if bar[0] in found]
    middle = top + len(bars) * (THICK + 2) / 2
    title = f"{row['what']}, {row['side']}x{row['side']}"
    detail = f"{row['channels']} channels, batch {row['batch']}"
    out.append(f'<text x="{LEFT - 12}" y="{middle - 1:.0f}" text-anchor="end">{title}</text>')
    out.append(f'<text x="{LEFT - 12}" y="{middle + 14:.0f}" text-anchor="end" class="small">'
               f"{detail}</text>")
    for name, _, colour in bars:
        width = max(1, LENGTH * found[name] / longest)
        out.append(f'<rect x="{LEFT}" y="{top}" width="{width:.1f}" height="{THICK}" '
                   f'fill="{colour}"/>')
        out.append(f'<text x="{LEFT + width + 6:.0f}" y="{top + 11}" class="small">'
                   f"{text_of(found[name])}</text>")
        top += THICK + 2
    return out, top + GAP


def draw(result):
    body, top, x = [], HEAD + 20, 12
    used = set().union(*(times(row) for row in result["rows"]))
    for name, label, colour in BARS:
        if name in used:
            body.append(f'<rect x="{x}" y="8" width="12" height="12" fill="{colour}"/>')
            body.append(f'<text x="{x + 17}" y="18" class="small">{label}</text>')
            x += 40 + 7 * len(label)
    note = (f"{result['processor']}, {result['processors']} cores, f32; less is better; "
            f"commit {result['commit']}" +
            ("; the machine was busy with other work" if result["busy"] else ""))
    body.append(f'<text x="12" y="40" class="small">{note}</text>')
    for row in result["rows"]:
        lines, top = group(row, top)
        body += lines
    width = max(LEFT + LENGTH + 80, x, 24 + 7 * len(note))
    style = ("text{font:14px sans-serif;fill:#1f2328}.small{font-size:12px;fill:#57606a}"
             "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9ba4ad}}")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top - GAP + 10}" '
            f'width="{width}" height="{top - GAP + 10}">\n<style>{style}</style>\n' +
            "\n".join(body) + "\n</svg>\n")
