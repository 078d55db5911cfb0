//! A request that refers to items of stored responses by their ids, as the AI SDK does by default.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::wire::Wire;
use tests::world::{Account, Deployment, World};

use super::{asked_last, behind, delete, forms, keep_for, kept, respond, response, text, wires, world_of};

/// References to all items of a response's output.
fn references(response: &Value) -> Vec<Value> {
    let items = response["output"].as_array().into_iter().flatten();
    items.map(|item| json!({"type": "item_reference", "id": item["id"]})).collect()
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

async fn ask(world: &World, wire: &Wire, account: &Account, input: &[Value], further: &Value) -> Answer {
    let mut body = wire.say("", further);
    body["input"] = json!(input);
    let answer = Answer::to(world.call(wire, &account.key, &body)).await;
    world.settled().await;
    answer
}

#[tokio::test]
async fn an_item_goes_along_without_being_said_again_in_every_turn() {
    let deployment = Deployment::new().await;
    for (wire, stream) in forms() {
        let (world, account) = world_of(&deployment, wire).await;
        let (mut input, mut said) = (Vec::new(), Vec::new());
        for question in ["Where is Oslo?", "And Bergen?", "Thanks."] {
            input.push(user(question));
            said.push(("user".to_owned(), question.to_owned()));
            let answer = response(&ask(&world, wire, &account, &input, &json!({"stream": stream})).await);
            assert_eq!(asked_last(&world), said, "{}, {stream}", wire.name);
            input.extend(references(&answer));
            said.push(("assistant".to_owned(), text(&answer)));
        }
        // What is stored is whole: who goes on from it hears all of it.
        input.push(user("One more."));
        said.push(("user".to_owned(), "One more.".to_owned()));
        let last = response(&ask(&world, wire, &account, &input, &json!({"stream": stream})).await);
        respond(&world, wire, &account, "Bye.", behind(&last)).await;
        said.extend([("assistant".to_owned(), text(&last)), ("user".to_owned(), "Bye.".to_owned())]);
        assert_eq!(asked_last(&world), said, "{}, {stream}", wire.name);
        assert_eq!(kept(&world, &account).await, 5);
        let covered = "select bool_and(cost <= held and not clamped) from gateway.requests";
        assert_eq!(world.value(covered).await, json!(true), "{}", wire.name);
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn a_call_of_a_tool_is_referred_to_and_answered() {
    let deployment = Deployment::new().await;
    for (wire, stream) in forms() {
        let (world, account) = world_of(&deployment, wire).await;
        let mut tool = wire.with_tool("get_weather");
        tool["stream"] = json!(stream);
        let first = response(&ask(&world, wire, &account, &[user("Weather?")], &tool).await);
        let call = first["output"].as_array().expect("items").iter().find(|item| item["type"] == "function_call");
        let call_id = &call.unwrap_or_else(|| panic!("no call: {first}"))["call_id"];
        let mut input = vec![user("Weather?")];
        input.extend(references(&first));
        input.push(json!({"type": "function_call_output", "call_id": call_id, "output": "Sunny in Oslo"}));
        response(&ask(&world, wire, &account, &input, &tool).await);
        let sent = world.platform.providers.control().requests().last().expect("a request").body.to_string();
        for holds in ["Weather?", "get_weather", call_id.as_str().expect("an id"), "Sunny in Oslo"] {
            assert!(sent.contains(holds), "{}: {holds} in {sent}", wire.name);
        }
        assert!(!sent.contains("item_reference"), "{sent}");
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn what_is_not_there_or_somebody_elses_is_not_found_and_nobody_is_asked() {
    let wire = wires().next().expect("a wire");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    let stranger = world.account(1_000_000_000).await;
    let own = respond(&world, wire, &account, "Mine.", json!({})).await;
    let unstored = respond(&world, wire, &account, "Unstored.", json!({"store": false})).await;
    let deleted = respond(&world, wire, &account, "Deleted.", json!({})).await;
    delete(&world, &account, &deleted).await.success();
    world.settled().await;
    let (before, asked) = (world.money(account.id).await, world.platform.providers.control().requests().len());
    let refused = async |who: &Account, reference: Value| {
        let answer = ask(&world, wire, who, &[user("Go on."), reference, user("And?")], &json!({})).await;
        let told = answer.refused(404, "item_not_found");
        assert_eq!(told["param"], "input", "{told}");
        assert!(told["message"].as_str().is_some_and(|told| told.starts_with("Item with id '")), "{told}");
    };
    let reference = |response: &Value| references(response).remove(0);
    refused(&stranger, reference(&own)).await;
    for gone in [reference(&unstored), reference(&deleted), json!({"type": "item_reference", "id": "msg_1"})] {
        refused(&account, gone).await;
    }
    // Of one that is no reference it says what is wrong.
    for id in [Value::Null, json!(1), json!(""), json!("x".repeat(300))] {
        let input = [user("Go on."), json!({"type": "item_reference", "id": id})];
        ask(&world, wire, &account, &input, &json!({})).await.refused(400, "invalid_request");
    }
    assert_eq!(world.money(account.id).await, before);
    assert_eq!(world.platform.providers.control().requests().len(), asked);
    // It is there for its owner, stored or not, and gone with the retention.
    ask(&world, wire, &account, &[user("Go on."), reference(&own), user("And?")], &json!({"store": false}))
        .await
        .success();
    keep_for(&world, &account, json!(0)).await.success();
    refused(&account, reference(&own)).await;
}

#[tokio::test]
async fn a_turn_of_a_session_refers_to_nothing() {
    let wire = wires().next().expect("a wire");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    let own = respond(&world, wire, &account, "Mine.", json!({})).await;
    let mut body = wire.say("", &json!({}));
    body["input"] = json!([references(&own)[0], user("And?")]);
    let path = format!("{}?session_id=0190b1c0-0000-7000-8000-000000000000", wire.path());
    let told = Answer::to(world.post(&path, &account.key, &body)).await.refused(400, "invalid_request");
    assert_eq!(told["param"], "input", "{told}");
}

#[tokio::test]
async fn items_are_gone_with_their_response() {
    let wire = wires().next().expect("a wire");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    let one = respond(&world, wire, &account, "One.", json!({})).await;
    respond(&world, wire, &account, "Two.", behind(&one)).await;
    let items = "select count(*) from gateway.response_items";
    assert!(world.value(items).await.as_i64() >= Some(2));
    delete(&world, &account, &one).await.success();
    let left = world.value(items).await.as_i64().expect("a count");
    assert!(left >= 1, "{left}");
    world.sql("update gateway.response_threads set updated_at = '2020-01-01'").await;
    let sweep = world.http.get(format!("{}/api/cron/retention", world.base_url));
    Answer::to(sweep.bearer_auth(&world.platform.variables()["CRON_SECRET"])).await.success();
    assert_eq!(world.value(items).await, json!(0));
}
