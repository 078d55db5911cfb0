//! A row says what the whole would have said, and of what no row can say none is made.

use serde_json::{Value, json};
use shared::credits::hold::Hold;
use shared::credits::settle::{Outcome, Settlement};
use shared::credits::usage::Usage;
use tests::world::{MODEL, World, hello, send};
use uuid::Uuid;

/// What the database makes of a row.
async fn whole(world: &World, function: &str, type_name: &str, row: &Value) -> Value {
    let row = row["row"].as_str().expect("a row").replace('\'', "''");
    let whole = format!("select jsonb_strip_nulls(gateway.{function}('{row}'::gateway.{type_name}))");
    world.value(&whole).await
}

/// The prices of a row, which alone a usual call is charged by.
const RATES: [&str; 5] = ["prompt", "cached", "written", "completion", "request"];

async fn rates(world: &World, row: &Value) -> Value {
    let row = row["row"].as_str().expect("a row").replace('\'', "''");
    let columns: Vec<String> = RATES.iter().map(|rate| format!("'{rate}', (told).{rate}_price")).collect();
    let columns = columns.join(", ");
    let sql =
        format!("select jsonb_build_object({columns}) from (select '{row}'::gateway.usual_settlement as told) as row");
    world.value(&sql).await
}

/// Without what says nothing.
fn stripped(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), stripped(value)))
            .collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn what_is_asked_as_a_row_is_what_would_have_been_asked() {
    let world = World::start().await;
    // Of what no usual call is, the whole is made: here it is written down.
    world
        .sql(
            "create table gateway.test_asked (caller jsonb, call jsonb);
             alter function gateway.begin_any_request rename to begin_every_request;
             create function gateway.begin_any_request(caller jsonb, call jsonb) returns jsonb language plpgsql as $$
             begin
               insert into gateway.test_asked values (caller, call);
               return gateway.begin_every_request(caller, call);
             end $$",
        )
        .await;
    let account = world.account(1_000_000_000).await;
    world.change_account(&account, "has_provider_keys = true").await;
    for further in [
        json!({}),
        json!({"max_tokens": 7, "n": 2, "user": r#"a "user" (\\), it's"#}),
        json!({"provider": {"only": ["openrouter"]}, "tools": [{"type": "function", "function": {"name": "f"}}]}),
    ] {
        // With models that may answer in its place, which OpenRouter's clients name, no call is a usual one.
        for models in [json!({}), json!({"models": [MODEL, "test/another"]})] {
            let mut body = hello(&further);
            body.as_object_mut().expect("an object").extend(models.as_object().expect("members").clone());
            let request =
                world.post("/api/v1/chat/completions", &account.key, &body).header("x-request-id", "the-same");
            let request =
                request.header("user-agent", r#"an "agent" (of \ mine), {}"#).header("origin", "https://a.example");
            assert_eq!(send(request).await.status(), 200);
            world.settled().await;
        }
        let asked = world
            .value(
                "select jsonb_agg(jsonb_build_array(
                   caller, jsonb_strip_nulls(call - '{call_id,begun,alternatives}'::text[])) order by call ? 'alternatives')
                 from gateway.test_asked",
            )
            .await;
        // When it was made need not be read from its id.
        let made = world
            .value(
                "select jsonb_agg(coalesce((call ->> 'begun')::bigint
                   = floor(extract(epoch from gateway.begun_at((call ->> 'call_id')::uuid))), false)) from gateway.test_asked",
            )
            .await;
        assert_eq!(made, json!([true, true]), "{further}");
        world.sql("delete from gateway.test_asked").await;
        assert_eq!(asked[0], asked[1], "{further}");
        assert!(asked[0][1]["prompt_bound"].as_i64() > Some(5), "{asked}");
    }
}

