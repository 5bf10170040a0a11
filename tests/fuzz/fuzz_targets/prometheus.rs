//! Looks for an input that breaks the property of `src/prometheus.rs`.

#![no_main]

#[path = "../src/prometheus.rs"]
mod property;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| property::check(data));
