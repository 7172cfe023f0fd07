//! Texts of the help that clap does not make by itself.

/// The exit codes, as `--help` ends with them.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
   0  done; nothing to do
   1  a bug or an unforeseen failure
   2  changes (plan --detailed-exitcode, fmt --check) or drift (drift, always)
   3  the configuration is wrong: file, reference, type
   4  refused: a rule, a guard, a stale plan, a missing consent
   5  an action failed; the rest went on and is recorded
   6  the state is locked, damaged, too new or older than known
   7  interrupted; the next apply goes on
  64  usage";

/// The marketplace images of the emulator, as its `--help` ends with them.
pub(super) fn marketplace_images() -> String {
    let mut text = "Marketplace images that every lab account has:".to_owned();
    for name in crate::emulator::marketplace_images() {
        text.push_str("\n  ");
        text.push_str(name);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;

    #[test]
    fn the_help_names_every_exit_code() {
        for (exit, meaning) in Exit::ALL {
            assert!(EXIT_CODES.contains(&format!("{:4}  {meaning}", exit.code())), "{exit:?}");
        }
    }
}