#[tokio::test]
async fn what_is_settled_as_a_row_is_what_would_have_been_settled() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let begin = json!({
        "caller": {"key_hashes": [world.hash(&account.key)], "request_id": "r"},
        "call": {"call_id": Uuid::now_v7(), "model": MODEL, "providers": ["openrouter"], "allowed": ["openrouter"],
                 "prompt_bound": 50, "images": 0, "tools": false, "modalities": [], "choices": 1, "output_limit": 100,
                 "hold_seconds": 60, "markup": 10_000}});
    let begun = world.value(&format!("select public.begin_request('{begin}')::jsonb")).await;
    let facts = |rates: Value| {
        let mut begun = begun.clone();
        let candidate = begun["candidates"][0].as_object_mut().expect("a candidate");
        candidate.extend(rates.as_object().expect("rates").clone());
        let hold: Hold = serde_json::from_value(begun).expect("a hold");
        Some(hold.facts(Some("openrouter"), None, None, 0))
    };
    let plain = Settlement {
        request_id: Some(r#"a "name" (\), it's"#.to_owned()),
        stream: true,
        first_byte_ms: Some(1),
        ..tests::facts::settlement(Uuid::now_v7(), facts(json!({})))
    };
    let with_own_key = {
        let (mut begun, own_key) = (begun.clone(), Uuid::now_v7());
        begun["candidates"][0]["own_key"] = json!(own_key);
        let hold: Hold = serde_json::from_value(begun).expect("a hold");
        Some(hold.facts(Some("openrouter"), Some(own_key), None, 0))
    };
    let every = Usage { prompt: 10, cached: 1, written: 2, completion: 20, reasoning: 3, ..Usage::default() };
    let text = |text: &str| Some(text.to_owned());
    for settlement in [
        plain.clone(),
        Settlement { usage: Some(every), hold: facts(json!({"cached": 5})), ..plain.clone() },
        Settlement { hold: facts(json!({"written": 5, "search": 7})), ..plain.clone() },
        Settlement { hold: facts(json!({"request": 5})), first_byte_ms: None, asked_ms: Some(7), ..plain.clone() },
        Settlement {
            app: text(""),
            end_user: text("u"),
            answer_id: text("a"),
            finish_reason: text("stop"),
            ..plain.clone()
        },
    ] {
        let row = settlement.row().expect("a row");
        let mut expected = stripped(&json!(settlement));
        expected["hold"].as_object_mut().expect("a hold").remove("units");
        assert_eq!(whole(&world, "whole_settlement", "usual_settlement", &json!(row)).await, expected);
        let frozen = &expected["hold"]["price"];
        let frozen: Value = RATES.iter().map(|rate| ((*rate).to_owned(), frozen[*rate].clone())).collect();
        assert_eq!(rates(&world, &json!(row)).await, frozen, "what is charged is what was frozen");
        let by_tests = tests::rows::settled(&json!(settlement));
        assert_eq!(whole(&world, "whole_settlement", "usual_settlement", &by_tests).await, expected);
    }
    for settlement in [
        Settlement { outcome: Outcome::ClientLeft, ..plain.clone() },
        Settlement { usage: None, ..plain.clone() },
        Settlement { usage: Some(Usage { searches: 1, ..every }), ..plain.clone() },
        Settlement { usage: Some(Usage { prompt: 1_000_000_001, ..every }), ..plain.clone() },
        Settlement { estimated: true, ..plain.clone() },
        Settlement { charge_hold: true, ..plain.clone() },
        Settlement { error_code: Some("e"), ..plain.clone() },
        Settlement { tags: vec!["t".to_owned()], ..plain.clone() },
        Settlement { metadata: Some(json!({})), ..plain.clone() },
        Settlement { refused_keys: vec![Uuid::nil()], ..plain.clone() },
        Settlement { replayed_call: Some(Uuid::nil()), ..plain.clone() },
        Settlement { hold: None, ..plain.clone() },
        Settlement { hold: facts(json!({"reasoning": 5})), ..plain.clone() },
        Settlement { hold: facts(json!({"ceiling": 5})), ..plain.clone() },
        Settlement { hold: with_own_key, ..plain.clone() },
        Settlement { hold: facts(json!({"tiers": [{"above": 5, "prompt": 9}]})), ..plain.clone() },
    ] {
        assert_eq!(settlement.row(), None, "{settlement:?}");
    }
}
