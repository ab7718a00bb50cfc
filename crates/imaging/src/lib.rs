//! Bytes to stored values to P-values: decoding and the grayscale pipeline.
