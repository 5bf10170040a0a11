//! Looks for an input that breaks the property of `src/redact.rs`.

#![no_main]

#[path = "../src/redact.rs"]
mod property;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| property::check(data));
