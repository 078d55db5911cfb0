//! What is not kept, how much is, how it lies there, and how it goes.

use std::time::Duration;

use local::upstash::Reply;
use serde_json::json;
use shared::formats::Format;
use tests::answer::Answer;
use tests::wire::{WIRES, each_format};
use tests::world::{Account, CREDIT, World};
use uuid::Uuid;

use super::{ask, hello, is_hit, names};

#[tokio::test]
async fn only_whole_answers_are_kept_and_those_to_tools_only_for_whoever_says_so() {
    each_format(async |wire, deployment| {
        let world = World::of(deployment, &[]).await;
        let account = world.account(CREDIT).await;
        for (behaviour, stream) in [("cut", true), ("error-mid", true), ("garbage", false), ("status?code=500", false)]
        {
            world.serves(wire, &format!("standin/{behaviour}")).await;
            for _ in 0..2 {
                let answer = ask(&world, wire, &account.key, &hello(wire, stream), &[]).await;
                assert_ne!(answer.header("x-gateway-cache"), "hit", "{behaviour}");
            }
        }
        assert_eq!(names(&world, account.id).await, [""; 0]);
        world.serves(wire, "standin/normal").await;
        if wire.format == Format::Completions {
            return;
        }
        let mut with_tool = hello(wire, false);
        for (name, value) in wire.with_tool("look").as_object().expect("members") {
            with_tool[name] = value.clone();
        }
        for _ in 0..2 {
            assert_eq!(ask(&world, wire, &account.key, &with_tool, &[]).await.header("x-gateway-cache"), "");
        }
        for hits in [false, true] {
            let answer = Answer::to(world.call(wire, &account.key, &with_tool).header("x-gateway-cache", "all")).await;
            world.settled().await;
            assert_eq!(is_hit(&answer), hits);
        }
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_remembered_otherwise_or_cut_short_by_credit_is_not_kept() {
    let world = World::start().await;
    let wire = &WIRES[0];
    let account = world.account(CREDIT).await;
    let body = hello(wire, false);
    for replayed in ["", "true"] {
        let answer = ask(&world, wire, &account.key, &body, &[("idempotency-key", "once")]).await;
        assert_eq!((answer.header("x-gateway-cache"), answer.header("idempotent-replayed")), ("", replayed));
    }
    // Whether or not it comes to the cache, what is asked of it must be sound.
    for headers in [&[("x-gateway-cache-ttl", "0")][..], &[("x-gateway-cache-ttl", "0"), ("idempotency-key", "twice")]]
    {
        ask(&world, wire, &account.key, &body, headers).await.refused(400, "invalid_request");
    }
    let poor = world.account(20_000_000).await;
    for _ in 0..2 {
        let answer = ask(&world, wire, &poor.key, &body, &[]).await;
        assert_eq!(
            (answer.header("x-gateway-cache"), answer.header("x-gateway-output-limit").is_empty()),
            ("miss", false)
        );
    }
    // A turn's answer belongs to its conversation.
    let chat = Answer::to(world.post("/v1/chat/sessions", &account.key, &json!({"title": "One"}))).await.json();
    let turn = format!("{}?session_id={}", wire.path(), chat["id"].as_str().unwrap_or_else(|| panic!("{chat}")));
    for _ in 0..2 {
        let answer = Answer::to(world.post(&turn, &account.key, &body).header("x-gateway-cache", "true")).await;
        assert_eq!((answer.status, answer.header("x-gateway-cache")), (200, ""), "{}", answer.text);
        world.settled().await;
    }
    // An answer that is stored has an id of its own.
    let stored = WIRES.iter().find(|wire| wire.name == "responses").expect("a wire");
    world.serves(stored, "standin/normal").await;
    for _ in 0..2 {
        let answer = ask(&world, stored, &account.key, &stored.hello(&json!({})), &[]).await;
        assert_eq!((answer.status, answer.header("x-gateway-cache")), (200, ""));
    }
    assert_eq!((names(&world, account.id).await.len(), names(&world, poor.id).await.len()), (0, 0));
    // Without a keyring there is nothing to seal with.
    let bare = world.another_gateway_with(&[("ENCRYPTION_KEYS", "")]).await;
    let request = world.http.post(format!("{bare}/v1/chat/completions")).bearer_auth(&account.key).json(&body);
    assert_eq!(Answer::to(request.header("x-gateway-cache", "true")).await.header("x-gateway-cache"), "");
}

#[tokio::test]
async fn an_answer_lies_sealed_for_its_account_and_is_purged_with_all_others() {
    let world = World::start().await;
    let wire = &WIRES[0];
    let (account, other) = (world.account(CREDIT).await, world.account(CREDIT).await);
    let body = wire.say("Tell me about xylophones", &json!({}));
    for who in [&account, &other] {
        let answer = ask(&world, wire, &who.key, &body, &[]).await;
        let said = answer.content(wire);
        let contents = world.platform.upstash.contents().expect("the engine in process").join("\n");
        assert!(!contents.contains(&said) && !contents.contains("xylophone"), "{contents}");
    }
    // What another account has been answered is not read, wherever it lies.
    let name = |names: Vec<String>| names[0].split(':').next().expect("a fingerprint").to_owned();
    let fingerprint = name(names(&world, account.id).await);
    assert_eq!(fingerprint, name(names(&world, other.id).await));
    let (mine, theirs) = (format!("cached:{}:{fingerprint}", account.id), format!("cached:{}:{fingerprint}", other.id));
    let entry = match world.platform.upstash.execute(&["GET", &theirs]).await.expect("GET") {
        Reply::Bulk(entry) => String::from_utf8(entry.to_vec()).expect("text"),
        other => panic!("{other:?}"),
    };
    // Nor is what answers another question.
    let question = wire.say("Tell me about vibraphones", &json!({}));
    assert!(!is_hit(&ask(&world, wire, &account.key, &question, &[]).await));
    let of_another = names(&world, account.id).await.into_iter().find(|name| !name.starts_with(&fingerprint));
    let of_another = of_another.as_deref().and_then(|name| name.split(':').next()).expect("a fingerprint");
    let own = format!("cached:{}:{of_another}", account.id);
    let own = match world.platform.upstash.execute(&["GET", &own]).await.expect("GET") {
        Reply::Bulk(entry) => String::from_utf8(entry.to_vec()).expect("text"),
        other => panic!("{other:?}"),
    };
    for planted in [entry.as_str(), own.as_str(), "{}", "x"] {
        world.platform.upstash.execute(&["SET", &mine, planted]).await.expect("SET");
        assert!(!is_hit(&ask(&world, wire, &account.key, &body, &[]).await), "{planted}");
        assert!(is_hit(&ask(&world, wire, &account.key, &body, &[]).await), "the new answer is in its place");
    }
    let purge = async |who: &Account| {
        Answer::to(world.http.delete(format!("{}/user/cache", world.base_url)).bearer_auth(&who.key)).await.success()
    };
    assert_eq!(purge(&account).await, json!({"object": "cache", "deleted": true, "answers": 2}));
    assert_eq!(purge(&account).await["answers"], 0);
    assert!(!is_hit(&ask(&world, wire, &account.key, &body, &[]).await));
    assert!(is_hit(&ask(&world, wire, &other.key, &body, &[]).await), "nobody else's are purged");
    world.platform.upstash.advance_clock(Duration::from_secs(301)).expect("a clock that can be moved");
    assert_eq!(purge(&other).await["answers"], 0, "what has lapsed is not there to be purged");
    let another = wire.say("Tell me about marimbas", &json!({}));
    assert!(!is_hit(&ask(&world, wire, &account.key, &another, &[]).await));
    assert_eq!(names(&world, account.id).await.len(), 1, "nor listed beside what is kept next");
    assert!(!is_hit(&ask(&world, wire, &account.key, &body, &[]).await));
    world.assert_ledger_clean().await;
}

/// Lets so many answers of so many bytes each lie there for an account, which lapse one second after another; their fingerprints.
async fn plant(world: &World, account: Uuid, count: usize, bytes: usize) -> Vec<String> {
    let index = format!("cached:{account}");
    let fingerprints: Vec<String> = (0..count).map(|number| format!("{number:064x}")).collect();
    for (number, fingerprint) in fingerprints.iter().enumerate() {
        let (lapses, name) = ((4_000_000_000_000 + number).to_string(), format!("{fingerprint}:{bytes}"));
        world.platform.upstash.execute(&["ZADD", &index, &lapses, &name]).await.expect("ZADD");
        world.platform.upstash.execute(&["SET", &format!("{index}:{fingerprint}"), "x"]).await.expect("SET");
    }
    fingerprints
}

#[tokio::test]
async fn an_account_has_so_many_bytes_and_answers_and_the_first_to_lapse_go_first() {
    let world = World::start().await;
    let wire = &WIRES[0];
    // Of the first there is room for all but one beside a new answer, of the second for eight.
    for (count, bytes, left) in [(1_000, 10, 999), (10, 2_000_000, 8)] {
        let account = world.account(CREDIT).await;
        let planted = plant(&world, account.id, count, bytes).await;
        let (body, life) = (wire.say("Hello", &json!({})), [("x-gateway-cache-ttl", "86400")]);
        assert!(!is_hit(&ask(&world, wire, &account.key, &body, &life).await));
        let there = names(&world, account.id).await;
        let kept: Vec<&String> = planted.iter().filter(|name| there.iter().any(|it| it.starts_with(*name))).collect();
        assert_eq!((kept.len(), there.len()), (left, left + 1));
        assert!(kept.iter().copied().eq(&planted[count - left..]), "those that lapse last stay");
        for (name, stays) in [(&planted[0], false), (&planted[count - 1], true)] {
            let entry = world.platform.upstash.execute(&["GET", &format!("cached:{}:{name}", account.id)]).await;
            assert_eq!(entry.expect("GET") != Reply::Nil, stays);
        }
        assert!(is_hit(&ask(&world, wire, &account.key, &body, &life).await), "the new one is there");
    }
    // One that is too large is not kept.
    let account = world.account(100 * CREDIT).await;
    world.serves(wire, "standin/long?tokens=60000").await;
    world.sql("update gateway.models set context_length = 1000000, max_output = 100000").await;
    let body = wire.say("Hello", &json!({"max_tokens": 100_000}));
    let large = ask(&world, wire, &account.key, &body, &[]).await;
    assert!(large.text.len() > 262_144, "{}", large.text.len());
    assert_eq!(names(&world, account.id).await, [""; 0]);
}
