//! Pictures that a model draws in a chat: plain and streamed, at the price of pictures, and of no other model or format.

use serde_json::{Value, json};
use shared::formats::Format;
use tests::answer::Answer;
use tests::scripted::{Script, Scripted};
use tests::whole::{WHOLES, Whole};
use tests::wire::{WIRES, formats};
use tests::world::{Account, Deployment, MODEL, Route, World, events, nanos};

use super::{CREDIT, assert_untouched, forget, newest, serving};

fn drawing() -> &'static Whole {
    WHOLES.iter().find(|whole| whole.is_chat()).expect("a row")
}

async fn ask(world: &World, account: &Account, further: &Value) -> Answer {
    let answer = Answer::to(world.request(drawing(), &account.key, &drawing().hello(further))).await;
    world.settled().await;
    answer
}

/// Asks for a response with a picture.
async fn ask_for_response(world: &World, account: &Account, further: &Value) -> Answer {
    let mut body = json!({"model": drawing().model, "input": "A fox", "modalities": ["image", "text"]});
    body.as_object_mut().expect("an object").extend(further.as_object().expect("members").clone());
    let answer = Answer::to(world.post("/v1/responses", &account.key, &body)).await;
    world.settled().await;
    answer
}

/// The pictures of a response.
fn drawn(response: &Value) -> Vec<Value> {
    let items = response["output"].as_array().expect("an output");
    items.iter().filter(|item| item["type"] == "image_generation_call").cloned().collect()
}

fn urls(images: &Value) -> Vec<&str> {
    let images = images.as_array().into_iter().flatten();
    images.map(|image| image["image_url"]["url"].as_str().expect("a URL")).collect()
}

