//! The one thread that owns the world and its file.
//!
//! Requests that came together share a commit: each is handled, what changed is committed, and only then are they answered.
//! So an effect that was answered is in the file.

use crate::emulator::clock::Tick;
use crate::emulator::faults::{Faults, Moment, Verdict};
use crate::emulator::message::{Request, Response};
use crate::emulator::record::Recorder;
use crate::emulator::store::Store;
use crate::emulator::timer::Timer;
use crate::emulator::world::{Changes, World};
use serde_json::json;
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot;

/// Requests that share a commit at most, so that the first of them does not wait long.
const BATCH: usize = 64;

/// What the engine is told.
#[derive(Debug)]
pub(crate) enum Message {
    /// Answer a request.
    Ask(Box<Request>, oneshot::Sender<Reply>),
    /// Commit where the clock stands, and end.
    Stop,
}

/// What the server is to do.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Answer, once the clock stands there.
    Answer(Box<Response>, Tick),
    /// Cut the connection without a word; the status that nobody hears, where the request took effect.
    Cut(Option<u16>),
}

/// World, file, faults and log.
#[derive(Debug)]
pub(crate) struct Engine {
    world: World,
    store: Option<Store>,
    faults: Faults,
    recorder: Option<Recorder>,
    timer: Arc<Timer>,
    /// Where the clock stood at the last commit.
    saved: Tick,
    /// Why the file can no longer be written. The world is then ahead of it, and nothing more is answered.
    broken: Option<String>,
}

/// A request that was handled and not yet answered.
struct Pending {
    request: Box<Request>,
    reply: Reply,
    faulty: bool,
    to: oneshot::Sender<Reply>,
}

impl Engine {
    /// An engine that goes on from `world` as it stands.
    pub(crate) fn new(
        world: World,
        store: Option<Store>,
        faults: Faults,
        recorder: Option<Recorder>,
        timer: Arc<Timer>,
    ) -> Self {
        let saved = world.now();
        Self { world, store, faults, recorder, timer, saved, broken: None }
    }

    /// Writes a new world down before anybody asks it anything.
    ///
    /// # Errors
    /// Those of SQLite.
    pub(crate) fn save_first(&mut self) -> rusqlite::Result<()> {
        let changes = self.world.take_changes();
        self.store.as_mut().map_or(Ok(()), |store| store.save(&self.world, &changes))
    }

    /// Answers until told to stop, or until nobody can ask any more.
    pub(crate) fn run(mut self, inbox: &mpsc::Receiver<Message>) {
        while let Ok(first) = inbox.recv() {
            let mut pending = Vec::new();
            let mut crash = false;
            let mut next = Some(first);
            while let Some(message) = next {
                let Message::Ask(request, to) = message else {
                    self.world.advance(self.timer.now());
                    self.commit();
                    self.answer(pending);
                    return;
                };
                let verdict = self.faults.verdict(&request);
                if verdict.crash == Some(Moment::Before) {
                    std::process::abort();
                }
                crash = verdict.crash == Some(Moment::After);
                let reply = self.handle(&request, &verdict);
                pending.push(Pending { request, reply, faulty: verdict != Verdict::default(), to });
                next = if crash || pending.len() >= BATCH { None } else { inbox.try_recv().ok() };
            }
            self.commit();
            if crash {
                std::process::abort();
            }
            self.answer(pending);
        }
    }

    fn handle(&mut self, request: &Request, verdict: &Verdict) -> Reply {
        let now = self.timer.now();
        if verdict.cut == Some(Moment::Before) {
            return Reply::Cut(None);
        }
        let response = match verdict.refusal() {
            Some(refusal) => refusal,
            None => {
                let response = self.world.handle(request, now);
                if let Some(how) = verdict.operation {
                    self.world.spoil(how);
                }
                response
            }
        };
        match verdict.cut {
            Some(_) => Reply::Cut(Some(response.status)),
            None => Reply::Answer(Box::new(verdict.changed(response)), now.after(verdict.delay)),
        }
    }

    /// Commits what changed, and the clock if it moved: what a client saw happen has happened after a restart as well.
    fn commit(&mut self) {
        let changes = self.world.take_changes();
        let unchanged = changes == Changes::default() && self.world.now() == self.saved;
        let Some(store) = self.store.as_mut().filter(|_| !unchanged && self.broken.is_none()) else { return };
        match store.save(&self.world, &changes) {
            Ok(()) => self.saved = self.world.now(),
            Err(error) => self.broken = Some(error.to_string()),
        }
    }

    fn answer(&mut self, pending: Vec<Pending>) {
        for Pending { request, mut reply, faulty, to } in pending {
            if let (Some(reason), Reply::Answer(response, _)) = (&self.broken, &mut reply) {
                let message = format!("The emulator cannot write its data file: {reason}.");
                **response = Response::json(
                    500,
                    json!({ "error": { "code": "InternalServerError", "message": message } }),
                );
            }
            if let Some(recorder) = &mut self.recorder {
                // A log that cannot be written is given up; the world goes on.
                if recorder.note(&request, &reply, faulty).is_err() {
                    self.recorder = None;
                }
            }
            // A client that has gone away hears nothing.
            to.send(reply).ok();
        }
    }
}
