//! What is in the way is found before anything is changed, with what mends it.

use super::place::Place;
use super::served::Served;

const SUBSCRIPTION: &str = "/subscriptions/11111111-1111-1111-1111-111111111111";

/// What somebody else does in the cloud.
fn send(azure: &Served, method: &str, path: &str, body: &str) -> String {
    azure.send(method, &format!("{SUBSCRIPTION}{path}?api-version=2022-12-01"), body)
}

#[test]
fn nothing_is_in_the_way_before_and_after_an_apply() {
    let azure = Served::start();
    let place = Place::against("quickstart", &azure.url);
    let before = place.run("doctor");
    before.speaks_of(0, "Nothing is in the way.");
    before.speaks_of(0, "as application story");
    assert_eq!(place.run("apply --yes").code, 0);
    place.edit("labwright.yaml", "capacity: 12", "capacity: 13");
    let after = place.run("doctor");
    after.speaks_of(0, "gallery sig_physics: Contributor or more is given to 1 of");
    after.speaks_of(0, "is on offer");
    after.speaks_of(0, "that are left");
    assert!(!azure.end().iter().any(|asked| asked.method == "PUT" && asked.path.contains("authorization")));
}

#[test]
fn what_is_not_registered_stops_doctor_and_apply_before_anything_is_made() {
    let azure = Served::start();
    let place = Place::against("quickstart", &azure.url);
    assert!(send(&azure, "POST", "/providers/Microsoft.LabServices/unregister", "").contains(" 200"));
    let command = "az provider register --wait --namespace Microsoft.LabServices --subscription 11111111-1111-1111-1111-111111111111";
    let doctor = place.run("doctor");
    doctor.says(4, &format!("      {command}"));
    doctor.says(4, "1 thing in the way.");
    let json = place.run("doctor --format json").json();
    let bad: Vec<_> = json["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|own| own["severity"] == "error")
        .collect();
    assert_eq!((bad.len(), json["exit_code"].as_u64()), (1, Some(4)));
    assert!(bad[0]["help"].as_str().is_some_and(|help| help.ends_with(command)), "{bad:?}");
    let apply = place.run("apply --yes");
    assert_eq!(apply.code, 4, "{}", apply.stderr);
    assert!(apply.stderr.contains(command), "{}", apply.stderr);
    assert!(send(&azure, "POST", "/providers/Microsoft.LabServices/register", "").contains(" 200"));
    place.run("apply --yes").speaks_of(0, "Apply complete!");
}

#[test]
fn a_group_that_is_only_named_is_expected_to_be_there() {
    let azure = Served::start();
    let place = Place::against("quickstart", &azure.url);
    place.edit("labwright.yaml", "resourceGroups:\n  physics-rg: {}\n", "");
    let apply = place.run("apply --yes --format json");
    assert_eq!(apply.code, 4, "{}", apply.stderr);
    assert!(apply.stderr.contains("physics-rg is not there"), "{}", apply.stderr);
    let findings = apply.json()["findings"].clone();
    let of =
        |rule: &str| findings.as_array().expect("findings").iter().filter(|own| own["rule"] == rule).count();
    assert_eq!((of("preflight"), of("labwright::cli::preflight")), (1, 1), "{findings}");
    let made = send(&azure, "PUT", "/resourceGroups/physics-rg", r#"{"location":"westeurope"}"#);
    assert!(made.contains(" 201"), "{made}");
    place.run("apply --yes").speaks_of(0, "Apply complete!");
}

#[test]
fn an_image_that_the_marketplace_lacks_is_told_with_its_nearest() {
    let azure = Served::start();
    let place = Place::against("quickstart", &azure.url);
    assert_eq!(place.run("apply --yes").code, 0);
    let lab = "\n  extra: { image: Marketplace/Ubuntu Server 2204 LTS, size: Small, capacity: 1, credentials: student }\n";
    place.edit("labwright.yaml", "\nlabs:\n", &format!("\nlabs:{lab}"));
    let apply = place.run("apply --yes");
    assert_eq!(apply.code, 4, "{}", apply.stderr);
    let said = apply.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("no image `Ubuntu Server 2204 LTS`; the nearest is `Ubuntu Server 22.04 LTS`"),
        "{said}"
    );
    assert!(
        !azure.end().iter().any(|asked| asked.lab_made().is_some_and(|(_, lab)| lab.ends_with("/extra")))
    );
}

#[test]
fn cores_of_all_labs_are_summed() {
    let azure = Served::start();
    let place = Place::against("quickstart", &azure.url);
    assert_eq!(place.run("apply --yes").code, 0);
    let labs: String = ["a", "b", "c"]
        .map(|name| format!("\n  {name}: {{ image: java-dev, size: Large, capacity: 400, credentials: student, template: false }}"))
        .concat();
    place.edit("labwright.yaml", "\nlabs:\n", &format!("\nlabs:{labs}\n"));
    // 3 labs of 400 machines with 8 cores each, of 10,000 cores.
    let doctor = place.run("doctor");
    doctor.speaks_of(0, "Large: 9600 of the 10000 that are left");
    place.edit(
        "labwright.yaml",
        "\n  a: {",
        "\n  d: { image: java-dev, size: Large, capacity: 400, credentials: student }\n  a: {",
    );
    let doctor = place.run("doctor");
    doctor.speaks_of(4, "Large: 12808 are needed and 10000 are left");
    doctor.speaks_of(4, "Request core limit increase");
}

#[test]
fn a_group_that_may_not_be_read_is_doubtful_and_stops_nobody() {
    let azure = Served::with(&["on=GET:/subscriptions/*/resourcegroups/physics-rg;first=1;status=403"]);
    let place = Place::against("quickstart", &azure.url);
    place.edit("labwright.yaml", "resourceGroups:\n  physics-rg: {}\n", "");
    let made = send(&azure, "PUT", "/resourceGroups/physics-rg", r#"{"location":"westeurope"}"#);
    assert!(made.contains(" 201"), "{made}");
    let doctor = place.run("doctor");
    doctor.speaks_of(0, "! Group");
    doctor.speaks_of(0, "--role Reader");
    place.run("apply --yes").speaks_of(0, "Apply complete!");
}

#[test]
fn what_cannot_be_found_out_stops_nobody() {
    let azure = Served::with(&["on=GET:**/permissions;status=403"]);
    let place = Place::against("quickstart", &azure.url);
    let doctor = place.run("doctor");
    doctor.speaks_of(0, "? Rights");
    place.run("apply --yes").speaks_of(0, "Apply complete!");
}

#[test]
fn whoever_cannot_sign_in_hears_of_it_after_what_is_known() {
    let azure = Served::start();
    let mut place = Place::against("quickstart", &azure.url);
    place.unset("AZURE_CLIENT_SECRET");
    let doctor = place.run("doctor");
    doctor.speaks_of(3, "✓ Files");
    assert!(doctor.stderr.contains("AZURE_CLIENT_SECRET"), "{}", doctor.stderr);
    assert_eq!(place.run("doctor --format json").json()["exit_code"], 3);
}

#[test]
fn the_embedded_emulator_is_not_started_for_a_look() {
    let place = Place::of("quickstart");
    place.run("doctor").speaks_of(0, "the embedded emulator: no account, no rights, no cost");
    assert!(!place.project().join(".labwright").exists());
}
