//! Vercel may freeze a function once its invocation's `end` has come: everything is settled by then.

use local::postgrest::Gate;
use local::upstash::Fault;
use serde_json::json;
use tests::certain;
use tests::vercel::{Invocation, VercelHost};
use tests::wire::{Wire, each_format, each_translation};
use tests::world::{Account, Deployment, World, read, send};

use super::{Reader, ask, assert_reported, books, call, must_not_come, variables, world_with};
use crate::platforms::function;

/// A delay far above what anything here takes, in ms, and below what Redis is given.
const DELAY_MS: u64 = 250;

async fn start(deployment: &Deployment, wire: &Wire, upstream: &str) -> (World, Account, VercelHost) {
    let (world, account) = world_with(deployment, wire, upstream).await;
    let host = VercelHost::start(function(), &variables(&world)).await;
    (world, account, host)
}

/// Lets the held settle go on, after which, and not before, the `end` comes.
async fn end_with(settle: Gate, host: &VercelHost, invocation: &Invocation) {
    certain("the settle", settle.waiting(1)).await;
    must_not_come("the invocation's end", host.ended(invocation)).await;
    settle.open();
    host.ended(invocation).await;
}

#[tokio::test]
async fn of_a_stream_comes_after_the_settle_and_the_answer_before() {
    each_translation(async |wire, deployment| {
        let (world, account, host) = start(deployment, wire, "standin/normal").await;
        let settle = world.platform.postgrest.control().gate(Some("finish_request"));
        let (request, invocation) = host.request("POST", wire.path());
        let text = Reader::open(wire, call(request, &account, &ask(wire, true))).await.whole().await;
        assert!(wire.is_over(&text), "{text}");
        end_with(settle, &host, &invocation).await;
        assert_reported(&books(&world, &account).await, "completed");
    })
    .await;
}

#[tokio::test]
async fn of_a_plain_call_comes_after_the_settle_and_the_answer_before() {
    each_translation(async |wire, deployment| {
        let (world, account, host) = start(deployment, wire, "standin/normal").await;
        let settle = world.platform.postgrest.control().gate(Some("finish_request"));
        let (request, invocation) = host.request("POST", wire.path());
        let (status, answer) = read(send(call(request, &account, &ask(wire, false))).await).await;
        assert_eq!(status, 200, "{answer}");
        end_with(settle, &host, &invocation).await;
        assert_reported(&books(&world, &account).await, "completed");
    })
    .await;
}

#[tokio::test]
async fn of_a_failed_call_comes_after_the_settle_and_the_answer_before() {
    each_format(async |wire, deployment| {
        let (world, account, host) = start(deployment, wire, "standin/status?code=500").await;
        let settle = world.platform.postgrest.control().gate(Some("finish_request"));
        let (request, invocation) = host.request("POST", wire.path());
        let (status, answer) = read(send(call(request, &account, &ask(wire, true))).await).await;
        assert_eq!(status, 502, "{answer}");
        end_with(settle, &host, &invocation).await;
        let row = books(&world, &account).await;
        assert_eq!((&row["outcome"], &row["cost"]), (&json!("failed"), &json!(0)), "{row}");
    })
    .await;
}

#[tokio::test]
async fn of_a_call_over_its_limits_comes_after_its_hold_is_released() {
    each_format(async |wire, deployment| {
        let (world, account, host) = start(deployment, wire, "standin/normal").await;
        let limits = format!(
            r#"update gateway.api_keys set rate_limits = '{{"requests_per_minute": 1}}' where id = '{}'"#,
            account.key_id
        );
        world.sql(&limits).await;
        let (request, invocation) = host.request("POST", wire.path());
        assert_eq!(send(call(request, &account, &ask(wire, false))).await.status(), 200);
        host.ended(&invocation).await;
        let settle = world.platform.postgrest.control().gate(Some("finish_request"));
        let (request, invocation) = host.request("POST", wire.path());
        let (status, answer) = read(send(call(request, &account, &ask(wire, false))).await).await;
        assert_eq!((status, &answer["error"]["code"]), (429, &json!("rate_limit_exceeded")), "{answer}");
        end_with(settle, &host, &invocation).await;
        // Of the refused call nothing is recorded.
        assert_reported(&books(&world, &account).await, "completed");
    })
    .await;
}

#[tokio::test]
async fn of_a_call_without_credit_comes_after_its_lease_is_ended() {
    each_format(async |wire, deployment| {
        let (world, account, host) = start(deployment, wire, "standin/normal").await;
        let (request, invocation) = host.request("POST", wire.path());
        assert_eq!(send(call(request, &account, &ask(wire, false))).await.status(), 200);
        host.ended(&invocation).await;

        let (postgrest, upstash) = (world.platform.postgrest.control(), world.platform.upstash.control());
        upstash.record(true);
        let admission = postgrest.gate(Some("begin_request"));
        let (request, invocation) = host.request("POST", wire.path());
        // More than the account has, and less than the model may write.
        let dearer = "update gateway.model_routes set completion_price = 1000 * completion_price where model_id";
        world.sql(&format!("{dearer} = '{}'", wire.model)).await;
        let dear = wire.hello(&json!({ "stream": false, "max_tokens": 16_000 }));
        let slow_release = async {
            certain("the hold", admission.waiting(1)).await;
            while upstash.calls().is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            assert_eq!(world.leases().await, 1);
            upstash.fault_next(1, Fault::Delay(std::time::Duration::from_millis(DELAY_MS)));
            admission.open();
        };
        let ((status, answer), ()) =
            tokio::join!(async { read(send(call(request, &account, &dear)).await).await }, slow_release);
        assert_eq!((status, &answer["error"]["code"]), (402, &json!("insufficient_credits")), "{answer}");
        host.ended(&invocation).await;
        assert_reported(&books(&world, &account).await, "completed");
    })
    .await;
}
