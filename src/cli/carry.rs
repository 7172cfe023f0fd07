//! Carrying a plan out, alike for `apply` and `destroy`: settle, plan, claim, show, agree, execute, report.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Mutex, Notify};

use super::arguments::{Carry, Scope};
use super::cloud;
use super::desk::{Desk, claim_of};
use super::failure::CommandError;
use super::plan::{Comparison, Made, compare};
use super::progress::Reporter;
use super::record;
use super::settle::LookedUp;
use super::signals::Signals;
use super::{
    Context, Exit, Failure, consent, day, doctor, project, provenance, refresh, saved, settle, signals,
};
use crate::apply::{self, ApplyError, FromFiles, Options, Surroundings, Vaults, begin, check_secrets};
use crate::azure::Client;
use crate::config::{CloudSettings, Project};
use crate::model::{
    Address, Allowed, AllowedWhat, Check, Recorded, RunHeader, RunOutcome, Secret, SecretReference, Severity,
    Verdict,
};
use crate::plan::{self, Plan, PlanError, Run, Verb, check, nearest_address};
use crate::render::json::{self, PlanDocument, RunDocument};
use crate::render::{Background, Next, Pace, PlanView, RunView, Settled, terminal};
use crate::state::{Store, host_name};

/// What an unset password variable opens to on the emulator, which has no student to keep out.
const DUMMY_PASSWORD: &str = "Emulator-only-1!";

/// What is asked for.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// Whether everything is to go.
    pub(super) destroy: bool,
    /// A saved plan to carry out exactly.
    pub(super) saved: Option<&'a Path>,
    /// What about.
    pub(super) scope: &'a Scope,
    /// Consents.
    pub(super) allow: &'a [Allowed],
    /// How it is carried out.
    pub(super) carry: &'a Carry,
}

/// What a run works with.
#[derive(Debug)]
pub(super) struct Doing<'a> {
    /// The files.
    pub(super) project: &'a Project,
    /// What is asked for.
    pub(super) asked: &'a Asked<'a>,
}

/// Carries out what is asked for.
pub(super) fn run(asked: &Asked<'_>, context: &Context) -> Result<Exit, Failure> {
    let project = project::load(context)?;
    let saved = asked.saved.map(saved::read).transpose()?;
    let doing = Doing { project: &project, asked };
    cloud::runtime()?.block_on(async {
        let mut desk = Desk::new(&project, asked.carry.lock_timeout, context);
        let result = signals::unless_asked(&desk.is_begun(), doing.all(saved.as_ref(), &mut desk)).await;
        desk.close().await;
        result.unwrap_or_else(|| Err(CommandError::left(context)))
    })
}

