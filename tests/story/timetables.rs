//! Schedules of labs of both generations: there, an edit, what somebody else changes, and back.

use super::place::Place;
use super::served::{Served, world};

const GROUP: &str =
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.LabServices";

/// Where the schedules of the first generation's lab and of the second's are, with the version that each speaks.
const HOLDERS: [(&str, &str); 2] = [
    ("labaccounts/acc/labs/optics/environmentsettings/default/schedules", "2019-01-01-preview"),
    ("labs/waves/schedules", "2023-06-07"),
];

/// A schedule that somebody else makes, once on a Monday, in the words of each generation.
const OWN: [&str; 2] = [
    r#"{"properties":{"start":"2027-02-01T08:00:00","end":"2027-02-01T09:00:00","timeZoneId":"UTC"}}"#,
    r#"{"properties":{"startAt":"2027-02-01T08:00:00Z","stopAt":"2027-02-01T09:00:00Z","timeZoneId":"Etc/UTC"}}"#,
];

const HEAD: &str = r#"project: timetables
cloud: emulator
defaults:
  all: { resourceGroup: rg, location: westeurope }
  labs:
    image: Marketplace/Ubuntu Server 22.04 LTS
    size: Medium
    capacity: 3
    credentials: { username: student, password: { env: LAB_PASSWORD } }
resourceGroups: { rg: {} }
labAccounts: { acc: {} }
labPlans: { plan: { allowedRegions: [westeurope], defaults: { connection: { clientSsh: Public } } } }
timetables:
  mon-wed:
    timeZone: Europe/Berlin
    from: 2027-02-02
    until: 2027-06-11
    events:
      lecture: { days: [Wed, Mon], start: 9:45, stop: "12:00" }
      night: { days: [Daily], stop: "23:00" }
"#;

const LABS: &str = "labs:
  optics:
    in: LabAccount/acc
    quota: 10h
    schedules: mon-wed
  waves:
    in: LabPlan/plan
    quota: 10h
    schedules: [mon-wed]
    publish: { revision: 1 }
";

/// The project against an emulator in a process of its own.
fn place(azure: &Served) -> Place {
    let place = Place::against("quickstart", &azure.url);
    let cloud = format!(
        "\ncloud: {{ azure: {{ subscription: 11111111-1111-1111-1111-111111111111, endpoint: '{}' }} }}",
        azure.url
    );
    let text = format!("{HEAD}{LABS}").replace("\ncloud: emulator", &cloud);
    std::fs::write(place.project().join("labwright.yaml"), text).expect("written");
    place
}

/// What somebody else does to a schedule of each generation.
#[track_caller]
fn send(azure: &Served, method: &str, name: &str, bodies: [&str; 2]) {
    for ((holder, version), body) in HOLDERS.into_iter().zip(bodies) {
        let path = format!("{GROUP}/{holder}/{name}?api-version={version}");
        let said = azure.send(method, &path, body);
        assert!(said.contains(" 20"), "{method} {holder}: {said}");
        // A lab plan's goes later.
        while method == "DELETE" && !azure.send("GET", &path, "").contains(" 404") {}
    }
}

/// The names of all schedules there are, with their labs.
fn schedules(azure: &Served) -> Vec<String> {
    let world = world(&azure.data());
    let last = |id: &String| {
        id.rsplit_once("/labs/").map(|(_, rest)| rest.replace("environmentsettings/default/", ""))
    };
    world.keys().filter(|id| id.contains("/schedules/")).filter_map(last).collect()
}

