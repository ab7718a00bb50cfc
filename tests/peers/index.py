#!/usr/bin/env python3
"""Header-only index of DICOM files: Overread against pydicom's stop_before_pixels.

    cargo build --release -p overread-imaging --example index
    python3 tests/peers/index.py [FILE.dcm ...] [--count 10000] [--runs 3]

Copies the given files (by default those of crates/imaging/tests/data/pydicom) round and round
into a temporary folder until there are COUNT of them, reads that folder with both, alternately,
and prints one JSON object with the times in milliseconds and the ratio of the medians.
The files are in the page cache for both.
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
INDEX = ROOT / "target/release/examples/index"
TAGS = [
    "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID", "PatientSex",
    "PatientAge", "BodyPartExamined", "ViewPosition", "Modality", "Manufacturer",
    "ManufacturerModelName", "ImageLaterality", "Laterality", "SeriesNumber", "InstanceNumber",
    "NumberOfFrames", "Rows", "Columns",
]


def make(folder, sources, count):
    """COUNT copies, a thousand to a folder."""
    for i in range(count):
        under = folder / f"{i // 1000:03}"
        under.mkdir(exist_ok=True)
        shutil.copyfile(sources[i % len(sources)], under / f"{i:06}")


def ours(folder):
    out = subprocess.run([INDEX, folder], check=True, capture_output=True, text=True).stdout
    return json.loads(out.splitlines()[-1])


def pydicom_index(folder, pydicom):
    """What an importer would do with pydicom: the same attributes of the same files."""
    start = time.perf_counter()
    rows = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
            rows.append([header.get(tag) for tag in TAGS])
        except Exception:  # noqa: BLE001 - a broken file counts for neither
            pass
    return {"files": len(rows), "seconds": time.perf_counter() - start}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if not INDEX.exists():
        sys.exit(f"{INDEX} is missing: cargo build --release -p overread-imaging --example index")
    try:
        import pydicom
    except ImportError:
        pydicom = None
        print("pydicom is not installed: no ratio", file=sys.stderr)
    data = ROOT / "crates/imaging/tests/data/pydicom"
    sources = options.files or sorted(data.glob("*.dcm"))
    figures = {"files": options.count, "overread_ms": [], "pydicom_ms": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, sources, options.count)
        ours(folder)
        for _ in range(options.runs):
            figures["overread_ms"].append(round(ours(folder)["seconds"] * 1000, 1))
            if pydicom:
                took = pydicom_index(folder, pydicom)["seconds"]
                figures["pydicom_ms"].append(round(took * 1000, 1))
    if pydicom:
        figures["pydicom"] = pydicom.__version__
        medians = [statistics.median(figures[k]) for k in ("pydicom_ms", "overread_ms")]
        figures["ratio"] = round(medians[0] / medians[1], 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
