//! The `chatplug` program.

fn main() -> std::process::ExitCode {
    chatplug_server::cli::main()
}
