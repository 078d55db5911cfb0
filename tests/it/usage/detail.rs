//! One request with all that is known of it: the providers that were asked, and what each part of it cost.

use local::upstash::Engine;
use serde_json::{Value, json};
use shared::generation_id;
use tests::answer::Answer;
use tests::world::{Account, Route, World, hello, nanos};

async fn detail(world: &World, account: &Account, path: &str) -> Value {
    Answer::to(world.get(path, &account.key)).await.success()
}

fn sum(list: &Value, of: impl Fn(&Value) -> i64) -> i64 {
    list.as_array().expect("a list").iter().map(of).sum()
}

/// The attempts without their times, which must fit into each other and, with the gateway's own, make the whole.
fn attempts(detail: &Value) -> Value {
    let ms = |value: &Value, name: &str| value[name].as_i64().unwrap_or_else(|| panic!("{name} in {detail}"));
    let mut before = 0;
    for attempt in detail["attempts"].as_array().expect("a list") {
        assert!(ms(attempt, "started_ms") >= before && ms(attempt, "duration_ms") >= 0, "{detail}");
        before = ms(attempt, "started_ms") + ms(attempt, "duration_ms");
        // Each is rounded down.
        let first_byte = attempt["first_byte_ms"].as_i64().unwrap_or(before);
        assert!((ms(attempt, "started_ms")..=before + 1).contains(&first_byte), "{detail}");
    }
    let waited = sum(&detail["attempts"], |attempt| ms(attempt, "duration_ms"));
    assert_eq!(ms(detail, "overhead_ms"), (ms(&detail["request"], "duration_ms") - waited).max(0), "{detail}");
    let told = |attempt: &Value| json!([attempt["provider"], attempt["status"], attempt["error_code"]]);
    detail["attempts"].as_array().expect("a list").iter().map(told).collect()
}

#[tokio::test]
async fn a_request_is_shown_with_its_attempts_and_costs_to_its_account_and_to_an_operator() {
    let world = World::with(Engine::InProcess, &[("PRICING_MARKUP_PERCENT", "17.53")]).await;
    let upstream = "standin/usage?prompt=101&cached=23&completion=57&reasoning=11";
    world.model("test/one", &[Route { cached: 333_333_333, ..Route::new("chutes", upstream) }]).await;
    world
        .model("test/two", &[Route::new("openrouter", "standin/status?code=503"), Route::new("chutes", upstream)])
        .await;
    world.model("test/none", &[Route::new("featherless", "standin/refuse")]).await;
    world.model("test/cut", &[Route::new("portkey", "standin/cut?after=2")]).await;
    let (account, other) = (world.account(1_000_000_000).await, world.account(0).await);
    let admin = world.administrator().await;
    let order = json!({"order": ["openrouter", "chutes"]});
    let (failed, served) = (json!(["openrouter", 503, "upstream_error"]), json!(["chutes", 200, null]));
    for (model, expected) in [
        ("test/one", json!([served])),
        ("test/two", json!([failed, served])),
        ("test/none", json!([["featherless", null, "upstream_error"]])),
        ("test/cut", json!([["portkey", 200, "upstream_error"]])),
    ] {
        for stream in [false, true] {
            let body = hello(&json!({"model": model, "stream": stream, "provider": order}));
            let answer = Answer::to(world.chat(&account.key, &body)).await;
            world.settled().await;
            let record = world.newest_call().await;
            let call = record["call_id"].as_str().expect("an id");
            let own = detail(&world, &account, &format!("/user/activity/log/{call}")).await;
            assert_eq!(attempts(&own), expected, "{model}, {stream}");
            let (cost, charged) = (nanos(&own["request"]["cost"]), record["cost"].as_i64().expect("a cost"));
            assert_eq!((cost, sum(&own["costs"], |part| nanos(&part["cost"]))), (charged, charged), "{own}");
            let kinds: Vec<_> =
                own["costs"].as_array().expect("a list").iter().map(|part| part["kind"].clone()).collect();
            if model == "test/one" {
                assert_eq!(json!(kinds), json!(["input", "cached", "output", "reasoning"]));
                assert_eq!(own["costs"][1], json!({"kind": "cached", "quantity": 23, "cost": own["costs"][1]["cost"]}));
            }
            assert_eq!(sum(&own["costs"], |part| part["quantity"].as_i64().expect("a number")) > 0, charged > 0);

            let generation = generation_id::write(call.parse().expect("a UUID"));
            let names = [Some(generation.as_str()), Some(answer.header("x-request-id")), record["answer_id"].as_str()];
            let mut operators = Value::Null;
            for name in names.into_iter().flatten().chain([call]) {
                assert_eq!(detail(&world, &account, &format!("/user/activity/log/{name}")).await, own, "{name}");
                operators = detail(&world, &admin, &format!("/admin/requests/{name}")).await;
                assert_eq!(operators["request"]["account_id"], json!(account.id), "{name}");
                assert_eq!(operators["request"]["call_id"], json!(call), "{name}");
                let strange = world.get(&format!("/user/activity/log/{name}"), &other.key);
                Answer::to(strange).await.refused(404, "request_not_found");
            }
            for member in ["attempts", "costs", "overhead_ms", "answer_id", "finish_reason"] {
                assert_eq!(operators[member], own[member], "{member}");
            }
        }
    }
    for path in ["/user/activity/log/nothing", "/admin/requests/nothing"] {
        Answer::to(world.get(path, &admin.key)).await.refused(404, "request_not_found");
    }
}

