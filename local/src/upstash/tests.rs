//! The stand-in over HTTP.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Engine, Fault, Reply, Upstash, UpstashError};

async fn started() -> Upstash {
    Upstash::start(Engine::InProcess, "secret").await.unwrap()
}

/// Sends a request on a connection of its own.
async fn send(upstash: &Upstash, head: &str, body: &str) -> io::Result<TcpStream> {
    let address = upstash.url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).await?;
    let length = body.len();
    let request = format!("{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

/// Sends a request, and reads until the connection is closed.
async fn exchange(upstash: &Upstash, head: &str, body: &str) -> io::Result<String> {
    let mut answer = String::new();
    send(upstash, head, body).await?.read_to_string(&mut answer).await?;
    Ok(answer)
}

async fn request(upstash: &Upstash, head: &str, body: &str) -> (u16, String) {
    let answer = exchange(upstash, head, body).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: application/json"), "{head}");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

const HEAD: &str = "POST / HTTP/1.1\r\nauthorization: Bearer secret";

async fn post(upstash: &Upstash, body: &str) -> (u16, String) {
    request(upstash, HEAD, body).await
}

fn ok(body: &str) -> (u16, String) {
    (200, body.to_owned())
}

#[tokio::test]
async fn commands_are_answered_as_json() {
    let upstash = started().await;
    for (command, answer) in [
        (r#"["PING"]"#, r#"{"result":"PONG"}"#),
        (r#"["SET","a",1,"EX",100]"#, r#"{"result":"OK"}"#),
        (r#"["get","a"]"#, r#"{"result":"1"}"#),
        (r#"["GET","none"]"#, r#"{"result":null}"#),
        (r#"["INCRBY","a",41]"#, r#"{"result":42}"#),
        (
            r#"["EVAL","return {1,{'\u00e9',redis.call('GET',KEYS[1])},ARGV[1]}",1,"a",0.5]"#,
            "{\"result\":[1,[\"\u{e9}\",\"42\"],\"0.5\"]}",
        ),
    ] {
        assert_eq!(post(&upstash, command).await, ok(answer), "{command}");
    }
}

#[tokio::test]
async fn what_fails_is_a_400_with_redis_s_words() {
    let upstash = started().await;
    for (command, message) in [
        (r#"["GET"]"#, "ERR wrong number of arguments for 'get' command"),
        (r#"["MGET","a"]"#, "ERR unknown command 'MGET', with args beginning with: 'a' "),
        (r#"["EVAL","return {err='MY no'}",0]"#, "MY no"),
        (r#"["EVAL","return {1,{err='MY no'}}",0]"#, "ERR an error inside an array is not supported here: MY no"),
        ("[]", "ERR the command is empty"),
    ] {
        let error = serde_json::json!({ "error": message }).to_string();
        assert_eq!(post(&upstash, command).await, (400, error), "{command}");
    }
    let (status, body) = post(&upstash, "{}").await;
    assert_eq!(status, 400);
    assert!(body.starts_with(r#"{"error":"ERR the body is no JSON array"#), "{body}");
}

#[tokio::test]
async fn only_the_token_opens_the_door() {
    let upstash = started().await;
    for header in [
        "x: y",
        "authorization: Bearer other",
        "authorization: Bearer ",
        "authorization: secret",
        "authorization: Bearer secret2",
    ] {
        let head = format!("POST / HTTP/1.1\r\n{header}");
        assert_eq!(
            request(&upstash, &head, r#"["PING"]"#).await,
            (401, r#"{"error":"WRONGPASS invalid or missing auth token"}"#.to_owned()),
            "{header}"
        );
    }
}

#[tokio::test]
async fn what_is_not_supported_is_refused() {
    let upstash = started().await;
    for (line, status) in [
        ("POST /pipeline HTTP/1.1", 404),
        ("POST /multi-exec HTTP/1.1", 404),
        ("GET /get/a HTTP/1.1", 404),
        ("PUT / HTTP/1.1", 405),
        ("POST / HTTP/1.1\r\nupstash-encoding: base64", 400),
        ("POST / HTTP/1.1\r\nupstash-response-format: resp2", 400),
    ] {
        let head = format!("{line}\r\nauthorization: Bearer secret");
        let (answered, body) = request(&upstash, &head, r#"["PING"]"#).await;
        assert_eq!(answered, status, "{line}");
        assert!(body.starts_with(r#"{"error":"ERR "#), "{body}");
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused() {
    let upstash = started().await;
    let body = format!(r#"["SET","a","{}"]"#, "x".repeat(10 * 1024 * 1024));
    let (status, body) = post(&upstash, &body).await;
    assert_eq!(status, 400);
    assert!(body.contains("max request size exceeded"), "{body}");
}

#[tokio::test]
async fn scripts_are_atomic_among_parallel_clients() {
    let upstash = std::sync::Arc::new(started().await);
    let script = "local n = tonumber(redis.call('GET', KEYS[1]) or 0) redis.call('SET', KEYS[1], n + 1)";
    let command = serde_json::json!(["EVAL", script, "1", "n"]).to_string();
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let (upstash, command) = (std::sync::Arc::clone(&upstash), command.clone());
            tokio::spawn(async move { post(&upstash, &command).await })
        })
        .collect();
    for client in clients {
        assert_eq!(client.await.unwrap(), ok(r#"{"result":null}"#));
    }
    let count = upstash.execute(&["GET", "n"]).await.unwrap();
    assert_eq!(count, Reply::bulk(*b"50"));
}

#[tokio::test]
async fn calls_are_recorded_while_asked() {
    let upstash = started().await;
    let control = upstash.control();
    post(&upstash, r#"["PING"]"#).await;
    control.record(true);
    post(&upstash, r#"["GET","a"]"#).await;
    request(&upstash, "POST / HTTP/1.1", r#"["GET","unauthorized"]"#).await;
    control.record(false);
    post(&upstash, r#"["PING"]"#).await;
    let [call] = &control.calls()[..] else {
        panic!("one call: {:?}", control.calls());
    };
    assert_eq!((call.command.as_str(), call.key.as_deref()), ("GET", Some("a")));
    assert!(call.started <= call.finished);
}

#[tokio::test]
async fn a_refused_call_is_closed_without_an_answer_and_not_run() {
    let upstash = started().await;
    upstash.control().fault_next(1, Fault::Refuse);
    // Depending on what the system has read by then, the client sees the end or a reset.
    let answer = exchange(&upstash, HEAD, r#"["INCR","n"]"#).await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.is_empty()));
    assert_eq!(post(&upstash, r#"["INCR","n"]"#).await, ok(r#"{"result":1}"#));
}

#[tokio::test]
async fn a_fault_can_answer_in_its_own_words() {
    let upstash = started().await;
    let control = upstash.control();
    control.fault_always(Fault::Answer { status: 502, body: "<html>".to_owned() });
    for _ in 0..2 {
        let answer = post(&upstash, r#"["INCR","n"]"#).await;
        assert_eq!(answer, (502, "<html>".to_owned()));
    }
    control.faults_clear();
    assert_eq!(post(&upstash, r#"["INCR","n"]"#).await, ok(r#"{"result":1}"#));
}

#[tokio::test]
async fn a_delayed_call_is_run_even_when_its_client_has_gone() {
    let upstash = started().await;
    let delay = Duration::from_millis(50);
    upstash.control().fault_next(2, Fault::Delay(delay));
    let sent = Instant::now();
    assert_eq!(post(&upstash, r#"["INCR","n"]"#).await, ok(r#"{"result":1}"#));
    assert!(sent.elapsed() >= delay);

    drop(send(&upstash, HEAD, r#"["INCR","n"]"#).await.unwrap());
    let deadline = Instant::now() + Duration::from_secs(30);
    while upstash.execute(&["GET", "n"]).await.unwrap() != Reply::bulk(*b"2") {
        assert!(Instant::now() < deadline, "the delayed call never ran");
        tokio::time::sleep(delay / 10).await;
    }
}

#[tokio::test]
async fn the_clock_moves_only_in_process() {
    let upstash = started().await;
    upstash.execute(&["SET", "a", "1", "EX", "60"]).await.unwrap();
    upstash.advance_clock(Duration::from_secs(61)).unwrap();
    assert_eq!(upstash.execute(&["GET", "a"]).await.unwrap(), Reply::Nil);
}

#[tokio::test]
async fn a_stopped_clock_stands_until_it_is_advanced() {
    let upstash = started().await;
    upstash.stop_clock(Duration::from_secs(2_000_000_000)).unwrap();
    for seconds in ["2000000000", "2000000005"] {
        let time = Reply::Array(vec![Reply::bulk(seconds), Reply::bulk("0")]);
        assert_eq!(upstash.execute(&["TIME"]).await.unwrap(), time);
        upstash.advance_clock(Duration::from_secs(5)).unwrap();
    }
}

#[tokio::test]
async fn a_gate_holds_calls_that_run_even_if_their_client_has_gone() {
    let upstash = started().await;
    let gate = upstash.control().gate();
    drop(send(&upstash, HEAD, r#"["INCR","n"]"#).await.unwrap());
    gate.waiting(1).await;
    assert_eq!(upstash.execute(&["GET", "n"]).await.unwrap(), Reply::Nil);
    gate.open();
    let deadline = Instant::now() + Duration::from_secs(30);
    while upstash.execute(&["GET", "n"]).await.unwrap() != Reply::bulk(*b"1") {
        assert!(Instant::now() < deadline, "the held call never ran");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(post(&upstash, r#"["INCR","n"]"#).await, ok(r#"{"result":2}"#));
}

#[tokio::test]
async fn after_stop_nothing_answers() {
    let upstash = started().await;
    let address = upstash.url().replace("http://", "");
    let mut open = TcpStream::connect(&address).await.unwrap();
    upstash.stop().await;
    let mut rest = Vec::new();
    // Closed or reset: either way it is over.
    drop(open.read_to_end(&mut rest).await);
    assert!(rest.is_empty());
    assert!(TcpStream::connect(&address).await.is_err());
}

#[tokio::test]
async fn a_redis_that_is_not_there_is_told_at_the_start() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", unused.local_addr().unwrap());
    drop(unused);
    let failed = Upstash::start(Engine::Redis(url), "secret").await;
    assert!(matches!(failed, Err(UpstashError::Unavailable(_))));
    let failed = Upstash::start(Engine::Redis("localhost".to_owned()), "secret").await;
    assert!(matches!(failed, Err(UpstashError::BadRedisUrl(_))));
}

#[tokio::test]
async fn a_real_redis_serves_the_same_api_until_it_dies() {
    let Some(redis) = super::spawn_redis_server() else {
        crate::skipped("a_real_redis_serves_the_same_api_until_it_dies");
        return;
    };
    let upstash = Upstash::start(Engine::Redis(redis.url()), "secret").await.unwrap();
    for (command, answer) in [
        (r#"["RPUSH","l",1,"x"]"#, r#"{"result":2}"#),
        (r#"["EVAL","return {redis.call('LRANGE',KEYS[1],0,-1),false}",1,"l"]"#, r#"{"result":[["1","x"],null]}"#),
    ] {
        assert_eq!(post(&upstash, command).await, ok(answer));
    }
    // Known to Redis, but not to us.
    let (status, body) = post(&upstash, r#"["MGET","l"]"#).await;
    assert_eq!((status, body.contains("unknown command 'MGET'")), (400, true));
    let moved = upstash.advance_clock(Duration::from_secs(1));
    assert!(matches!(moved, Err(UpstashError::NoClock)));

    drop(redis);
    assert_eq!(post(&upstash, r#"["PING"]"#).await.0, 503);
}
