//! `labwright explain CODE`: what a diagnostic or a rule means, and what to do.

use super::arguments::Explain;
use super::failure::CommandError;
use super::{Context, Exit, Failure};
use crate::config;

/// Rules, guards and codes that do not come from the files' reader; each with what it means.
const EXPLANATIONS: &[(&str, &str)] = &[
    (
        "GAL-01",
        "A lab account has at most one gallery attached. Attach the images' gallery once, and list every image of it there.",
    ),
    (
        "GEO-11",
        "An image version is always kept in its gallery's own region too, so that region must be among those it is copied to. Add it, or leave `regions` away and name a geography.",
    ),
    (
        "IMG-03",
        "A specialized image carries its own accounts. A lab made from it needs the credentials that are inside the image, not new ones.",
    ),
    (
        "IMG-19",
        "A lab account can only use images that its attached gallery holds and that are enabled there. Add the image to `enabledImages`.",
    ),
    (
        "LAB-20",
        "A lab that is to be created needs the account that students sign in with: `credentials`. It is optional for labs that exist.",
    ),
    (
        "SHU-02",
        "Labs from Linux images know only some of the idle settings. One that comes from `defaults` is left out with a note; one written on the lab itself is refused.",
    ),
    (
        "EXP-01",
        "Only a lab with a template VM can be exported. `template: true` is decided when a lab is created; changing it makes the lab anew.",
    ),
    (
        "EXP-02",
        "The lab is created by the same plan, so nobody has prepared its template VM yet. Apply with `revision: 0` first and raise it when the template is ready, or write `fresh: true`.",
    ),
    (
        "EXP-03",
        "Microsoft does not document how a lab account's template VM is exported by a request. On Azure itself that must be accepted explicitly, or done in the portal.",
    ),
    (
        "EXP-04",
        "A lab is made from an exported image only once that image has a version. Raise the export's `revision` above 0.",
    ),
    (
        "DEL-07",
        "An image that labs may use must keep at least one version. Add a newer version first, or disable the image.",
    ),
    (
        "RET-01",
        "Azure Lab Services retires on 2027-06-28. After that day nothing of it can be changed; galleries and images stay.",
    ),
    (
        "RET-02",
        "Azure creates no new lab accounts since 2024-07-15. Existing ones can be used until the service retires.",
    ),
    (
        "protect",
        "The resource is protected: no plan deletes or replaces it. Write `protect: false` on it and apply that first.",
    ),
    (
        "blastRadius",
        "The plan would delete or replace more than `policy.blastRadius` allows. Check that the right files were read; if it is meant, do it in parts.",
    ),
    (
        "immutable",
        "Azure cannot change this in place and replacing the resource would make no sense. The help of the finding says what to do instead.",
    ),
    (
        "moved",
        "`moved` changes a key and nothing in Azure. The new block must keep the old name in Azure: add `name:` to it.",
    ),
    (
        "imageVersion",
        "A lab keeps the version of the image that it was made from; a newer one is no difference. To use it, make a new lab, or replace this one under another key.",
    ),
    (
        "renamed",
        "Something is deleted and something just like it is created. If only its key was renamed, `moved:` keeps the thing in Azure; the help has the line.",
    ),
    (
        "policy.allow",
        "A consent in `policy.allow` would have covered a change, but its last day is over. Give it a later `until`, or consent with --allow.",
    ),
    (
        "labwright::plan::cycle",
        "Resources wait for each other in a circle, so none could be first. Take one of the references away.",
    ),
    (
        "labwright::plan::unknown_address",
        "`--target` and `--exclude` name addresses, `Kind/key`, that are in the files or in the record.",
    ),
    (
        "labwright::state::locked",
        "Another run is changing this state. Its lock ends with its process; `--lock-timeout 10m` waits for it.",
    ),
    (
        "labwright::state::damaged",
        "What is stored does not fit together: the file was changed or cut off by something else. Put back a copy.",
    ),
    (
        "labwright::state::older",
        "The state is older than one that was seen here before: an old copy was put in its place. Put the newest one back.",
    ),
    (
        "labwright::state::vanished",
        "The state was here and is gone. Without it everything would be taken for new. Put a copy back.",
    ),
    (
        "labwright::state::mismatch",
        "The state belongs to another project, environment or cloud. Name the right environment, or let `state:` name another file.",
    ),
    (
        "labwright::cli::no_file",
        "The command names a file that is not there. A relative path starts where labwright is called, not at the project.",
    ),
    (
        "labwright::cli::edited_plan",
        "A saved plan holds a digest of itself, and it does not fit or is missing: the file was changed, cut off or written by an older version. What was looked at would not be what is carried out. Plan again.",
    ),
    (
        "labwright::cli::stale_plan",
        "What the saved plan rests on is recorded differently now, so it would do something else than what was looked at. Plan again.",
    ),
    (
        "labwright::cli::missing_consent",
        "What cannot be undone takes a consent of its own beside `--yes`: `--allow WHAT`, or a reviewed `policy.allow` in labwright.yaml.",
    ),
    (
        "labwright::cli::not_confirmed",
        "Without a terminal nobody can be asked, so labwright does nothing unless `--yes` is given.",
    ),
];

/// Explains a code.
pub(super) fn run(arguments: &Explain, context: &Context) -> Result<Exit, Failure> {
    let code = arguments.code.as_str();
    if code.contains('/') && !code.contains("::") {
        return Err(CommandError::usage(
            "`labwright explain ADDR` comes with a later version",
            "codes are explained: `labwright explain GEO-11`",
        )
        .into());
    }
    let known = || config::CODES.iter().chain(EXPLANATIONS);
    let last = |full: &str| full.rsplit("::").next().unwrap_or(full).to_owned();
    let fits = |full: &str| full.eq_ignore_ascii_case(code) || last(full).eq_ignore_ascii_case(code);
    if let Some((full, explanation)) = known().find(|(full, _)| fits(full)) {
        context.printer.result(&format!("{full}\n{explanation}\n"));
        return Ok(Exit::Done);
    }
    let near = known()
        .map(|(full, _)| {
            (strsim::jaro_winkler(&last(full).to_lowercase(), &last(code).to_lowercase()), *full)
        })
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let help = match near {
        Some((likeness, full)) if likeness > 0.75 => format!("perhaps `{full}`?"),
        _ => {
            "codes stand beside each problem, such as `labwright::config::unknown_key` or `GEO-11`".to_owned()
        }
    };
    Err(CommandError::NotFound { name: code.to_owned(), help }.into())
}
