//! Traces of calls, as a receiver of OpenTelemetry's gets them.

mod content;
mod context;
mod receiver;
mod spans;

use local::upstash::Engine;
use tests::receiver::Receiver;
use tests::world::World;

/// A world whose gateway sends its traces to a receiver, with these variables besides.
async fn traced(variables: &[(&str, &str)]) -> (World, Receiver) {
    let receiver = Receiver::start().await;
    let own = [("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str())];
    let world = World::with(Engine::InProcess, &[&own, variables].concat()).await;
    (world, receiver)
}
