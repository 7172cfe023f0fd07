//! Microsoft's own clients for Python, unchanged, against `labwright emulator`.
//!
//! The two generations of the package for Lab Services cannot be installed beside each other, so each has its own
//! environment. `tests/clients/install` makes both from pinned requirements, and `tests/all` calls it and then runs this with
//! `--ignored`: plain `cargo test` needs nothing but Rust. An environment that is not there is a failure.

#![expect(clippy::print_stdout, reason = "what the clients' own runner said of its tests")]

use std::path::Path;
use std::process::Command;

#[test]
#[ignore = "needs Microsoft's packages for Python: `tests/all` installs them and runs it"]
fn lab_accounts_serve_the_package_of_their_generation() {
    run("lab_accounts");
}

#[test]
#[ignore = "needs Microsoft's packages for Python: `tests/all` installs them and runs it"]
fn lab_plans_galleries_and_groups_serve_the_packages_of_today() {
    run("lab_plans");
}

/// Runs the tests of one folder in the environment of its name.
#[track_caller]
fn run(name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/clients").join(name).join("bin/python");
    assert!(python.is_file(), "{} is not there: run tests/clients/install", python.display());
    let ran = Command::new(&python)
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", name])
        .current_dir(root.join("tests/clients"))
        .env("LABWRIGHT", env!("CARGO_BIN_EXE_labwright"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("Python starts");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    println!("{said}");
}
