//! The `labwright` command.

fn main() -> std::process::ExitCode {
    labwright::cli::main()
}
