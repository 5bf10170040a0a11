//! The `telltale` program: everything lives in the library, this sets the allocator and returns the exit code.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    telltale::cli::main()
}
