//! A project in a folder of its own, and commands run on it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Where the examples stand.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// A home, and a project below it; the passwords and the way to sign in are set to marks that a search finds.
pub(crate) struct Place {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    /// A place without a project.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), variables: Vec::new() }
    }

    /// A copy of an example.
    pub(crate) fn of(name: &str) -> Self {
        let place = Self::empty();
        copy(&example(name), &place.project());
        place
    }

    /// A copy of an example that speaks to the ARM at `url`.
    pub(crate) fn against(name: &str, url: &str) -> Self {
        let mut place = Self::of(name);
        let azure = format!(
            "\ncloud: {{ azure: {{ subscription: 11111111-1111-1111-1111-111111111111, endpoint: '{url}' }} }}"
        );
        place.edit("labwright.yaml", "\ncloud: emulator", &azure);
        place.set("AZURE_TENANT_ID", "22222222-2222-2222-2222-222222222222");
        place.set("AZURE_CLIENT_ID", "story");
        for (name, value) in [
            ("AZURE_CLIENT_SECRET", "mark-of-the-client-0"),
            ("LAB_PASSWORD", "Mark-of-labs-1!"),
            ("CS220_PASSWORD", "Mark-of-cs220-2!"),
            ("CS340_PASSWORD", "Mark-of-cs340-3!"),
        ] {
            place.set(name, value);
        }
        place
    }

    /// Sets a variable of the environment.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.to_owned()));
    }

    /// Takes a variable out of the environment.
    pub(crate) fn unset(&mut self, name: &str) {
        self.variables.retain(|(known, _)| *known != name);
    }

    /// The folder of everything.
    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    /// The project's folder.
    pub(crate) fn project(&self) -> PathBuf {
        self.home().join("project")
    }

    /// A command in the project's folder.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_labwright"));
        let project = self.project();
        let folder = if project.is_dir() { &project } else { self.home() };
        command
            .env_clear()
            .env("HOME", self.home())
            .env("XDG_STATE_HOME", self.home().join("state"))
            .env("XDG_CACHE_HOME", self.home().join("cache"))
            .env("LABWRIGHT_TODAY", "2026-11-23")
            .envs(std::env::var("LABWRIGHT_EMULATOR_RECORD").map(|path| ("LABWRIGHT_EMULATOR_RECORD", path)))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .args(line.split_whitespace());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, line: &str) -> Ended {
        ended(&mut self.command(line))
    }

    /// Replaces the first `from` in a file of the project.
    #[track_caller]
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.project().join(file);
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(text.contains(from), "{from} is in {file}");
        std::fs::write(&path, text.replacen(from, to, 1)).expect("written");
    }

    /// The line of a file of the project that `text` begins on.
    pub(crate) fn line_of(&self, file: &str, text: &str) -> usize {
        let all = std::fs::read_to_string(self.project().join(file)).expect("a file");
        1 + all.lines().position(|line| line.contains(text)).expect("it is there")
    }

    /// Every file below the place, in no order.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        below(self.home(), &mut files);
        files
    }
}

/// Runs a command to its end.
pub(crate) fn ended(command: &mut Command) -> Ended {
    let output = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Ended {
        code: output.status.code().expect("it ends by itself"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

impl Ended {
    /// The one JSON document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts the exit code and a line of stdout.
    #[track_caller]
    pub(crate) fn says(&self, code: i32, line: &str) {
        let Self { code: was, stdout, stderr } = self;
        assert!(
            *was == code && stdout.lines().any(|said| said == line),
            "exit {was}, {code} and `{line}` expected\n{stdout}\n{stderr}"
        );
    }

    /// Asserts the exit code, and that the result or the problem speaks of `text`.
    #[track_caller]
    pub(crate) fn speaks_of(&self, code: i32, text: &str) {
        let Self { code: was, stdout, stderr } = self;
        assert!(
            *was == code && (stdout.contains(text) || stderr.contains(text)),
            "exit {was}, {code} and `{text}` expected\n{stdout}\n{stderr}"
        );
    }
}

/// Copies a folder, but not what runs left in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true if entry.file_name() == OsStr::new(".labwright") => {}
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).expect("a copy")),
        }
    }
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => below(&path, files),
            false => files.push(path),
        }
    }
}
