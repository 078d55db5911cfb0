//! The stand-in is as strict as Resend.

use serde_json::{Value, json};

use super::page::received;
use super::*;

/// The requests of this module are plain HTTP; the client still wants to know its TLS.
fn test_client() -> reqwest::Client {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

async fn start() -> (Mailbox, String) {
    let mailbox = Mailbox::new("re_key", "whsec_c2VjcmV0");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let app = mailbox.api().merge(mailbox.page());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (mailbox, url)
}

async fn post(url: &str, key: Option<&str>, body: &Value) -> (u16, Value) {
    let request = test_client().post(format!("{url}/emails")).body(body.to_string());
    let request = match key {
        Some(key) => request.bearer_auth(key),
        None => request,
    };
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON"))
}

fn email() -> Value {
    json!({"from": "Us <us@example.com>", "to": ["a@example.com"], "subject": "<b>Hi</b>", "text": "a & b"})
}

#[tokio::test]
async fn a_message_is_kept_and_shown_escaped() {
    let (mailbox, url) = start().await;
    let (status, answer) = post(&url, Some("re_key"), &email()).await;
    let message = &mailbox.messages()[0];
    assert_eq!((status, answer["id"].as_str()), (200, Some(message.id.to_string().as_str())));
    assert_eq!((message.subject.as_str(), message.text.as_deref()), ("<b>Hi</b>", Some("a & b")));
    let page = |accept: &'static str| test_client().get(format!("{url}/_local/mail")).header("accept", accept);
    let html = page("text/html").send().await.expect("an answer").text().await.expect("a body");
    assert!(html.contains("&lt;b&gt;Hi&lt;/b&gt;") && html.contains("a &amp; b") && !html.contains("<b>"));
    let received = received(message.received);
    assert!(received.len() == "2026-11-28T12:00:00Z".len() && received.ends_with('Z'), "{received}");
    for part in [
        &received,
        "name=\"viewport\"",
        "<meta name=\"color-scheme\" content=\"light dark\">",
        "accept: application/json",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    let list = page("application/json").send().await.expect("an answer").text().await.expect("a body");
    assert_eq!(serde_json::from_str::<Value>(&list).expect("JSON")[0]["to"], json!(["a@example.com"]));
}

#[tokio::test]
async fn what_resend_refuses_is_refused() {
    let (mailbox, url) = start().await;
    assert_eq!(post(&url, None, &email()).await.1["name"], "missing_api_key");
    assert_eq!(post(&url, Some("other"), &email()).await.0, 403);
    let cases = [
        (json!({"from": null}), "missing_required_field"),
        (json!({"from": "us"}), "invalid_from_address"),
        (json!({"to": null}), "missing_required_field"),
        (json!({"to": []}), "missing_required_field"),
        (json!({"to": "nobody"}), "validation_error"),
        (json!({"to": vec!["a@example.com"; 51]}), "validation_error"),
        (json!({"subject": null}), "missing_required_field"),
        (json!({"text": null}), "missing_required_field"),
        (json!({"attachments": []}), "validation_error"),
    ];
    for (change, name) in cases {
        let mut body = email();
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let (status, answer) = post(&url, Some("re_key"), &body).await;
        assert_eq!((status, &answer["name"]), (422, &json!(name)), "{change}");
    }
    assert!(mailbox.messages().is_empty());
}

#[tokio::test]
async fn the_last_hundred_are_kept() {
    let (mailbox, url) = start().await;
    for number in 0..=KEPT {
        let mut body = email();
        body["subject"] = json!(number.to_string());
        assert_eq!(post(&url, Some("re_key"), &body).await.0, 200);
    }
    let messages = mailbox.messages();
    assert_eq!((messages.len(), messages[0].subject.as_str()), (KEPT, "1"));
}

#[tokio::test]
async fn what_is_beyond_the_limit_is_refused_in_resends_words_and_headers() {
    let (mailbox, url) = start().await;
    mailbox.limit(0);
    let request = test_client().post(format!("{url}/emails")).bearer_auth("re_key").body(email().to_string());
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 429);
    for (name, value) in
        [("retry-after", "1"), ("ratelimit-limit", "0"), ("ratelimit-remaining", "0"), ("ratelimit-reset", "1")]
    {
        assert_eq!(answer.headers()[name], value, "{name}");
    }
    let answer: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    assert!(
        answer["name"] == "rate_limit_exceeded"
            && answer["message"].as_str().is_some_and(|words| words.starts_with("Too many"))
    );
    assert!(mailbox.messages().is_empty());
}

#[tokio::test]
async fn a_request_under_a_known_key_is_done_once_and_another_one_under_it_never() {
    let (mailbox, url) = start().await;
    let post = async |key: &str, body: Value| {
        let request =
            test_client().post(format!("{url}/emails/batch")).bearer_auth("re_key").header("idempotency-key", key);
        let answer = request.body(body.to_string()).send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, serde_json::from_str::<Value>(&answer.text().await.expect("a body")).expect("JSON"))
    };
    let first = post("one", json!([email(), email()])).await;
    assert_eq!((first.0, first.1["data"].as_array().map(Vec::len)), (200, Some(2)));
    assert_eq!(post("one", json!([email(), email()])).await, first);
    assert_eq!(mailbox.messages().len(), 2);
    let (status, refused) = post("one", json!([email()])).await;
    assert_eq!((status, &refused["name"]), (409, &json!("invalid_idempotent_request")));
    let (status, refused) = post(&"x".repeat(257), json!([email()])).await;
    assert_eq!((status, &refused["name"]), (400, &json!("invalid_idempotency_key")));
    mailbox.fail([Fault::Refuse(409, "concurrent_idempotent_requests")]);
    let (status, refused) = post("two", json!([email()])).await;
    assert!(
        status == 409 && refused["message"].as_str().is_some_and(|words| words.contains("in progress")),
        "{refused}"
    );
    assert_eq!(mailbox.messages().len(), 2);
}
