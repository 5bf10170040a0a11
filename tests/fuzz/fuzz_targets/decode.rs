//! Looks for an input that breaks the property of `src/decode.rs`.

#![no_main]

#[path = "../src/decode.rs"]
mod property;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| property::check(data));
