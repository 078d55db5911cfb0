//! A conversation through HTTP: what was said before goes with a call, and what it says is kept, in whatever format.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::said::said_in;
use tests::wire::{WIRES, Wire, each, each_form};
use tests::world::{Account, CREDIT, Deployment, MODEL, Route, World};

use super::{Said, converses, kept, read, said, session, turn};

async fn world_of(deployment: &Deployment, wire: &Wire) -> (World, Account) {
    let world = World::of(deployment, &[]).await;
    world.serves(wire, "standin/normal").await;
    world.platform.providers.control().record(true);
    let account = world.account(CREDIT).await;
    (world, account)
}

#[tokio::test]
async fn what_was_said_before_goes_with_a_turn_and_the_turn_is_kept() {
    each_form(async |wire, stream, deployment| {
        if !converses(wire) {
            return;
        }
        let (world, account) = world_of(deployment, wire).await;
        let made = Answer::to(world.post("/v1/chat/sessions", &account.key, &json!({}))).await.success();
        let chat = made["id"].as_str().expect("an id");
        let mut answers = Vec::new();
        // Each comes at once when the one before has ended.
        for (place, text) in ["Where is Oslo?", "And Bergen?", "Thanks."].into_iter().enumerate() {
            let mut body = wire.say(text, &json!({}));
            body["stream"] = json!(stream);
            if place == 0 {
                wire.instruct(&mut body, "Be brief.");
            }
            let answer = turn(wire, &world, &account, chat, &body).await;
            answers.push(answer.content(wire));
            if !stream {
                assert_eq!(answer.json()["gateway"]["session_id"], json!(chat));
            }
        }
        let expected: Vec<Said> = [
            ("system", "Be brief."),
            ("user", "Where is Oslo?"),
            ("assistant", &answers[0]),
            ("user", "And Bergen?"),
            ("assistant", &answers[1]),
            ("user", "Thanks."),
            ("assistant", &answers[2]),
        ]
        .map(|(role, text)| (role.to_owned(), text.to_owned()))
        .to_vec();
        let asked = world.platform.providers.control().requests();
        for (place, request) in asked.iter().enumerate() {
            assert_eq!(said_in(&request.body), expected[..2 * place + 2], "{}", request.body);
        }
        assert_eq!(asked.len(), 3);
        let shown = read(&world, &account, chat, "").await.success();
        assert_eq!((&shown["title"], &shown["message_count"]), (&json!("Where is Oslo?"), &json!(7)));
        assert_eq!(said(&shown["messages"]), expected.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>());
        let calls = "select count(distinct call_id) from gateway.chat_messages
                       where call_id in (select call_id from gateway.requests) and account_id";
        assert_eq!(world.value(&format!("{calls} = '{}'", account.id)).await, json!(3));
        kept(&world, &account).await;
        // Each was held for with its history, and charged by what its provider reported.
        let covered = "select bool_and(cost <= held and not clamped) from gateway.requests where account_id";
        assert_eq!(world.value(&format!("{covered} = '{}'", account.id)).await, json!(true));
        world.settled().await;
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn a_conversation_goes_on_in_any_format() {
    let world = World::start().await;
    world.platform.providers.control().record(true);
    let account = world.account(CREDIT).await;
    let chat = session(&world, &account, "Travel").await;
    let mut expected: Vec<Said> = Vec::new();
    for wire in WIRES.iter().filter(|wire| converses(wire)).cycle().take(10) {
        world.serves(wire, "standin/normal").await;
        let text = format!("Asked by {}", wire.name);
        let answer = turn(wire, &world, &account, &chat, &wire.say(&text, &json!({}))).await.content(wire);
        expected.push(("user".to_owned(), text));
        let asked = world.platform.providers.control().requests();
        assert_eq!(said_in(&asked.last().expect("a request").body), expected, "{}", wire.name);
        expected.push(("assistant".to_owned(), answer));
    }
    let shown = read(&world, &account, &chat, "").await.success();
    assert_eq!((&shown["title"], &shown["message_count"]), (&json!("Travel"), &json!(expected.len())));
}

#[tokio::test]
async fn a_tools_call_and_its_answer_stay_together_whatever_comes_between() {
    each_form(async |wire, stream, deployment| {
        if !converses(wire) {
            return;
        }
        let (world, account) = world_of(deployment, wire).await;
        let chat = session(&world, &account, "Tools").await;
        let ask = |text: &str| {
            let mut body = wire.say(text, &wire.with_tool("get_weather"));
            body["stream"] = json!(stream);
            body
        };
        turn(wire, &world, &account, &chat, &ask("Weather?")).await;
        let called = &read(&world, &account, &chat, "").await.success()["messages"]["data"][1]["message"].clone();
        let id = called["tool_calls"][0]["id"].as_str().unwrap_or_else(|| panic!("no call: {called}")).to_owned();
        assert_eq!(called["tool_calls"][0]["function"]["name"], "get_weather", "{called}");
        // Its answer follows.
        let mut body = ask("");
        body[wire.prompt()] = json!([wire.tool_result(&id, "Sunny")]);
        turn(wire, &world, &account, &chat, &body).await;
        let sent = world.platform.providers.control().requests().last().expect("a request").body.clone();
        let sent = sent.get("messages").unwrap_or(&sent["input"]).as_array().expect("messages").clone();
        assert_eq!(sent.len(), 3, "{sent:?}");
        for (message, holds) in sent.iter().zip(["Weather?", "get_weather", "Sunny"]) {
            assert!(message.to_string().contains(holds), "{sent:?}");
        }
        assert!(sent[1].to_string().contains(&id) && sent[2].to_string().contains(&id), "{sent:?}");
        // A call that nobody goes through with is not told of again, and spoils nothing.
        turn(wire, &world, &account, &chat, &ask("Again?")).await;
        let pending = read(&world, &account, &chat, "").await.success();
        let pending = pending["messages"]["data"].as_array().expect("messages").last().expect("one").clone();
        let mut body = wire.say("Never mind.", &json!({}));
        body["stream"] = json!(stream);
        turn(wire, &world, &account, &chat, &body).await;
        let sent = world.platform.providers.control().requests().last().expect("a request").body.to_string();
        if let Some(id) = pending["message"]["tool_calls"][0]["id"].as_str().filter(|open| *open != id) {
            assert!(!sent.contains(id), "{sent}");
        }
        assert!(sent.contains("Sunny") && sent.contains("Never mind."), "{sent}");
        world.settled().await;
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn only_what_room_there_is_goes_along_the_newest_first() {
    each(async |wire, deployment| {
        if !converses(wire) {
            return;
        }
        let (world, account) = world_of(deployment, wire).await;
        let chat = session(&world, &account, "Long").await;
        for n in 0..8 {
            let role = ["user", "assistant"][n % 2];
            let message = json!({"role": role, "content": format!("{n} {}", "word ".repeat(500))});
            Answer::to(world.post(&format!("/v1/chat/sessions/{chat}/messages"), &account.key, &message))
                .await
                .success();
        }
        let instructions = json!({"role": "system", "content": "Be brief."});
        Answer::to(world.post(&format!("/v1/chat/sessions/{chat}/messages"), &account.key, &instructions))
            .await
            .success();
        // Four of about 770 tokens each, by a careful count, beside the answer.
        let small = "update gateway.models set context_length = 4000, max_output = 512 where id";
        world.sql(&format!("{small} = '{}'", wire.model)).await;
        turn(wire, &world, &account, &chat, &wire.say("Now.", &json!({}))).await;
        let sent = said_in(&world.platform.providers.control().requests().last().expect("a request").body);
        let begins: Vec<&str> = sent.iter().map(|(_, text)| text.split(' ').next().unwrap_or_default()).collect();
        assert_eq!(begins, ["Be", "4", "5", "6", "7", "Now."]);
        // With a long question of its own there is room for less.
        let long = "word ".repeat(700);
        turn(wire, &world, &account, &chat, &wire.say(&long, &json!({}))).await;
        let sent = said_in(&world.platform.providers.control().requests().last().expect("a request").body);
        assert!(sent.iter().any(|(_, text)| text.starts_with("Now.")), "the newest go first");
        assert!(!sent.iter().any(|(_, text)| text.starts_with("4 ")), "{} messages", sent.len());
    })
    .await;
}

#[tokio::test]
async fn a_turn_has_but_one_model_whatever_others_its_request_names() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    world.model("test/down", &[Route::new("openrouter", "standin/status?code=500")]).await;
    let chat = session(&world, &account, "One model").await;
    let path = format!("/api/v1/chat/completions?session_id={chat}");
    for stream in [false, true] {
        world.platform.upstash.execute(&["DEL", "breaker"]).await.expect("DEL");
        let models = json!({"model": "test/down", "models": ["test/down", MODEL], "stream": stream});
        let answer = Answer::to(world.post(&path, &account.key, &WIRES[0].hello(&models))).await;
        assert_eq!(answer.status, 502, "{}", answer.text);
        world.settled().await;
        assert_eq!(world.newest_call().await["model"], "test/down");
    }
    assert_eq!(world.money(account.id).await, (CREDIT, 0, 0));
    // The first of them answers as ever.
    let models = json!({"models": [MODEL, "test/down"]});
    let answer = Answer::to(world.post(&path, &account.key, &WIRES[0].hello(&models))).await.success();
    assert_eq!(answer["model"], MODEL);
    world.settled().await;
    assert_eq!(kept(&world, &account).await.1, 2);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_call_that_can_be_no_turn_is_told_so() {
    let world = World::start().await;
    let (account, other) = (world.account(CREDIT).await, world.account(CREDIT).await);
    let foreign = session(&world, &other, "Theirs").await;
    let mine = session(&world, &account, "Mine").await;
    for wire in &WIRES {
        world.serves(wire, "standin/normal").await;
        let body = wire.hello(&json!({}));
        let ask =
            |query: &str, body: &Value| Answer::to(world.post(&format!("{}?{query}", wire.path()), &account.key, body));
        if !converses(wire) {
            let refused = ask(&format!("session_id={mine}"), &body).await.refused(400, "invalid_request");
            assert_eq!(refused["param"], "session_id");
            continue;
        }
        for id in [foreign.as_str(), "00000000-0000-0000-0000-000000000000", "mine", ""] {
            let refused = ask(&format!("session_id={id}"), &body).await.refused(404, "chat_session_not_found");
            assert_eq!(refused["param"], "session_id", "{id}");
        }
        if wire.has_choices() {
            let mut several = body.clone();
            several["n"] = json!(2);
            assert_eq!(
                ask(&format!("session_id={mine}"), &several).await.refused(400, "invalid_request")["param"],
                "n"
            );
        }
        // The header of another account's session, and a word of the client's own, which is for nobody here.
        let with_header = |id: &str| Answer::to(world.call(wire, &account.key, &body).header("x-session-id", id));
        with_header(&foreign).await.refused(404, "chat_session_not_found");
        with_header("my agent's run 7").await.success();
    }
    world.settled().await;
    assert_eq!((kept(&world, &other).await.1, kept(&world, &account).await.1), (0, 0));
    world.assert_ledger_clean().await;
}
