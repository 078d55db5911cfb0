//! Headers that no client library would send.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::world::{World, hello, read, send};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::assert_nothing_left;

/// Sends these bytes and reads until the connection is closed: the status and the body.
async fn exchange(world: &World, request: &[u8]) -> (u16, String) {
    let address = world.base_url.trim_start_matches("http://");
    let answer = async {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(request).await.expect("written");
        let mut answer = Vec::new();
        // A reset after the answer is an end, too.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    let answer = certain("an answer", answer).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("not HTTP: {answer:?}")), body.to_owned())
}

/// A completion with this line among its headers.
fn with_line(key: &str, line: &[u8]) -> Vec<u8> {
    let body = hello(&json!({})).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    [head.as_bytes(), line, b"\r\n\r\n", body.as_bytes()].concat()
}

#[tokio::test]
async fn control_characters_in_a_header_are_no_request() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for header in ["user-agent", "x-request-id", "x-title", "idempotency-key", "referer", "x-anything"] {
        for control in [0_u8, 1, 7, 8, 0x0b, 0x1f, 0x7f] {
            let line = [header.as_bytes(), b": a", &[control], b"b"].concat();
            let (status, body) = exchange(&world, &with_line(&account.key, &line)).await;
            // Such a request has no head that could be read: hyper itself answers, without a body.
            assert_eq!((status, body.as_str()), (400, ""), "{control:#x} in {header}");
        }
    }
    for line in [
        &b"no colon"[..],
        b": no name",
        b"two words: x",
        b"n\xc3\xa4me: x",
        b"content-length: 5",
        b"transfer-encoding: x",
    ] {
        let (status, _) = exchange(&world, &with_line(&account.key, line)).await;
        assert_eq!(status, 400, "{:?}", String::from_utf8_lossy(line));
    }
    assert_eq!(world.value("select count(*) from gateway.requests").await, json!(0));
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn what_a_header_may_hold_beyond_ascii_harms_nobody() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let names = [
        "user-agent",
        "x-request-id",
        "x-title",
        "http-referer",
        "referer",
        "origin",
        "idempotency-key",
        "accept",
        "x-stainless-retry-count",
        "x-api-key",
        "cookie",
        "content-type",
    ];
    for name in names {
        for value in [
            &b"\xff\xfe"[..],
            "ключ".as_bytes(),
            b"tab\there",
            b"",
            b"'; drop table x; --",
            b"%00\\u0000",
            b"\\",
            b"\"",
        ] {
            let line = [name.as_bytes(), b": ", value].concat();
            let (status, body) = exchange(&world, &with_line(&account.key, &line)).await;
            // A key that a repetition could not be known by is refused, and no other header is.
            let is_no_key = name == "idempotency-key" && (value.is_empty() || !value.is_ascii());
            let wanted = if is_no_key { 400 } else { 200 };
            assert_eq!(status, wanted, "{name}: {:?}: {body}", String::from_utf8_lossy(value));
        }
    }
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn a_key_beyond_ascii_is_no_key() {
    let world = World::start().await;
    for line in [
        &b"authorization: Bearer gw_live_\xff"[..],
        b"x-api-key: \xd0\xba\xd0\xbb\xd1\x8e\xd1\x87",
        b"authorization: \xff",
    ] {
        let request =
            [&b"GET /user/balance HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n"[..], line, b"\r\n\r\n"].concat();
        let (status, body) = exchange(&world, &request).await;
        let body: Value = serde_json::from_str(&body).expect("json");
        assert_eq!((status, &body["error"]["code"]), (401, &json!("missing_api_key")));
    }
}

#[tokio::test]
async fn very_long_headers_are_cut_replaced_or_refused() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for length in [1_000, 60_000, 300_000] {
        let long = "x".repeat(length);
        for name in ["user-agent", "x-title", "x-request-id", "referer", "origin", "x-anything", "accept"] {
            let request = world.chat(&account.key, &hello(&json!({}))).header(name, &long);
            assert_eq!(Answer::to(request).await.status, 200, "{name} of {length}");
        }
        let key = world.http.get(format!("{}/user/balance", world.base_url)).bearer_auth(&long);
        Answer::to(key).await.refused(401, "invalid_api_key");
    }
    // Beyond what hyper reads of a head, there is no request that could be answered in our shape.
    let line = [b"x-anything: ", "x".repeat(1_000_000).as_bytes()].concat();
    assert_eq!(exchange(&world, &with_line(&account.key, &line)).await.0, 431);
    let many = "x-more: 1\r\n".repeat(200) + "x-last: 1";
    assert_eq!(exchange(&world, &with_line(&account.key, many.as_bytes())).await.0, 431);
    let kept = world.value("select max(length(app)) from gateway.requests").await;
    assert!(kept.as_i64().is_none_or(|length| length <= 128), "{kept}");
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn a_request_id_is_repeated_up_to_128_visible_characters_and_else_replaced() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let (longest, longer) = ("i".repeat(128), "i".repeat(129));
    for (id, kept) in
        [("order-7/retry#2", true), ("!~", true), (&longest, true), (&longer, false), ("two words", false), ("", false)]
    {
        for path in ["/v1/chat/completions", "/user/balance", "/nowhere"] {
            let url = format!("{}{path}", world.base_url);
            let request = if path.ends_with("completions") {
                world.http.post(url).body(hello(&json!({})).to_string())
            } else {
                world.http.get(url)
            };
            let response = send(request.bearer_auth(&account.key).header("x-request-id", id)).await;
            let answered = response.headers()["x-request-id"].to_str().expect("text").to_owned();
            if kept {
                assert_eq!(answered, id, "{path}");
            } else {
                assert_eq!(
                    uuid::Uuid::parse_str(&answered).map(|id| id.get_version_num()),
                    Ok(7),
                    "{path}: {answered}"
                );
            }
            let _ = read(response).await;
        }
    }
    world.settled().await;
    let stored = "select count(*) from gateway.requests where length(request_id) > 128";
    assert_eq!(world.value(stored).await, json!(0));
}
