//! The project file: schema, event log, hash chain, views, and the dataset importers.
