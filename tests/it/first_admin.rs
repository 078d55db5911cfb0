//! A new deployment gets its first administrator from whoever holds the service key: `admin create EMAIL`.

use local::admin_command::{Administrator, create};
use serde_json::{Value, json};
use shared::config::Config;
use tests::answer::Answer;
use tests::people::Person;
use tests::world::{MODEL, Route, World, hello, send};

/// What the command does in an environment that names this world's stores.
async fn admin_create(world: &World, email: &str) -> Administrator {
    let config = Config::from_lookup(|name| world.platform.variables().get(name).cloned());
    create(config, email).await.expect("an administrator")
}

async fn trail(world: &World) -> Value {
    world.value("select coalesce(jsonb_agg(l order by id), '[]') from gateway.audit_logs l").await
}

#[tokio::test]
async fn the_command_makes_an_administrator_whose_key_works_and_that_is_on_record() {
    let world = World::start().await;
    for _ in 0..2 {
        let made = admin_create(&world, "Root@test.example").await;
        assert!(!made.disabled);
        assert_eq!(Answer::to(world.get("/admin/ledger/check", &made.key)).await.success()["ok"], json!(true));
    }
    let accounts = "select jsonb_agg(jsonb_build_array(email, role)) from gateway.accounts";
    assert_eq!(world.value(accounts).await, json!([["root@test.example", "admin"]]));
    // The second key is another key, not another primary one.
    let keys = "select jsonb_agg(is_primary order by created_at) from gateway.api_keys";
    assert_eq!(world.value(keys).await, json!([true, false]));
    let trail = trail(&world).await;
    let of = |action: &str| {
        let entries = trail.as_array().expect("rows").iter().filter(|entry| entry["action"] == action);
        entries.cloned().collect::<Vec<_>>()
    };
    let before: Vec<Value> = of("role.assign").iter().map(|entry| entry["details"]["before"].clone()).collect();
    assert_eq!(before, [Value::Null, json!({"role": "admin"})]);
    let keys = world.value("select jsonb_agg(id order by created_at) from gateway.api_keys").await;
    let made: Vec<Value> = of("key.create").iter().map(|entry| entry["target_id"].clone()).collect();
    assert_eq!(json!(made), keys);
    assert_eq!((&trail[0]["action"], &trail[0]["details"]["by"]), (&json!("role.assign"), &json!("service key")));
    assert_eq!(trail[0]["actor_account_id"], Value::Null);
}

#[tokio::test]
async fn an_account_that_is_there_becomes_one_and_nothing_is_enabled_again() {
    let world = World::start().await;
    let (user, disabled, deleted) = (world.account(0).await, world.account(0).await, world.account(0).await);
    let email = |account: &tests::world::Account| format!("{}@test.example", account.id);
    world.change_account(&disabled, "disabled_at = gateway.now()").await;
    world.change_account(&deleted, "disabled_at = gateway.now(), deleted_at = gateway.now(), email = null").await;
    assert!(!admin_create(&world, &email(&user)).await.disabled);
    // With the key that it had, too.
    Answer::to(world.get("/admin/ledger/check", &user.key)).await.success();
    assert_eq!(trail(&world).await[0]["details"]["before"], json!({"role": "user"}));

    let made = admin_create(&world, &email(&disabled)).await;
    assert!(made.disabled);
    Answer::to(world.get("/admin/ledger/check", &made.key)).await.refused(403, "account_disabled");

    // The address of somebody who left is nobody's: it makes an account of its own.
    let before = world.evidence(deleted.id).await;
    let made = admin_create(&world, &email(&deleted)).await;
    Answer::to(world.get("/admin/ledger/check", &made.key)).await.success();
    assert_eq!(world.evidence(deleted.id).await, before);
    assert_eq!(world.value("select count(*) from gateway.accounts").await, json!(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_is_made_while_another_is_demoted() {
    let Some(world) = World::concurrent("an administrator made beside a demotion").await else { return };
    let (admin, other) = (world.administrator().await, world.administrator().await);
    let email = format!("{}@test.example", other.id);
    for _ in 0..10 {
        let body = json!({"account_id": other.id, "role": "user"});
        let (demoted, _) = tokio::join!(
            Answer::to(world.post("/admin/roles/assign", &admin.key, &body)),
            admin_create(&world, &email)
        );
        // Neither waits for the other in a circle.
        demoted.success();
    }
}

#[tokio::test]
async fn the_account_that_an_address_signs_in_to_becomes_the_administrator() {
    let world = World::start().await;
    let (person, second) = (Person::new(), Person::new().email);
    let signed_in = world.visit("/auth/privy", &world.tokens(&person)).await.success();
    let id = signed_in["account"]["id"].as_str().expect("an id");
    let known = format!(
        "insert into gateway.identities (kind, value, account_id, verified_at)
         values ('email', '{second}', '{id}', gateway.now())"
    );
    world.sql(&known).await;
    let made = admin_create(&world, &second).await;
    Answer::to(world.get("/admin/ledger/check", &made.key)).await.success();
    let accounts = world.value("select jsonb_agg(jsonb_build_array(id, role, email)) from gateway.accounts").await;
    assert_eq!(accounts, json!([[id, "admin", person.email]]));
}

#[tokio::test]
async fn what_is_no_address_makes_nobody() {
    let world = World::start().await;
    for typo in ["root", "root@", "root@example", "Root <root@test.example>", ""] {
        let config = Config::from_lookup(|name| world.platform.variables().get(name).cloned());
        let error = create(config, typo).await.expect_err("an error").to_string();
        assert_eq!(error, format!("`{typo}` is not an e-mail address."));
    }
    assert_eq!(world.value("select count(*) from gateway.accounts").await, json!(0));
}

#[tokio::test]
async fn what_the_environment_lacks_is_named() {
    let world = World::start().await;
    for missing in ["SUPABASE_URL", "API_KEY_PEPPER"] {
        let named = |name: &str| world.platform.variables().get(name).filter(|_| name != missing).cloned();
        let error = create(Config::from_lookup(named), "root@test.example").await.expect_err("an error");
        assert!(error.to_string().contains(missing), "{error}");
    }
    assert_eq!(world.value("select count(*) from gateway.accounts").await, json!(0));
}

#[tokio::test]
async fn the_keys_that_the_local_gateway_prints_at_its_start_are_good_and_stay_the_same() {
    let world = World::start().await;
    world.model(MODEL, &[Route::new("openrouter", "standin/normal")]).await;
    let keys = world.platform.ready_keys().await.expect("keys");
    let again = world.platform.ready_keys().await.expect("keys");
    assert_eq!((&keys.api_key, &keys.admin_key), (&again.api_key, &again.admin_key));
    world.completion(&keys.api_key, &hello(&json!({}))).await;
    let users = world.http.get(format!("{}/admin/users", world.base_url)).bearer_auth(&keys.admin_key);
    assert_eq!(send(users).await.status(), 200);
}
