//! The `chatplug` program.

/// A turn makes and drops thousands of small values; the system's allocator took a quarter of the time of a message.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    chatplug_server::cli::main()
}
