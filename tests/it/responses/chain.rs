//! A response that goes on from another: what was said before goes with it.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{CREDIT, Deployment, Route, World, nanos};

use super::{asked_last, behind, forms, id, kept, read, respond, text, wires, world_of};

fn user(text: &str) -> (String, String) {
    ("user".to_owned(), text.to_owned())
}

#[tokio::test]
async fn a_conversation_goes_on_from_its_last_response() {
    let deployment = Deployment::new().await;
    for (wire, stream) in forms() {
        let (world, account) = world_of(&deployment, wire).await;
        let mut said = Vec::new();
        let mut last: Option<Value> = None;
        for question in ["Where is Oslo?", "And Bergen?", "Thanks."] {
            let mut further = last.as_ref().map_or(json!({}), behind);
            further["stream"] = json!(stream);
            if last.is_none() {
                // What is carried over are items, no instructions.
                further["instructions"] = json!("Be brief.");
            }
            let response = respond(&world, wire, &account, question, further).await;
            assert_eq!((&response["status"], &response["store"]), (&json!("completed"), &json!(true)), "{response}");
            let previous = last.as_ref().map_or(Value::Null, |last| last["id"].clone());
            assert_eq!(response["previous_response_id"], previous);
            said.push(user(question));
            let asked = asked_last(&world);
            let asked = if last.is_none() { &asked[1..] } else { &asked[..] };
            assert_eq!(asked, said, "{}, {stream}", wire.name);
            said.push(("assistant".to_owned(), text(&response)));
            // Read again at once, it is what the client has got.
            assert_eq!(read(&world, &account, &response).await.success(), response, "{}, {stream}", wire.name);
            last = Some(response);
        }
        assert_eq!(kept(&world, &account).await, 3);
        // Each was held for with what came before, and charged by what its provider reported.
        let covered = "select bool_and(cost <= held and not clamped) from gateway.requests";
        assert_eq!(world.value(covered).await, json!(true), "{}", wire.name);
        world.settled().await;
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn calls_of_tools_and_their_outputs_stay_whole() {
    let deployment = Deployment::new().await;
    for (wire, stream) in forms() {
        let (world, account) = world_of(&deployment, wire).await;
        let ask = |further: Value| {
            let mut body = wire.with_tool("get_weather");
            body["stream"] = json!(stream);
            body.as_object_mut().expect("an object").extend(further.as_object().expect("an object").clone());
            body
        };
        let first = respond(&world, wire, &account, "Weather?", ask(json!({}))).await;
        let items = first["output"].as_array().expect("items");
        let call =
            items.iter().find(|item| item["type"] == "function_call").unwrap_or_else(|| panic!("no call: {first}"));
        // Without its output nobody goes on from it.
        let mut body = wire.say("Never mind.", &ask(behind(&first)));
        let refused = Answer::to(world.call(wire, &account.key, &body)).await.refused(400, "invalid_request");
        assert_eq!(refused["param"], "input");
        assert!(
            refused["message"].as_str().is_some_and(|text| text.starts_with("No tool output found for function call "))
        );
        body["input"] = json!([{"type": "function_call_output", "call_id": "foreign", "output": "x"},
            {"type": "function_call_output", "call_id": call["call_id"], "output": "x"}]);
        let refused = Answer::to(world.call(wire, &account.key, &body)).await.refused(400, "invalid_request");
        assert!(
            refused["message"]
                .as_str()
                .is_some_and(|text| text.starts_with("No tool call found for function call output"))
        );
        body["input"] =
            json!([{"type": "function_call_output", "call_id": call["call_id"], "output": "Sunny in Oslo"}]);
        let second = Answer::to(world.call(wire, &account.key, &body)).await;
        let second = super::response(&second);
        let third = respond(&world, wire, &account, "Thanks.", ask(behind(&second))).await;
        let sent = world.platform.providers.control().requests().last().expect("a request").body.to_string();
        for holds in ["Weather?", "get_weather", call["call_id"].as_str().expect("an id"), "Sunny in Oslo", "Thanks."] {
            assert!(sent.contains(holds), "{}: {holds} in {sent}", wire.name);
        }
        assert_eq!(third["status"], "completed");
        world.settled().await;
        world.assert_ledger_clean().await;
        assert_eq!(world.money(account.id).await.1, 0);
    }
}

#[tokio::test]
async fn several_go_on_from_one_at_the_same_time_and_neither_hears_of_the_other() {
    let deployment = Deployment::new().await;
    for (wire, stream) in forms() {
        let (world, account) = world_of(&deployment, wire).await;
        let root = respond(&world, wire, &account, "Root.", json!({"stream": stream})).await;
        let mut further = behind(&root);
        further["stream"] = json!(stream);
        let ask = |text: &'static str| respond(&world, wire, &account, text, further.clone());
        let (left, right) = tokio::join!(ask("Left."), ask("Right."));
        for (one, own, other) in [(&left, "Left.", "Right."), (&right, "Right.", "Left.")] {
            respond(&world, wire, &account, "And?", behind(one)).await;
            let asked: Vec<String> = asked_last(&world).into_iter().map(|(_, text)| text).collect();
            assert_eq!((asked[0].as_str(), asked[2].as_str(), asked[4].as_str()), ("Root.", own, "And?"));
            assert!(!asked.iter().any(|text| text == other), "{asked:?}");
        }
        assert_eq!(kept(&world, &account).await, 5);
        world.settled().await;
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn a_conversation_goes_on_at_whatever_provider() {
    let world = World::start().await;
    world.platform.providers.control().record(true);
    let account = world.account(CREDIT).await;
    let mut said = Vec::new();
    let mut last: Option<Value> = None;
    for wire in wires().cycle().take(6) {
        world.serves(wire, "standin/normal").await;
        let question = format!("Asked by {}", wire.name);
        let further = last.as_ref().map_or(json!({}), behind);
        let response = respond(&world, wire, &account, &question, further).await;
        said.push(user(&question));
        assert_eq!(asked_last(&world), said, "{}", wire.name);
        said.push(("assistant".to_owned(), text(&response)));
        last = Some(response);
    }
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_is_not_to_be_stored_goes_on_from_what_is_and_leaves_nothing() {
    let deployment = Deployment::new().await;
    for (wire, stream) in forms() {
        let (world, account) = world_of(&deployment, wire).await;
        let root = respond(&world, wire, &account, "Root.", json!({})).await;
        let further = json!({"previous_response_id": id(&root), "store": false, "stream": stream});
        let response = respond(&world, wire, &account, "Unstored.", further).await;
        assert_eq!(response["store"], false);
        assert_eq!(asked_last(&world)[0], user("Root."));
        read(&world, &account, &response).await.refused(404, "response_not_found");
        assert_eq!(kept(&world, &account).await, 1);
    }
}

#[tokio::test]
async fn what_was_said_before_is_held_for_and_charged_again() {
    let world = World::start().await;
    world.model("test/model", &[Route { completion: 0, ..Route::new("openrouter", "standin/normal") }]).await;
    let wire = wires().next().expect("a wire");
    let account = world.account(CREDIT).await;
    let long = "word ".repeat(2000);
    let root = respond(&world, wire, &account, &long, json!({"max_output_tokens": 16})).await;
    let mut further = behind(&root);
    further["max_output_tokens"] = json!(16);
    let next = respond(&world, wire, &account, "Next.", further).await;
    let cost = |response: &Value| nanos(&response["usage"]["cost"]);
    assert!(cost(&next) > cost(&root), "{} {}", cost(&next), cost(&root));
    let held = world.value("select jsonb_agg(held order by created_at) from gateway.requests").await;
    assert!(held[1].as_i64() > held[0].as_i64(), "{held}");
    world.settled().await;
    world.assert_ledger_clean().await;
    // Who cannot pay for it is told so before anything is sent.
    let poor = world.account(40_000).await;
    let body = wire.say("Again.", &json!({"max_output_tokens": 16}));
    Answer::to(world.call(wire, &poor.key, &body)).await.success();
    world.sql(&format!("update gateway.stored_responses set account_id = '{0}'; update gateway.response_threads set account_id = '{0}'", poor.id)).await;
    let mut further = behind(&next);
    further["max_output_tokens"] = json!(16);
    let body = wire.say("Again.", &further);
    Answer::to(world.call(wire, &poor.key, &body)).await.refused(402, "insufficient_credits");
}

#[tokio::test]
async fn images_and_files_of_before_count_as_they_did() {
    let wire = wires().next().expect("a wire");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    let body = json!([{"role": "user", "content": [{"type": "input_text", "text": "What is it?"},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}]}]);
    world.sql("update gateway.models set input_modalities = '{text,image}'").await;
    let first = respond(&world, wire, &account, "", json!({"input": body})).await;
    let next = respond(&world, wire, &account, "And now?", behind(&first)).await;
    let sent = world.platform.providers.control().requests().last().expect("a request").body.to_string();
    assert!(sent.contains("iVBORw0KGgo="), "{sent}");
    // A model that takes no image cannot go on from it.
    world.sql("update gateway.models set input_modalities = '{text}'").await;
    let body = wire.say("Again.", &behind(&next));
    Answer::to(world.call(wire, &account.key, &body)).await.refused(400, "unsupported_modality");
}
