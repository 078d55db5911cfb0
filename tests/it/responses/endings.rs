//! What is stored of a response however it ends: once, or not at all.

use local::postgrest::Fault;
use local::upstash::Reply;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::watch::poll;
use tests::wire::Wire;
use tests::world::{Account, CREDIT, Deployment, World, send};

use super::{asked_last, behind, id, kept, read, respond, response, text, wires, world_of};

fn ask(world: &World, wire: &Wire, account: &Account, stream: bool) -> reqwest::RequestBuilder {
    world.call(wire, &account.key, &wire.say("Hello", &json!({ "stream": stream })))
}

#[tokio::test]
async fn of_a_stream_that_is_cut_off_what_came_is_stored_as_failed() {
    let deployment = Deployment::new().await;
    for wire in wires() {
        let (world, account) = world_of(&deployment, wire).await;
        for behaviour in ["cut?after=3", "error-mid", "end-early", "garbage"] {
            world.serves(wire, &format!("standin/{behaviour}")).await;
            let answer = Answer::to(ask(&world, wire, &account, true)).await;
            let seen = wire.pieces(&answer.text).concat();
            let failed = response(&answer);
            let stored = read(&world, &account, &failed).await.success();
            assert_eq!(
                (&stored["status"], &stored["error"]["code"]),
                (&json!("failed"), &failed["error"]["code"]),
                "{behaviour}"
            );
            assert!(!seen.is_empty() && text(&stored) == seen, "{behaviour}: {seen:?} {stored}");
            // It can be gone on from all the same.
            world.serves(wire, "standin/normal").await;
            respond(&world, wire, &account, "Go on.", behind(&failed)).await;
            assert_eq!(asked_last(&world)[1], ("assistant".to_owned(), seen), "{behaviour}");
        }
        assert_eq!(kept(&world, &account).await, 8);
        world.settled().await;
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn a_call_that_fails_stores_nothing() {
    let deployment = Deployment::new().await;
    for (wire, stream) in super::forms() {
        let (world, account) = world_of(&deployment, wire).await;
        for behaviour in ["status?code=500", "refuse", "error-first", "html"] {
            world.platform.upstash.execute(&["DEL", "breaker"]).await.expect("DEL");
            world.serves(wire, &format!("standin/{behaviour}")).await;
            let answer = Answer::to(ask(&world, wire, &account, stream)).await;
            assert!(answer.status >= 500, "{behaviour}: {} {}", answer.status, answer.text);
        }
        world.settled().await;
        assert_eq!(kept(&world, &account).await, 0, "{}", wire.name);
    }
}

#[tokio::test]
async fn what_a_client_has_read_that_leaves_is_stored_as_incomplete() {
    let deployment = Deployment::new().await;
    for wire in wires() {
        let (world, account) = world_of(&deployment, wire).await;
        world.serves(wire, "standin/stall?after=3").await;
        let mut stream = send(ask(&world, wire, &account, true)).await;
        let mut came = String::new();
        while wire.pieces(&came).len() < 3 {
            let chunk = certain("a chunk", stream.chunk()).await.expect("a chunk").expect("no end");
            came.push_str(&String::from_utf8_lossy(&chunk));
        }
        drop(stream);
        world.settled().await;
        let begun =
            tests::world::events(&came[..came.rfind("\n\n").expect("an event") + 2]).remove(0)["response"].clone();
        let stored = read(&world, &account, &begun).await.success();
        assert_eq!(
            (&stored["status"], &stored["incomplete_details"]["reason"]),
            (&json!("incomplete"), &json!("client_left"))
        );
        assert_eq!(text(&stored), wire.pieces(&came).concat());
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn what_the_limit_cut_off_is_stored_as_incomplete() {
    let deployment = Deployment::new().await;
    for (wire, stream) in super::forms() {
        let (world, account) = world_of(&deployment, wire).await;
        let cut = respond(&world, wire, &account, "Hello", json!({"max_output_tokens": 16, "stream": stream})).await;
        assert_eq!(cut["status"], "incomplete");
        assert_eq!(read(&world, &account, &cut).await.success(), cut);
    }
}

/// What is the last in the outbox.
async fn waiting(world: &World) -> String {
    match world.platform.upstash.execute(&["LINDEX", "outbox", "-1"]).await.expect("LINDEX") {
        Reply::Bulk(entry) => String::from_utf8(entry).expect("text"),
        _ => String::new(),
    }
}

#[tokio::test]
async fn a_response_whose_settlement_waits_in_the_outbox_is_stored_once_when_it_is_booked() {
    let deployment = Deployment::new().await;
    for wire in wires() {
        let (world, account) = world_of(&deployment, wire).await;
        let control = world.platform.postgrest.control();
        control.fail(Some("finish_request"), None, Fault::Refuse);
        let given = respond(&world, wire, &account, "Ouagadougou", json!({})).await;
        let name = id(&given).trim_start_matches("resp_").to_owned();
        let simple = |entry: &str| entry.replace('-', "");
        poll("the settle in the outbox", || async { simple(&waiting(&world).await).contains(&name) }).await;
        let entry = waiting(&world).await;
        assert!(!entry.contains("Ouagadougou") && !entry.contains(&text(&given)), "{entry}");
        control.clear();
        // As if it had been stored and the answer lost.
        let twice = format!("select public.finish_request('{}')", entry.replace('\'', "''"));
        world.value(&twice).await;
        world.value(&twice).await;
        let secret = &world.platform.variables()["CRON_SECRET"];
        Answer::to(world.get("/api/cron/sweep-holds", secret)).await.success();
        assert_eq!(read(&world, &account, &given).await.success(), given);
        assert_eq!(kept(&world, &account).await, 1);
        world.settled().await;
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn a_retry_under_the_same_idempotency_key_is_the_same_response_stored_once() {
    let deployment = Deployment::new().await;
    for wire in wires() {
        let (world, account) = world_of(&deployment, wire).await;
        let again = || Answer::to(ask(&world, wire, &account, false).header("idempotency-key", "k"));
        let first = again().await.success();
        let second = again().await;
        assert_eq!(second.header("idempotent-replayed"), "true");
        assert_eq!(second.success(), first);
        assert_eq!(read(&world, &account, &first).await.success(), first);
        assert_eq!(kept(&world, &account).await, 1);
    }
}

#[tokio::test]
async fn a_tombstone_keeps_no_word_and_a_call_that_never_began_no_response() {
    let wire = wires().next().expect("a wire");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    let given = respond(&world, wire, &account, "Hello", json!({})).await;
    let sealed =
        "select jsonb_build_object('input', input, 'output', output, 'shown', shown) from gateway.stored_responses";
    let sealed = world.value(sealed).await;
    let call = uuid::Uuid::now_v7();
    let settlement = json!({"call_id": call, "outcome": "completed", "provider": "openrouter", "stored_response": {
        "id": uuid::Uuid::now_v7(), "previous": null, "input": sealed["input"], "output": sealed["output"], "shown": sealed["shown"], "items": [],
        "output_bound": 1, "output_tokens": 1,
        "bound": 1, "tokens": 1, "images": 0, "modalities": []}});
    world.value(&format!("select public.finish_request('{settlement}')")).await;
    let tombstones = format!("select settlement -> 'stored_response' from gateway.holds where call_id = '{call}'");
    assert_eq!(world.value(&tombstones).await, Value::Null);
    assert_eq!(kept(&world, &account).await, 1);
    assert_eq!(read(&world, &account, &given).await.success(), given);
}

#[tokio::test]
async fn a_plain_client_has_its_answer_though_the_database_is_away() {
    let wire = wires().next().expect("a wire");
    let (world, _) = world_of(&Deployment::new().await, wire).await;
    let account = world.account(CREDIT).await;
    let gate = world.platform.postgrest.control().gate(Some("finish_request"));
    let answer = certain("an answer", Answer::to(ask(&world, wire, &account, false))).await;
    assert_eq!(answer.status, 200);
    gate.open();
    world.settled().await;
    assert_eq!(read(&world, &account, &answer.json()).await.success(), answer.json());
}
