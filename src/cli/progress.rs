//! A run on its way: bars on a terminal, plain lines and a heartbeat elsewhere.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Context;
use super::printer::Printer;
use crate::plan::{ActionState, Event, Run};
use crate::render::{Pace, Progress};

/// How long nothing may be said without a terminal.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often bars move: often enough to look alive.
const TICK: Duration = Duration::from_millis(120);

/// Tells of a run on stderr.
pub(super) struct Reporter<'p> {
    progress: RefCell<Progress<'p>>,
    printer: &'p Printer,
    begun: Instant,
    bars: Option<Bars>,
    /// Whether what ends is told in the end, all at once.
    ends_apart: bool,
}

struct Bars {
    all: MultiProgress,
    whole: ProgressBar,
    actions: RefCell<HashMap<String, ProgressBar>>,
}

impl<'p> Reporter<'p> {
    /// A reporter of what is left of a run; says at once how much that is.
    pub(super) fn new(before: &Run<'p>, pace: Pace, context: &'p Context) -> Self {
        let reporter = Self { ends_apart: false, ..Self::of_settling(before, pace, context) };
        reporter.printer.note(&format!("{}\n", reporter.progress.borrow().beginning()));
        reporter
    }

    /// A reporter of what is followed of a run that broke off.
    pub(super) fn of_settling(run: &Run<'p>, pace: Pace, context: &'p Context) -> Self {
        let plan = run.plan();
        let done = run.states().filter(|(_, state)| **state == ActionState::Done);
        let done: BTreeSet<_> = done.map(|(action, _)| action.id.clone()).collect();
        let before = done.len();
        let progress = Progress::new(plan, done, pace);
        let printer = &context.printer;
        let wants_bars = !context.is_unattended() && !printer.is_quiet();
        let bars = wants_bars.then(|| Bars::new(plan.actions.len(), before, printer.other_look().colour));
        Self { progress: RefCell::new(progress), printer, begun: Instant::now(), bars, ends_apart: true }
    }

    /// Takes an event.
    pub(super) fn take(&self, event: Event) {
        let seconds = self.begun.elapsed().as_secs();
        let is_end = matches!(event, Event::Done { .. } | Event::Failed { .. } | Event::Unclear { .. });
        let line = self.progress.borrow_mut().take(&event, seconds).filter(|_| !(is_end && self.ends_apart));
        match &self.bars {
            Some(bars) => bars.take(&event, line.as_deref(), &self.progress.borrow()),
            None => line.iter().for_each(|line| self.printer.note(&format!("{line}\n"))),
        }
    }

    /// Says from time to time that the run is alive; never resolves.
    pub(super) async fn beat(&self) -> std::convert::Infallible {
        let every = if self.bars.is_some() { TICK } else { HEARTBEAT };
        let mut interval = tokio::time::interval(every);
        interval.tick().await;
        loop {
            interval.tick().await;
            match &self.bars {
                Some(bars) => {
                    let left = self.progress.borrow().left(self.begun.elapsed().as_secs());
                    bars.tick(left);
                }
                None => {
                    let line = self.progress.borrow().heartbeat(self.begun.elapsed().as_secs());
                    self.printer.note(&format!("{line}\n"));
                }
            }
        }
    }

    /// Takes the bars away.
    pub(super) fn finish(self) {
        if let Some(bars) = self.bars {
            bars.whole.finish_and_clear();
            // A terminal that is gone needs no clearing.
            let _ = bars.all.clear();
        }
    }
}

impl Bars {
    fn new(count: usize, done: usize, colour: bool) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let whole = all.add(ProgressBar::new(count as u64).with_position(done as u64));
        let bar = if colour { "{bar:30.green}" } else { "{bar:30}" };
        whole.set_style(style(&format!("{bar} {{pos}} of {{len}} after {{elapsed}}{{msg}}")));
        Self { all, whole, actions: RefCell::default() }
    }

    fn take(&self, event: &Event, line: Option<&str>, progress: &Progress<'_>) {
        match event {
            Event::Started { action } => {
                let bar = self.all.insert_before(&self.whole, ProgressBar::new_spinner());
                bar.set_style(style("{spinner} {msg}  {elapsed}"));
                bar.set_message(progress.phrase(action));
                self.actions.borrow_mut().insert(action.clone(), bar);
            }
            Event::Step { action, .. } | Event::Progress { action, .. } => {
                if let Some(bar) = self.actions.borrow().get(action) {
                    bar.set_message(progress.phrase(action));
                }
            }
            Event::Done { action, .. } | Event::Failed { action, .. } | Event::Unclear { action, .. } => {
                if let Some(bar) = self.actions.borrow_mut().remove(action) {
                    bar.finish_and_clear();
                }
                let (done, failed) = progress.ended();
                self.whole.set_position((done + failed) as u64);
                self.say(line);
            }
            Event::Retrying { .. } | Event::Stopping => self.say(line),
        }
    }

    fn say(&self, line: Option<&str>) {
        if let Some(line) = line {
            // A terminal that is gone hears nothing.
            let _ = self.all.println(line);
        }
    }

    fn tick(&self, left: Option<String>) {
        self.whole.set_message(left.map(|left| format!(", {left}")).unwrap_or_default());
        self.whole.tick();
        self.actions.borrow().values().for_each(ProgressBar::tick);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("our own templates are templates")
}
