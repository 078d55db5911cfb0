//! What stays of a sign-in holds nothing that opens anything.

use serde_json::{Value, json};
use tests::people::Person;
use tests::world::World;

#[tokio::test]
async fn no_table_holds_a_code_a_token_or_a_key() {
    let world = World::start().await;
    let person = Person::new();
    let tokens = world.tokens(&person);
    let mut secrets: Vec<String> =
        ["token", "identity_token"].map(|name| tokens[name].as_str().expect("a token").to_owned()).to_vec();
    let first = world.visit("/auth/privy", &tokens).await.success();
    let mut codes = Vec::new();
    // One that is used, one that is refused, and one that waits.
    for further in ["used", "refused", "waits"] {
        let email = format!("{further}.{}", person.email);
        world.visit("/auth/register", &json!({"email": email})).await.success();
        let code = world.mailed_code(&email);
        let wrong = if code == "000000" { "000001" } else { "000000" };
        match further {
            "used" => {
                let answer = world.visit("/auth/verify", &json!({"email": email, "code": code})).await.success();
                secrets.push(answer["api_key"].as_str().expect("a key").to_owned());
            }
            "refused" => {
                world.visit("/auth/verify", &json!({"email": email, "code": wrong})).await.refused(401, "invalid_code");
            }
            _ => {}
        }
        codes.push(code);
    }
    let mut forged = tokens["token"].as_str().expect("a token").to_owned();
    forged.replace_range(forged.len() - 4.., "AAAA");
    world.visit("/auth/privy", &json!({"token": forged})).await.refused(401, "invalid_token");
    secrets.push(forged);
    secrets.push(first["api_key"].as_str().expect("a key").to_owned());
    let signatures = |token: &String| token.rsplit('.').next().expect("an end").to_owned();
    let parts: Vec<String> = secrets.iter().map(signatures).collect();

    let tables = "select jsonb_agg(table_name) from information_schema.tables
                  where table_schema = 'gateway' and table_type = 'BASE TABLE'";
    let mut looked_through = 0;
    for table in world.value(tables).await.as_array().expect("tables") {
        let table = table.as_str().expect("a name");
        let rows = world.value(&format!("select coalesce(jsonb_agg(to_jsonb(t)), '[]') from gateway.{table} t")).await;
        let mut texts = Vec::new();
        collect(&rows, &mut texts);
        for text in &texts {
            assert!(secrets.iter().chain(&parts).all(|secret| !text.contains(secret.as_str())), "{table}: {text}");
            assert!(codes.iter().all(|code| text != code), "{table}: {text}");
        }
        looked_through += texts.len();
    }
    assert!(looked_through > 100, "{looked_through}");
    for mail in world.platform.mailbox.messages() {
        let text = format!("{} {:?} {:?}", mail.subject, mail.text, mail.html);
        assert!(secrets.iter().chain(&parts).all(|secret| !text.contains(secret.as_str())), "{text}");
        assert!(!text.contains("gw_"), "{text}");
    }
}

/// Every text and number in `value`, as a text.
fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        Value::Object(members) => members.values().for_each(|value| collect(value, texts)),
        Value::String(text) => texts.push(text.clone()),
        other => texts.push(other.to_string()),
    }
}
