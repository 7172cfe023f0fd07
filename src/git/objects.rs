//! A repository's objects: what names mean, and what blobs hold. Two git processes answer one question after the other.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{GitError, git, not_started};
use crate::config::TreeError;

/// So much of a blob that nobody wants is read past rather than git started anew.
const READ_PAST: u64 = 1 << 20;

/// What git is asked through. Processes start as they are needed.
#[derive(Debug)]
pub(super) struct Objects {
    folder: PathBuf,
    /// `cat-file --batch-check`: name to id and type.
    names: Mutex<Option<Process>>,
    /// `cat-file --batch`: id to content.
    contents: Mutex<Option<Process>>,
}

impl Objects {
    /// Starts git without waiting for it: it gets ready while others look around.
    pub(super) fn open(folder: &Path) -> Result<Self, GitError> {
        let [names, contents] = ["--batch-check", "--batch"].map(|how| Process::start(folder, how));
        Ok(Self {
            folder: folder.to_owned(),
            names: Mutex::new(Some(names.map_err(not_started)?)),
            contents: Mutex::new(Some(contents.map_err(not_started)?)),
        })
    }

    /// The id and the type of what a name means; `None` where it means nothing.
    pub(super) fn find(&self, name: &str) -> Result<Option<(String, String)>, GitError> {
        if name.contains(['\n', '\0']) {
            return Ok(None);
        }
        let mut names = locked(&self.names);
        let asked = match names.take() {
            Some(open) => Ok(open),
            None => Process::start(&self.folder, "--batch-check"),
        };
        let mut open = asked.map_err(not_started)?;
        let answer = open.ask(name).map_err(|error| GitError::Failed {
            what: "cat-file",
            said: format!("it ended before it had answered ({error})"),
        })?;
        *names = Some(open);
        let words: Vec<_> = answer.split_whitespace().collect();
        Ok(match words[..] {
            [id, sort, size] if is_id(id) && size.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some((id.to_owned(), sort.to_owned()))
            }
            _ => None,
        })
    }

    /// The content of a blob by its id: at most `limit` bytes and one more.
    pub(super) fn content(&self, id: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        let mut contents = locked(&self.contents);
        let mut open = match contents.take() {
            Some(open) => open,
            None => Process::start(&self.folder, "--batch")?,
        };
        let (bytes, is_past) = open.read(id, limit)?;
        // What was read in part stands in the way of everything behind it.
        if is_past {
            *contents = Some(open);
        }
        Ok(bytes)
    }
}

fn locked(process: &Mutex<Option<Process>>) -> MutexGuard<'_, Option<Process>> {
    process.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn is_id(text: &str) -> bool {
    text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A `git cat-file` that answers line by line.
#[derive(Debug)]
struct Process {
    child: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

impl Process {
    fn start(folder: &Path, how: &str) -> std::io::Result<Self> {
        let mut child = git(folder)
            .args(["cat-file", how])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let ask = child.stdin.take().expect("it is piped");
        let answer = BufReader::new(child.stdout.take().expect("it is piped"));
        Ok(Self { child, ask, answer })
    }

    /// The first line of an answer.
    fn ask(&mut self, name: &str) -> std::io::Result<String> {
        writeln!(self.ask, "{name}")?;
        self.ask.flush()?;
        let mut line = String::new();
        match self.answer.read_line(&mut line)? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line),
        }
    }

    /// The content of an id, at most `limit` bytes and one more, and whether the next question can be asked.
    fn read(&mut self, id: &str, limit: u64) -> Result<(Vec<u8>, bool), TreeError> {
        let head = self.ask(id)?;
        let mut words = head.split_whitespace();
        let size = match (words.next(), words.next(), words.next().map(str::parse::<u64>)) {
            (Some(_), Some("blob"), Some(Ok(size))) => size,
            (Some(_), Some("missing"), _) => {
                let why = "its content is not in this repository: fetch it first, nothing is fetched here";
                return Err(TreeError::System(why.into()));
            }
            _ => return Err(TreeError::System("git cannot read its content; `git fsck` tells more".into())),
        };
        let wanted = size.min(limit.saturating_add(1));
        let mut bytes = Vec::new();
        (&mut self.answer).take(wanted).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != wanted {
            return Err(TreeError::System("git ended before it had answered".into()));
        }
        // A line break follows.
        let rest = size - wanted + 1;
        let is_past = rest <= READ_PAST;
        if is_past && std::io::copy(&mut (&mut self.answer).take(rest), &mut std::io::sink())? != rest {
            return Err(TreeError::System("git ended before it had answered".into()));
        }
        Ok((bytes, is_past))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing of it stays behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
