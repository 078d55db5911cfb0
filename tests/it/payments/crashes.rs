//! A function that dies at a seam: after Stripe has answered and before the database hears of it, and after the database has heard
//! and before its caller does. Whatever comes next finishes it, once.

use std::time::Duration;

use local::postgrest::Fault;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::plain::PlainServer;
use tests::world::{Account, World};

use super::shop::{DOLLAR, begin, come_back, deliver, intent, pay, payment_id};
use crate::platforms::function;

/// When a function dies, seen from the RPC that books what Stripe has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seam {
    Before,
    After,
}

const SEAMS: [Seam; 2] = [Seam::Before, Seam::After];

/// What tells of it then: an event, or the cron job alone, since every event was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Teller {
    Events,
    Cron,
}

const TELLERS: [Teller; 2] = [Teller::Events, Teller::Cron];

impl Teller {
    async fn tell(self, world: &World) {
        if self == Self::Events {
            deliver(world).await;
            return;
        }
        let _ = world.platform.stripe.take_events();
        // What was begun a moment ago is left to whoever has begun it.
        world
            .sql(
                "update gateway.payments set created_at = created_at - interval '10 minutes';
                 update gateway.reversals set created_at = created_at - interval '10 minutes';
                 update gateway.accounts set topup_after = topup_after - interval '10 minutes'",
            )
            .await;
        Answer::to(world.get("/api/cron/reconcile-payments", world.platform.cron_secret())).await.success();
    }
}

/// How long a function waits for the stores, which nobody is to notice here.
const PATIENCE: [(&str, &str); 2] = [("DATABASE_TIMEOUT_MS", "60000"), ("REDIS_TIMEOUT_MS", "5000")];

/// An RPC that books what Stripe has said, and what is true once it has.
struct Booking<'a> {
    rpc: &'a str,
    done: String,
}

