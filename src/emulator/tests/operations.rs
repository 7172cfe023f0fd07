//! Operations that go wrong.

use crate::emulator::arm::operations::Spoil;
use crate::emulator::tests::stage::{GALLERY, Stage, state, version_body};
use serde_json::Value;

#[test]
fn a_spoiled_operation_fails_hangs_or_vanishes() {
    for (how, expected) in [(Spoil::Fail, "Failed"), (Spoil::Hang, "Creating"), (Spoil::Vanish, "Succeeded")]
    {
        let mut stage = Stage::with_image("Generalized");
        let version = format!("{GALLERY}/images/java/versions/1.0.1");
        let answer = stage.send("PUT", &version, Some(version_body()));
        let link = answer
            .header("azure-asyncoperation")
            .expect("a link")
            .trim_start_matches("http://127.0.0.1")
            .to_owned();
        stage.world.spoil(how);
        stage.step(100);
        assert_eq!(state(&stage.get(&version)), expected);
        let (status, body) = stage.ask("GET", &link, Value::Null);
        match how {
            Spoil::Fail => assert_eq!(
                (status, body["status"].as_str(), body["error"]["code"].as_str()),
                (200, Some("Failed"), Some("InternalExecutionError"))
            ),
            Spoil::Hang => assert_eq!((status, body["status"].as_str()), (200, Some("InProgress"))),
            Spoil::Vanish => assert_eq!(status, 404),
        }
        // What failed is tried again by the same body.
        if how == Spoil::Fail {
            stage.done("PUT", &version, version_body());
            stage.step(3);
            assert_eq!(state(&stage.get(&version)), "Succeeded");
        }
    }
}
