//! What each rule, guard and code means that does not come from the files' reader.

/// Rules, guards and codes that do not come from the files' reader; each with what it means.
pub(super) const EXPLANATIONS: &[(&str, &str)] = &[
    (
        "GAL-01",
        "A lab account or a lab plan has at most one gallery attached. Attach the images' gallery once, and list every image of it there.",
    ),
    (
        "GAL-05",
        "Azure attaches a gallery to a lab plan only if the service's own identity is Owner of the gallery before. Make the gallery first; `labwright doctor` then prints the command that makes the service its Owner, and the next apply attaches it.",
    ),
    (
        "GEO-03",
        "A lab plan shows those images of its gallery that have a version in the plan's own region, and nobody copies them there by himself. A lab in another region needs the image there as well. Add the region to the image's `replicate`.",
    ),
    (
        "GEO-04",
        "Microsoft asks for a gallery and a lab plan in one region. What matters is that the images are copied to the plan's region, so this is a warning.",
    ),
    (
        "GEO-05",
        "A lab plan saves images only from labs in its own region. Export from such a lab, or make the lab with a plan in the lab's region.",
    ),
    (
        "GEO-06",
        "A lab is made in one of the regions that its lab plan allows. Write another `location` on the lab, or add the region to the plan's `allowedRegions`.",
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
        "Labs are made from images that the gallery attached to their lab account or lab plan holds and that are enabled there. Add the image to `enabledImages`. Lab plans show a gallery's images switched off until somebody enables them.",
    ),
    (
        "IMG-22",
        "What is exported from a lab of a lab plan can be used by lab plans only; the other way round it works. Make the lab with a lab plan, or the image from a lab of a lab account.",
    ),
    (
        "LAB-11",
        "The two accounts on the VMs of a lab plan's lab, `credentials` and `nonAdmin`, need names that differ.",
    ),
    (
        "LAB-20",
        "A lab that is to be created needs the account that students sign in with: `credentials`. It is optional for labs that exist.",
    ),
    (
        "LAB-21",
        "Azure makes no lab of a lab plan without a number of hours for each student. Write `quota`; it is optional for labs that exist.",
    ),
    (
        "QUO-02",
        "Students use a VM for the hours of their quota, and beyond them only while a schedule has started it. Without either nobody can use the lab: write a `quota`, or name a timetable in `schedules`.",
    ),
    (
        "SCH-01",
        "The times of a schedule are those of a wall clock in its time zone. Lab accounts take the zone's name on Windows (`W. Europe Standard Time`), lab plans that of the IANA database (`Europe/Berlin`). Write either; labwright sends the one that the lab takes. A zone that is in neither list is refused as `bad_time_zone`.",
    ),
    (
        "SCH-02",
        "An event takes place in weeks that have an end, on at least one day, and on each day it stops after it starts and before midnight. Write `until`; split an event that goes over midnight into two.",
    ),
    ("SCH-03", "Azure Lab Services retires on 2027-06-28, so nothing starts or stops after that day."),
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
        "RET-03",
        "Only subscriptions that used Lab Services between July 2023 and July 2024 may still create lab plans. In any other Azure refuses the plan; there is no way around that.",
    ),
    (
        "protect",
        "The resource is protected: no plan deletes or replaces it. Write `protect: false` on it and apply that first.",
    ),
    (
        "labwright::cli::committed_state",
        "The record that `review --state` names is in one of the commits that are compared, so a change of the files could bring a record of its own. Take it out of git, or leave --state out.",
    ),
    (
        "labwright::git::missing",
        "`review` reads commits with git, and there is none on this machine or in PATH. Install it.",
    ),
    (
        "labwright::git::not_started",
        "git is there and does not start. What the system says stands behind the message.",
    ),
    (
        "labwright::git::no_repository",
        "`review` compares two commits of the repository that the project's folder lies in. Name the folder in a clone with -C.",
    ),
    (
        "labwright::git::unknown_commit",
        "The branch, tag or id means no commit here. A pipeline's clone often holds one commit only: fetch the other branch, or its whole history.",
    ),
    (
        "labwright::git::too_many_files",
        "The project's folder holds far more files in that commit than a project has. Give the project a folder of its own.",
    ),
    (
        "labwright::git::failed",
        "git could not read what it was asked for. `git fsck` tells whether the repository is whole; a partial clone must be completed first, as a review fetches nothing.",
    ),
    (
        "setting",
        "A change of the files changes a setting of the project: where requests and tokens go, where the record is looked for, which files are read, what is allowed without asking. Read it before anything else.",
    ),
    (
        "secret",
        "A change of the files reads a password from an environment variable or a file that nothing read before. An apply sends what stands there to Azure as somebody's password. Check that it is meant for that.",
    ),
    (
        "base",
        "What a change is compared with does not load, or only in part. That is no fault of the change; what is missing there looks as if it were new.",
    ),
    (
        "no-common-commit",
        "A review compares head with the commit where it left the base. This clone does not hold that commit; fetch the history.",
    ),
    (
        "environments",
        "The project has more environments than a review looks at in one go: each takes the time of a whole review. Name one with --env.",
    ),
    (
        "nothing-to-review",
        "Everything of head is in the base already. A review is of what head has and the base has not.",
    ),
    (
        "state-committed",
        "The record lies in git, so a change of the files could bring a record of its own. A review does not use it; take it out of git.",
    ),
    (
        "state-not-used",
        "There is a record beside the files, and it cannot be used: it belongs to something else, is damaged, or another version wrote it. A review does without.",
    ),
    ("change-create", "Something is to be made that is not there yet."),
    (
        "change-update",
        "Something that is there is to be changed in place. A capacity that shrinks deletes VMs.",
    ),
    ("change-replace", "Something is to be deleted and made anew, because Azure cannot change it in place."),
    ("change-delete", "Something is to be deleted. What it holds goes with it."),
    ("change-import", "Something exists and is to be taken into the record. Nothing in Azure changes."),
    ("change-move", "A key is renamed. Nothing in Azure changes."),
    ("change-forget", "A record is to be dropped. Nothing in Azure changes."),
    (
        "change-invoke",
        "Something is to be done: a lab is published, which makes or wipes its VMs, or its template VM is exported, which stops it.",
    ),
    (
        "change-keep",
        "Something differs in the files and nothing is to be done about it: what is used at creation only, or what orders the work.",
    ),
    ("drift-gone", "Something that is recorded is not in Azure any more."),
    ("drift-changed", "Something is not in Azure as it was recorded: somebody changed it there."),
    (
        "imported",
        "The plan would delete a resource group that `labwright import` took over, to make it anew somewhere else. What else the group holds would go with it, so it is refused, whatever is consented to.",
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
        "labwright::plan::cycle",
        "Resources wait for each other in a circle, so none could be first. Take one of the references away.",
    ),
    (
        "labwright::plan::unknown_address",
        "`--target` and `--exclude` name addresses, `Kind/key`, that are in the files or in the record.",
    ),
    (
        "labwright::state::locked",
        "Another run has some of this to itself. What it holds ends with its process; `--lock-timeout 10m` waits for it. `labwright state lock list` shows who holds what, and `state lock break` takes it from a process that hangs.",
    ),
    (
        "labwright::state::busy",
        "A process began to write to the state and has not ended that for ten seconds: it was stopped, or its disk hangs. `labwright state lock list` names who is at it.",
    ),
    (
        "labwright::state::unsettled",
        "A run broke off, and what it was about cannot be changed before somebody looked up what became of it: `labwright apply` does and plans afresh, `labwright resume` finishes it as it was planned.",
    ),
    (
        "labwright::state::lease_lost",
        "Somebody broke this process's lease or took its run over, so it may not write any more. What it had under way is looked up by whoever goes on.",
    ),
    (
        "labwright::cli::recorded_meanwhile",
        "While an import read Azure, another run recorded the same resource. Nothing was written; the command can be run again.",
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
        "labwright::cli::preflight",
        "Before an apply on Azure it is looked whether what the plan needs is there: the subscription, its providers, the groups that the files only name, your rights, the region, the size, the cores and the images of the marketplace. What Azure is sure to refuse stops the apply before anything is changed; what cannot be found out stops nobody. `labwright doctor` looks at the same, and at the rest.",
    ),
    (
        "labwright::cli::not_over",
        "An import overwrites no file. Only a file that holds exactly what the import would write is left as it is: an import that broke off wrote it. Name another folder with `--out`, or take the files away.",
    ),
    (
        "labwright::cli::no_sheet",
        "`labwright convert csv` reads the sheets of Microsoft's bulk tools for Lab Services: comma, semicolon or tab between cells, UTF-8, and a first line that names columns such as LabName, LabAccountName and ImageName, in any letter case. Save the sheet as `CSV UTF-8`.",
    ),
    (
        "labwright::cli::recorded",
        "The state records the resource under another address already, so it is managed here. To give it another address write `moved:` into the files.",
    ),
    (
        "labwright::cli::unreadable",
        "A resource that the list shows could not be read. An import that left it out would look complete, so nothing was written.",
    ),
    (
        "labwright::cli::not_as_found",
        "With the settings of the labwright.yaml in that folder, the imported resources would get attributes that they do not have, so the next plan or drift would not be empty. Import into a folder of its own.",
    ),
    (
        "labwright::cli::import_after",
        "An earlier run broke off, or is still under way. An import does not settle it: finish it with `labwright apply` first.",
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
        "labwright::cli::others_plan",
        "The saved plan was made for another environment, project, cloud or subscription than this one. It is carried out only where it was made for: give the same --env and --var, or plan again.",
    ),
    (
        "labwright::cli::missing_consent",
        "What cannot be undone takes a consent of its own beside `--yes`: `--allow WHAT`, or a reviewed `policy.allow` in labwright.yaml.",
    ),
    (
        "labwright::cli::not_confirmed",
        "Without a terminal nobody can be asked, so labwright does nothing unless `--yes` is given.",
    ),
    (
        "ignoreChanges",
        "`ignoreChanges` names the attribute: it was sent when the resource was made, and a later edit of it, here or in Azure, is left as it is. Take it out of `ignoreChanges` to have it changed.",
    ),
    (
        "variables",
        "A variable was given with `--var` or `LABWRIGHT_VAR_name` that labwright.yaml does not declare, so nothing uses it unless a file names it. Mostly it is misspelt.",
    ),
    (
        "defaults",
        "A value of `defaults` does not fit this resource, so it is left out: the others of its section take it. Written in the resource's own block it would be an error.",
    ),
    (
        "id",
        "A reference names something by an id that is perhaps in the files too: all but the subscription is the same, and that one is an environment variable which only commands that call Azure open. What is in the files is named by its key. It is an error where the plan would delete what is still named by its id: `forget:` keeps it.",
    ),
    (
        "link",
        "A YAML file below the project's root is a symbolic link. Links are not followed, so what it leads to is not part of the configuration.",
    ),
    (
        "open-run",
        "A run has no end: it broke off, or it is under way now. Of one that broke off the next apply looks up what was under way, records it and then plans afresh; `labwright resume` finishes it as it was planned.",
    ),
    (
        "left-out",
        "A run has this under way, or broke off while it had: what it is to be like is not known before that run ends, so drift says nothing of it.",
    ),
    (
        "settled-run",
        "An earlier run had broken off. What was under way was looked up in Azure and recorded before this plan was made.",
    ),
    (
        "state-empty",
        "Nothing is recorded yet on a real Azure. What exists there already is not known to labwright; creating something that exists is refused, nothing is taken over.",
    ),
    (
        "journal",
        "The journal of a run speaks of a step that its plan does not have: the state was changed by something else than labwright.",
    ),
    (
        "ReplicationFailed",
        "Azure could not copy an image version to every region. The regions and Azure's reasons stand in the message; the next apply makes the version anew.",
    ),
    (
        "labwright::apply::store",
        "The journal could not be written, so no more requests left: nothing is done that could not be recorded. What was under way is looked up by the next run.",
    ),
    (
        "labwright::apply::unsettled",
        "A run has steps whose end nobody knows. They are looked up before anything else is done.",
    ),
    (
        "labwright::apply::secrets",
        "The plan sends secrets that cannot be opened: a variable is not set, or a file is not there. All of them are named before the first request.",
    ),
    (
        "labwright::apply::secret",
        "A secret could not be opened as its request was about to leave. Nothing was sent.",
    ),
    (
        "labwright::apply::exists",
        "Something is there already under the name that the plan would create, and it is not recorded here. ARM would take it over without a word, so the action is refused. To manage it from here, write `adopt: true` on it or run `labwright import ADDR ID`: both read and record it and change nothing. Else choose another name, or delete what is there.",
    ),
    (
        "labwright::apply::set",
        "A lab plan has a gallery already that nothing here recorded, and attaching another one would take it away. Write `adopt: true` on the attachment to manage the one that is there, or detach it in Azure.",
    ),
    (
        "labwright::apply::not_there",
        "The resource has `adopt: true`, so it is read and recorded, never made, and nothing is there under the id that its block gives. Take `adopt: true` away to have it made, or correct its name, group, account or subscription.",
    ),
    (
        "labwright::apply::missing",
        "An action is built on something that the files name by its id, and Azure does not have it; Azure itself would tell late, or never. Check the id. An image of a gallery shows in a lab account or a lab plan only where the gallery is attached to that, the image is switched on, and a version is copied to where the lab is.",
    ),
    (
        "labwright::apply::broken",
        "The resource has `adopt: true`, and Azure says that its creation failed. What is broken is not taken over: mend it or delete it in Azure.",
    ),
    (
        "labwright::apply::changed_since",
        "The resource is not as it was recorded when the plan was made, so somebody changed it in between. Nothing is overwritten: look at it with `labwright drift`, then plan with `--refresh`.",
    ),
    (
        "labwright::apply::gone",
        "What is to be changed is not in Azure any more. `labwright apply --refresh` makes it anew.",
    ),
    (
        "labwright::apply::contents",
        "A container that is to be deleted holds what nobody recorded, and that would be deleted along. Move or delete it in Azure first.",
    ),
    (
        "labwright::apply::no_answer",
        "A request was sent twice; neither time an answer came, and nothing of its effect shows. Run the command again once Azure answers.",
    ),
    (
        "labwright::apply::still_waiting",
        "Azure took the request and did not finish it in time. The next run looks it up and goes on from there.",
    ),
    (
        "labwright::apply::no_such_item",
        "A list of images in Azure does not hold a name that should be switched on. Names are written as Azure lists them; a new image shows some time after its first version.",
    ),
    (
        "labwright::apply::not_listed",
        "A request needs something that only Azure knows, such as the parts of a marketplace image's name or a lab's template VM, and Azure lists none that fits. Nothing was sent.",
    ),
    (
        "labwright::apply::unreadable",
        "What Azure answered of a resource is not shaped as documented, so it cannot be compared and is not touched.",
    ),
    (
        "labwright::azure::refused",
        "Azure refused a request; its own code and words are quoted. 401 and 403 are a matter of roles, 409 of something else under way, 429 of too many requests.",
    ),
    (
        "labwright::azure::operation_failed",
        "Azure took a request and failed while it worked on it; its own words are quoted.",
    ),
    (
        "labwright::azure::operation_unknown",
        "The status of an operation could not be read. The resource itself is asked instead, now or by the next run.",
    ),
    (
        "labwright::azure::lost",
        "A request left and no answer came, so it may have taken effect. It is looked up before it is repeated.",
    ),
    (
        "labwright::azure::unreachable",
        "The host cannot be reached: no network, a wrong address, or a proxy in between.",
    ),
    (
        "labwright::azure::certificate",
        "The host's certificate is not trusted. An own authority is named with `ca:` below `cloud: { azure: … }`.",
    ),
    (
        "labwright::azure::not_arm",
        "The host answers, but not as Azure Resource Manager does. Check `endpoint:`.",
    ),
    (
        "labwright::azure::no_identity",
        "The machine has no identity that Azure knows, or nobody is signed in to its Azure CLI. `auth:` in labwright.yaml names the way that is used; without it a service principal of the environment comes first.",
    ),
    (
        "labwright::azure::signed_out",
        "None of the ways to sign in gave a token; each stands there with its reason. They are tried in this order: a service principal with a secret, one with a token of another issuer, the machine's identity, the Azure CLI.",
    ),
    (
        "labwright::azure::token_file",
        "AZURE_FEDERATED_TOKEN_FILE names a file with the token that a workload shows. It is read anew for each sign-in, since whoever runs the job renews it.",
    ),
    (
        "labwright::azure::sign_in",
        "Signing in failed; the identity platform's words are quoted. Check tenant, client id and secret.",
    ),
    ("labwright::azure::address", "The address cannot be used: it must be https, or http on loopback."),
    (
        "labwright::azure::untrusted_host",
        "The host is none of Azure's, and tokens go only to Azure's hosts and to loopback. `LABWRIGHT_ENDPOINT_HOSTS` names others.",
    ),
    (
        "labwright::azure::foreign_host",
        "An answer leads to another host than the endpoint. The token does not go there: such a link would be a way to steal it.",
    ),
    (
        "labwright::azure::ca",
        "The file with trusted certificates cannot be read. It holds one or more certificates in PEM form.",
    ),
    ("labwright::azure::setup", "HTTPS could not be set up on this machine; the system's words are quoted."),
    (
        "labwright::cli::no_project",
        "The folder has no labwright.yaml. Start a project with `labwright init`, or name its folder with `-C DIR`.",
    ),
    (
        "labwright::cli::bad_day",
        "`LABWRIGHT_TODAY` stands for today's date in tests and is written `YYYY-MM-DD`.",
    ),
    (
        "labwright::cli::usage",
        "The command line is wrong. `labwright help COMMAND` lists what the command takes.",
    ),
    (
        "labwright::cli::more_problems",
        "Only the first problems of each kind are shown; the others show once these are mended.",
    ),
    ("labwright::cli::exists", "`init` overwrites nothing. Name another folder, or take the file away."),
    ("labwright::cli::file", "A file could not be read or written; the system's words are quoted."),
    ("labwright::cli::system", "The system refused something that labwright needs; its words are quoted."),
    (
        "labwright::cli::faults",
        "What `--faults` was given is no fault the emulator knows; the place is shown. `labwright emulator --help` tells how faults are written.",
    ),
    (
        "labwright::cli::emulator",
        "The emulator did not start: mostly another process holds its file or its port.",
    ),
    (
        "labwright::cli::no_plan",
        "The file holds no plan that this version can carry out. Write one with `labwright plan --out FILE`.",
    ),
    (
        "labwright::cli::refused",
        "Findings of severity error stop the plan; each has a code of its own to be explained.",
    ),
    (
        "labwright::cli::not_settled",
        "What became of an earlier run cannot be told yet, and nothing is planned before. Wait a little and run the command again.",
    ),
    (
        "labwright::cli::left",
        "The command was asked to end (Ctrl-C, SIGTERM) before its run began. Nothing was changed in Azure. What an earlier run left under way goes on there, and the next command looks it up.",
    ),
    (
        "labwright::cli::not_found",
        "The name that was given is nothing that labwright knows; the help names what is nearest.",
    ),
    (
        "labwright::cli::credentials",
        "Commands that call Azure need the account to sign in with: the variables that the message names.",
    ),
    (
        "labwright::cli::broken_plan",
        "The plan does not hold together, which is a bug of labwright. Nothing was done; please report it.",
    ),
    (
        "labwright::state::database",
        "The state's database refused something; its words are quoted. What was recorded until now is kept.",
    ),
    (
        "labwright::state::remembered",
        "Beside each state, in the user's own state folder, labwright keeps the highest serial that it has seen of it, to notice a state that vanished or was put back from an older copy. That file could not be read or written. XDG_STATE_HOME names another folder.",
    ),
    (
        "labwright::state::io",
        "The state's file could not be read or written. What was recorded until now is kept.",
    ),
    (
        "labwright::state::disk_full",
        "No room is left on the disk. Make room and run the command again: nothing that was recorded is lost.",
    ),
    (
        "labwright::state::foreign",
        "The file that `state:` names is not a state of labwright. It is left as it is.",
    ),
    ("labwright::state::too_new", "A newer labwright wrote the state. Use that version or a newer one."),
    (
        "labwright::state::replaced",
        "Another state stands where the known one was: it was made elsewhere. Put back the one that belongs here.",
    ),
    ("labwright::state::no_such_run", "The state has no run of that number."),
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
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::config;

    /// The text of every source file but those of the emulator, which speaks for itself.
    fn sources(folder: &Path, into: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("emulator") {
                sources(&path, into);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("explanations.rs") {
                into.push(std::fs::read_to_string(&path).expect("text"));
            }
        }
    }

    /// What stands between `before` and `after`, each time.
    fn between<'t>(text: &'t str, before: &str, after: char) -> Vec<&'t str> {
        text.split(before).skip(1).filter_map(|rest| Some(rest.split_once(after)?.0)).collect()
    }

    #[test]
    fn every_code_that_can_be_printed_is_explained() {
        let mut texts = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
        let explained: BTreeSet<_> =
            config::CODES.iter().chain(EXPLANATIONS).map(|(code, _)| *code).collect();
        let mut codes = BTreeSet::new();
        for text in &texts {
            codes.extend(
                between(text, concat!("code(", "labwright::"), ')')
                    .iter()
                    .map(|code| format!("labwright::{code}")),
            );
            let rules = between(text, concat!("rule: ", "\""), '"');
            let remarks = text.split(concat!("remark", "(")).skip(1).filter_map(|rest| {
                rest.trim_start().strip_prefix('"')?.split_once('"').map(|(code, _)| code)
            });
            codes.extend(rules.into_iter().chain(remarks).map(str::to_owned));
        }
        assert!(codes.len() > 70, "{codes:?}");
        let last = |code: &str| code.rsplit("::").next().unwrap_or(code).to_owned();
        let by_last: BTreeSet<_> = explained.iter().map(|code| last(code)).collect();
        let unknown: Vec<_> = codes.iter().filter(|code| !by_last.contains(&last(code))).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        let whole = codes.iter().filter(|code| code.contains("::"));
        let missing: Vec<_> = whole.filter(|code| !explained.contains(code.as_str())).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn each_is_explained_once() {
        let once: BTreeSet<_> = EXPLANATIONS.iter().map(|(code, _)| *code).collect();
        assert_eq!(once.len(), EXPLANATIONS.len());
    }
}
