#!/usr/bin/env python3
"""Decode, window, write an 8-bit PNG, whole process: Overread against DCMTK, GDCM and pydicom.

    cargo build --release
    python3 tests/peers/render.py FILE [FILE ...] [--runs 7] [--python PYTHON]

Every program reads the same file and writes a PNG; runs alternate, files are in the page cache.
Prints a row a file: medians in milliseconds, and the fastest peer's time over ours (2.0 is twice
as fast). A peer that is not installed, or that cannot read the file, is a dash.
PYTHON is an interpreter with pydicom, pylibjpeg and its plug-ins, python-gdcm and pillow.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OVERREAD = ROOT / "target/release/overread"

PYDICOM = """
import sys, numpy, pydicom
from pydicom.pixels import apply_modality_lut, apply_windowing, pixel_array
from PIL import Image
ds = pydicom.dcmread(sys.argv[1], force=True)
a = apply_windowing(apply_modality_lut(pixel_array(ds, index=0), ds), ds).astype(float)
lo, hi = a.min(), a.max()
a = ((a - lo) / max(hi - lo, 1) * 255 + 0.5).astype(numpy.uint8)
Image.fromarray(255 - a if ds.PhotometricInterpretation == "MONOCHROME1" else a).save(
    sys.argv[2], compress_level=1)
"""
GDCM = """
import sys, numpy, gdcm
from PIL import Image
r = gdcm.ImageReader(); r.SetFileName(sys.argv[1])
assert r.Read()
i = r.GetImage(); d = i.GetDimensions()
f = i.GetPixelFormat()
b = i.GetBuffer().encode("utf-8", errors="surrogateescape")
t = {8: "u1", 16: "i2" if f.GetPixelRepresentation() else "u2"}[f.GetBitsAllocated()]
a = numpy.frombuffer(b, t, count=d[0] * d[1]).reshape(d[1], d[0]).astype(float)
lo, hi = a.min(), a.max()
a = ((a - lo) / max(hi - lo, 1) * 255 + 0.5).astype(numpy.uint8)
Image.fromarray(a).save(sys.argv[2], compress_level=1)
"""
PILLOW = """
import sys, numpy
from PIL import Image
a = numpy.asarray(Image.open(sys.argv[1]))
Image.fromarray(a.astype(numpy.uint8)).save(sys.argv[2], compress_level=1)
"""


def commands(image, out, python):
    """Name and command of every program that could read the image."""
    png = image.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    yield "overread", [str(OVERREAD), "render", str(image), "-o", str(out)]
    if png:
        yield "pillow", [python, "-c", PILLOW, str(image), str(out)]
        return
    for tool in ("dcm2pnm", "dcmj2pnm", "dcml2pnm"):
        if shutil.which(tool):
            yield tool, [tool, "+on", "+Wi", "1", str(image), str(out)]
            yield tool + " no window", [tool, "+on", str(image), str(out)]
    yield "pydicom", [python, "-c", PYDICOM, str(image), str(out)]
    yield "gdcm", [python, "-c", GDCM, str(image), str(out)]


def once(command, out):
    """Milliseconds of one run; None when it failed."""
    out.unlink(missing_ok=True)
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took = (time.perf_counter() - start) * 1000
    return took if done.returncode == 0 and out.exists() and out.stat().st_size > 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    if not OVERREAD.exists():
        sys.exit(f"{OVERREAD} is missing: cargo build --release")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.png"
        for image in options.files:
            programs = dict(commands(image, out, options.python))
            works = {n: c for n, c in programs.items() if once(c, out) is not None}
            if "overread" not in works:
                print(f"{image.name}: overread cannot render it", file=sys.stderr)
                continue
            times = {name: [] for name in works}
            for _ in range(options.runs):
                for name, command in works.items():
                    took = once(command, out)
                    if took is not None:
                        times[name].append(took)
            medians = {n: round(statistics.median(t), 1) for n, t in times.items() if t}
            ours = medians.pop("overread")
            peers = sorted(medians.items(), key=lambda p: p[1])
            row = {"file": image.name, "overread_ms": ours, "peers_ms": dict(peers)}
            row["missing"] = sorted(set(programs) - set(works))
            row["ratio"] = round(peers[0][1] / ours, 2) if peers else None
            print(json.dumps(row))


if __name__ == "__main__":
    main()
