"""Two demo films at three windows each, computed here from the standard's text alone; the reference of a picture test.

    python tests/peers/film.py > tests/reference/display/film_windows.json
    python tests/peers/film.py --pictures FOLDER      # the same as PNGs, to look at

Needs numpy, Pillow and pydicom. Nothing of the product takes part: the bytes are decoded by Pillow and pydicom, the
windows are the formulas of DICOM PS3.3 C.11.2.1.2 in double precision, rounded once at the end.
"""

import hashlib
import json
import pathlib
import sys

import numpy
import pydicom
from PIL import Image

ROOT = pathlib.Path(__file__).parents[2]
FILMS = {
    'assets/demo/images/00000013_004.png': [
        ('LINEAR', 128, 256), ('LINEAR', 88, 90), ('SIGMOID', 110, 130)],
    'assets/demo/phantoms/chest-pneumothorax.dcm': [
        ('LINEAR', 2450, 3100), ('LINEAR_EXACT', 2900.25, 1500.5), ('SIGMOID', 2600, 900)],
}


def stored(path):
    if path.suffix == '.png':
        picture = Image.open(path)
        assert picture.mode == 'L', picture.mode
        return numpy.asarray(picture).astype(numpy.float64), False
    dataset = pydicom.dcmread(path)
    assert 'PixelPaddingValue' not in dataset and 'ModalityLUTSequence' not in dataset
    slope, intercept = (float(dataset.get(name, default)) for name, default in
                        [('RescaleSlope', 1), ('RescaleIntercept', 0)])
    shape = dataset.get('PresentationLUTShape')
    inverse = shape == 'INVERSE' if shape else dataset.PhotometricInterpretation == 'MONOCHROME1'
    return dataset.pixel_array.astype(numpy.float64) * slope + intercept, inverse


def window(x, function, c, w):
    if function == 'LINEAR':
        y = (x - (c - 0.5)) / (w - 1) + 0.5
        return numpy.where(x <= c - 0.5 - (w - 1) / 2, 0, numpy.where(x > c - 0.5 + (w - 1) / 2, 1, y))
    if function == 'LINEAR_EXACT':
        return numpy.where(x <= c - w / 2, 0, numpy.where(x > c + w / 2, 1, (x - c) / w + 0.5))
    return 1 / (1 + numpy.exp(-4 * (x - c) / w))


def rows():
    for name, windows in FILMS.items():
        x, inverse = stored(ROOT / name)
        for function, c, w in windows:
            p = window(x, function, c, w)
            p = 1 - p if inverse else p
            eight = numpy.floor(p * 255 + 0.5).astype('u1')
            sixteen = numpy.floor(p * 65535 + 0.5).astype('<u2')
            yield name, function, c, w, eight, sixteen


def main():
    if sys.argv[1:2] == ['--pictures']:
        for name, function, c, w, eight, _ in rows():
            out = pathlib.Path(sys.argv[2]) / f'{pathlib.Path(name).stem}-{function.lower()}-{c:g}-{w:g}.png'
            Image.fromarray(eight).save(out)
        return
    out = [{
        'film': name, 'function': function, 'center': c, 'width': w,
        'rows': eight.shape[0], 'cols': eight.shape[1], 'mean_8_bit': float(eight.mean()),
        'sha256_8_bit': hashlib.sha256(eight.tobytes()).hexdigest(),
        'sha256_16_bit_little_endian': hashlib.sha256(sixteen.tobytes()).hexdigest(),
    } for name, function, c, w, eight, sixteen in rows()]
    print(json.dumps(out, indent=1))


main()