/// Sends a request to a function of its own, which is killed at this seam.
async fn dies(world: &World, seam: Seam, booking: Booking<'_>, request: impl FnOnce(&str) -> RequestBuilder) {
    let own = world.platform.variables().iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let own = own.filter(|(name, _)| !PATIENCE.iter().any(|(patient, _)| patient == name));
    let mut server = PlainServer::start(function(), &own.chain(PATIENCE).collect::<Vec<_>>()).await;
    let control = world.platform.postgrest.control();
    let gate = (seam == Seam::Before).then(|| control.gate(Some(booking.rpc)));
    if seam == Seam::After {
        control.fail(Some(booking.rpc), Some(1), Fault::DelayAfter(Duration::from_secs(60)));
    }
    let client = tokio::spawn(request(&server.base_url).send());
    match &gate {
        Some(gate) => certain("the RPC", gate.waiting(1)).await,
        None => {
            let committed = async {
                while world.value(&booking.done).await != json!(true) {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            certain("the commit", committed).await;
        }
    }
    server.function.kill().await;
    // Whoever asked may have had its answer before: what is left then is done in the background.
    let _ = certain("the client's end", client).await;
    if gate.is_some() {
        // The stand-in has it, and does not know that nobody waits for it any more.
        control.fail(Some(booking.rpc), Some(1), Fault::Refuse);
    }
    drop(gate);
    tokio::time::sleep(Duration::from_millis(100)).await;
    control.clear();
    if seam == Seam::Before {
        assert_eq!(world.value(&booking.done).await, json!(false), "a dead function's RPC is not made");
    }
}

fn asked(world: &World, url: &str, account: &Account) -> RequestBuilder {
    world.http.get(url).bearer_auth(&account.key)
}

fn posted(world: &World, url: &str, account: &Account, key: &str, body: &Value) -> RequestBuilder {
    let request = world.http.post(url).bearer_auth(&account.key).header("idempotency-key", key);
    request.header("content-type", "application/json").body(body.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_function_died_is_the_same_page_when_it_is_asked_for_again() {
    let Some(world) = World::concurrent("a page whose function died").await else { return };
    for seam in SEAMS {
        let account = world.account(0).await;
        let body = json!({"amount": 10});
        let sessions = || {
            let asked = world.platform.stripe.requests();
            asked.iter().filter(|(path, _)| path == "/v1/checkout/sessions").count()
        };
        let before = sessions();
        let done = format!(
            "select exists (select from gateway.payments where account_id = '{}' and session_id is not null)",
            account.id
        );
        dies(&world, seam, Booking { rpc: "attach_payment", done }, |base| {
            posted(&world, &format!("{base}/api/stripe/checkout-session"), &account, "one", &body)
        })
        .await;
        let url = format!("{}/api/stripe/checkout-session", world.base_url);
        let again = Answer::to(posted(&world, &url, &account, "one", &body)).await.success();
        let session = again["id"].as_str().expect("an id");
        assert_eq!(sessions(), before + 1, "{seam:?}");
        world.platform.stripe.act("pay", session, &[]).expect("it pays");
        deliver(&world).await;
        assert_eq!(world.money(account.id).await.0, 10 * DOLLAR, "{seam:?}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_function_died_is_credited_once() {
    let Some(world) = World::concurrent("a payment whose function died").await else { return };
    for (seam, teller) in SEAMS.into_iter().flat_map(|seam| TELLERS.map(|teller| (seam, teller))) {
        let account = world.account(0).await;
        let (session, begun) = pay(&world, &account, 10).await;
        let done = format!("select status = 'succeeded' from gateway.payments where id = '{}'", payment_id(&begun));
        dies(&world, seam, Booking { rpc: "confirm_payment", done }, |base| {
            asked(&world, &format!("{base}/api/stripe/checkout-session/{session}"), &account)
        })
        .await;
        teller.tell(&world).await;
        assert_eq!(world.money(account.id).await.0, 10 * DOLLAR, "{seam:?} {teller:?}");
        assert_eq!(come_back(&world, &account, &session).await["payment"]["status"], "succeeded");
        assert_eq!(world.money(account.id).await.0, 10 * DOLLAR, "{seam:?} {teller:?}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_function_died_comes_again_and_counts_once() {
    let Some(world) = World::concurrent("an event whose function died").await else { return };
    for (seam, teller) in SEAMS.into_iter().flat_map(|seam| TELLERS.map(|teller| (seam, teller))) {
        let account = world.account(0).await;
        let (_, begun) = pay(&world, &account, 10).await;
        let events = world.platform.stripe.take_events();
        let event = events.iter().find(|event| event.kind == "payment_intent.succeeded").expect("an event");
        let send = |base: &str| {
            let signature = world.platform.stripe.sign(&event.body);
            let request = world.http.post(format!("{base}/api/stripe/webhook")).header("stripe-signature", signature);
            request.header("content-type", "application/json").body(event.body.clone())
        };
        let done = format!("select status = 'succeeded' from gateway.payments where id = '{}'", payment_id(&begun));
        dies(&world, seam, Booking { rpc: "apply_stripe_event", done }, send).await;
        if teller == Teller::Events {
            let again = Answer::to(send(&world.base_url)).await.success();
            assert_eq!(again["outcome"], if seam == Seam::Before { "applied" } else { "duplicate" });
        } else {
            teller.tell(&world).await;
        }
        assert_eq!(world.money(account.id).await.0, 10 * DOLLAR, "{seam:?} {teller:?}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_whose_function_died_is_made_once() {
    let Some(world) = World::concurrent("a refund whose function died").await else { return };
    let admin = world.administrator().await;
    for (seam, teller) in SEAMS.into_iter().flat_map(|seam| TELLERS.map(|teller| (seam, teller))) {
        let account = world.account(0).await;
        let (session, begun) = pay(&world, &account, 10).await;
        deliver(&world).await;
        let payment = payment_id(&begun);
        let body = json!({"payment_id": payment, "amount": 4});
        let done = format!(
            "select exists (select from gateway.reversals where payment_id = '{payment}' and status = 'succeeded')"
        );
        dies(&world, seam, Booking { rpc: "finish_refund", done: done.clone() }, |base| {
            posted(&world, &format!("{base}/api/stripe/refund"), &admin, &payment, &body)
        })
        .await;
        teller.tell(&world).await;
        assert_eq!(world.value(&done).await, json!(true), "{seam:?} {teller:?}");
        // Whoever asks again is told of the same.
        let url = format!("{}/api/stripe/refund", world.base_url);
        let again = Answer::to(posted(&world, &url, &admin, &payment, &body)).await.success();
        assert_eq!(again["status"], "succeeded");
        assert_eq!(world.money(account.id).await.0, 6 * DOLLAR, "{seam:?} {teller:?}");
        let charge =
            world.platform.stripe.object(&intent(&world, &session)).expect("an intent")["latest_charge"].clone();
        let charge = world.platform.stripe.object(charge.as_str().expect("an id")).expect("a charge");
        assert_eq!(charge["amount_refunded"], 400, "{seam:?} {teller:?}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auto_top_up_whose_function_died_is_charged_once() {
    let Some(world) = World::concurrent("an auto top-up whose function died").await else { return };
    for (seam, teller) in SEAMS.into_iter().flat_map(|seam| TELLERS.map(|teller| (seam, teller))) {
        let account = world.account(0).await;
        let (session, _) = begin(&world, &account, &json!({"amount": 5, "save_card": true})).await;
        world.platform.stripe.act("pay", &session, &[]).expect("it pays");
        deliver(&world).await;
        let charges = || {
            let asked = world.platform.stripe.requests();
            asked.iter().filter(|(_, body)| body.contains("off_session=true")).count()
        };
        let before = charges();
        let agreed = json!({"enabled": true, "consent": true, "threshold": 6, "amount": 10, "monthly_cap": 100});
        let done = format!(
            "select exists (select from gateway.payments where account_id = '{}' and kind = 'auto' and status = 'succeeded')",
            account.id
        );
        dies(&world, seam, Booking { rpc: "settle_auto_topup", done: done.clone() }, |base| {
            let request = world.http.put(format!("{base}/user/auto-topup")).bearer_auth(&account.key);
            request.header("content-type", "application/json").body(agreed.to_string())
        })
        .await;
        teller.tell(&world).await;
        assert_eq!(world.value(&done).await, json!(true), "{seam:?} {teller:?}");
        assert_eq!((charges(), world.money(account.id).await.0), (before + 1, 15 * DOLLAR), "{seam:?} {teller:?}");
    }
    world.assert_ledger_clean().await;
}
