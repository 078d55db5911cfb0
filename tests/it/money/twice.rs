//! A call is charged once, however often and in whatever order its settle arrives; two calls are charged twice.

use serde_json::{Value, json};
use shared::app::SharedApp;
use tests::facts::facts;
use tests::rows;
use tests::wire::WIRES;
use tests::world::{Account, CREDIT, World, nanos};
use uuid::Uuid;

/// What begin_request is called with.
fn arguments(world: &World, account: &Account, call_id: Uuid) -> Value {
    json!({
        "caller": {"key_hashes": [world.hash(&account.key)]},
        "call": {"call_id": call_id, "model": tests::world::MODEL, "providers": ["openrouter"], "allowed": [], "prompt_bound": 50,
                 "images": 0, "tools": false, "modalities": [], "choices": 1, "output_limit": 100, "hold_seconds": 60, "markup": 10_000},
    })
}

/// Places a hold as the gateway does.
pub(super) async fn begin(app: &SharedApp, world: &World, account: &Account, call_id: Uuid) -> Value {
    let arguments = arguments(world, account, call_id);
    app.supabase().expect("configured").rpc("begin_request", &rows::asked(&arguments)).await.expect("an answer")
}

/// Settles; with what `begun` answered, if it has begun.
pub(super) async fn finish(app: &SharedApp, call_id: Uuid, begun: Option<&Value>) -> Value {
    let settlement = json!({"call_id": call_id, "outcome": "completed", "provider": "openrouter",
                            "usage": {"prompt": 10, "completion": 20},
                            "hold": begun.map(|begun| facts(begun, "openrouter"))});
    app.supabase().expect("configured").rpc("finish_request", &rows::settled(&settlement)).await.expect("an answer")
}

/// 10 prompt tokens and 20 completion tokens.
const COST: i64 = 10 * 1_000 + 20 * 2_000;
async fn assert_charged(world: &World, account: &Account, times: i64) {
    assert_eq!(world.money(account.id).await, (CREDIT - times * COST, 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_settle_repeated_is_charged_once() {
    let world = World::start().await;
    let (app, account, call) = (world.platform.gateway().expect("an app"), world.account(CREDIT).await, Uuid::now_v7());
    let begun = begin(&app, &world, &account, call).await;
    let first = finish(&app, call, Some(&begun)).await;
    let second = finish(&app, call, Some(&begun)).await;
    assert_eq!((&first["cost"], &second["cost"]), (&json!(COST), &json!(COST)));
    assert_eq!(second["repeated"], true);
    assert_charged(&world, &account, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settles_at_the_same_time_are_charged_once() {
    let Some(world) = World::concurrent("two settles at the same time").await else { return };
    let (app, account, call) = (world.platform.gateway().expect("an app"), world.account(CREDIT).await, Uuid::now_v7());
    let begun = begin(&app, &world, &account, call).await;
    let settles = futures_util::future::join_all((0..8).map(|_| finish(&app, call, Some(&begun)))).await;
    assert!(settles.iter().all(|settled| settled["cost"] == json!(COST)), "{settles:?}");
    assert_charged(&world, &account, 1).await;
}

#[tokio::test]
async fn a_settle_before_its_begin_is_charged_once() {
    let world = World::start().await;
    let (app, account, call) = (world.platform.gateway().expect("an app"), world.account(CREDIT).await, Uuid::now_v7());
    assert_eq!(finish(&app, call, None).await["tombstone"], true);
    assert_eq!(begin(&app, &world, &account, call).await["refused"]["code"], "call_finished");
    assert_eq!(finish(&app, call, None).await["repeated"], true);
    assert_eq!(begin(&app, &world, &account, call).await["refused"]["code"], "call_finished");
    assert_charged(&world, &account, 1).await;
}

#[tokio::test]
async fn a_release_before_its_begin_leaves_no_hold() {
    let world = World::start().await;
    let (app, account, call) = (world.platform.gateway().expect("an app"), world.account(CREDIT).await, Uuid::now_v7());
    let release = json!({"call_id": call, "outcome": "refused"});
    let _: Value = app.supabase().expect("configured").rpc("finish_request", &release).await.expect("an answer");
    assert_eq!(begin(&app, &world, &account, call).await["refused"]["code"], "call_finished");
    assert_charged(&world, &account, 0).await;
}

#[tokio::test]
async fn the_same_request_id_on_two_calls_is_charged_twice() {
    let world = World::start().await;
    for wire in &WIRES {
        world.serves(wire, "standin/normal").await;
        let (one, other) = (world.account(CREDIT).await, world.account(CREDIT).await);
        let mut spent = Vec::new();
        for account in [&one, &one, &other] {
            let request = world.call(wire, &account.key, &wire.hello(&json!({}))).header("x-request-id", "the-same");
            let response = tests::world::send(request).await;
            assert_eq!(response.headers()["x-request-id"], "the-same");
            let (status, answer) = tests::world::read(response).await;
            assert_eq!(status, 200, "{answer}");
            spent.push(nanos(&wire.usage(&answer)["cost"]));
        }
        world.settled().await;
        assert!(spent.iter().all(|cost| *cost > 0));
        assert_eq!(world.money(one.id).await.0, CREDIT - spent[0] - spent[1]);
        assert_eq!(world.money(other.id).await.0, CREDIT - spent[2]);
    }
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settle_that_waits_for_a_begin_with_an_earlier_tombstone_leaves_none_beside_the_request() {
    let Some(world) = World::concurrent("a settle beside a begin").await else { return };
    let (app, account, call) = (world.platform.gateway().expect("an app"), world.account(CREDIT).await, Uuid::now_v7());
    finish(&app, call, None).await;
    let connect = tokio_postgres::connect(world.platform.database.url(), tokio_postgres::NoTls);
    let (client, connection) = connect.await.expect("a connection");
    tokio::spawn(connection);
    let arguments = arguments(&world, &account, call);
    let late = format!("begin; select public.begin_request('{arguments}')");
    client.batch_execute(&late).await.expect("a begin");
    let (settled, ()) = tokio::join!(finish(&app, call, None), async {
        world.until_waiting(1).await;
        client.batch_execute("commit").await.expect("a commit");
    });
    assert_eq!(settled["repeated"], true, "{settled}");
    assert_eq!(world.value("select count(*) from gateway.holds").await, json!(0));
    let again: Value = app.supabase().expect("configured").rpc("begin_request", &arguments).await.expect("an answer");
    assert_eq!(again["refused"]["code"], "call_finished");
    world.assert_ledger_clean().await;
}
