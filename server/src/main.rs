//! The `telltale` program: everything lives in the library, this sets the allocator and returns the exit code.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How the allocator works, which reads this before `main`: free memory goes back to the system after a fifth of a second, by a thread
/// of its own, so that a server at rest is small without being asked anything; `_RJEM_MALLOC_CONF` decides otherwise
/// (docs/decisions/0015).
#[expect(unsafe_code, reason = "the allocator finds its settings by this name")]
// SAFETY: no other symbol has this name, and a pointer to a text that ends with a zero comes first, which is all that is read of it.
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static SETTINGS: &[u8] = b"background_thread:true,dirty_decay_ms:200,muzzy_decay_ms:0\0";

fn main() -> ExitCode {
    telltale::cli::main()
}
