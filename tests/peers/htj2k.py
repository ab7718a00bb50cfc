"""The HTJ2K twins of a piece of a demo phantom, encoded by OpenJPH; written into the tests of `overread-imaging`.

    python tests/peers/htj2k.py

Needs imagecodecs (which holds OpenJPH), numpy and pydicom. Writes `htj2k_none.dcm` (uncompressed), `htj2k_201.dcm` (lossless) and
`htj2k_203.dcm` (lossy).
"""

import pathlib

import imagecodecs
import numpy
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate

ROOT = pathlib.Path(__file__).parents[2]
OUT = ROOT / 'crates/imaging/tests/data/own'
SYNTAX = '1.2.840.10008.1.2.4.'
KEPT = ['SOPClassUID', 'Modality', 'SamplesPerPixel', 'PhotometricInterpretation', 'BitsAllocated', 'BitsStored', 'HighBit',
        'PixelRepresentation']


def main():
    whole = pydicom.dcmread(ROOT / 'assets/demo/phantoms/chest-pneumothorax.dcm')
    piece = numpy.ascontiguousarray(whole.pixel_array[250:330, 100:196])
    OUT.mkdir(exist_ok=True)
    for name in ['none', '201', '203']:
        dataset = pydicom.Dataset()
        for keyword in KEPT:
            dataset[keyword] = whole[keyword]
        dataset.Rows, dataset.Columns = piece.shape
        dataset.SOPInstanceUID = '2.25.1'
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        if name == 'none':
            dataset.file_meta.TransferSyntaxUID = '1.2.840.10008.1.2.1'
            dataset.PixelData = piece.astype('<u2').tobytes()
        else:
            dataset.file_meta.TransferSyntaxUID = SYNTAX + name
            dataset.PixelData = encapsulate([imagecodecs.htj2k_encode(piece, reversible=name != '203')])
            dataset['PixelData'].is_undefined_length = True
        dataset['PixelData'].VR = 'OW' if name == 'none' else 'OB'
        dataset.save_as(OUT / f'htj2k_{name}.dcm', enforce_file_format=True)


main()
