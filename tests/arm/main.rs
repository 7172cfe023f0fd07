//! The client against a server on loopback that answers from a script.

mod server;

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use labwright::azure::{
    Answer, Arm, ArmError, Call, Client, Credential, OperationUrl, Pace, Settings, Style, follow, read,
};
use labwright::model::{ArmId, Method, Read};
use miette::Diagnostic;
use serde_json::{Value, json};

use server::{Said, Server, say, say_with};

async fn send(client: &Client, method: Method, body: Option<&Value>) -> Result<Answer, ArmError> {
    let path = ArmId::new("/subscriptions/main/resourceGroups/rg");
    client.send(Call { method, path: &path, api_version: "2024-07-01", query: None, body }).await
}

fn list() -> Read {
    Read {
        path: ArmId::new("/subscriptions/main/list of things"),
        api_version: "1".into(),
        query: Some("$expand=ReplicationStatus".into()),
        list: true,
    }
}

#[tokio::test]
async fn a_request_carries_what_arm_wants() {
    let server = Server::start(|_, _, asked| {
        assert_eq!(asked.header("authorization"), "Bearer token-1");
        assert_eq!(asked.header("x-ms-correlation-request-id"), uuid::Uuid::nil().to_string());
        assert_eq!(asked.header("x-ms-client-request-id").len(), 36);
        assert_eq!(asked.header("content-type"), "application/json");
        assert!(asked.header("user-agent").starts_with("labwright/"));
        say_with(201, "x-ms-request-id", "r7", json!({"got": asked.body}))
    });
    let client = server.client();
    let answer = send(&client, Method::Put, Some(&json!({"location": "x"}))).await.expect("answered");
    assert_eq!((answer.status, answer.body), (201, json!({"got": "{\"location\":\"x\"}"})));
    assert_eq!(answer.request_id.as_deref(), Some("r7"));
    send(&client, Method::Post, None).await.expect("answered");
    assert_eq!(
        server.lines(),
        [
            "PUT /subscriptions/1111/resourceGroups/rg?api-version=2024-07-01",
            "POST /subscriptions/1111/resourceGroups/rg?api-version=2024-07-01",
        ]
    );
    let asked = server.asked.lock().expect("no panic");
    assert_eq!(asked.last().map(|asked| asked.header("content-length")), Some("0"));
}

#[tokio::test]
async fn one_sign_in_serves_many_and_its_form_is_whole() {
    let server = Server::start(|_, _, _| say(200, json!({})));
    let client = server.client();
    let sent = (0..5).map(|_| send(&client, Method::Get, None));
    for answer in futures_util::future::join_all(sent).await {
        answer.expect("answered");
    }
    let [asked] = &server.sign_ins()[..] else { panic!("one sign-in") };
    assert_eq!(asked.line, "POST /tenant/oauth2/v2.0/token");
    let form: Vec<_> = url::form_urlencoded::parse(asked.body.as_bytes()).collect();
    let pairs: Vec<_> = form.iter().map(|(key, value)| (key.as_ref(), value.as_ref())).collect();
    let scope = format!("{}/.default", server.address);
    assert_eq!(
        pairs,
        [
            ("grant_type", "client_credentials"),
            ("client_id", "client"),
            ("client_secret", "hush-hush&="),
            ("scope", scope.as_str()),
        ]
    );
}

#[tokio::test]
async fn a_token_that_arm_refuses_is_renewed_once() {
    let server = Server::start(|_, _, asked| match asked.header("authorization") {
        "Bearer token-2" => say(200, json!({})),
        _ => say(401, json!({"error": {"code": "ExpiredAuthenticationToken", "message": "Old."}})),
    });
    send(&server.client(), Method::Post, None).await.expect("answered with the second token");
    assert_eq!((server.sign_ins().len(), server.lines().len()), (2, 2));

    let never = Server::start(|_, _, _| say(401, json!({"error": {"code": "InvalidAuthenticationToken"}})));
    let error = send(&never.client(), Method::Get, None).await.expect_err("refused");
    assert_eq!((error.azure_code(), never.lines().len()), (Some("InvalidAuthenticationToken"), 2));
}

