//! Ctrl-C and its kin: the first one asks a run to stop, the second one leaves.

use std::cell::Cell;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::Notify;

/// What asks this process to end: Ctrl-C, or SIGTERM as a CI sends it. Heard from its making on, whether awaited or not.
pub(super) struct Signals {
    #[cfg(unix)]
    kinds: [Option<tokio::signal::unix::Signal>; 2],
}

impl Signals {
    /// Listens from now on; where signals cannot be heard nobody can ask.
    ///
    /// # Panics
    /// Outside of a runtime.
    pub(super) fn listen() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Self { kinds: [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok()) }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Resolves when somebody asks.
    pub(super) async fn next(&mut self) {
        #[cfg(unix)]
        {
            let [interrupt, terminate] = &mut self.kinds;
            tokio::select! {
                () = heard(interrupt) => {}
                () = heard(terminate) => {}
            }
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(unix)]
async fn heard(signal: &mut Option<tokio::signal::unix::Signal>) {
    let is_heard = match signal {
        Some(signal) => signal.recv().await.is_some(),
        None => false,
    };
    if !is_heard {
        std::future::pending::<()>().await;
    }
}

/// Lets `work` go on to its end; `None` where somebody asks this process to end before `is_begun`: from then on the work
/// itself listens.
pub(super) async fn unless_asked<T>(is_begun: &Cell<bool>, work: impl Future<Output = T>) -> Option<T> {
    let (mut signals, mut work) = (Signals::listen(), pin!(work));
    loop {
        tokio::select! {
            ended = &mut work => return Some(ended),
            () = signals.next() => if !is_begun.get() { return None },
        }
    }
}

/// Resolves at the second request to end; tells `stop` at the first one.
pub(super) async fn twice(mut signals: Signals, stop: Arc<Notify>) {
    signals.next().await;
    stop.notify_one();
    signals.next().await;
}
