//! A project in a git repository of its own.

use std::process::Command;

use super::place::{Ended, Place, copy, example};

/// A repository at the home of a [`Place`]'s project: the project lies in `labs/` of it.
pub(crate) struct Repository {
    pub(crate) place: Place,
}

impl Repository {
    /// A repository with an example in `labs/`, committed on `main`, and `change` checked out.
    pub(crate) fn of(name: &str) -> Self {
        let repository = Self { place: Place::empty() };
        copy(&example(name), &repository.place.project().join("labs"));
        repository.git("init --quiet --initial-branch main");
        repository.commit("the example");
        repository.git("checkout --quiet -b change");
        repository
    }

    /// Runs git; the settings of this machine and its user are not those of the story.
    #[track_caller]
    pub(crate) fn git(&self, line: &str) -> String {
        let output = Command::new("git")
            .env_clear()
            .envs(std::env::var("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.place.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args([
                "-c",
                "user.name=Story",
                "-c",
                "user.email=story@example.com",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(line.split(' '))
            .current_dir(self.place.project())
            .output()
            .expect("git is installed");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// Commits everything.
    #[track_caller]
    pub(crate) fn commit(&self, message: &str) {
        self.git("add --all --force");
        self.git(&format!("commit --quiet --message={}", message.replace(' ', "-")));
    }

    /// Replaces the first `from` in a file below `labs/`.
    #[track_caller]
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        self.place.edit(&format!("labs/{file}"), from, to);
    }

    /// Writes a file below `labs/`.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.place.project().join("labs").join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    /// `labwright -C labs …`, with git to be found.
    pub(crate) fn run(&self, line: &str) -> Ended {
        let mut command = self.place.command(line);
        command.envs(std::env::var("PATH").map(|path| ("PATH", path))).args(["-C", "labs"]);
        super::place::ended(&mut command)
    }

    /// `review --base main …`.
    pub(crate) fn review(&self, line: &str) -> Ended {
        self.run(format!("review --base main {line}").trim_end())
    }

    /// A text without the ids of commits, which hang on every letter of the files.
    pub(crate) fn without_ids(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, word) in [("main", "BASE"), ("HEAD", "HEAD")] {
            let id = self.git(&format!("rev-parse {name}"));
            text = text.replace(&id, word).replace(&id[..10], word);
        }
        text
    }
}