#[tokio::test]
async fn a_picture_comes_whole_beside_the_text_plain_and_streamed() {
    let (world, account) = serving(&Deployment::new().await, drawing(), "normal").await;
    let config = json!({"aspect_ratio": "16:9", "image_size": "1K"});
    let plain = ask(&world, &account, &json!({"image_config": config})).await.success();
    let sent = &world.platform.providers.control().requests()[0].body;
    assert_eq!((&sent["modalities"], &sent["image_config"]), (&json!(["image", "text"]), &config));
    let message = &plain["choices"][0]["message"];
    let drawn = urls(&message["images"]);
    assert!(drawn.len() == 1 && drawn[0].starts_with("data:image/png;base64,"), "{plain}");
    assert!(message["content"].as_str().is_some_and(|text| !text.is_empty()), "{plain}");
    let usage = &plain["usage"];
    assert_eq!(usage["completion_tokens_details"]["image_tokens"], 1_290, "{usage}");
    let cost = nanos(&usage["cost"]);
    assert_eq!(cost, (drawing().priced)(usage));

    let streamed = json!({"stream": true, "stream_options": {"include_usage": true}});
    let stream = ask(&world, &account, &streamed).await;
    let chunks = events(&stream.text);
    let images: Vec<Value> = chunks.iter().map(|chunk| chunk["choices"][0]["delta"]["images"].clone()).collect();
    assert_eq!(images.iter().flat_map(urls).collect::<Vec<_>>(), drawn);
    assert!(stream.text.ends_with("data: [DONE]\n\n"), "{}", stream.text);
    let again = nanos(&chunks.last().expect("usage")["usage"]["cost"]);
    assert_eq!(again, cost);
    assert_eq!(world.money(account.id).await, (CREDIT - 2 * cost, 0, 0));
    let units = newest(&world).await["units"].clone();
    assert_eq!(units, json!({"image_output": 1_290}));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_response_has_a_picture_as_an_item_plain_streamed_and_stored_and_its_model_gets_it_back() {
    let (world, account) = serving(&Deployment::new().await, drawing(), "normal").await;
    let config = json!({"aspect_ratio": "16:9"});
    let plain = ask_for_response(&world, &account, &json!({ "image_config": config })).await.success();
    let sent = world.platform.providers.control().requests()[0].clone();
    assert_eq!((sent.path, &sent.body["modalities"]), ("/chat/completions", &json!(["image", "text"])));
    assert_eq!(sent.body["image_config"], config);
    let pictures = drawn(&plain);
    let [picture] = &pictures[..] else { panic!("one picture: {plain}") };
    assert_eq!((&picture["status"], &picture["output_format"]), (&json!("completed"), &json!("png")));
    assert!(picture["result"].as_str().is_some_and(|data| !data.is_empty() && !data.contains(':')), "{picture}");
    let usage = &plain["usage"];
    assert_eq!(usage["output_tokens_details"]["image_tokens"], 1_290, "{usage}");
    let cost = nanos(&usage["cost"]);
    assert_eq!(newest(&world).await["cost"], json!(cost));
    assert!(cost > 1_290 * 40_000, "{usage}");

    let stream = ask_for_response(&world, &account, &json!({"stream": true})).await;
    let told = events(&stream.text);
    let of_picture = |event: &&Value| event["type"].as_str().is_some_and(|kind| kind.contains("image_generation_call"));
    let kinds: Vec<&str> =
        told.iter().filter(of_picture).filter_map(|event| event["type"].as_str()?.rsplit('.').next()).collect();
    assert_eq!(kinds, ["in_progress", "generating", "completed"]);
    let added = told
        .iter()
        .find(|event| event["type"] == "response.output_item.added" && event["item"]["type"] == picture["type"]);
    assert_eq!(added.expect("an item")["item"]["result"], Value::Null);
    let last = told.last().expect("an event");
    assert_eq!(
        (&last["type"], &drawn(&last["response"])[0]["result"]),
        (&json!("response.completed"), &picture["result"])
    );
    assert_eq!(nanos(&last["response"]["usage"]["cost"]), cost);

    // It is stored with the response, and goes back to who draws.
    let path = format!("/v1/responses/{}", plain["id"].as_str().expect("an id"));
    let stored = Answer::to(world.get(&path, &account.key)).await.success();
    assert_eq!(drawn(&stored)[0]["result"], picture["result"]);
    let next = json!({"previous_response_id": plain["id"], "input": "And in blue?"});
    ask_for_response(&world, &account, &next).await.success();
    let sent = world.platform.providers.control().requests()[2].body["messages"].clone();
    let url = format!("data:image/png;base64,{}", picture["result"].as_str().expect("data"));
    assert_eq!(urls(&sent[1]["images"]), [url.as_str()], "{sent}");
    let record = newest(&world).await;
    assert!(record["held"].as_i64() > Some(4_096 * 40_000 + 1_000 * 1_000), "{record}");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_is_drawn_in_a_kept_chat_is_kept_and_goes_back_in_either_format() {
    let (world, account) = serving(&Deployment::new().await, drawing(), "normal").await;
    let session = Answer::to(world.post("/v1/chat/sessions", &account.key, &json!({}))).await.success()["id"].clone();
    let path = |of: &str| format!("{of}?session_id={}", session.as_str().expect("an id"));
    let hello = drawing().hello(&json!({}));
    let first = Answer::to(world.post(&path("/v1/chat/completions"), &account.key, &hello)).await.success();
    world.settled().await;
    let image = first["choices"][0]["message"]["images"].clone();
    let body = json!({"model": drawing().model, "input": "And in blue?", "modalities": ["image", "text"]});
    let second = Answer::to(world.post(&path("/v1/responses"), &account.key, &body)).await.success();
    world.settled().await;
    Answer::to(world.post(&path("/v1/chat/completions"), &account.key, &hello)).await.success();
    world.settled().await;
    let sent = world.platform.providers.control().requests();
    assert_eq!(sent[1].body["messages"][1]["images"], image);
    let blue = format!("data:image/png;base64,{}", drawn(&second)[0]["result"].as_str().expect("data"));
    let messages = &sent[2].body["messages"];
    assert_eq!((&messages[1]["images"], urls(&messages[3]["images"])), (&image, vec![blue.as_str()]));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn several_choices_have_a_picture_each_and_are_held_for() {
    let (world, account) = serving(&Deployment::new().await, drawing(), "normal").await;
    let told = ask(&world, &account, &json!({"n": 2})).await.success();
    let choices = told["choices"].as_array().expect("choices");
    assert!(choices.iter().all(|choice| urls(&choice["message"]["images"]).len() == 1), "{told}");
    let record = newest(&world).await;
    let (held, cost) = (record["held"].as_i64().expect("held"), record["cost"].as_i64().expect("cost"));
    assert_eq!(cost, (drawing().priced)(&told["usage"]));
    assert!(held >= 2 * 4_096 * 40_000 && cost <= held, "{record}");
}

#[tokio::test]
async fn what_nobody_reports_of_a_picture_is_charged_as_it_was_held() {
    let (world, account) = serving(&Deployment::new().await, drawing(), "no-usage").await;
    for further in [json!({}), json!({"stream": true})] {
        let before = world.money(account.id).await.0;
        assert_eq!(ask(&world, &account, &further).await.status, 200);
        let record = newest(&world).await;
        assert_eq!((&record["cost"], &record["estimated"]), (&record["held"], &json!(true)), "{record}");
        assert_eq!(world.money(account.id).await.0, before - record["cost"].as_i64().expect("a cost"));
    }
}

#[tokio::test]
async fn tokens_that_are_not_told_apart_are_the_pictures() {
    let wire = WIRES.iter().find(|wire| wire.provider == drawing().provider).expect("a row");
    let (world, provider) = Scripted::world(&Deployment::new().await, wire, &[]).await;
    world.offers(drawing(), &[Route::new(drawing().provider, "any/model")]).await;
    let account = world.account(CREDIT).await;
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}});
    let message = json!({"role": "assistant", "content": "Here.", "images": [image]});
    provider.answers(Script::whole(&json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1_300, "total_tokens": 1_305}})));
    let told = ask(&world, &account, &json!({})).await.success();
    assert_eq!(nanos(&told["usage"]["cost"]), 5 * 1_000 + 1_300 * 40_000, "{told}");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_stream_with_a_picture_that_breaks_off_tells_of_it_and_costs_no_more_than_its_hold() {
    let (world, account) = serving(&Deployment::new().await, drawing(), "normal").await;
    for behaviour in ["cut?after=1", "cut?after=100", "error-mid?after=1", "end-early?after=1"] {
        super::serve(&world, drawing(), behaviour).await;
        let before = world.money(account.id).await.0;
        let answer = ask(&world, &account, &json!({"stream": true})).await;
        let last = events(&answer.text).pop().expect("an event");
        assert!(last["error"]["code"].is_string() && !answer.text.contains("[DONE]"), "{behaviour}: {}", answer.text);
        let record = newest(&world).await;
        let cost = record["cost"].as_i64().expect("a cost");
        assert!(cost <= record["held"].as_i64().expect("held"), "{behaviour}: {record}");
        assert_eq!(world.money(account.id).await, (before - cost, 0, 0), "{behaviour}");
    }
}

