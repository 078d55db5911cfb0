//! Whose account it is, and what its owner is told.

use local::privy::{email_account, wallet_account};
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::people::Person;
use tests::world::{World, read, send};

use super::{failures, made, one_user};

async fn sign_in(world: &World, person: &Person, further: Value) -> Value {
    let mut body = world.tokens(person);
    body.as_object_mut().expect("an object").extend(further.as_object().expect("an object").clone());
    world.visit("/auth/privy", &body).await.success()
}

#[tokio::test]
async fn a_new_user_gets_an_account_a_trial_and_a_key_that_works() {
    let world = World::start().await;
    let person = Person::new();
    let answer = sign_in(&world, &person, json!({})).await;
    assert_eq!((&answer["object"], &answer["is_new_user"]), (&json!("sign_in"), &json!(true)));
    let account = &answer["account"];
    assert_eq!(account["email"], json!(person.email));
    assert_eq!((&account["role"], &account["plan"], &account["credits"]), (&json!("user"), &json!("dev"), &json!(10)));
    assert_eq!((&account["trial"]["active"], &account["trial"]["requests_left"]), (&json!(true), &json!(1000)));
    let key = answer["api_key"].as_str().expect("a key");
    assert!(key.starts_with("gw_test_") && key.ends_with(answer["key"]["last_four"].as_str().expect("an end")));
    assert_eq!(
        (&answer["key"]["name"], &answer["key"]["environment"], &answer["key"]["scopes"]),
        (&json!("Primary key"), &json!("test"), &json!(["*"]))
    );
    let (status, balance) = read(send(world.get("/user/balance", key)).await).await;
    assert_eq!((status, &balance["credits"]), (200, &json!(10)), "{balance}");
    assert_eq!(made(&world).await, one_user(2));
    let stored = world
        .value(
            "select jsonb_build_array(is_primary, trial_ends_at - accounts.created_at < interval '3 days 1 minute',
               (select jsonb_agg(jsonb_build_array(source, amount, expires_at = trial_ends_at)) from gateway.credit_grants))
             from gateway.accounts join gateway.api_keys on account_id = accounts.id",
        )
        .await;
    assert_eq!(stored, json!([true, true, [["trial", 10_000_000_000_i64, true]]]));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_returning_user_gets_the_account_and_a_key_only_if_asked_for() {
    let world = World::start().await;
    let person = Person::new();
    let first = sign_in(&world, &person, json!({"issue_key": false, "referral_code": "FRIEND-1"})).await;
    let again = sign_in(&world, &person, json!({"referral_code": "FRIEND-2"})).await;
    assert_eq!((&again["is_new_user"], &again["key"], &again["api_key"]), (&json!(false), &Value::Null, &Value::Null));
    assert_eq!(again["account"]["id"], first["account"]["id"]);
    let alias = world.visit("/auth", &world.tokens(&person)).await.success();
    assert_eq!(alias["account"]["id"], first["account"]["id"]);
    let issued = sign_in(&world, &person, json!({"issue_key": true})).await;
    assert_eq!((&issued["key"]["name"], &issued["key"]["scopes"]), (&json!("Sign-in key"), &json!(["*"])));
    assert_ne!(issued["api_key"], first["api_key"]);
    let key = issued["api_key"].as_str().expect("a key");
    assert_eq!(send(world.get("/user/balance", key)).await.status(), 200);
    let stored = "select jsonb_build_array((select count(*) filter (where is_primary) from gateway.api_keys),
                    (select count(*) from gateway.api_keys), (select referred_by from gateway.accounts))";
    assert_eq!(world.value(stored).await, json!([1, 2, "FRIEND-1"]));
}

#[tokio::test]
async fn the_trail_names_who_signed_in_and_what_was_made() {
    let world = World::start().await;
    let person = Person::new();
    let answer = sign_in(&world, &person, json!({})).await;
    sign_in(&world, &person, json!({})).await;
    let trail = world
        .value(
            "select jsonb_agg(jsonb_build_array(action, actor_account_id, target_account_id, target_id, details) order by id)
             from gateway.audit_logs",
        )
        .await;
    let (account, key) = (&answer["account"]["id"], &answer["key"]["id"]);
    let signed_in = |is_new: bool| json!({"method": "privy", "is_new_user": is_new});
    assert_eq!(
        trail,
        json!([
            ["account.create", account, account, null, {"method": "privy", "role": "user"}],
            ["key.create", account, account, key, {"name": "Primary key", "environment": "test", "scopes": ["*"]}],
            ["sign_in", account, account, null, signed_in(true)],
            ["sign_in", account, account, null, signed_in(false)],
        ])
    );
}

