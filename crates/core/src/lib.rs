//! The domain without files, SQL, clocks or windows: dataset, protocol, sampling, blinding, events.