impl Doing<'_> {
    async fn all(&self, saved: Option<&Plan>, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
        let context = desk.context;
        let mut settled = Vec::new();
        let made = loop {
            let mut record = record::read(self.project, context)?;
            if self.settle(&record, &mut settled, desk).await? {
                record = record::read(self.project, context)?;
            }
            // What this run took over is said apart.
            record.open_runs.retain(|open| settled.iter().all(|own| own.view.run != open.header.id));
            self.allowances_exist(&record)?;
            let made = self.made(saved, &record, desk).await?;
            if let Some(recorded) = self.to_itself(&made, &record, &settled, desk).await? {
                break Made { recorded, ..made };
            }
        };
        let Made { plan, recorded, mut background } = made;
        background.remarks.extend(settled.iter().map(|own| settled_remark(&own.view)));
        let view = PlanView::new(&plan, background);
        if !context.is_json() {
            context.printer.result(&terminal::plan(&view, context.printer.result_look()));
        }
        if let Err(refusal) = self.permitted(&view, context) {
            return refused(&view, refusal, context);
        }
        if !plan.is_empty() {
            let in_the_way = self.looked_ahead(&plan, &recorded, desk).await?;
            let agreed = if in_the_way.is_empty() {
                self.agreed(&view, context).await
            } else {
                context.printer.problem(&terminal::checks(&in_the_way, context.printer.other_look()));
                Err(doctor::refusal(&in_the_way, context))
            };
            if let Err(refusal) = agreed {
                return refused(&view, refusal, context);
            }
            return self.execute(&view, recorded, &settled, desk).await;
        }
        end_settled(&settled, desk)?;
        if !plan.records.is_empty() {
            let run = begin(desk.store()?, header(context), &plan, &self.project.desired.identity)?;
            desk.store()?.end(run, now_ms(), RunOutcome::Done)?;
            record::watermark(self.project, context).raise(&desk.store()?.meta()?)?;
        }
        let document = PlanDocument::new(context.command, Exit::Done.code(), &view);
        context.report_json(&json::text(&RunDocument::not_run(document)))?;
        Ok(Exit::Done)
    }

    /// Takes for this run what its plan is about, and gives what is recorded then; `None` where another run changed
    /// something of it meanwhile, or broke off with some of it: then it is planned anew.
    async fn to_itself(
        &self,
        made: &Made,
        record: &record::Record,
        settled: &[LookedUp],
        desk: &mut Desk<'_>,
    ) -> Result<Option<Recorded>, Failure> {
        if made.plan.is_empty() && made.plan.records.is_empty() && settled.is_empty() {
            return Ok(Some(made.recorded.clone()));
        }
        let mut claim = claim_of(&made.plan, &record.recorded);
        // What is not ended yet stays claimed: whoever says no leaves it to the next one.
        settled.iter().for_each(|own| claim.extend(own.claim.clone()));
        if desk.claim(&claim).await?.is_some() {
            return Ok(None);
        }
        let mut recorded = desk.store()?.recorded()?;
        if !saved::changed(&made.plan, &recorded).is_empty() {
            return Ok(None);
        }
        made.plan.record_in(&mut recorded);
        Ok(Some(recorded))
    }

    /// Whether `--allow` names what is in the files or in the record: a mistyped consent consents to nothing.
    fn allowances_exist(&self, record: &record::Record) -> Result<(), Failure> {
        let (files, rows) = (&self.project.desired.resources, &record.recorded.rows);
        let given =
            self.asked.allow.iter().filter_map(|allowed| allowed.on.as_ref()?.parse::<Address>().ok());
        let mut unknown = given.filter(|given| !files.contains_key(given) && !rows.contains_key(given));
        let Some(given) = unknown.next() else { return Ok(()) };
        let near = nearest_address(&given, files.keys().chain(rows.keys()));
        Err(PlanError::UnknownAddress { given, near }.into())
    }

    /// Looks up what became of every run that broke off; tells whether there was one.
    async fn settle(
        &self,
        record: &record::Record,
        settled: &mut Vec<LookedUp>,
        desk: &mut Desk<'_>,
    ) -> Result<bool, Failure> {
        let context = desk.context;
        let mut any = false;
        for run in record.broken_off() {
            any = true;
            if let Some(looked_up) = settle::look_up(run, desk, self).await? {
                let next = Next::Anew { resume: (!self.asked.carry.yes).then(|| context.typed("resume")) };
                let text = terminal::settled(&looked_up.view, &next, context.printer.other_look());
                context.printer.note(&text);
                settled.push(looked_up);
            }
        }
        Ok(any)
    }

    /// The saved plan where there is one and it still fits, else a new one.
    async fn made(
        &self,
        saved: Option<&Plan>,
        record: &record::Record,
        desk: &mut Desk<'_>,
    ) -> Result<Made, Failure> {
        let context = desk.context;
        let Asked { destroy, scope, allow, .. } = self.asked;
        if let Some(plan) = saved {
            saved::check(plan, record, self.project)?;
            let (plan, standing) = saved::standing(plan.clone(), self.project, &day::today()?);
            let path =
                self.asked.saved.map(|path| crate::render::quoted(path.as_os_str())).unwrap_or_default();
            let (command, counted) = with_allowed(format!("{} {path}", context.typed("apply")), allow);
            let background = Background {
                title: Some(cloud::title(self.project)),
                in_full: context.printer.verbosity() > 0,
                offers_apply: false,
                remarks: record.remarks(self.project),
                compared: vec![format!(
                    "The plan saved in {path}; the record is still what it was made from."
                )],
                apply_command: command,
                counted,
                allowed: standing.into_iter().chain(allow.iter().cloned()).collect(),
            };
            let mut recorded = record.recorded.clone();
            plan.record_in(&mut recorded);
            return Ok(Made { plan, recorded, background });
        }
        let refreshed = match scope.refresh {
            true => {
                let connection = desk.connection().await?;
                Some(refresh::read(&record.recorded, connection, context).await)
            }
            false => None,
        };
        let comparison = Comparison { project: self.project, record, scope, destroy: *destroy, refreshed };
        let mut made = compare(&comparison, context)?;
        let command = std::mem::take(&mut made.background.apply_command);
        (made.background.apply_command, made.background.counted) = with_allowed(command, allow);
        made.background.allowed = allow.to_vec();
        Ok(made)
    }

    /// What Azure is sure to refuse; an emulator in this process has everything.
    async fn looked_ahead(
        &self,
        plan: &Plan,
        recorded: &Recorded,
        desk: &mut Desk<'_>,
    ) -> Result<Vec<Check>, Failure> {
        if self.project.settings.cloud == CloudSettings::Emulator {
            return Ok(Vec::new());
        }
        let connection = desk.connection().await?;
        let mut checks = doctor::looked(plan, recorded, false, self.project, connection).await?;
        checks.retain(|check| check.verdict == Verdict::Bad);
        Ok(checks)
    }

    /// Whether the plan may be carried out, but for a yes: no refusal, every consent, and somebody to ask.
    fn permitted(&self, view: &PlanView<'_>, context: &Context) -> Result<(), Failure> {
        if view.is_refused() {
            let errors = view.findings.iter().filter(|finding| finding.severity == Severity::Error);
            return Err(CommandError::Refused { count: errors.count() }.into());
        }
        // Only of a plan that nothing refuses: one that deletes what is protected is no bug of ours.
        let broken = check(view.plan);
        if !broken.is_empty() {
            return Err(CommandError::BrokenPlan { what: broken.join("; ") }.into());
        }
        consent::given(view)?;
        if view.plan.is_empty() || self.asked.carry.yes {
            return Ok(());
        }
        consent::somebody_there(
            "look at the plan above, then add --yes; a reviewed plan is applied with `labwright apply PLAN --yes`",
            context,
        )
    }

    /// Whether somebody says yes, where nobody has.
    async fn agreed(&self, view: &PlanView<'_>, context: &Context) -> Result<(), Failure> {
        if self.asked.carry.yes {
            return Ok(());
        }
        if context.is_json() {
            context.printer.problem(&terminal::plan(view, context.printer.other_look()));
        }
        consent::ask(view, context).await
    }

    async fn execute(
        &self,
        view: &PlanView<'_>,
        recorded: Recorded,
        settled: &[LookedUp],
        desk: &mut Desk<'_>,
    ) -> Result<Exit, Failure> {
        let (plan, context) = (view.plan, desk.context);
        let identity = desk.connection().await?.identity.clone();
        self.opens_secrets(plan, desk).await?;
        let signals = desk.begins();
        end_settled(settled, desk)?;
        let id = begin(desk.store()?, header(context), plan, &identity)?;
        let carried = self.carry_on(id, plan, recorded, signals, desk).await?;
        // A saved plan is stale once a part of it is done.
        let again = self.asked.saved.map(|_| context.typed("apply"));
        let exit = finished(view, &carried.run, again.as_deref().unwrap_or(&view.apply_command), context)?;
        let otherwise = carried.recorded.map_or_else(Vec::new, |now| self.adopted_otherwise(plan, &now));
        context.printer.note(&super::import::not_as_written(&otherwise, context));
        Ok(exit)
    }

    /// Whether every secret can be opened that the plan sends.
    pub(super) async fn opens_secrets(&self, plan: &Plan, desk: &mut Desk<'_>) -> Result<(), Failure> {
        let context = desk.context;
        let arm = &desk.connection().await?.arm;
        check_secrets(plan, &self.secrets(arm, context)).await.map_err(apply_failure)?;
        self.tell_dummies(plan, context);
        Ok(())
    }

    /// Carries out what is left of a run that was begun, and tells of it.
    pub(super) async fn carry_on<'p>(
        &self,
        id: u64,
        plan: &'p Plan,
        recorded: Recorded,
        signals: Signals,
        desk: &mut Desk<'_>,
    ) -> Result<Carried<'p>, Failure> {
        let context = desk.context;
        let (connection, store) = desk.both().await?;
        let secrets = self.secrets(&connection.arm, context);
        let before: Vec<_> = store.journal(id)?.into_iter().map(|(_, entry)| entry).collect();
        let before = Run::after(plan, &before);
        let reporter = Reporter::new(&before, self.pace(), context);
        let stop = Arc::new(Notify::new());
        let carried = {
            let mut surroundings = Surroundings {
                arm: &connection.arm,
                store,
                secrets: &secrets,
                now: &now_ms,
                open_subscription: &|name| connection.subscriptions.get(name).cloned(),
            };
            let mut events = |event| reporter.take(event);
            let options = options(self);
            let stopping = Arc::clone(&stop);
            let execution = apply::execute(
                id,
                plan,
                recorded,
                &mut surroundings,
                &options,
                stopping.notified(),
                &mut events,
            );
            tokio::select! {
                report = execution => Some(report.map_err(apply_failure)?),
                never = reporter.beat() => match never {},
                () = signals::twice(signals, stop) => None,
            }
        };
        reporter.finish();
        let store = desk.store()?;
        record::watermark(self.project, context).raise(&store.meta()?)?;
        Ok(match carried {
            Some(report) => Carried {
                run: RunView::new(&report.run, Some(id), report.stopped),
                recorded: Some(report.recorded),
            },
            None => {
                let entries: Vec<_> = store.journal(id)?.into_iter().map(|(_, entry)| entry).collect();
                Carried { run: RunView::new(&Run::after(plan, &entries), Some(id), true), recorded: None }
            }
        })
    }

    /// How fast it goes: of an emulator in this process no estimate says anything.
    pub(super) fn pace(&self) -> Pace {
        match self.project.settings.cloud {
            CloudSettings::Emulator => Pace::Emulated,
            CloudSettings::Azure(_) => Pace::Azure { workers: usize::from(self.asked.carry.parallelism) },
        }
    }

    /// What was adopted and differs from the files, which the next plan changes.
    fn adopted_otherwise(&self, plan: &Plan, recorded: &Recorded) -> Vec<Address> {
        let imported = plan.changes.iter().filter(|change| change.verb == Verb::Import);
        let imported = imported.map(|change| &change.address);
        let imported: Vec<_> = imported.filter(|address| recorded.rows.contains_key(*address)).collect();
        if imported.is_empty() {
            return Vec::new();
        }
        let options = plan::Options { today: plan.today.clone(), ..plan::Options::default() };
        let Ok(next) = plan::plan(&self.project.desired, recorded, &options) else {
            return Vec::new();
        };
        let changed = next.changed();
        imported.into_iter().filter(|own| changed.contains(own)).cloned().collect()
    }

    /// Opens secrets: files below the project, variables, key vaults; on the emulator inside, an unset variable and a vault
    /// are no obstacle.
    pub(super) fn secrets<'a>(&self, arm: &'a Client, context: &Context) -> FromFiles<'a> {
        let (instead, vaults): (_, Option<&dyn Vaults>) = match self.project.settings.cloud {
            CloudSettings::Emulator => (Some(Secret::new(DUMMY_PASSWORD.to_owned())), None),
            CloudSettings::Azure(_) => (None, Some(arm)),
        };
        let root = context.root().to_owned();
        FromFiles { root, variable: &of_environment, instead, vaults, given: Mutex::default() }
    }

    fn tell_dummies(&self, plan: &Plan, context: &Context) {
        if self.project.settings.cloud != CloudSettings::Emulator {
            return;
        }
        let unset = apply::secrets_of(plan).into_iter().filter_map(|secret| match secret {
            SecretReference::Env(name) if of_environment(&name).is_none() => Some(name),
            SecretReference::KeyVault(url) => Some(url),
            _ => None,
        });
        let unset: Vec<_> = unset.collect();
        if !unset.is_empty() {
            let names = unset.join(", ");
            context
                .printer
                .note(&format!("Not set: {names}. The emulator takes a made-up password instead.\n"));
        }
    }
}