#[tokio::test]
async fn a_picture_of_many_megabytes_passes_and_one_that_is_too_large_is_told_of_and_charged_as_it_was_held() {
    let wire = WIRES.iter().find(|wire| wire.provider == drawing().provider).expect("a row");
    let (world, provider) = Scripted::world(&Deployment::new().await, wire, &[]).await;
    world.offers(drawing(), &[Route::new(drawing().provider, "any/model")]).await;
    let account = world.account(CREDIT).await;
    let event = |bytes: usize| {
        let image =
            json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{}", "A".repeat(bytes))}});
        json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": {"content": "", "images": [image]}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 1_300, "total_tokens": 1_305}})
    };
    for stream in [false, true] {
        let before = world.money(account.id).await.0;
        provider.answers(Script::stream(&[event(10 << 20)]).done(&[]));
        let answer = ask(&world, &account, &json!({ "stream": stream })).await;
        let (first, member) =
            if stream { (events(&answer.text)[0].clone(), "delta") } else { (answer.json(), "message") };
        assert!(urls(&first["choices"][0][member]["images"])[0].len() > 10 << 20, "{stream}");
        assert_eq!(world.money(account.id).await.0, before - (5 * 1_000 + 1_300 * 40_000), "{stream}");

        let before = world.money(account.id).await.0;
        provider.answers(Script::stream(&[event(34 << 20)]).done(&[]));
        let answer = ask(&world, &account, &json!({ "stream": stream })).await;
        let told = if stream { events(&answer.text).pop().expect("an event") } else { answer.json() };
        assert_eq!(told["error"]["code"], "upstream_error", "{told}");
        assert!(told["error"]["message"].as_str().is_some_and(|message| message.contains("32 MB")), "{told}");
        let record = newest(&world).await;
        assert_eq!((&record["cost"], &record["estimated"]), (&record["held"], &json!(true)), "{record}");
        assert_eq!(world.money(account.id).await, (before - record["cost"].as_i64().expect("a cost"), 0, 0));
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_model_that_makes_no_pictures_says_so_before_anything_is_held() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    world.platform.providers.control().record(true);
    let body = drawing().hello(&json!({"model": MODEL}));
    let told = Answer::to(world.request(drawing(), &account.key, &body)).await.refused(400, "unsupported_modality");
    assert_eq!((&told["param"], &told["gives"]), (&json!("modalities"), &json!(["text"])), "{told}");
    assert!(told["message"].as_str().is_some_and(|message| message.contains("GET /models")), "{told}");
    // In the other formats an answer has no place for them.
    let told = ask_for_response(&world, &account, &json!({"model": MODEL})).await.refused(400, "unsupported_modality");
    assert_eq!((&told["param"], &told["gives"]), (&json!("modalities"), &json!(["text"])), "{told}");
    for wire in formats().filter(|wire| !matches!(wire.format, Format::Chat | Format::Responses)) {
        let body = wire.hello(&json!({"modalities": ["image", "text"]}));
        let told = Answer::to(world.call(wire, &account.key, &body)).await.refused(400, "invalid_request");
        assert_eq!(told["param"], "modalities", "{}: {told}", wire.name);
        assert!(told["message"].as_str().is_some_and(|message| message.contains("/v1/chat/completions")), "{told}");
    }
    world.settled().await;
    assert_untouched(&world, &account, "no pictures").await;
}

#[tokio::test]
async fn a_model_that_draws_is_asked_for_text_where_there_is_no_place_for_pictures_and_held_for_all_the_same() {
    let (world, account) = serving(&Deployment::new().await, drawing(), "normal").await;
    for wire in formats() {
        forget(&world).await;
        let body = wire.hello(&json!({"model": drawing().model, "max_tokens": 100}));
        let text = wire.text(&Answer::to(world.call(wire, &account.key, &body)).await.success());
        assert!(!text.is_empty(), "{}", wire.name);
        world.settled().await;
        let asked = &world.platform.providers.control().requests()[0];
        let modalities = if wire.format == Format::Chat { Value::Null } else { json!(["text"]) };
        assert_eq!((asked.path, &asked.body["modalities"]), ("/chat/completions", &modalities), "{}", wire.name);
        // It may draw unasked.
        let record = newest(&world).await;
        assert!(record["held"].as_i64() >= Some(100 * 40_000), "{}: {record}", wire.name);
    }
}

#[tokio::test]
async fn a_picture_goes_back_as_one_and_a_model_of_images_that_writes_can_be_chatted_with() {
    let (world, account) = serving(&Deployment::new().await, drawing(), "normal").await;
    world.sql(&format!("update gateway.models set kind = 'image' where id = '{}'", drawing().model)).await;
    let drawn = ask(&world, &account, &json!({})).await.success()["choices"][0]["message"].clone();
    let messages = json!([{"role": "user", "content": "A fox"}, drawn, {"role": "user", "content": "And in blue?"}]);
    ask(&world, &account, &json!({"messages": messages})).await.success();
    let sent = world.platform.providers.control().requests();
    assert_eq!(sent[1].body["messages"][1]["images"], drawn["images"]);
    // Text and frame are far fewer than the thousand tokens that an image of this model has at most.
    let record = newest(&world).await;
    let prompt = record["held"].as_i64().expect("held") - 4_096 * 40_000;
    assert!((1_000 * 1_000..2_000 * 1_000).contains(&prompt), "{record}");
    // By the piece nobody knows before how many there are.
    let by_piece = "image_output_price = null, image_price = 90000000";
    world.sql(&format!("update gateway.model_routes set {by_piece} where model_id = '{}'", drawing().model)).await;
    ask(&world, &account, &json!({})).await.refused(503, "model_not_priced");
}
