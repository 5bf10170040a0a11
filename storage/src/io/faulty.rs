//! A disk that fails when told to. Filled in below.
