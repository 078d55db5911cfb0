//! A completion waits for each store once before its provider is asked, and for neither after its answer.

use serde_json::{Value, json};
use shared::formats::Format;
use tests::certain;
use tests::watch::Watch;
use tests::wire::{WIRES, Wire, forms};
use tests::world::{Account, CREDIT, Deployment, MODEL, Route, World, send};
use tokio::task::JoinHandle;

/// A call under way; its value is the answer's status and text.
fn call(wire: &Wire, world: &World, account: &Account, body: &Value) -> JoinHandle<(u16, String)> {
    let request = world.call(wire, &account.key, body);
    tokio::spawn(async move {
        let response = send(request).await;
        let status = response.status().as_u16();
        (status, certain("a body", response.text()).await.expect("a body"))
    })
}

fn body(wire: &Wire, stream: bool) -> Value {
    wire.hello(&json!({ "stream": stream }))
}

/// A world in which nobody has made a call yet.
async fn cold(deployment: &Deployment, wire: &Wire) -> (World, Account, Watch) {
    let world = World::of(deployment, &[]).await;
    world.serves(wire, "standin/normal").await;
    let account = world.account(CREDIT).await;
    let watch = Watch::new(&world);
    (world, account, watch)
}

/// A world in which the limits of the account's key are cached, and nothing has been seen since.
async fn warm(deployment: &Deployment, wire: &Wire) -> (World, Account, Watch) {
    let (world, account, watch) = cold(deployment, wire).await;
    assert_eq!(send(world.call(wire, &account.key, &body(wire, false))).await.status(), 200);
    watch.until(2, 3).await;
    watch.clear();
    (world, account, watch)
}

/// Makes a call and compares what the stores were asked before the provider was, and in all.
async fn assert_counts(
    wire: &Wire,
    mut world: World,
    account: &Account,
    watch: &Watch,
    stream: bool,
    evals_before: usize,
) {
    let gate = world.platform.providers.control().gate();
    let call = call(wire, &world, account, &body(wire, stream));
    certain("the call at the provider", gate.wait_for(1)).await;
    assert_eq!(watch.functions(), ["begin_request"], "before the provider is asked");
    assert_eq!(watch.evals(), evals_before, "before the provider is asked");
    gate.release();
    let (status, text) = call.await.expect("no panic");
    assert_eq!(status, 200, "{text}");
    // A gateway that has stopped has nothing left to ask.
    world.stop_gateway().await;
    assert_eq!(watch.functions(), ["begin_request", "finish_request"]);
    assert_eq!(watch.evals(), evals_before + 1);
    let scripts: Vec<_> = watch.commands().into_iter().map(|call| call.key).collect();
    assert!(scripts[..evals_before].iter().all(|script| *script == scripts[0]), "{scripts:?}");
    assert_ne!(scripts[0], scripts[evals_before], "the last one ends the lease");
}

#[tokio::test]
async fn a_warm_completion_asks_each_store_once_before_the_provider_and_once_after() {
    let deployment = Deployment::new().await;
    for (wire, stream) in forms() {
        let (world, account, watch) = warm(&deployment, wire).await;
        assert_counts(wire, world, &account, &watch, stream, 1).await;
    }
}

#[tokio::test]
async fn a_keys_first_completion_makes_one_more_eval() {
    let deployment = Deployment::new().await;
    for (wire, stream) in forms() {
        let (world, account, watch) = cold(&deployment, wire).await;
        assert_counts(wire, world, &account, &watch, stream, 2).await;
    }
}

#[tokio::test]
async fn a_fallback_asks_the_stores_no_more_often() {
    let deployment = Deployment::new().await;
    let wire = &WIRES[0];
    let (world, account, watch) = warm(&deployment, wire).await;
    let second = Route { prompt: 2_000_000_000, ..Route::new("chutes", "standin/normal") };
    world.model(MODEL, &[Route::new(wire.provider, "standin/status?code=500"), second]).await;
    assert_counts(wire, world, &account, &watch, false, 1).await;
}

#[tokio::test]
async fn hold_and_limits_are_asked_at_the_same_time() {
    let deployment = Deployment::new().await;
    for (wire, stream) in forms() {
        let (world, account, watch) = warm(&deployment, wire).await;
        let hold = world.platform.postgrest.control().gate(Some("begin_request"));
        let limits = world.platform.upstash.control().gate();
        let call = call(wire, &world, &account, &body(wire, stream));
        // Neither store answers before both have been asked.
        certain("both questions", async { tokio::join!(hold.waiting(1), limits.waiting(1)) }).await;
        hold.open();
        limits.open();
        assert_eq!(call.await.expect("no panic").0, 200);
        assert_overlap(&watch, "begin_request", 0);
    }
}

#[tokio::test]
async fn settle_and_release_run_at_the_same_time_and_the_client_waits_for_neither() {
    let deployment = Deployment::new().await;
    for (wire, stream) in forms() {
        let (world, account, watch) = warm(&deployment, wire).await;
        let provider = world.platform.providers.control().gate();
        // The end of a response that is stored waits for its settle: see below.
        let mut body = body(wire, stream);
        if wire.format == Format::Responses {
            body["store"] = json!(false);
        }
        let call = call(wire, &world, &account, &body);
        certain("the call at the provider", provider.wait_for(1)).await;
        let settle = world.platform.postgrest.control().gate(Some("finish_request"));
        let release = world.platform.upstash.control().gate();
        provider.release();
        let (status, text) = call.await.expect("no panic");
        assert_eq!(status, 200, "{text}");
        certain("settle and release", async { tokio::join!(settle.waiting(1), release.waiting(1)) }).await;
        settle.open();
        release.open();
        watch.until(2, 2).await;
        assert_overlap(&watch, "finish_request", 1);
    }
}

#[tokio::test]
async fn the_end_of_a_response_that_is_stored_waits_for_its_settle_and_for_nothing_else() {
    let deployment = Deployment::new().await;
    for (wire, stream) in forms().filter(|(wire, _)| wire.format == Format::Responses) {
        let (world, account, watch) = warm(&deployment, wire).await;
        let provider = world.platform.providers.control().gate();
        let mut call = call(wire, &world, &account, &body(wire, stream));
        certain("the call at the provider", provider.wait_for(1)).await;
        let settle = world.platform.postgrest.control().gate(Some("finish_request"));
        let release = world.platform.upstash.control().gate();
        provider.release();
        certain("settle and release", async { tokio::join!(settle.waiting(1), release.waiting(1)) }).await;
        let early = tokio::time::timeout(std::time::Duration::from_millis(200), &mut call).await;
        assert!(early.is_err(), "{}: its id could be used before it is stored", wire.name);
        settle.open();
        let (status, text) = certain("the end", call).await.expect("no panic");
        assert_eq!(status, 200, "{text}");
        release.open();
        watch.until(2, 2).await;
    }
}

/// The one call of `function` and the command at this place were under way at the same time.
fn assert_overlap(watch: &Watch, function: &str, command: usize) {
    let rpcs = watch.rpcs();
    let rpc = rpcs.iter().find(|call| call.function == function).expect(function);
    let commands = watch.commands();
    let command = &commands[command];
    assert!(rpc.started < command.finished && command.started < rpc.finished, "{rpc:?} {command:?}");
}
