//! Bodies that are no JSON, or hold text that is none.

use serde_json::json;
use tests::answer::Answer;
use tests::wire::formats;
use tests::world::{MODEL, World, hello};

use super::assert_nothing_left;

#[tokio::test]
async fn a_body_that_is_no_json_object_is_said_to_be_none() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let good = hello(&json!({})).to_string();
    let bodies: Vec<Vec<u8>> = [
        "",
        " ",
        "{",
        "}",
        "[]",
        "[{}]",
        "null",
        "true",
        "1",
        "\"text\"",
        "{]",
        "{\"model\"}",
        "{\"model\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":.5}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":tru}",
        "\u{feff}{}",
        "model=x&messages=y",
        "<html></html>",
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([
        good[..good.len() - 1].into(),
        format!("{good}{good}").into(),
        format!("{good}x").into(),
        vec![0],
        vec![0xff, 0xfe, b'{', 0, b'}', 0],
        // Compressed, as nobody has said it may be.
        vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3],
    ])
    .collect();
    for (wire, body) in formats().flat_map(|wire| bodies.iter().map(move |body| (wire, body))) {
        let answer = Answer::to(world.call(wire, &account.key, &json!({})).body(body.clone())).await;
        assert_eq!(answer.outcome(), (400, "invalid_json".to_owned()), "{:?}", String::from_utf8_lossy(body));
    }
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn text_that_is_no_utf_8_is_refused_wherever_it_stands() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let good = hello(&json!({"user": "someone", "metadata": {"key": "value"}})).to_string();
    for place in ["Hello", "someone", "key", "value", MODEL, "metadata", "content"] {
        for bad in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\xaf"] {
            let (before, after) = good.split_once(place).expect(place);
            let body = [before.as_bytes(), bad, after.as_bytes()].concat();
            let answer = Answer::to(world.chat(&account.key, &json!({})).body(body)).await;
            assert_eq!(answer.outcome().0, 400, "{bad:?} in {place}: {}", answer.text);
        }
    }
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn half_a_surrogate_pair_and_nul_harm_nobody() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let good = hello(&json!({"user": "someone", "metadata": {"key": "value"}, "stop": "end"})).to_string();
    for place in ["Hello", "someone", "key", "value", MODEL, "metadata", "content", "end", "user\""] {
        for escape in ["\\ud800", "\\udc00", "\\udfff\\ud800", "\\u0000", "\\u0001", "\\u001f", "\\u007f", "\\ufffe"] {
            let body =
                good.replacen(place, &if place == "user\"" { format!("{escape}\"") } else { escape.to_owned() }, 1);
            let answer = Answer::to(world.chat(&account.key, &json!({})).body(body)).await;
            answer.served_or_blamed(&format!("{escape} for {place}"));
            if place == MODEL {
                assert!(matches!(answer.status, 400 | 404), "{escape}: {}", answer.text);
            }
        }
    }
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn the_content_type_is_not_what_makes_json() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", "nonsense", ""]
    {
        let url = format!("{}/v1/chat/completions", world.base_url);
        let request = world.http.post(url).bearer_auth(&account.key).header("content-type", kind);
        let answer = Answer::to(request.body(hello(&json!({})).to_string())).await;
        answer.served_or_blamed(kind);
    }
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn nesting_has_no_depth_at_which_anything_breaks() {
    let world = World::start().await;
    let account = world.account(1_000_000_000_000).await;
    const LEVELS: usize = 10_000;
    let arrays = format!("{}{}", "[".repeat(LEVELS), "]".repeat(LEVELS));
    let objects = format!("{}1{}", "{\"a\":".repeat(LEVELS), "}".repeat(LEVELS));
    for deep in [&arrays, &objects] {
        for member in [
            "model",
            "messages",
            "n",
            "stream",
            "stream_options",
            "provider",
            "service_tier",
            "tools",
            "metadata",
            "stop",
            "plugins",
            "anything",
        ] {
            let good = hello(&json!({"stream": true, member: "DEEP"})).to_string();
            let answer = Answer::to(world.chat(&account.key, &json!({})).body(good.replace("\"DEEP\"", deep))).await;
            answer.served_or_blamed(member);
        }
        for content in [
            r#""DEEP""#,
            r#"["DEEP"]"#,
            r#"[{"type":"text","text":"DEEP"}]"#,
            r#"[{"type":"DEEP"}]"#,
            r#"[{"type":"text","text":"x","more":"DEEP"}]"#,
        ] {
            let body = format!(r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":{content}}}]}}"#);
            let answer = Answer::to(world.chat(&account.key, &json!({})).body(body.replace("\"DEEP\"", deep))).await;
            answer.served_or_blamed(content);
        }
        let whole = Answer::to(world.chat(&account.key, &json!({})).body(deep.clone())).await;
        assert_eq!(whole.status, 400);
    }
    // Never closed.
    for open in ["[", "{\"a\":", "[{\"a\":["] {
        let answer = Answer::to(world.chat(&account.key, &json!({})).body(open.repeat(LEVELS))).await;
        answer.refused(400, "invalid_json");
    }
    assert_nothing_left(&world).await;
}
