//! What a test can steer and see.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Fixture, ask};
use crate::provider::{Ending, SetError};

#[tokio::test]
async fn a_set_behaviour_overrides_the_model_of_that_provider_only() {
    let fixture = Fixture::start().await;
    let control = fixture.providers.control();
    control.set("featherless", Some("status?code=418")).expect("known");
    let body = ask("some/model").to_string();
    let status = async |provider: &str| {
        fixture.request(provider).body(body.clone()).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!((status("featherless").await, status("chutes").await), (418, 200));
    control.set("featherless", Some("standin/fast")).expect("known");
    assert_eq!(fixture.plain(&ask("standin/status")).await.0, 200);
    control.set("featherless", None).expect("known");
    assert_eq!(status("featherless").await, 200);
    assert!(matches!(control.set("nobody", None), Err(SetError::Provider(_))));
    assert!(matches!(control.set("chutes", Some("dance")), Err(SetError::Behaviour(_))));
}

#[tokio::test]
async fn requests_are_recorded_when_asked() {
    let fixture = Fixture::start().await;
    let control = fixture.providers.control();
    fixture.plain(&ask("before")).await;
    control.record(true);
    let answer = fixture.request("openrouter").header("X-Title", "T").body(ask("a/b").to_string()).send().await;
    answer.expect("an answer").text().await.expect("a body");
    fixture.plain(&json!({"model": "refused"})).await;
    let requests = control.wait_for(|requests| requests.iter().filter(|r| r.ending.is_some()).count() == 2).await;
    assert_eq!((requests[0].provider, requests[0].model.as_str()), ("openrouter", "a/b"));
    assert_eq!(requests[0].body, ask("a/b"));
    assert!(requests[0].headers.contains(&("x-title".to_owned(), "T".to_owned())));
    assert_eq!((requests[0].chunks, requests[0].ending), (1, Some(Ending::Completed)));
    assert_eq!((requests[1].provider, requests[1].model.as_str()), ("featherless", "refused"));
    control.record(false);
    fixture.plain(&ask("after")).await;
    assert_eq!(control.requests().len(), 2);
    control.clear();
    assert!(control.requests().is_empty());
}

#[tokio::test]
async fn the_end_of_an_exchange_is_told() {
    let fixture = Fixture::start().await;
    let control = fixture.providers.control();
    control.record(true);
    let ending = async |body: Value, chunks_before_leaving: Option<u64>| {
        control.clear();
        let sent = fixture.request("featherless").body(body.to_string()).send();
        match chunks_before_leaving {
            None => {
                if let Ok(answer) = sent.await {
                    // Whether the body arrives whole is the stand-in's matter here.
                    let _ = answer.text().await;
                }
            }
            Some(0) => {
                tokio::select! {
                    _ = sent => panic!("the stand-in hangs"),
                    _ = control.wait_for(|requests| requests.len() == 1) => {}
                }
            }
            Some(chunks) => {
                let answer = sent.await.expect("a head");
                control.wait_for(|requests| requests[0].chunks >= chunks).await;
                drop(answer);
            }
        }
        control.wait_for(|requests| requests[0].ending.is_some()).await[0].ending
    };
    let streamed = |model: &str| {
        let mut body = ask(model);
        body["stream"] = json!(true);
        body
    };
    assert_eq!(ending(streamed("some/model"), None).await, Some(Ending::Completed));
    assert_eq!(ending(streamed("standin/cut"), None).await, Some(Ending::Broken));
    assert_eq!(ending(ask("standin/refuse"), None).await, Some(Ending::Broken));
    assert_eq!(ending(ask("standin/hang"), Some(0)).await, Some(Ending::ClientGone));
    assert_eq!(ending(streamed("standin/stall"), Some(2)).await, Some(Ending::ClientGone));
    assert_eq!(ending(streamed("standin/slow?ms=20&chunks=5000"), Some(3)).await, Some(Ending::ClientGone));
    assert_eq!(control.in_flight(), 0);
}

#[tokio::test]
async fn a_gate_holds_requests_until_it_is_released() {
    let fixture = Fixture::start().await;
    let control = fixture.providers.control();
    let gate = control.gate();
    let bodies = [ask("some/model"), ask("standin/fast"), ask("standin/status?code=500")];
    let answers = join_all(bodies.iter().map(|body| fixture.plain(body)));
    let leaving = fixture.request("chutes").body(ask("m").to_string()).send();
    let steer = async {
        tokio::select! {
            _ = leaving => panic!("the gate is closed"),
            () = gate.wait_for(4) => {}
        }
        // Refusals do not wait.
        assert_eq!(fixture.plain(&json!({})).await.0, 400);
        while gate.waiting() != 3 {
            tokio::task::yield_now().await;
        }
        assert_eq!(control.in_flight(), 3);
        gate.release();
    };
    let (answers, ()) = tokio::join!(answers, steer);
    assert_eq!(answers.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [200, 200, 500]);
    assert_eq!(fixture.plain(&ask("some/model")).await.0, 200);
}

#[tokio::test]
async fn a_gate_within_holds_the_rest_of_an_answer() {
    let fixture = Fixture::start().await;
    let control = fixture.providers.control();
    control.record(true);
    for stream in [true, false] {
        control.clear();
        let mut asked = ask("standin/gated?after=3");
        asked["stream"] = json!(stream);
        let gate = control.gate_within();
        let answer = fixture.request("chutes").body(asked.to_string()).send().await.expect("a head");
        gate.wait_for(1).await;
        let before = control.requests()[0].clone();
        // A streamed answer begins with the role; half a plain one is no chunk.
        assert_eq!((before.chunks, before.ending), (if stream { 4 } else { 0 }, None));
        gate.release();
        let text = answer.text().await.expect("the rest");
        assert!(if stream { text.ends_with("data: [DONE]\n\n") } else { text.contains("\"usage\"") }, "{text}");
        assert_eq!(control.wait_for(|all| all[0].ending.is_some()).await[0].ending, Some(Ending::Completed));
    }
}

#[tokio::test]
async fn stopping_closes_port_and_connections() {
    let fixture = Fixture::start().await;
    let hanging = fixture.request("chutes").body(ask("standin/hang").to_string()).send();
    let again = fixture.request("chutes").body(ask("m").to_string());
    let control = fixture.providers.control();
    control.record(true);
    let stop = async {
        control.wait_for(|requests| requests.len() == 1).await;
        fixture.providers.stop().await;
    };
    let (hanging, ()) = tokio::join!(hanging, stop);
    assert!(hanging.is_err());
    assert!(again.send().await.expect_err("nobody listens").is_connect());
}
