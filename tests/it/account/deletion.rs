//! Somebody leaves.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, hello};

use super::{audited, leave, mentions, rename};

/// An account whose person has left traces everywhere, and the words that give that person away.
async fn person(world: &World) -> (Account, Vec<String>) {
    let account = world.account(1_000_000_000).await;
    let id = account.id.simple();
    let words: Vec<String> =
        ["ada", "did:privy:ada", "0xada", "laptop-of-ada", "ada-host"].map(|word| format!("{word}-{id}")).to_vec();
    let [name, privy, wallet, key_name, domain] = &words[..] else { panic!("five words") };
    world
        .sql(&format!(
            "update gateway.accounts set email = '{name}@test.example', username = '{name}', referred_by = '{name}',
               trial_ends_at = gateway.now() + interval '3 days', has_provider_keys = true where id = '{0}';
             update gateway.api_keys set name = '{key_name}' where id = '{1}';
             insert into gateway.api_keys
               (account_id, key_hash, prefix, last_four, name, environment, ip_allowlist, domain_allowlist, revoked_at)
               values ('{0}', '{domain}', 'gw_live_', 'last', '{key_name}', 'live', '{{203.0.113.77}}', '{{{domain}}}', null),
                      ('{0}', '{domain}-2', 'gw_live_', 'last', '{key_name}', 'live', '{{}}', '{{}}', '2026-01-01');
             insert into gateway.identities (kind, value, account_id, verified_at) values
               ('email', '{name}@test.example', '{0}', now()), ('privy', '{privy}', '{0}', now()),
               ('wallet', '{wallet}', '{0}', now());
             insert into gateway.provider_keys
               (account_id, provider, ciphertext, key_version, last_four, name, created_at)
               values ('{0}', 'chutes', 'cipher-{wallet}', 1, 'last', '{name}', now());",
            account.id, account.key_id
        ))
        .await;
    // The hashes are not the person's words.
    world.sql(&format!("update gateway.api_keys set key_hash = md5(key_hash) where key_hash like '{domain}%'")).await;
    (account, words)
}

/// What must stay as it is.
async fn books(world: &World, account: &Account) -> Value {
    let rows = |table: &str| {
        format!(
            "(select jsonb_agg(to_jsonb(t) order by to_jsonb(t)) from gateway.{table} t where account_id = '{}')",
            account.id
        )
    };
    let tables = ["credit_transactions", "credit_grants", "requests"].map(rows).join(", ");
    world.value(&format!("select jsonb_build_array({tables})")).await
}

#[tokio::test]
async fn who_leaves_is_forgotten_and_the_books_stay() {
    let world = World::start().await;
    let (account, words) = person(&world).await;
    let (other, others_words) = person(&world).await;
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    rename(&world, &account, &json!({"username": words[0]})).await.success();
    for word in &words {
        assert!(!mentions(&world, word).await.is_empty(), "{word} was never there");
    }
    let before = books(&world, &account).await;

    let deletion = leave(&world, &account).await.success();
    let at = world.value(&format!("select deleted_at from gateway.accounts where id = '{}'", account.id)).await;
    assert_eq!(deletion, json!({"object": "account_deletion", "id": account.id, "deleted": true, "deleted_at": at}));

    for word in words.iter().map(String::as_str).chain(["203.0.113.77/32\"], \"name\": \"deleted"]) {
        assert_eq!(mentions(&world, word).await, Vec::<String>::new(), "{word}");
    }
    assert_eq!(books(&world, &account).await, before);
    world.assert_ledger_clean().await;
    let row = world.value(&format!("select to_jsonb(a) from gateway.accounts a where id = '{}'", account.id)).await;
    for column in ["email", "username", "referred_by"] {
        assert_eq!(row[column], Value::Null, "{column}");
    }
    assert_eq!((&row["disabled_at"], &row["has_provider_keys"]), (&at, &json!(false)));
    let keys =
        format!("select jsonb_agg(distinct revoked_at) from gateway.api_keys where account_id = '{}'", account.id);
    assert_eq!(
        world.value(&keys).await,
        json!(["2026-01-01T00:00:00+00:00", at]),
        "a key keeps its earlier revocation"
    );
    let [entry] = &audited(&world, "account.delete").await[..] else { panic!("one entry") };
    assert_eq!((&entry["actor_account_id"], &entry["target_account_id"]), (&json!(account.id), &json!(account.id)));
    assert_eq!(entry["details"]["keys"], 3);

    // Nobody else lost anything.
    for word in &others_words {
        assert!(!mentions(&world, word).await.is_empty(), "{word}");
    }
    world.completion(&other.key, &hello(&json!({}))).await;
}

