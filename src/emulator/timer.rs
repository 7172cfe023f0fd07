//! Where the clock of a running emulator stands.

use super::Clock;
use crate::emulator::clock::{Pace, TICK_MILLIS, Tick};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A clock that goes on from where a data file left it.
#[derive(Debug)]
pub(crate) struct Timer {
    base: Tick,
    started: Instant,
    is_stepped: bool,
    stepped: watch::Sender<u64>,
}

impl Timer {
    /// A clock that stands at `base` now.
    pub(crate) fn new(clock: Clock, base: Tick) -> Self {
        Self {
            base,
            started: Instant::now(),
            is_stepped: matches!(clock, Clock::Stepped),
            stepped: watch::Sender::new(0),
        }
    }

    /// The present tick.
    pub(crate) fn now(&self) -> Tick {
        let gone = if self.is_stepped {
            *self.stepped.borrow()
        } else {
            u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX) / TICK_MILLIS
        };
        self.base.after(gone)
    }

    /// Moves a stepped clock; others move by themselves.
    pub(crate) fn step(&self, ticks: u64) {
        if self.is_stepped {
            self.stepped.send_modify(|stepped| *stepped = stepped.saturating_add(ticks));
        }
    }

    /// Waits until the clock stands at `tick`.
    pub(crate) async fn reached(&self, tick: Tick) {
        let missing = tick.0.saturating_sub(self.now().0);
        if self.is_stepped {
            let mut stepped = self.stepped.subscribe();
            let wanted = tick.0.saturating_sub(self.base.0);
            // The sender lives as long as `self`.
            stepped.wait_for(|stepped| *stepped >= wanted).await.ok();
        } else if missing > 0 {
            tokio::time::sleep(Duration::from_millis(missing.saturating_mul(TICK_MILLIS))).await;
        }
    }
}

impl Clock {
    /// How fast the world's work goes under this clock.
    pub(crate) fn pace(self) -> Pace {
        match self {
            Self::Ticks | Self::Stepped => Pace::Even,
            Self::Scaled(speed) => Pace::Scaled(speed),
        }
    }
}
