//! The world without a server, for benches alone.

use crate::emulator::clock::{Pace, STEPPED_EPOCH_MILLIS, Tick};
use crate::emulator::message::Request;
use crate::emulator::world::{Core, World};

/// A world in memory, with a token for it.
#[derive(Debug)]
pub struct Bare {
    world: World,
    tick: u64,
    bearer: String,
}

impl Default for Bare {
    fn default() -> Self {
        let core = Core {
            tick: Tick(0),
            epoch_millis: STEPPED_EPOCH_MILLIS,
            seed: 0,
            drawn: 0,
            key: [0; 32],
            unregistered: Default::default(),
            vaults: Default::default(),
        };
        let mut world = World::new(core, Pace::Even, None);
        let mut request = ask("POST", "/bench/oauth2/v2.0/token", "");
        request.body = b"grant_type=client_credentials&client_id=bench&client_secret=any".to_vec();
        let token = world.handle(&request, Tick(0)).body.unwrap_or_default();
        let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap_or_default());
        Self { world, tick: 0, bearer }
    }
}

impl Bare {
    /// The status that a PUT of `body` at `path` is answered with, a tick after the one before.
    pub fn put(&mut self, path: &str, version: &str, body: &str) -> u16 {
        self.tick += 1;
        let mut request = ask("PUT", path, version);
        request.headers.push(("authorization".to_owned(), self.bearer.clone()));
        request.body = body.as_bytes().to_vec();
        let answer = self.world.handle(&request, Tick(self.tick));
        // Written as text, as the server would.
        std::hint::black_box(answer.body.map(|body| body.to_string()));
        answer.status
    }
}

fn ask(method: &str, path: &str, version: &str) -> Request {
    Request {
        method: method.to_owned(),
        scheme: "http".to_owned(),
        host: "127.0.0.1".to_owned(),
        path: path.to_owned(),
        query: vec![("api-version".to_owned(), version.to_owned())],
        ..Request::default()
    }
}
