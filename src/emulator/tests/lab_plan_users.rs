//! The story of a lab's users, beside a plan.

use crate::emulator::tests::stage::{LAB, Stage};
use serde_json::json;

#[test]
fn users_are_added_and_invited() {
    let mut stage = Stage::with_plan_lab();
    let path = format!("{LAB}/users/ada");
    let body = json!({ "properties": { "email": "ada@contoso.com", "additionalUsageQuota": "PT10H", "totalUsage": "PT99H" } });
    let answer = stage.send("PUT", &path, Some(body.clone()));
    assert_eq!(answer.status, 201);
    let user = answer.body.clone().expect("a user");
    let expected = json!({
        "provisioningState": "Creating", "email": "ada@contoso.com", "additionalUsageQuota": "PT10H",
        "registrationState": "NotRegistered", "invitationState": "NotSent", "totalUsage": "PT0S",
    });
    assert_eq!((&user["properties"], &user["type"]), (&expected, &json!("Microsoft.LabServices/labs/users")));
    stage.step(3);
    assert_eq!(
        stage.follow(&answer, "location").body.expect("a user")["properties"]["provisioningState"],
        "Succeeded"
    );

    let answer = stage.send("POST", &format!("{path}/invite"), Some(json!({ "text": "Welcome" })));
    assert_eq!((answer.status, &stage.get(&path)["properties"]["invitationState"]), (202, &json!("Sending")));
    assert_eq!(stage.refused("POST", &format!("{path}/invite"), json!({})), (409, "Conflict".into()));
    stage.step(3);
    assert_eq!(stage.follow(&answer, "location").status, 200);
    let user = stage.get(&path);
    assert!(
        user["properties"]["invitationState"] == "Sent" && user["properties"]["invitationSent"].is_string()
    );
    let patch = json!({ "properties": { "additionalUsageQuota": "PT5H" } });
    let answer = stage.send("PATCH", &path, Some(patch));
    let patched = answer.body.clone().expect("a user");
    assert_eq!(
        (
            answer.status,
            &patched["properties"]["additionalUsageQuota"],
            &patched["properties"]["invitationState"]
        ),
        (202, &json!("PT5H"), &json!("Sent"))
    );
    stage.step(3);

    let user = |email: &str| json!({ "properties": { "email": email } });
    for (path, body, (status, code)) in [
        (path.clone(), user("eve@contoso.com"), (409, "PropertyChangeNotAllowed")),
        (path.clone(), json!({ "properties": { "additionalUsageQuota": "5" } }), (400, "InvalidParameter")),
        (format!("{LAB}/users/eve"), user("ADA@contoso.com"), (409, "Conflict")),
        (format!("{LAB}/users/eve"), json!({ "properties": {} }), (400, "InvalidParameter")),
        (format!("{LAB}/users/eve"), user("a@b.c"), (400, "InvalidParameter")),
        (format!("{LAB}/users/eve"), user("nobody"), (400, "InvalidParameter")),
        (format!("{LAB}/users/{}", "u".repeat(101)), user("eve@contoso.com"), (400, "InvalidParameter")),
        (format!("{LAB}x/users/eve"), user("eve@contoso.com"), (404, "ParentResourceNotFound")),
    ] {
        assert_eq!(stage.refused("PUT", &path, body.clone()), (status, code.to_owned()), "{path} {body}");
    }
    assert_eq!(
        stage.refused("POST", &format!("{LAB}/users/eve/invite"), json!({})),
        (404, "ResourceNotFound".into())
    );
    let filtered = format!("{LAB}/users?api-version=2022-08-01&$filter=properties/invitationState eq 'Sent'");
    assert_eq!(stage.names(&filtered), ["ada"]);
    assert_eq!(stage.send("DELETE", &path, None).status, 202);
    stage.step(3);
    assert!(stage.names(&format!("{LAB}/users")).is_empty());
}
