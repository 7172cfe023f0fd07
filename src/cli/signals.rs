//! Ctrl-C and its kin: the first one asks a run to stop, the second one leaves.

use std::sync::Arc;

use tokio::sync::Notify;

/// Resolves when somebody asks this process to end: Ctrl-C, or SIGTERM as a CI sends it.
pub(super) async fn asked_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            return no_error(tokio::signal::ctrl_c().await);
        };
        tokio::select! {
            ended = tokio::signal::ctrl_c() => no_error(ended),
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    no_error(tokio::signal::ctrl_c().await);
}

/// Where signals cannot be heard nobody can ask: the run goes on to its end.
fn no_error(_heard: std::io::Result<()>) {}

/// Resolves at the second request to end; tells `stop` at the first one.
pub(super) async fn twice(stop: Arc<Notify>) {
    asked_to_end().await;
    stop.notify_one();
    asked_to_end().await;
}
