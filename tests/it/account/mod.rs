//! What an account says of itself, and how it ends.

mod administrators;
mod deletion;
mod leaving;
mod profile;

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

/// Asks for the account's end.
async fn leave(world: &World, account: &Account) -> Answer {
    let url = format!("{}/user/account", world.base_url);
    let request = world.http.delete(url).bearer_auth(&account.key).header("content-type", "application/json");
    Answer::to(request.body(json!({"confirmation": "DELETE_ACCOUNT"}).to_string())).await
}

async fn rename(world: &World, account: &Account, body: &Value) -> Answer {
    let url = format!("{}/user/profile", world.base_url);
    let request = world.http.patch(url).bearer_auth(&account.key).header("content-type", "application/json");
    Answer::to(request.body(body.to_string())).await
}

/// The audit trail's entries of an action.
async fn audited(world: &World, action: &str) -> Vec<Value> {
    let sql = format!(
        "select coalesce(jsonb_agg(to_jsonb(l) order by id), '[]') from gateway.audit_logs l where action = '{action}'"
    );
    serde_json::from_value(world.value(&sql).await).expect("entries")
}

/// The tables in which a text occurs.
async fn mentions(world: &World, text: &str) -> Vec<String> {
    let tables =
        "select jsonb_agg(relname) from pg_class where relnamespace = 'gateway'::regnamespace and relkind = 'r'";
    let tables: Vec<String> = serde_json::from_value(world.value(tables).await).expect("tables");
    let mut found = Vec::new();
    for table in tables {
        let sql = format!(
            "select exists (select from gateway.{table} t where strpos(lower(to_jsonb(t)::text), lower('{text}')) > 0)"
        );
        if world.value(&sql).await == true {
            found.push(table);
        }
    }
    found
}
