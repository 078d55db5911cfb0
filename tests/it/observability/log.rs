//! The log in production: JSON lines that name request and call, and none that holds a secret, a prompt or an answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::life::Life;
use crate::life::secrets::{Piece, Place};

/// Every kind of call and request, with stores and providers that fail; what it has written.
async fn play(life: &mut Life) -> Vec<String> {
    life.calls().await;
    let person = life.sign_ins().await;
    life.own_keys(&person).await;
    life.output().await
}

fn assert_tells_nothing(output: &[String], life: &Life) {
    let line = |text: &String| Piece { place: Place::Log, what: "a line".to_owned(), text: text.clone() };
    let found: Vec<_> = output.iter().flat_map(|text| life.secrets.found_in(&line(text))).collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// A field of a line, or of one of its spans.
fn field<'a>(line: &'a Value, name: &str) -> Option<&'a str> {
    let spans = line["spans"].as_array().into_iter().flatten();
    std::iter::once(line).chain(spans).find_map(|at| at[name].as_str())
}

#[tokio::test]
async fn every_line_is_json_and_names_its_request_and_its_call_and_holds_no_secret() {
    let mut life = Life::start("info").await;
    let output = play(&mut life).await;
    assert_tells_nothing(&output, &life);
    let lines: Vec<Value> =
        output.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect();
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
        assert!(field(line, "request_id").is_some(), "{line}");
    }
    let of = |id: &str| lines.iter().filter(|line| field(line, "request_id") == Some(id)).collect::<Vec<_>>();
    for id in life.calls.iter().chain(&life.others) {
        let access = of(id).into_iter().filter(|line| line["message"] == "request").count();
        assert_eq!(access, 1, "one line of the access log for {id}");
    }
    let mut call_ids = BTreeSet::new();
    for line in lines.iter().filter(|line| line["message"] == "call ended") {
        let call_id = field(line, "call_id").unwrap_or_else(|| panic!("no call_id: {line}"));
        assert!(call_ids.insert(call_id.to_owned()), "{call_id} ended twice");
    }
    let recorded = life.world.value("select count(*) from gateway.requests").await;
    let lost = lines.iter().filter(|line| line["message"] == "a settle could not be stored anywhere").count();
    assert_eq!((json!(call_ids.len() - lost), lost), (recorded, 1));
}

#[tokio::test]
async fn no_level_of_the_log_tells_a_secret() {
    let mut life = Life::start("trace").await;
    let output = play(&mut life).await;
    assert!(output.iter().any(|line| line.contains("\"TRACE\"")), "the level has an effect");
    assert_tells_nothing(&output, &life);
}
