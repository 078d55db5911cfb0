//! What a browser can do with the project's public keys: nothing.

use std::collections::BTreeSet;

use reqwest::Response;
use serde_json::{Map, Value, json};
use tests::world::{World, read, send};

use super::created;

/// Who asks, with which headers, and the status of a missing privilege.
type PublicKey = (&'static str, Vec<(&'static str, String)>, u16);

/// The keys that anyone may have. PostgREST answers 401 to whom no token has named and 403 to whom one has
/// (docs.postgrest.org, "Errors").
fn public_keys(world: &World) -> Vec<PublicKey> {
    let keys = &world.platform.supabase_keys;
    let signed_in = keys.sign(&json!({"role": "authenticated", "exp": 4_102_444_800_u64})).expect("a token");
    let bearer = |token: &str| ("authorization", format!("Bearer {token}"));
    vec![
        ("anon alone", vec![("apikey", keys.anon.clone())], 401),
        ("anon", vec![("apikey", keys.anon.clone()), bearer(&keys.anon)], 403),
        ("publishable", vec![("apikey", keys.publishable.clone())], 403),
        ("a person signed in", vec![("apikey", keys.publishable.clone()), bearer(&signed_in)], 403),
    ]
}

async fn post(world: &World, path: &str, headers: &[(&str, String)], body: &Value) -> Response {
    let mut request = world.http.post(format!("{}/rest/v1/{path}", world.platform.postgrest.url()));
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    send(request.header("content-type", "application/json").body(body.to_string())).await
}

/// Every function of the API with an argument list that it would take.
async fn functions(world: &World) -> Vec<(String, Value)> {
    let sql = "select jsonb_agg(jsonb_build_array(proname, coalesce(to_jsonb(proargnames), '[]')))
               from pg_proc where pronamespace = 'public'::regnamespace";
    let functions: Vec<(String, Vec<String>)> = serde_json::from_value(world.value(sql).await).expect("functions");
    let names: BTreeSet<String> = functions.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, created("function", "public"));
    let nulls =
        |names: Vec<String>| -> Map<String, Value> { names.into_iter().map(|name| (name, json!(null))).collect() };
    functions.into_iter().map(|(name, arguments)| (name, Value::Object(nulls(arguments)))).collect()
}

#[tokio::test]
async fn every_rpc_is_refused_to_the_public_keys() {
    let world = World::start().await;
    for (name, arguments) in functions(&world).await {
        for (who, headers, status) in public_keys(&world) {
            let (answered, body) = read(post(&world, &format!("rpc/{name}"), &headers, &arguments).await).await;
            assert_eq!((answered, &body["code"]), (status, &json!("42501")), "{name} as {who}: {body}");
        }
    }
    // The same request with the service's own key runs.
    let secret = [("apikey", world.platform.supabase_keys.secret.clone())];
    let (status, body) = read(post(&world, "rpc/health", &secret, &json!({})).await).await;
    assert_eq!((status, &body["status"]), (200, &json!("ok")));
}

#[tokio::test]
async fn without_a_key_of_the_project_nothing_is_run() {
    let world = World::start().await;
    let foreign = local::postgrest::Keys::derive(b"another project").expect("keys");
    for headers in [
        vec![],
        vec![("apikey", "nonsense".to_owned())],
        vec![("apikey", foreign.secret.clone())],
        vec![("apikey", foreign.service_role.clone()), ("authorization", format!("Bearer {}", foreign.service_role))],
    ] {
        let response = post(&world, "rpc/health", &headers, &json!({})).await;
        assert_eq!(response.status(), 401, "{headers:?}");
    }
}

#[tokio::test]
async fn no_table_of_the_gateway_is_exposed_even_to_the_service() {
    let world = World::start().await;
    let tables: BTreeSet<String> = serde_json::from_value(
        world.value("select jsonb_agg(relname) from pg_class where relnamespace = 'gateway'::regnamespace and relkind in ('r', 'p', 'v', 'm')").await,
    )
    .expect("tables");
    assert!(tables.is_superset(&created("table", "gateway")), "{tables:?}");
    let mut keys = public_keys(&world);
    keys.push(("the service", vec![("apikey", world.platform.supabase_keys.secret.clone())], 404));
    for table in tables {
        for (who, headers, _) in &keys {
            for path in [table.clone(), format!("gateway.{table}")] {
                let mut request = world.http.get(format!("{}/rest/v1/{path}", world.platform.postgrest.url()));
                for (name, value) in headers {
                    request = request.header(*name, value);
                }
                let (status, body) = read(send(request).await).await;
                assert_eq!((status, &body["code"]), (404, &json!("PGRST205")), "{path} as {who}: {body}");
            }
            let mut profile = headers.clone();
            profile.push(("content-profile", "gateway".to_owned()));
            let (status, body) = read(post(&world, "rpc/health", &profile, &json!({})).await).await;
            assert_eq!((status, &body["code"]), (406, &json!("PGRST106")), "schema gateway as {who}: {body}");
        }
    }
}