/// A run as far as it was carried out.
pub(super) struct Carried<'p> {
    /// How it is shown.
    pub(super) run: RunView<'p>,
    /// What is recorded now; `None` where it was left at once.
    recorded: Option<Recorded>,
}

/// Ends the runs that broke off and were looked up: what is left of them is planned afresh.
fn end_settled(settled: &[LookedUp], desk: &mut Desk<'_>) -> Result<(), Failure> {
    for own in settled {
        desk.store()?.end(own.view.run, now_ms(), RunOutcome::Settled)?;
    }
    Ok(())
}

fn of_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Tells a refusal: the plan stands above it, in JSON they are one document.
fn refused(view: &PlanView<'_>, refusal: Failure, context: &Context) -> Result<Exit, Failure> {
    let mut document = PlanDocument::new(context.command, refusal.exit.code(), view);
    document.findings.extend(refusal.findings.iter().cloned());
    context.printer.problem(&refusal.text(context.printer.other_look()));
    context.report_json(&json::text(&RunDocument::not_run(document)))?;
    Ok(refusal.exit)
}

/// Tells how a run came out; `again` is the command that plans afresh.
pub(super) fn finished(
    view: &PlanView<'_>,
    run: &RunView<'_>,
    again: &str,
    context: &Context,
) -> Result<Exit, Failure> {
    let exit = match (run.is_complete(), run.counts.failed > 0) {
        (true, _) => Exit::Done,
        (false, _) if run.interrupted => Exit::Interrupted,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Interrupted,
    };
    let mut text = format!("\n{}", terminal::run(run, context.printer.result_look()));
    if exit != Exit::Done {
        let codes = run.fates.iter().filter_map(|fate| Some(fate.failure.as_ref()?.code.as_str()));
        text += &match exit {
            Exit::Interrupted => {
                let resume = context.typed("resume");
                format!(
                    "Nothing is lost. To finish it as it was planned:\n  {resume}\nTo plan afresh from the files:\n  {again}\n"
                )
            }
            _ => advice(&codes.collect::<Vec<_>>(), &context.typed("drift"), again),
        };
    }
    let document = PlanDocument::new(context.command, exit.code(), view);
    context.report(&text, &json::text(&RunDocument::new(document, run)))?;
    Ok(exit)
}

