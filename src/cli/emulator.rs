//! `labwright emulator`: the embedded Azure as a server for any client; needs no project.

use super::arguments::Emulator as Arguments;
use super::failure::CommandError;
use super::{Context, Exit, Failure, cloud, signals};
use crate::emulator::{Clock, Emulator, Fault, Settings};

/// Serves until somebody asks it to end.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let mut faults = Vec::new();
    for spec in &arguments.faults {
        let parsed = Fault::parse_all(spec);
        faults.extend(parsed.map_err(|error| {
            CommandError::usage(
                error.to_string(),
                "`labwright emulator --help` shows the keys; for example --faults 'on=PUT:**/labs/*;nth=2;status=429'",
            )
        })?);
    }
    let settings = Settings {
        listen: arguments.listen,
        data: arguments.data.clone(),
        clock: arguments.time_scale.map_or(Clock::Ticks, Clock::Scaled),
        seed: arguments.seed,
        client: arguments.client.clone(),
        today: None,
        faults,
        record: arguments.record.clone(),
    };
    cloud::runtime()?.block_on(async {
        let emulator = Emulator::start(settings).await.map_err(cloud::not_started)?;
        context.printer.result(&format!("listening on {}\n", emulator.base_url()));
        signals::asked_to_end().await;
        emulator.stop().await;
        Ok(Exit::Done)
    })
}