#[tokio::test]
async fn who_cannot_sign_in_is_told_why_and_never_the_secret() {
    let server = Server::start(|_, _, _| {
        say(
            401,
            json!({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid secret.\r\nTrace: x"}),
        )
    });
    let mut settings = server.settings();
    let Credential::ClientSecret { client_id, .. } = &mut settings.credentials.ways[0] else {
        panic!("a secret")
    };
    *client_id = "scripted".into();
    let client = Client::new(settings.clone()).expect("loopback");
    let error = send(&client, Method::Put, None).await.expect_err("no token");
    assert_eq!(error.to_string(), "cannot sign in: invalid_client: AADSTS7000215: Invalid secret.");
    assert!(error.help().is_some_and(|help| help.to_string().contains("AZURE_CLIENT_SECRET")));
    let printed = format!("{error:?} {client:?} {:?} {:?}", settings.credentials, error.told());
    assert!(!printed.contains("hush"), "{printed}");
    assert_eq!(server.sign_ins().len(), 1, "what is final is not asked again");
}

#[tokio::test]
async fn passing_failures_are_repeated_with_and_without_a_wait_that_is_asked_for() {
    let server = Server::start(|_, number, _| match number {
        0 => say_with(429, "x-ms-retry-after-ms", "3", Value::Null),
        1 => Said::Nothing,
        _ => say(200, json!({})),
    });
    send(&server.client(), Method::Put, None).await.expect("answered at last");
    assert_eq!(server.lines().len(), 3);

    let down = Server::start(|_, _, _| {
        say(500, json!({"error": {"code": "InternalServerError", "message": "No."}}))
    });
    let error = send(&down.client(), Method::Delete, None).await.expect_err("it stays down");
    assert_eq!((error.status(), down.lines().len()), (Some(500), 3));
}

#[tokio::test]
async fn a_conflict_that_passes_is_waited_for() {
    let server = Server::start(|_, number, _| match number {
        0..5 => say(409, json!({"error": {"code": "AnotherOperationInProgress", "message": "Wait."}})),
        _ => say(202, Value::Null),
    });
    send(&server.client(), Method::Post, None).await.expect("accepted at last");
    assert_eq!(server.lines().len(), 6, "more often than a failing service is asked");
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_is_not_repeated() {
    let server = Server::start(|_, _, _| Said::Nothing);
    let error = send(&server.client(), Method::Post, None).await.expect_err("lost");
    assert!(
        matches!(&error, ArmError::Lost { request, .. } if request.starts_with("POST /subscriptions/1111/"))
    );
    assert_eq!((error.leaves_open(), server.lines().len()), (true, 1));

    for status in [504, 200] {
        let gateway =
            Server::start(move |_, _, _| Said::Text(status, "<html>sign in to the guest network</html>"));
        let error = send(&gateway.client(), Method::Post, None).await.expect_err("lost");
        assert_eq!((error.leaves_open(), gateway.lines().len()), (true, 1));
    }
}

#[tokio::test]
async fn an_answer_that_stops_half_way_is_not_waited_for() {
    for (method, times) in [(Method::Get, 3), (Method::Post, 1)] {
        let server = Server::start(|_, _, _| Said::Half);
        let mut settings = server.settings();
        // The whole answer may take its time; only the silence in the middle of it may not.
        let pace = settings.pace.expect("its own");
        settings.pace = Some(Pace { silence: Duration::from_millis(50), ..pace });
        let client = Client::new(settings).expect("loopback is trusted");
        let error = send(&client, method, None).await.expect_err("half an answer");
        assert_eq!((error.leaves_open(), server.lines().len()), (method == Method::Post, times), "{error}");
    }
}

#[tokio::test]
async fn what_never_left_is_not_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    drop(listener);
    let server = Server::start(|_, _, _| say(200, json!({})));
    let settings =
        Settings { endpoint: address, authority: Some(server.address.clone()), ..server.settings() };
    let error =
        send(&Client::new(settings).expect("loopback"), Method::Post, None).await.expect_err("nobody");
    assert!(matches!(error, ArmError::Unreachable { .. }), "{error}");
    assert!(error.told().1.contains("onnection refused"), "{}", error.told().1);
}

#[tokio::test]
async fn a_refusal_is_azures_words() {
    let server = Server::start(|_, _, _| {
        say_with(
            403,
            "x-ms-request-id",
            "r1",
            json!({"error": {"code": "AuthorizationFailed", "message": "You may not."}}),
        )
    });
    let error = send(&server.client(), Method::Put, None).await.expect_err("refused");
    assert_eq!(
        error.to_string(),
        "azure refused PUT /subscriptions/1111/resourceGroups/rg: AuthorizationFailed: You may not. [request r1]"
    );
    assert_eq!(error.code().map(|code| code.to_string()).as_deref(), Some("labwright::azure::refused"));
    assert!(error.help().is_some_and(|help| help.to_string().contains("az role assignment create")));
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_not_arms() {
    let server = Server::start(|_, _, _| Said::Text(200, "<html>sign in to the guest network</html>"));
    let error = send(&server.client(), Method::Get, None).await.expect_err("no answer of ARM's");
    assert_eq!(error.to_string(), "`127.0.0.1` does not answer as azure does: its answer is no JSON");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server =
        Server::start(|base, _, _| say_with(307, "location", format!("{base}/elsewhere"), Value::Null));
    let error = send(&server.client(), Method::Get, None).await.expect_err("refused");
    assert_eq!((error.azure_code(), server.lines().len()), (Some("HTTP 307"), 1));
}

/// Sends a PUT and follows what it announces; gives the progress heard and the end.
async fn followed(server: &Server) -> (Vec<String>, Result<Value, ArmError>) {
    let client = server.client();
    let answer = send(&client, Method::Put, None).await.expect("accepted");
    let operation = answer.operation.expect("it goes on");
    let mut heard = Vec::new();
    let end =
        follow(&client, &operation, &mut |now| heard.push(format!("{} {:?}", now.status, now.percent))).await;
    (heard, end)
}

#[tokio::test]
async fn an_operation_with_a_status_body_is_followed_to_its_end() {
    let server = Server::start(|base, number, _| match number {
        0 => say_with(201, "Azure-AsyncOperation", format!("{base}/operations/1?t=%2Fx"), json!({})),
        1 => say_with(200, "Retry-After", "0", json!({"status": "InProgress", "percentComplete": 10})),
        2 => say(404, Value::Null),
        3 => Said::Nothing,
        4 => say(200, json!({"status": "AlmostThere"})),
        _ => say(200, json!({"status": "Succeeded"})),
    });
    let (heard, end) = followed(&server).await;
    assert_eq!(end.expect("it succeeds"), json!({"status": "Succeeded"}));
    assert_eq!(heard, ["InProgress Some(10.0)", "AlmostThere None"]);
    assert_eq!(server.lines()[1], "GET /operations/1?t=%2Fx", "the url is sent as it was given");
}

#[tokio::test]
async fn an_operation_with_a_location_is_followed_to_its_end() {
    let server = Server::start(|base, number, _| match number {
        0 => say_with(202, "Location", format!("{base}/first"), Value::Null),
        1 => say_with(202, "Location", format!("{base}/second"), Value::Null),
        _ => say(200, json!({"id": "x", "type": "a/b"})),
    });
    let (heard, end) = followed(&server).await;
    assert_eq!(end.expect("it succeeds"), json!({"id": "x", "type": "a/b"}));
    assert_eq!(heard, ["InProgress None"]);
    assert_eq!(server.lines()[1..], ["GET /first", "GET /second"]);
}

#[tokio::test]
async fn an_operation_that_fails_says_why() {
    for style in ["Azure-AsyncOperation", "Location"] {
        let server = Server::start(move |base, number, _| match (number, style) {
            (0, _) => say_with(202, style, format!("{base}/o"), Value::Null),
            (_, "Location") => say(409, json!({"error": {"code": "DiskGone", "message": "Gone."}})),
            _ => say(200, json!({"status": "Failed", "error": {"code": "DiskGone", "message": "Gone."}})),
        });
        let (_, end) = followed(&server).await;
        assert_eq!(end.expect_err("it fails").to_string(), "the operation failed: DiskGone: Gone.");
    }
}

#[tokio::test]
async fn a_status_that_cannot_be_read_leaves_the_end_open() {
    let server = Server::start(|_, _, _| say(404, Value::Null));
    let client = server.client();
    let operation = OperationUrl::recorded(format!("{}/gone", server.address));
    let error = follow(&client, &operation, &mut |_| {}).await.expect_err("nobody knows");
    assert!(matches!(error, ArmError::OperationUnknown { .. }) && error.leaves_open(), "{error}");
    assert!(server.lines().len() > 3, "it is asked more than once");
}

#[tokio::test]
async fn a_location_of_the_resource_itself_is_no_operation() {
    let server = Server::start(|base, _, _| {
        say_with(
            201,
            "Location",
            format!("{base}/subscriptions/1111/resourcegroups/RG?api-version=1"),
            json!({}),
        )
    });
    let answer = send(&server.client(), Method::Put, None).await.expect("created");
    assert_eq!(answer.operation, None);
    let server = Server::start(|base, _, _| say_with(202, "Location", format!("{base}/o"), Value::Null));
    let answer = send(&server.client(), Method::Delete, None).await.expect("accepted");
    assert_eq!(answer.operation.map(|operation| operation.style), Some(Style::Location));
}

#[tokio::test]
async fn a_list_is_read_to_its_last_page_without_repeats() {
    let server = Server::start(|base, number, _| match number {
        0 => say(
            200,
            json!({"value": [{"id": "/A"}, {"id": "/b"}], "nextLink": format!("{base}/next?$skipToken=%24x")}),
        ),
        1 => say_with(429, "x-ms-retry-after-ms", "2", Value::Null),
        2 => say(200, json!({"value": [], "nextLink": format!("{base}/last")})),
        _ => say(200, json!({"value": [{"id": "/a"}, {"id": "/c"}], "nextLink": null})),
    });
    let items = read(&server.client(), &list()).await.expect("readable").expect("there");
    assert_eq!(items, json!([{"id": "/A"}, {"id": "/b"}, {"id": "/c"}]));
    let lines = server.lines();
    assert_eq!(
        lines[0],
        "GET /subscriptions/1111/list%20of%20things?api-version=1&%24expand=ReplicationStatus"
    );
    assert_eq!(lines[1..], ["GET /next?$skipToken=%24x", "GET /next?$skipToken=%24x", "GET /last"]);
}

#[tokio::test]
async fn a_next_page_on_another_host_is_refused() {
    let other = Server::start(|_, _, _| say(200, json!({"value": []})));
    let link = format!("{}/next", other.address);
    let server = Server::start(move |_, _, _| say(200, json!({"value": [{"id": "/a"}], "nextLink": link})));
    let error = read(&server.client(), &list()).await.expect_err("refused");
    assert!(matches!(error, ArmError::ForeignHost { .. }), "{error}");
    assert!(other.asked.lock().expect("no panic").is_empty(), "no token went there");
}

#[tokio::test]
async fn what_is_not_there_is_nothing_and_a_wrong_question_an_error() {
    for (code, is_error) in
        [("ResourceNotFound", false), ("ParentResourceNotFound", false), ("SubscriptionNotFound", true)]
    {
        let server =
            Server::start(move |_, _, _| say(404, json!({"error": {"code": code, "message": "No."}})));
        let one = Read { list: false, ..list() };
        for question in [one, list()] {
            let answer = read(&server.client(), &question).await;
            assert_eq!(answer.is_err(), is_error, "{code}");
            assert!(answer.is_err() || answer.is_ok_and(|found| found.is_none()), "{code}");
        }
    }
}

#[tokio::test]
async fn the_secret_goes_to_no_host_that_nobody_named() {
    let server = Server::start(|_, _, _| say(200, json!({})));
    let authority = Some("https://login.contoso.example".into());
    let error = Client::new(Settings { authority, ..server.settings() }).expect_err("nobody named it");
    assert!(matches!(error, ArmError::UntrustedHost { .. }), "{error}");

    let login = Some("https://login.microsoftonline.com".into());
    let trap = Server::start_with_login(login, |_, _, _| say(200, json!({})));
    let error =
        send(&trap.client(), Method::Get, None).await.expect_err("it would turn it into a real token");
    assert!(matches!(error, ArmError::ForeignHost { .. }), "{error}");
}

#[tokio::test]
async fn each_exchange_is_traced_without_its_query_those_for_tokens_too() {
    let server = Server::start(|_, number, _| say(if number == 0 { 503 } else { 200 }, json!({})));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&heard);
    let mut settings = server.settings();
    settings.trace = Some(Arc::new(move |line| {
        let again = line.again_in.is_some();
        let text =
            format!("{} {} #{} {:?} {again}", line.method.as_str(), line.path, line.attempt, line.status);
        lines.lock().expect("no panic").push(text);
    }));
    let client = Client::new(settings).expect("loopback");
    send(&client, Method::Get, None).await.expect("answered");
    assert_eq!(
        *heard.lock().expect("no panic"),
        [
            "GET /metadata/endpoints #1 Some(200) false",
            "POST /tenant/oauth2/v2.0/token #1 Some(200) false",
            "GET /subscriptions/1111/resourceGroups/rg #1 Some(503) true",
            "GET /subscriptions/1111/resourceGroups/rg #2 Some(200) false",
        ]
    );
}
