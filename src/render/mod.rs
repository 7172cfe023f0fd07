//! What people and machines see of plans, runs and drift. Pure: width and colour are arguments.
//!
//! [`PlanView`], [`ReviewView`], [`RunView`] and [`DriftView`] decide once what is shown, in which order and what is
//! masked; [`written`], [`terminal`], [`json`] and [`graph`] walk them and decide nothing but form. Everything
//! that comes from names and values is stripped of control characters on its way out.

mod difference;
mod drift;
pub mod graph;
mod group;
mod history;
pub mod json;
mod junit;
mod lease;
pub mod markdown;
mod notice;
mod pipeline;
mod progress;
mod report;
mod review;
mod run;
mod sarif;
pub mod terminal;
mod view;
mod words;

pub use difference::{Difference, Item, Sign, TextLine};
pub use drift::{DriftChange, DriftView};
pub use group::Group;
pub use history::{PastRun, came_from};
pub use lease::LeaseView;
pub use notice::{Notice, Notices};
pub use progress::{Pace, Progress};
pub use report::{FindingsReport, Format, Report, Writing, written};
pub use review::{EnvironmentReview, Range, RecordedPlan, ReviewView, SettingView};
pub use run::{Counts, Fate, Next, RunView, Settled, SettledAction};
pub use view::{
    AttributeView, Background, ChangeView, Heading, MissingConsent, PathPart, PlanView, Section, say_action,
    subject, title,
};
pub use words::{clean, count, harmless, quoted, say_seconds, say_value};
