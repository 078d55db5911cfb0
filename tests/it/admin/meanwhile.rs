//! What happens to whoever waits: power that ended meanwhile is none, and nobody waits in a circle.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};
use tokio_postgres::Client;

use super::post;

fn request(world: &World, admin: &Account, method: &str, path: &str, body: &Value) -> RequestBuilder {
    let url = format!("{}{path}", world.base_url);
    let request = world.http.request(method.parse().expect("a method"), url).bearer_auth(&admin.key);
    request.header("content-type", "application/json").body(body.to_string())
}

/// A transaction that has done this, and goes on until its client ends it.
async fn transaction(world: &World, someone: &Account, sql: &str) -> Client {
    let client = world.locked(someone).await;
    client.batch_execute(sql).await.expect(sql);
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_administrator_does_is_refused_when_the_key_was_revoked_while_it_waited() {
    let Some(world) = World::concurrent("a revocation while a request waits").await else { return };
    world.administrator().await;
    let (someone, admin) = (world.account(5_000_000_000).await, world.administrator().await);
    world.sql("insert into gateway.roles (name, permissions) values ('helper', '{keys:read}')").await;
    let id = someone.id;
    let helper = "select from gateway.roles where name = 'helper' for update";
    let address = "insert into gateway.accounts (email) values ('new@test.example')";
    let user = format!("/admin/users/{id}");
    for (method, path, body, held) in [
        ("POST", "/admin/add_credits", json!({"account_id": id, "amount": 1}), ""),
        ("POST", "/admin/add_credits", json!({"account_id": id, "amount": -1}), ""),
        ("POST", "/admin/limit", json!({"account_id": id, "limits": {"burst": 7}}), ""),
        ("POST", "/admin/assign-plan", json!({"account_id": id, "plan": "team"}), ""),
        ("POST", "/admin/roles/assign", json!({"account_id": id, "role": "user"}), ""),
        ("POST", "/admin/roles/assign", json!({"account_id": id, "role": "developer"}), ""),
        ("PATCH", user.as_str(), json!({"username": "Renamed"}), ""),
        ("PATCH", user.as_str(), json!({"disabled": true}), ""),
        ("PUT", "/admin/roles/helper", json!({"permissions": ["inference"]}), helper),
        ("DELETE", "/admin/roles/helper", Value::Null, helper),
        ("POST", "/admin/create", json!({"email": "new@test.example"}), address),
    ] {
        let before = world.evidence(id).await;
        let client = transaction(&world, &someone, held).await;
        let waiting = Answer::to(request(&world, &admin, method, path, &body));
        let revoking = async {
            world.until_waiting(1).await;
            world.change_key(&admin, "revoked_at = gateway.now()").await;
            client.batch_execute("rollback").await.expect("the end");
        };
        let (answer, ()) = tokio::join!(waiting, revoking);
        assert_eq!(answer.outcome(), (401, "api_key_revoked".to_owned()), "{method} {path} {body}");
        assert_eq!(world.evidence(id).await, before, "{method} {path} {body}");
        world.change_key(&admin, "revoked_at = null").await;
        // It was the revocation and nothing else.
        if method != "DELETE" {
            Answer::to(request(&world, &admin, method, path, &body)).await.success();
        }
    }
    let made = "select jsonb_agg(name) from gateway.roles where not built_in";
    assert_eq!(world.value(made).await, json!(["helper"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_somebody_is_proving_makes_no_second_account() {
    let Some(world) = World::concurrent("an account for an address that is being proven").await else { return };
    let (known, admin) = (world.account(0).await, world.administrator().await);
    let identity = format!(
        "insert into gateway.identities (kind, value, account_id, verified_at)
         values ('privy', 'did:privy:known', '{}', gateway.now())",
        known.id
    );
    world.sql(&identity).await;
    let proofs = json!([{"kind": "privy", "value": "did:privy:known"}, {"kind": "email", "value": "new@test.example"}]);
    let signing_in = format!("select gateway.sign_in('{{}}', 'privy', '{proofs}', null, '{{}}', false)");
    let client = transaction(&world, &known, &signing_in).await;
    let made = Answer::to(request(&world, &admin, "POST", "/admin/create", &json!({"email": "new@test.example"})));
    let signed_in = async {
        world.until_waiting(1).await;
        client.batch_execute("commit").await.expect("the end");
    };
    let (made, ()) = tokio::join!(made, signed_in);
    assert_eq!(made.outcome(), (409, "account_exists".to_owned()));
    assert_eq!(world.value("select count(*) from gateway.accounts").await, json!(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_key_is_neither_stored_nor_deleted_by_a_key_that_was_revoked_while_it_waited() {
    let Some(world) = World::concurrent("a revocation while a request waits").await else { return };
    let owner = world.account(0).await;
    world.own_key(owner.id, "chutes", "sk-mine-0123456789abcdef").await;
    let stored = json!({"provider": "chutes", "api_key": "sk-next-0123456789abcdef"});
    for (method, path, body) in
        [("POST", "/user/provider-keys", stored), ("DELETE", "/user/provider-keys?provider=chutes", Value::Null)]
    {
        let client = world.locked(&owner).await;
        let revoking = async {
            world.until_waiting(1).await;
            world.change_key(&owner, "revoked_at = gateway.now()").await;
            client.batch_execute("rollback").await.expect("the end");
        };
        let (answer, ()) = tokio::join!(Answer::to(request(&world, &owner, method, path, &body)), revoking);
        answer.refused(401, "api_key_revoked");
        world.change_key(&owner, "revoked_at = null").await;
    }
    assert_eq!(world.value("select jsonb_agg(last_four) from gateway.provider_keys").await, json!(["cdef"]));
    let kept = "select ciphertext not like '%next%' and key_version = 1 from gateway.provider_keys";
    assert_eq!(world.value(kept).await, json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_makes_an_account_with_more_power_than_is_left_of_their_own_makes_none() {
    let Some(world) = World::concurrent("a demotion while a request waits").await else { return };
    let (someone, admin) = (world.account(0).await, world.administrator().await);
    world.sql("insert into gateway.roles (name, permissions) values ('clerk', '{admin:users}')").await;
    let address = "insert into gateway.accounts (email) values ('new@test.example')";
    for (more, needed) in [
        (json!({"role": "admin"}), "*"),
        (json!({"credits": 1}), "admin:credits"),
        (json!({"plan": "team"}), "admin:plans"),
    ] {
        let mut body = json!({"email": "new@test.example"});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("members").clone());
        let client = transaction(&world, &someone, address).await;
        let demoting = async {
            world.until_waiting(1).await;
            world.change_account(&admin, "role = 'clerk'").await;
            client.batch_execute("rollback").await.expect("the end");
        };
        let (answer, ()) = tokio::join!(post(&world, &admin, "/admin/create", &body, None), demoting);
        assert_eq!(answer.refused(403, "insufficient_scope")["required_scope"], needed);
        world.change_account(&admin, "role = 'admin'").await;
    }
    assert_eq!(world.value("select count(*) from gateway.accounts").await, json!(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_idempotency_key_for_two_endpoints_at_once_is_served_once_and_refused_once() {
    let Some(world) = World::concurrent("one Idempotency-Key for two endpoints").await else { return };
    let (admin, someone) = (world.administrator().await, world.account(0).await);
    let client = world.locked(&admin).await;
    let named = json!({"name": "first"});
    let first = post(&world, &admin, "/user/api-keys", &named, Some("k"));
    let second = async {
        // The first waits for the account, and is going to want the Idempotency-Key.
        world.until_waiting(1).await;
        post(&world, &admin, "/admin/add_credits", &json!({"account_id": someone.id, "amount": 1}), Some("k")).await
    };
    let release = async {
        world.until_waiting(2).await;
        client.batch_execute("rollback").await.expect("the end");
    };
    let (first, second, ()) = tokio::join!(first, second, release);
    first.success();
    second.refused(409, "idempotency_conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_waits_for_no_record_that_somebody_replaces() {
    let Some(world) = World::concurrent("a sweep beside a repetition").await else { return };
    let (admin, someone) = (world.administrator().await, world.account(0).await);
    post(&world, &admin, "/admin/add_credits", &json!({"account_id": someone.id, "amount": 1}), Some("k"))
        .await
        .success();
    world
        .sql(&format!(
            "update gateway.idempotency_keys set created_at = created_at - interval '2 days';
             insert into gateway.holds (call_id, state, created_at, expires_at)
               values (gen_random_uuid(), 'tombstone', gateway.now() - interval '31 days', gateway.now());
             insert into gateway.credit_grants (account_id, source, amount, remaining, expires_at, created_at)
               values ('{}', 'trial', 1, 1, gateway.now(), gateway.now())",
            admin.id
        ))
        .await;
    let held = "delete from gateway.idempotency_keys; update gateway.holds set settlement = '{}'";
    // The key is taken again after a day; then its caller's account is wanted, which the sweep has.
    let client = transaction(&world, &someone, held).await;
    let sweep = world.get("/api/cron/sweep-holds", &world.platform.variables()["CRON_SECRET"]);
    let swept = Answer::to(sweep).await.success();
    assert_eq!(swept["holds"]["forgotten"], json!(0));
    client.batch_execute("rollback").await.expect("the end");
    let sweep = world.get("/api/cron/sweep-holds", &world.platform.variables()["CRON_SECRET"]);
    assert_eq!(Answer::to(sweep).await.success()["holds"]["forgotten"], json!(1));
    assert_eq!(world.value("select count(*) from gateway.idempotency_keys").await, json!(0));
}
