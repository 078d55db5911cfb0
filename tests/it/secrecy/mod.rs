//! Nothing that opens a door is said, written, mailed or kept anywhere: searched for after a full run.

mod life;
mod strangers;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tests::world::World;

use life::Life;

/// An answer without the keys that it is there to show, once, under `api_key`.
fn without_shown_keys(text: &str) -> String {
    fn take_out(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.remove("api_key");
                members.values_mut().for_each(take_out);
            }
            Value::Array(entries) => entries.iter_mut().for_each(take_out),
            _ => {}
        }
    }
    match serde_json::from_str::<Value>(text) {
        Ok(mut json) => {
            take_out(&mut json);
            json.to_string()
        }
        Err(_) => text.to_owned(),
    }
}

/// The secrets that a text holds, by what they are.
fn found_in<'a>(secrets: &'a BTreeMap<String, String>, text: &str) -> Vec<&'a str> {
    secrets.iter().filter(|(secret, _)| text.contains(secret.as_str())).map(|(_, what)| what.as_str()).collect()
}

/// Every row of every table as text, with its table.
async fn rows(world: &World) -> Vec<(String, String)> {
    let tables =
        "select jsonb_agg(relname) from pg_class where relnamespace = 'gateway'::regnamespace and relkind = 'r'";
    let tables: Vec<String> = serde_json::from_value(world.value(tables).await).expect("tables");
    let mut rows = Vec::new();
    for table in tables {
        let found = world.value(&format!("select coalesce(jsonb_agg(t::text), '[]') from gateway.{table} t")).await;
        let found: Vec<String> = serde_json::from_value(found).expect("rows");
        rows.extend(found.into_iter().map(|row| (table.clone(), row)));
    }
    rows
}

#[tokio::test]
async fn no_answer_log_line_mail_table_or_provider_is_told_a_secret() {
    let life = Life::lived().await;
    let secrets = &life.secrets;
    assert!(secrets.len() > 25 && life.answers.len() > 40, "{} secrets, {} answers", secrets.len(), life.answers.len());

    let mut leaks = BTreeSet::new();
    let mut shown = 0;
    for (request, answer) in &life.answers {
        let bare = without_shown_keys(answer);
        shown += usize::from(!found_in(secrets, answer).is_empty());
        leaks.extend(found_in(secrets, &bare).into_iter().map(|what| format!("{what} in the answer to {request}")));
        leaks.extend(
            found_in(&life.hashes, answer).into_iter().map(|what| format!("{what} in the answer to {request}")),
        );
    }
    assert!(shown >= 6, "the answers that show a key are among those searched: {shown}");
    for line in life.log() {
        for what in found_in(secrets, &line).into_iter().chain(found_in(&life.hashes, &line)) {
            leaks.insert(format!("{what} in the log: {}", line.chars().take(300).collect::<String>()));
        }
    }
    for mail in life.world.platform.mailbox.messages() {
        let mail = format!("{mail:?}");
        leaks.extend(found_in(secrets, &mail).into_iter().map(|what| format!("{what} in a mail")));
    }
    for (table, row) in rows(&life.world).await {
        leaks.extend(found_in(secrets, &row).into_iter().map(|what| format!("{what} in the table {table}")));
    }
    for request in life.world.platform.providers.control().requests() {
        let sent = format!("{:?} {}", request.headers, request.body);
        let rightful = life.provider_keys(request.provider);
        for (secret, what) in secrets.iter().filter(|(secret, _)| sent.contains(secret.as_str())) {
            if !rightful.contains(secret) {
                leaks.insert(format!("{what} sent to {}", request.provider));
            }
        }
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[test]
fn a_secret_is_found_wherever_it_stands_but_where_it_is_to_be_shown() {
    let secrets = BTreeMap::from([("s3cret".to_owned(), "the secret".to_owned())]);
    assert!(found_in(&secrets, &without_shown_keys(r#"{"data": [{"api_key": "s3cret"}]}"#)).is_empty());
    for text in [r#"{"api_key": null, "key": {"name": "s3cret"}}"#, "not JSON s3cret", r#"["s3cret"]"#] {
        assert_eq!(found_in(&secrets, &without_shown_keys(text)), ["the secret"], "{text}");
    }
}