#[test]
fn schedules_go_there_and_back_with_labs_of_both_generations() {
    let azure = Served::start();
    let place = place(&azure);
    place.run("apply --yes").says(0, "Apply complete! Resources: 9 added, 0 changed, 0 destroyed.");
    place.run("apply --yes").says(0, "No changes.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    place.run("drift").says(0, "No drift.");
    assert_eq!(
        schedules(&azure),
        [
            "optics/schedules/lecture",
            "optics/schedules/night",
            "waves/schedules/lecture",
            "waves/schedules/night"
        ]
    );

    let line = place.line_of("labwright.yaml", "lecture:");
    place.edit("labwright.yaml", "stop: \"12:00\"", "stop: \"12:30\", notes: Bring a pen");
    let plan = place.run("plan --detailed-exitcode --format json");
    assert_eq!(plan.code, 2, "{}", plan.stderr);
    let plan = plan.json();
    let changes: Vec<_> = plan["changes"].as_array().expect("a list").iter().collect();
    let addresses: Vec<_> =
        changes.iter().map(|change| change["address"].as_str().unwrap_or_default()).collect();
    assert_eq!(addresses, ["Schedule/optics/lecture", "Schedule/waves/lecture"]);
    for change in changes {
        let attributes = change["attributes"].as_array().expect("a list");
        let paths: Vec<_> = attributes.iter().map(|attribute| &attribute["path"]).collect();
        assert_eq!(paths, ["notes", "stop"]);
        assert_eq!((&attributes[1]["before"], &attributes[1]["after"]), (&"12:00".into(), &"12:30".into()));
        assert_eq!(attributes[1]["source"]["line"], line);
    }
    place.run("apply --yes").says(0, "Apply complete! Resources: 0 added, 2 changed, 0 destroyed.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");

    // A start that goes is no line that is no longer managed: the schedule only stops from then on.
    place.edit("labwright.yaml", "start: 9:45, ", "");
    place.run("apply --yes").says(0, "Apply complete! Resources: 2 added, 0 changed, 2 destroyed.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");

    place.edit("labwright.yaml", "    schedules: mon-wed\n", "");
    place.run("apply --yes").says(0, "Apply complete! Resources: 0 added, 0 changed, 2 destroyed.");
    assert_eq!(schedules(&azure), ["waves/schedules/lecture", "waves/schedules/night"]);
    place.run("destroy --yes").says(0, "Destroy complete! Resources: 7 destroyed.");
    assert_eq!(world(&azure.data()).into_keys().collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn what_somebody_else_changes_is_seen_put_back_and_their_own_schedules_stay() {
    let azure = Served::start();
    let place = place(&azure);
    place.run("apply --yes").says(0, "Apply complete! Resources: 9 added, 0 changed, 0 destroyed.");
    let [account, plan] =
        HOLDERS.map(|(holder, version)| format!("{GROUP}/{holder}/lecture?api-version={version}"));
    let body = r#"{"properties":{"enableState":"Disabled","start":"2027-02-03T08:00:00","end":"2027-02-03T12:00:00","timeZoneId":"GMT Standard Time","recurrencePattern":{"frequency":"Weekly","weekDays":["Monday"],"interval":1,"until":"2027-06-11T00:00:00"}}}"#;
    assert!(azure.send("PUT", &account, body).contains(" 200"));
    let body = r#"{"properties":{"startAt":"2027-02-03T10:15:00Z","stopAt":"2027-02-03T12:00:00Z","timeZoneId":"Europe/Berlin","recurrencePattern":{"frequency":"Daily","interval":2,"expirationDate":"2027-06-11T00:00:00Z"}}}"#;
    assert!(azure.send("PUT", &plan, body).contains(" 200"));
    send(&azure, "DELETE", "night", [""; 2]);
    send(&azure, "PUT", "Default_12345", OWN);

    let drift = place.run("drift");
    for text in ["Schedule/optics/night", "Schedule/waves/night", "Drift: 2 gone, 2 changed."] {
        drift.speaks_of(2, text);
    }
    let drift = place.run("drift --format json").json();
    let changed = |address: &str| {
        let mut changes = drift["changes"].as_array().expect("a list").iter();
        let change = changes.find(|change| change["address"] == address).expect("it drifted");
        let attributes = change["attributes"].as_array().expect("a list").iter();
        attributes
            .map(|own| format!("{} {}", own["path"].as_str().unwrap_or_default(), own["after"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        changed("Schedule/optics/lecture"),
        ["days []", r#"start "08:00""#, r#"timeZone "GMT Standard Time""#]
    );
    assert_eq!(changed("Schedule/waves/lecture"), [r#"days ["Daily","every 2"]"#, r#"start "10:15""#]);

    place.run("apply --yes --refresh").says(0, "Apply complete! Resources: 2 added, 2 changed, 0 destroyed.");
    place.run("drift").says(0, "No drift.");
    let own = ["optics/schedules/default_12345", "waves/schedules/default_12345"];
    assert!(own.iter().all(|own| schedules(&azure).iter().any(|id| id == own)), "{:?}", schedules(&azure));

    // A lab that is made anew gets its schedules with it; what others had made there went with the lab.
    place.edit("labwright.yaml", "  optics:", "  optics:\n    size: Large");
    place
        .run("apply --yes --allow replace")
        .says(0, "Apply complete! Resources: 3 added, 0 changed, 3 destroyed.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    let of_optics: Vec<_> = schedules(&azure).into_iter().filter(|id| id.starts_with("optics/")).collect();
    assert_eq!(of_optics, ["optics/schedules/lecture", "optics/schedules/night"]);
}

#[test]
fn schedules_that_are_there_are_adopted_and_never_taken_over() {
    let azure = Served::start();
    let place = place(&azure);
    place.run("apply --yes").says(0, "Apply complete! Resources: 9 added, 0 changed, 0 destroyed.");
    for (holder, _) in HOLDERS {
        let lab = if holder.contains("optics") { "optics" } else { "waves" };
        place.run(&format!("state show Schedule/{lab}/night")).speaks_of(0, &format!("{holder}/night"));
    }
    send(&azure, "PUT", "exam", OWN);
    place.edit(
        "labwright.yaml",
        "      night:",
        "      exam: { timeZone: UTC, from: 2027-02-01, until: 2027-02-01, days: [Mon], start: 8:00, stop: \"09:00\" }\n      night:",
    );
    let refused = place.run("apply --yes");
    refused.speaks_of(5, "Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed; 2 failed");
    place.edit("labwright.yaml", "exam: { ", "exam: { adopt: true, ");
    place.run("apply --yes").speaks_of(0, "2 imported");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
}

#[test]
fn what_is_wrong_with_a_timetable_is_said_once_however_many_labs_have_it() {
    let place = Place::of("quickstart");
    let labs = "labs:
  $(name):
    forEach: { matrix: { name: [a, b, c] } }
    in: LabAccount/acc
    quota: 0h
    schedules: mon-wed
";
    let text = format!("{HEAD}{labs}");
    let write = |text: &str| std::fs::write(place.project().join("labwright.yaml"), text).expect("written");
    write(&text.replace("until: 2027-06-11", "until: 2027-07-30").replace("\"12:00\"", "\"02:00\""));
    let said = place.run("validate --format json");
    assert_eq!(said.code, 4, "{}", said.stderr);
    let said = said.json();
    let findings = said["findings"].as_array().expect("a list").iter();
    let findings: Vec<_> = findings
        .map(|own| (own["rule"].as_str().unwrap_or_default().to_owned(), own["source"]["line"].clone()))
        .collect();
    let rules: Vec<_> = findings.iter().map(|(rule, _)| rule.as_str()).collect();
    assert_eq!(rules, ["SCH-02", "SCH-03", "SCH-03"], "{findings:?}");

    // Nobody names it, and it is looked at all the same.
    write(
        &text
            .replace("    until: 2027-06-11\n", "")
            .replace("    schedules: mon-wed\n", "    publish: { revision: 1 }\n"),
    );
    let said = place.run("validate");
    said.speaks_of(4, "the event `lecture` has no last day");
    said.speaks_of(4, "QUO-02");
    said.speaks_of(4, "there is neither a quota nor a schedule");
}