/// How to go on after failures with these codes; a plan that Azure no longer fits is not tried again as it is.
fn advice(codes: &[&str], drift: &str, again: &str) -> String {
    let is_stale = |code: &&str| matches!(*code, "gone" | "changed_since");
    if codes.iter().any(is_stale) {
        let refresh = if again.contains(" --refresh") { "" } else { " --refresh" };
        return format!(
            "Nothing is lost. Look at what Azure has, then plan from that:\n  {drift}\n  {again}{refresh}\n"
        );
    }
    // What exists is not taken over: the failure itself says what can be done.
    if !codes.is_empty() && codes.iter().all(|code| *code == "exists") {
        return String::new();
    }
    format!("Nothing is lost; to go on:\n  {again}\n")
}

fn settled_remark(settled: &Settled) -> crate::model::Finding {
    let what = match settled.actions.len() {
        0 => "nothing was under way",
        _ => "what was under way was looked up and recorded",
    };
    let message = format!("run {} was interrupted; {what}", settled.run);
    super::context::remark("settled-run", Severity::Info, message, None)
}

/// How much at once, and how long to wait for what.
pub(super) fn options(doing: &Doing<'_>) -> Options {
    let base = if doing.project.desired.real_endpoint { Options::azure() } else { Options::loopback() };
    Options { parallelism: usize::from(doing.asked.carry.parallelism), ..base }
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since: Duration = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The header of a run that begins now.
pub(super) fn header(context: &Context) -> RunHeader {
    RunHeader {
        id: 0,
        started_ms: now_ms(),
        ended_ms: None,
        host: host_name(),
        pid: std::process::id(),
        by: provenance::who(),
        commit: provenance::commit(context.root()),
        command: context.command.to_owned(),
        outcome: None,
    }
}

/// The command with its consents, and apart from it those for a number, to which what is missing is added.
fn with_allowed(mut command: String, allow: &[Allowed]) -> (String, Vec<(AllowedWhat, u32)>) {
    let mut counted = Vec::new();
    for allowed in allow {
        match allowed {
            Allowed { what, on: None, at_most: Some(number) } => counted.push((*what, *number)),
            _ => command += &format!(" --allow {}", allow_words(allowed)),
        }
    }
    (command, counted)
}

/// `delete`, `delete=3`, `shrink:Lab/a`: as it is typed.
fn allow_words(allowed: &Allowed) -> String {
    let Allowed { what, on, at_most } = allowed;
    let on = on.as_ref().map(|on| format!(":{on}")).unwrap_or_default();
    let at_most = at_most.map(|number| format!("={number}")).unwrap_or_default();
    crate::render::quoted(format!("{}{on}{at_most}", what.as_str()).as_ref())
}

/// Sorts what stopped a run by whose move it is.
pub(super) fn apply_failure(error: ApplyError) -> Failure {
    let exit = match error {
        ApplyError::Store(_) => Exit::State,
        ApplyError::Unsettled { .. } => Exit::Interrupted,
        ApplyError::Secrets { .. } => Exit::Configuration,
    };
    Failure::of(exit, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_as_recorded_is_looked_at_and_read_before_it_is_tried_again() {
        let advice = |codes: &[&str]| advice(codes, "labwright drift", "labwright apply");
        for code in ["gone", "changed_since"] {
            let text = advice(&["Conflict", code]);
            assert!(text.ends_with("\n  labwright drift\n  labwright apply --refresh\n"), "{text}");
        }
        assert_eq!(advice(&["exists"]), "");
        assert_eq!(advice(&["exists", "Conflict"]), "Nothing is lost; to go on:\n  labwright apply\n");
    }
}
