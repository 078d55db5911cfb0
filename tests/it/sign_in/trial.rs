//! A trial: once a person, ever.

use local::privy::{email_account, identity_claims};
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::people::Person;
use tests::world::{World, hello};

async fn by_privy(world: &World, person: &Person) -> Value {
    world.visit("/auth/privy", &world.tokens(person)).await.success()
}

async fn by_code(world: &World, email: &str) -> Value {
    world.keep_code(email, "123456").await;
    world.visit("/auth/verify", &json!({"email": email, "code": "123456"})).await.success()
}

/// Whoever signed in with this answer leaves.
async fn leave(world: &World, signed_in: &Value) {
    let key = signed_in["api_key"].as_str().expect("a key");
    let request = world.http.delete(format!("{}/user/account", world.base_url)).bearer_auth(key);
    let request = request.header("content-type", "application/json").body(r#"{"confirmation":"DELETE_ACCOUNT"}"#);
    Answer::to(request).await.success();
}

#[tokio::test]
async fn the_same_address_by_another_way_is_the_same_account() {
    let world = World::start().await;
    let person = Person::new();
    let first = by_privy(&world, &person).await;
    let second = by_code(&world, &person.email).await;
    let third = by_privy(&world, &Person { email: person.email.clone(), ..Person::new() }).await;
    for answer in [&second, &third] {
        assert_eq!((&answer["account"]["id"], &answer["is_new_user"]), (&first["account"]["id"], &json!(false)));
        assert_eq!(answer["account"]["credits"], json!(10));
    }
    assert_eq!(world.value("select count(*) from gateway.credit_grants").await, json!(1));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_person_who_deleted_the_account_gets_a_new_one_without_a_trial() {
    let world = World::start().await;
    let (by_id, by_address, linked_later) = (Person::new(), Person::new(), Person::new());
    let mut first = Vec::new();
    for person in [&by_id, &by_address] {
        first.push(by_privy(&world, person).await);
    }
    // This one's address was not known when the trial began.
    let privy = &world.platform.privy;
    let token = privy.access_token(&linked_later.did).expect("a token");
    let nothing = privy.key().sign(&identity_claims(&linked_later.did, &[])).expect("a token");
    let body = json!({"token": token, "identity_token": nothing});
    first.push(world.visit("/auth/privy", &body).await.success());
    by_privy(&world, &linked_later).await;
    for signed_in in &first {
        assert_eq!(signed_in["account"]["credits"], json!(10));
        leave(&world, signed_in).await;
    }
    let answers = [
        // The same Privy id with another address, the same address by code, and as another Privy user.
        by_privy(&world, &Person { email: Person::new().email, ..by_id }).await,
        by_code(&world, &by_address.email).await,
        by_privy(&world, &Person { email: linked_later.email, ..Person::new() }).await,
    ];
    for answer in answers {
        let account = &answer["account"];
        assert_eq!((&answer["is_new_user"], &account["credits"]), (&json!(true), &json!(0)));
        assert_eq!((&account["trial"], &account["plan"]), (&Value::Null, &json!("free")));
        assert!(answer["api_key"].is_string());
    }
    assert_eq!(world.value("select count(*) from gateway.credit_grants").await, json!(3));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn whoever_leaves_and_comes_back_the_same_way_gets_no_second_trial_however_often() {
    let world = World::start().await;
    // By a code, by a Privy id without an address, and by one with an address.
    let (email, with_address) = (Person::new().email, Person::new());
    let privy = &world.platform.privy;
    let did = Person::new().did;
    let by_id = json!({"token": privy.access_token(&did).expect("a token"),
                       "identity_token": privy.identity_token(&did, &[]).expect("a token")});
    let mut accounts = Vec::new();
    for round in 0..3 {
        let answers = [
            by_code(&world, &email).await,
            world.visit("/auth/privy", &by_id).await.success(),
            by_privy(&world, &with_address).await,
        ];
        for answer in answers {
            assert_eq!(answer["is_new_user"], json!(true), "{round}");
            assert_eq!(answer["account"]["credits"], json!(if round == 0 { 10 } else { 0 }), "{round}");
            assert_eq!(answer["account"]["trial"].is_null(), round > 0, "{round}");
            accounts.push(answer["account"]["id"].to_string());
            leave(&world, &answer).await;
        }
    }
    accounts.sort_unstable();
    accounts.dedup();
    assert_eq!(accounts.len(), 9, "each time another account");
    assert_eq!(world.value("select count(*) from gateway.credit_grants").await, json!(3));
    for trace in [&email, &did, &with_address.email, &with_address.did] {
        assert!(!world.is_stored(trace).await, "{trace}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn whoever_was_refused_a_trial_gets_none_by_what_they_prove_later() {
    let world = World::start().await;
    let (person, further) = (Person::new(), Person::new().email);
    let privy = &world.platform.privy;
    let both = json!({
        "token": privy.access_token(&person.did).expect("a token"),
        "identity_token": privy.identity_token(&person.did, &[email_account(&person.email), email_account(&further)])
            .expect("a token"),
    });
    leave(&world, &by_privy(&world, &person).await).await;
    let again = by_privy(&world, &person).await;
    assert_eq!(again["account"]["credits"], json!(0));
    let known = world.visit("/auth/privy", &both).await.success();
    assert_eq!(known["account"]["id"], again["account"]["id"]);
    let added = world
        .value("select jsonb_agg(details -> 'kinds') from gateway.audit_logs where action = 'sign_in.identity_added'")
        .await;
    assert_eq!(added, json!([["email"]]));
    leave(&world, &again).await;
    let by_the_other = by_code(&world, &further).await;
    assert_eq!((&by_the_other["is_new_user"], &by_the_other["account"]["credits"]), (&json!(true), &json!(0)));
    assert_eq!(world.value("select count(*) from gateway.credit_grants").await, json!(1));
}

#[tokio::test]
async fn the_requests_of_a_trial_are_counted_behind_a_plan_that_has_ended() {
    let world = World::start().await;
    let key = by_privy(&world, &Person::new()).await["api_key"].as_str().expect("a key").to_owned();
    world
        .sql("update gateway.accounts set trial_requests_left = 1, plan = 'dev', plan_ends_at = gateway.now() - interval '1 second'")
        .await;
    world.completion(&key, &hello(&json!({}))).await;
    world.settled().await;
    Answer::to(world.chat(&key, &hello(&json!({})))).await.refused(429, "trial_requests_used");
    world.sql("update gateway.accounts set plan_ends_at = null").await;
    world.completion(&key, &hello(&json!({}))).await;
    world.settled().await;
}

#[tokio::test]
async fn a_trial_ends_after_three_days_and_what_is_left_of_it_lapses() {
    let world = World::start().await;
    let person = Person::new();
    world.set_clock("2090-03-01 12:00Z").await;
    let first = by_privy(&world, &person).await;
    assert_eq!(first["account"]["trial"]["ends_at"], json!("2090-03-04T12:00:00+00:00"));
    world.set_clock("2090-03-04 12:00Z").await;
    let later = by_privy(&world, &person).await;
    assert_eq!((&later["account"]["credits"], &later["account"]["plan"]), (&json!(0), &json!("free")));
    assert_eq!(later["account"]["trial"]["active"], json!(false));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn one_mailbox_has_one_trial_whatever_it_is_called() {
    let world = World::start().await;
    for (address, others) in [
        ("ann@people.example", &["ann+1@people.example", "ann+@people.example", "ann+a+b@people.example"][..]),
        ("bob.b+first@gmail.com", &["bobb@gmail.com", "b.o.b.b@gmail.com", "bobb+x@googlemail.com"]),
        ("eve+1@people.example", &["eve@people.example", "eve+2@people.example"]),
        ("+1@people.example", &[]),
    ] {
        assert_eq!(by_code(&world, address).await["account"]["credits"], json!(10), "{address}");
        for other in others {
            let account = by_code(&world, other).await;
            assert_eq!((&account["is_new_user"], &account["account"]["credits"]), (&json!(true), &json!(0)), "{other}");
            assert_eq!(account["account"]["trial"], Value::Null, "{other}");
        }
    }
    // Elsewhere a dot tells two mailboxes apart, and so does anything before the +.
    for address in ["a.nn@people.example", "ann@others.example", "+2@people.example"] {
        assert_eq!(by_code(&world, address).await["account"]["credits"], json!(10), "{address}");
    }
    // Neither does Privy's word help, nor asking for it.
    let alias = Person { email: "ann+privy@people.example".to_owned(), ..Person::new() };
    let account = by_privy(&world, &alias).await;
    assert_eq!(account["account"]["credits"], json!(0));
    let key = account["api_key"].as_str().expect("a key");
    Answer::to(world.post("/trial/start", key, &json!({}))).await.refused(409, "trial_used");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn the_claims_of_trials_name_nobody() {
    let world = World::start().await;
    let person = Person::new();
    by_privy(&world, &person).await;
    let claims = world.value("select jsonb_agg(proof_hash) from gateway.trial_claims").await;
    assert_eq!(claims.as_array().map(Vec::len), Some(2));
    assert!(!claims.to_string().contains(&person.email) && !claims.to_string().contains(&person.did));
    let sql = format!(
        "select gateway.proof_hash('email', '{}') in (select proof_hash from gateway.trial_claims)",
        person.email
    );
    assert_eq!(world.value(&sql).await, json!(true));
    // An address that a token names but that nobody verified proves nothing, and claims nothing.
    let mut unverified = email_account("unverified@people.example");
    for member in ["lv", "latest_verified_at"] {
        unverified[member] = Value::Null;
    }
    let other = Person::new();
    let privy = &world.platform.privy;
    let body = json!({"token": privy.access_token(&other.did).expect("a token"),
                      "identity_token": privy.identity_token(&other.did, &[unverified]).expect("a token")});
    assert_eq!(world.visit("/auth/privy", &body).await.success()["account"]["email"], Value::Null);
    assert_eq!(by_code(&world, "unverified@people.example").await["account"]["credits"], json!(10));
}