#[tokio::test]
async fn the_parts_of_a_cost_are_the_cost_whatever_was_used_at_whatever_price() {
    let world = World::start().await;
    // Usages of every kind, parts that are more than their wholes among them, at prices of which some are not there. The cost is what the
    // formula says, or something else: what a hold or an estimate makes of it.
    let wrong = world
        .value(
            "with numbers as (
               select n, array(select floor(random() * 1000 * (random() < 0.7)::integer)::bigint from generate_series(1, 30) where n > 0) as r
               from generate_series(1, 3000) as n
             ),
             calls as (
               select n, 10000 + r[1] as markup,
                 jsonb_build_object('prompt', r[2], 'cached', r[3] / 2, 'written', r[4] / 3, 'completion', r[5], 'reasoning', r[6] / 2) as tokens,
                 case when n % 3 = 0 then jsonb_strip_nulls(jsonb_build_object(
                   'written_long', nullif(r[7] / 4, 0), 'image_input', nullif(r[8] / 4, 0), 'audio_output', nullif(r[9] / 4, 0),
                   'images', nullif(r[10], 0), 'searches', nullif(r[11], 0), 'milliseconds', nullif(r[12], 0),
                   'characters', nullif(r[13], 0))) end as units,
                 jsonb_strip_nulls(jsonb_build_object(
                   'prompt', r[14] * 1234567, 'completion', r[15] * 7654321, 'request', r[16] * (n % 2), 'cached', nullif(r[17] * 99991, 0),
                   'written', nullif(r[18] * 1999, 0), 'reasoning', nullif(r[19] * 77777, 0), 'image', nullif(r[20] * 31, 0),
                   'second', nullif(r[21] * 17, 0), 'character', nullif(r[22] * 13131, 0),
                   'tiers', case when n % 5 = 0 then jsonb_build_array(jsonb_build_object('above', 200, 'prompt', r[23] * 555)) end)) as price
               from numbers
             ),
             records as (
               select n, gateway.cost(price, coalesce(units, '{}') || tokens, markup::integer) as formula, jsonb_populate_record(
                 null::gateway.requests,
                 jsonb_build_object(
                   'outcome', 'completed', 'markup', markup, 'price', price, 'units', units,
                   'cost', gateway.cost(price, coalesce(units, '{}') || tokens, markup::integer) + (n % 4 = 0)::integer * (n - 1500),
                   'prompt_tokens', tokens -> 'prompt', 'completion_tokens', tokens -> 'completion',
                   'cached_tokens', least((tokens ->> 'cached')::integer, (tokens ->> 'prompt')::integer),
                   'written_tokens', least((tokens ->> 'written')::integer, (tokens ->> 'prompt')::integer),
                   'reasoning_tokens', least((tokens ->> 'reasoning')::integer, (tokens ->> 'completion')::integer))) as r
               from calls
             ),
             told as (select n, formula, r, gateway.request_costs(r) as costs from records)
             select jsonb_build_object('calls', count(*), 'wrong', coalesce(jsonb_agg(n) filter (where
                 (select sum((part ->> 'cost')::numeric * 1000000000) from jsonb_array_elements(costs) as part) is distinct from nullif((r).cost, 0)
                   and (r).cost <> 0
                 or (formula = (r).cost) = (costs @> '[{\"kind\": \"reserved\"}]' or costs @> '[{\"kind\": \"limited\"}]')), '[]'))
             from told",
        )
        .await;
    assert_eq!(wrong, json!({"calls": 3000, "wrong": []}));
}
