//! Users of labs: on a list, by registering, or as members of a directory group.

use crate::emulator::tests::stage::{ACCOUNT, Stage, order};
use serde_json::{Value, json};

const GROUP_ID: &str = "33333333-3333-3333-3333-333333333333";

fn lab() -> String {
    format!("{ACCOUNT}/labs/lab")
}

#[test]
fn users_are_added_once_and_keep_what_a_put_does_not_name() {
    let mut stage = Stage::with_lab();
    for _ in 0..2 {
        let addresses = json!({ "emailAddresses": ["a@contoso.edu", "b@contoso.edu"] });
        stage.done("POST", &format!("{}/addUsers", lab()), addresses);
    }
    let users = stage.names(&format!("{}/users", lab()));
    assert_eq!(users.len(), 2);
    let user = format!("{}/users/{}", lab(), users[0]);
    let email = stage.get(&user)["properties"]["email"].clone();
    let (status, put) = stage.ask("PUT", &user, json!({ "properties": { "additionalUsageQuota": "PT5H" } }));
    assert_eq!((status, &put["properties"]["email"]), (200, &email));
    assert_eq!(stage.get(&user)["properties"]["additionalUsageQuota"], "PT5H");
    for bad in [json!({}), json!({ "emailAddresses": "a@b.edu" }), json!({ "emailAddresses": ["nobody"] })] {
        assert_eq!(stage.refused("POST", &format!("{}/addUsers", lab()), bad).0, 400);
    }
    assert_eq!(stage.send("DELETE", &user, None).status, 202);
    stage.step(3);
    assert_eq!(stage.send("DELETE", &user, None).status, 204);
}

#[test]
fn mail_goes_to_users_only() {
    let mut stage = Stage::with_lab();
    stage.done("POST", &format!("{}/addUsers", lab()), json!({ "emailAddresses": ["a@contoso.edu"] }));
    let send = format!("{}/sendEmail", lab());
    let mail = |to: &str| json!({ "emailAddresses": [to], "extraMessage": "Welcome" });
    assert_eq!(stage.ask("POST", &send, mail("A@contoso.edu")), (200, Value::Null));
    assert_eq!(stage.refused("POST", &send, mail("z@contoso.edu")), (400, "InvalidParameter".into()));
}

#[test]
fn whoever_registers_must_be_allowed_to_and_find_a_place() {
    let mut stage = Stage::with_lab();
    let register = format!("{}/register", lab());
    assert_eq!(stage.refused("POST", &register, Value::Null), (403, "UserNotAllowed".into()));
    let open = |places: u64| json!({ "properties": { "userAccessMode": "Open", "maxUsersInLab": places } });
    stage.done("PUT", &lab(), open(0));
    assert_eq!(stage.refused("POST", &register, Value::Null), (409, "Conflict".into()));
    stage.done("PUT", &lab(), open(1));
    assert_eq!(stage.ask("POST", &register, Value::Null), (200, Value::Null));
    assert_eq!(stage.ask("POST", &register, Value::Null), (200, Value::Null));
    assert_eq!(stage.names(&format!("{}/users", lab())).len(), 1);
}

#[test]
fn a_lab_with_a_group_has_its_members_and_a_place_for_each() {
    let mut stage = Stage::with_lab();
    let mut body = order("synced", "java");
    body["labParameters"]["aadGroupId"] = json!(GROUP_ID);
    stage.done("POST", &format!("{ACCOUNT}/createLab"), body);
    stage.step(3);
    let synced = format!("{ACCOUNT}/labs/synced");
    let users = stage.names(&format!("{synced}/users"));
    assert!((5..=20).contains(&users.len()), "{}", users.len());
    assert_eq!(stage.get(&synced)["properties"]["maxUsersInLab"], users.len());
    // Another capacity is overwritten, and nobody comes or goes by hand.
    let put = stage.done("PUT", &synced, json!({ "properties": { "maxUsersInLab": 2 } }));
    assert_eq!(put["properties"]["maxUsersInLab"], users.len());
    let add = json!({ "emailAddresses": ["a@contoso.edu"] });
    assert_eq!(stage.refused("POST", &format!("{synced}/addUsers"), add), (409, "Conflict".into()));
    let user = format!("{synced}/users/{}", users[0]);
    assert_eq!(stage.refused("DELETE", &user, Value::Null), (409, "Conflict".into()));
    assert_eq!(stage.ask("POST", &format!("{synced}/syncUserList"), Value::Null), (200, Value::Null));
    assert_eq!(stage.names(&format!("{synced}/users")).len(), users.len());
}

#[test]
fn a_group_comes_to_an_empty_list_and_is_a_real_one() {
    let mut stage = Stage::with_lab();
    let sync = format!("{}/syncUserList", lab());
    assert_eq!(stage.refused("POST", &sync, Value::Null), (409, "Conflict".into()));
    let group = |id: &str| json!({ "properties": { "aadGroupId": id } });
    for bad in ["nobody", "00000000-0000-0000-0000-000000000000"] {
        assert_eq!(stage.refused("PUT", &lab(), group(bad)), (400, "InvalidParameter".into()));
    }
    stage.done("POST", &format!("{}/addUsers", lab()), json!({ "emailAddresses": ["a@contoso.edu"] }));
    assert_eq!(stage.refused("PUT", &lab(), group(GROUP_ID)), (409, "Conflict".into()));
    assert_eq!(stage.get(&lab())["properties"]["maxUsersInLab"], 3);
}