#[tokio::test]
async fn every_key_of_a_deleted_account_is_revoked_its_former_secrets_too() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let former = format!("gw_live_{}", "f".repeat(43));
    world
        .sql(&format!(
            "insert into gateway.former_secrets (key_hash, key_id, expires_at)
               values ('{}', '{}', gateway.now() + interval '1 day')",
            world.hash(&former),
            account.key_id
        ))
        .await;
    Answer::to(world.get("/user/balance", &former)).await.success();
    leave(&world, &account).await.success();
    for key in [&account.key, &former] {
        Answer::to(world.get("/user/balance", key)).await.refused(401, "api_key_revoked");
        Answer::to(world.get("/user/profile", key)).await.refused(401, "api_key_revoked");
    }
    Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(401, "api_key_revoked");
    leave(&world, &account).await.refused(401, "api_key_revoked");
    assert_eq!(audited(&world, "account.delete").await.len(), 1);
}

#[tokio::test]
async fn nothing_but_the_word_deletes_an_account() {
    let world = World::start().await;
    let account = world.account(0).await;
    let before = world.evidence(account.id).await;
    for (body, code) in [
        (json!({}), "invalid_request"),
        (json!({"confirmation": "delete_account"}), "invalid_request"),
        (json!({"confirmation": true}), "invalid_request"),
        (json!({"confirmation": null}), "invalid_request"),
        (json!({"confirmation": "DELETE_ACCOUNT", "force": true}), "unknown_field"),
        (json!(["DELETE_ACCOUNT"]), "invalid_request"),
    ] {
        let request = world.http.delete(format!("{}/user/account", world.base_url)).bearer_auth(&account.key);
        let request = request.header("content-type", "application/json").body(body.to_string());
        let answer = Answer::to(request).await;
        assert_eq!(answer.outcome(), (400, code.to_owned()), "{body}");
    }
    let request = world.http.delete(format!("{}/user/account", world.base_url)).bearer_auth(&account.key);
    assert!(matches!(Answer::to(request).await.status, 400 | 415));
    assert_eq!(world.evidence(account.id).await, before);
}

#[tokio::test]
async fn the_address_of_who_left_is_free() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let create = |email: String| {
        world.post("/admin/create", &admin.key, &json!({"email": email})).header("idempotency-key", "the same")
    };
    let first = Answer::to(create("ada@test.example".to_owned())).await.success();
    let key = first["api_key"].as_str().expect("a key").to_owned();
    let id = first["id"].as_str().expect("an id").parse().expect("a uuid");
    let account = Account { id, key_id: id, key };
    leave(&world, &account).await.success();
    assert_eq!(mentions(&world, "ada@test.example").await, Vec::<String>::new());

    // The request that made the account makes no other when it is repeated, and its answer is as silent.
    let repeated = Answer::to(create("ada@test.example".to_owned())).await.success();
    assert_eq!((&repeated["id"], &repeated["email"], &repeated["replayed"]), (&first["id"], &json!(""), &json!(true)));

    let request = world.post("/admin/create", &admin.key, &json!({"email": "ada@test.example"}));
    let second = Answer::to(request).await.success();
    assert_ne!(second["id"], first["id"]);
}