#[tokio::test]
async fn whoever_proves_the_address_an_administrator_set_owns_that_account() {
    let world = World::start().await;
    let owner = world.account(5).await;
    let person = Person { email: format!("{}@test.example", owner.id), ..Person::new() };
    let answer = sign_in(&world, &person, json!({})).await;
    assert_eq!((&answer["account"]["id"], &answer["is_new_user"]), (&json!(owner.id), &json!(false)));
    assert_eq!((&answer["account"]["trial"], &answer["key"]), (&Value::Null, &Value::Null));
    // From now on the Privy id alone is enough.
    let privy = &world.platform.privy;
    let elsewhere = json!({"token": privy.access_token(&person.did).expect("a token"),
                           "identity_token": privy.identity_token(&person.did, &[]).expect("a token")});
    assert_eq!(world.visit("/auth/privy", &elsewhere).await.success()["account"]["id"], json!(owner.id));
    assert_eq!(world.value("select count(*) from gateway.accounts").await, json!(1));
    assert_eq!(world.value("select count(*) from gateway.trial_claims").await, json!(0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_belongs_to_another_account_stays_there() {
    let world = World::start().await;
    let privy = &world.platform.privy;
    let (one, other, set) = (Person::new(), Person::new(), world.account(0).await);
    let first = sign_in(&world, &one, json!({})).await;
    let second = sign_in(&world, &other, json!({})).await;
    // `other` links one's address, one that an administrator gave to an account, and a wallet of its own.
    let linked =
        [email_account(&one.email), email_account(&format!("{}@test.example", set.id)), wallet_account("0xAbCdEf0123")];
    let body = json!({"token": privy.access_token(&other.did).expect("a token"),
                      "identity_token": privy.identity_token(&other.did, &linked).expect("a token")});
    let answer = world.visit("/auth/privy", &body).await.success();
    assert_eq!(answer["account"], second["account"]);
    let owners = world
        .value(
            "select jsonb_object_agg(kind || ' ' || value, account_id) from gateway.identities where kind <> 'privy'",
        )
        .await;
    let [one_id, other_id] = [&first, &second].map(|answer| answer["account"]["id"].clone());
    assert_eq!(
        owners,
        json!({format!("email {}", one.email): one_id, format!("email {}", other.email): other_id,
               "wallet 0xabcdef0123": other_id})
    );
}

#[tokio::test]
async fn the_strongest_proof_says_whose_account_it_is_however_it_is_known() {
    let world = World::start().await;
    let privy = &world.platform.privy;
    let (set, other, person) = (world.account(0).await, Person::new(), Person::new());
    let sign_in = async |who: &Person, linked: &[Value]| {
        let body = json!({"token": privy.access_token(&who.did).expect("a token"),
                          "identity_token": privy.identity_token(&who.did, linked).expect("a token")});
        world.visit("/auth/privy", &body).await.success()["account"]["id"].clone()
    };
    let wallet = wallet_account("0xAbCdEf0123");
    assert_ne!(sign_in(&other, std::slice::from_ref(&wallet)).await, json!(set.id));
    // An administrator gave the address to an account that nobody has signed in to; an address goes before a wallet.
    let linked = [wallet, email_account(&format!("{}@test.example", set.id))];
    assert_eq!(sign_in(&person, &linked).await, json!(set.id));
}

#[tokio::test]
async fn a_disabled_account_stays_shut_whichever_way_its_owner_comes() {
    let world = World::start().await;
    let person = Person::new();
    let first = sign_in(&world, &person, json!({})).await;
    world.sql("update gateway.accounts set disabled_at = gateway.now()").await;
    let before = made(&world).await;
    let mut body = world.tokens(&person);
    body["issue_key"] = json!(true);
    world.visit("/auth/privy", &body).await.refused(403, "account_disabled");
    world.keep_code(&person.email, "123456").await;
    let code = json!({"email": person.email, "code": "123456"});
    world.visit("/auth/verify", &code).await.refused(403, "account_disabled");
    world.visit("/auth/verify", &code).await.refused(401, "invalid_code");
    assert_eq!(made(&world).await, before);
    assert_eq!(failures(&world).await, ["account_disabled", "account_disabled", "no_code"]);
    let target = "select distinct target_account_id from gateway.audit_logs
                  where details ->> 'reason' = 'account_disabled'";
    assert_eq!(world.value(target).await, first["account"]["id"]);
}

#[tokio::test]
async fn whoever_owns_an_account_gets_in_however_many_keys_it_has() {
    let world = World::start().await;
    let person = Person::new();
    let first = sign_in(&world, &person, json!({})).await;
    let id = first["account"]["id"].as_str().expect("an id");
    world
        .sql(&format!(
            "insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment, revoked_at)
             select '{id}', 'hash ' || n, 'gw_test_', 'abcd', 'n', 'test', case when n > 99 then gateway.now() end
             from generate_series(1, 120) as n"
        ))
        .await;
    let alive = async || {
        let sql = "select jsonb_build_array(count(*), count(*) filter (where from_sign_in)) from gateway.api_keys
                   where revoked_at is null";
        world.value(sql).await
    };
    assert_eq!(alive().await, json!([100, 0]));
    // Whoever made all these keys shuts nobody out.
    let mut body = world.tokens(&person);
    body["issue_key"] = json!(true);
    let second = world.visit("/auth/privy", &body).await.success();
    assert_eq!(alive().await, json!([101, 1]));
    // From then on a sign-in ends the key of an earlier one, and no other.
    world.keep_code(&person.email, "123456").await;
    let third = world.visit("/auth/verify", &json!({"email": person.email, "code": "123456"})).await.success();
    assert_eq!(alive().await, json!([101, 1]));
    let works =
        async |answer: &Value| Answer::to(world.get("/user/balance", answer["api_key"].as_str().expect("a key"))).await;
    works(&second).await.refused(401, "api_key_revoked");
    works(&first).await.success();
    works(&third).await.success();
    let ended =
        "select jsonb_agg(jsonb_build_array(target_id, details)) from gateway.audit_logs where action = 'key.revoke'";
    let reason = json!({"name": "Sign-in key", "reason": "too_many_api_keys"});
    assert_eq!(world.value(ended).await, json!([[second["key"]["id"], reason]]));
    // Where there is room none ends; and of several the one goes that was idle longest.
    world.sql("update gateway.api_keys set revoked_at = gateway.now() where key_hash in ('hash 1', 'hash 2')").await;
    let fourth = world.visit("/auth/privy", &body).await.success();
    assert_eq!(alive().await, json!([100, 2]));
    world
        .sql(&format!(
            "update gateway.api_keys set last_used_at = gateway.now() where id = {}",
            third["key"]["id"].to_string().replace('"', "'")
        ))
        .await;
    world.visit("/auth/privy", &body).await.success();
    assert_eq!(alive().await, json!([100, 2]));
    works(&fourth).await.refused(401, "api_key_revoked");
    works(&third).await.success();
}

#[tokio::test]
async fn a_referral_code_is_visible_characters() {
    let world = World::start().await;
    let person = Person::new();
    for wrong in ["", "a b", "é", &"x".repeat(65), "a\u{0}"] {
        let mut body = world.tokens(&person);
        body["referral_code"] = json!(wrong);
        let error = world.visit("/auth/privy", &body).await.refused(400, "invalid_request");
        assert_eq!(error["param"], "referral_code", "{wrong:?}");
        let body = json!({"email": person.email, "referral_code": wrong});
        world.visit("/auth/register", &body).await.refused(400, "invalid_request");
    }
    assert!(world.platform.mailbox.messages().is_empty());
    let body = json!({"email": person.email, "referral_code": "~".repeat(64)});
    world.visit("/auth/register", &body).await.success();
    let code = json!({"email": person.email, "code": world.mailed_code(&person.email)});
    assert_eq!(world.visit("/auth/verify", &code).await.success()["is_new_user"], json!(true));
    assert_eq!(world.value("select referred_by from gateway.accounts").await, json!("~".repeat(64)));
}

#[tokio::test]
async fn an_account_without_an_address_gets_the_first_that_its_person_proves() {
    let world = World::start().await;
    let person = Person::new();
    let privy = &world.platform.privy;
    let tokens = |linked: &[Value]| {
        json!({"token": privy.access_token(&person.did).expect("a token"),
               "identity_token": privy.identity_token(&person.did, linked).expect("a token")})
    };
    let first = world.visit("/auth/privy", &tokens(&[])).await.success();
    assert_eq!(first["account"]["email"], Value::Null);
    let later = world.visit("/auth/privy", &tokens(&person.linked())).await.success();
    assert_eq!((&later["account"]["id"], &later["account"]["email"]), (&first["account"]["id"], &json!(person.email)));
    world.visit("/auth/privy", &tokens(&[email_account("another@people.example")])).await.success();
    assert_eq!(world.value("select email from gateway.accounts").await, json!(person.email));
}
