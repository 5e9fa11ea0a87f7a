//! Projects as lists of files.
