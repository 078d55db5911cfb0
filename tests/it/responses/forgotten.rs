//! What is not kept any longer: by its account's wish, in time, or with the account. And nobody reads it who has only the database.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, Deployment, World};
use uuid::Uuid;

use super::{behind, delete, forms, id, keep_for, kept, read, respond, wires, world_of};

/// Whether anything in the database names a response, or what belongs to it.
async fn is_anywhere(world: &World, response: &Value) -> bool {
    let id: Uuid = id(response).trim_start_matches("resp_").parse().expect("an id");
    world.is_stored(&id.to_string()).await || world.is_stored(&id.simple().to_string()).await
}

async fn sweep(world: &World) -> Value {
    Answer::to(world.get("/api/cron/retention", &world.platform.variables()["CRON_SECRET"])).await.success()
}

#[tokio::test]
async fn the_database_never_sees_a_word_and_a_deleted_response_is_in_no_table() {
    let deployment = Deployment::new().await;
    for (wire, stream) in forms() {
        let (world, account) = world_of(&deployment, wire).await;
        let further = json!({"stream": stream, "instructions": "Timbuktu", "metadata": {"where": "Zanzibar"}});
        let response = respond(&world, wire, &account, "Ouagadougou", further).await;
        let next = respond(&world, wire, &account, "Samarkand", behind(&response)).await;
        for word in ["Ouagadougou", "Timbuktu", "Zanzibar", "Samarkand", &text_of(&response), &text_of(&next)] {
            assert!(!world.is_stored(word).await, "{}: {word}", wire.name);
        }
        assert!(is_anywhere(&world, &next).await);
        delete(&world, &account, &next).await.success();
        assert!(!is_anywhere(&world, &next).await);
        assert!(is_anywhere(&world, &response).await);
        delete(&world, &account, &response).await.success();
        assert!(!is_anywhere(&world, &response).await);
    }
}

fn text_of(response: &Value) -> String {
    let text = super::text(response);
    assert!(!text.is_empty(), "{response}");
    text.replace('\'', "''")
}

#[tokio::test]
async fn a_conversation_goes_so_many_days_after_its_last_response_out_of_sight_at_once_and_then_for_good() {
    let wire = wires().next().expect("a wire");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    world.set_clock("2027-03-01 12:00Z").await;
    let (old, long) = (
        respond(&world, wire, &account, "Old.", json!({})).await,
        respond(&world, wire, &account, "Long.", json!({})).await,
    );
    world.set_clock("2027-03-25 12:00Z").await;
    let next = respond(&world, wire, &account, "Goes on.", behind(&long)).await;
    // Thirty days, if nothing is said: the conversation that goes on is kept as a whole.
    world.set_clock("2027-04-02 12:00Z").await;
    read(&world, &account, &old).await.refused(404, "response_not_found");
    delete(&world, &account, &old).await.refused(404, "response_not_found");
    assert_eq!(read(&world, &account, &long).await.success(), long);
    assert!(is_anywhere(&world, &old).await);
    assert_eq!(sweep(&world).await["responses"], 1);
    assert!(!is_anywhere(&world, &old).await);
    assert_eq!(kept(&world, &account).await, 2);
    respond(&world, wire, &account, "And on.", behind(&next)).await;

    let privacy = Answer::to(world.get("/user/privacy", &account.key)).await.success();
    let usual =
        json!({"object": "privacy", "chat_retention_days": null, "response_retention_days": 30, "ranking": "counted"});
    assert_eq!(privacy, usual);
    // Whoever wants nothing kept has nothing at once.
    assert_eq!(keep_for(&world, &account, json!(0)).await.success()["response_retention_days"], 0);
    read(&world, &account, &long).await.refused(404, "response_not_found");
    assert_eq!(sweep(&world).await["responses"], 3);
    for response in [&long, &next] {
        assert!(!is_anywhere(&world, response).await);
    }
    assert_eq!((kept(&world, &account).await, &sweep(&world).await["responses"]), (0, &json!(0)));
    keep_for(&world, &account, json!(3650)).await.success();
    let response = respond(&world, wire, &account, "Again.", json!({})).await;
    world.set_clock("2037-03-01 12:00Z").await;
    assert_eq!(read(&world, &account, &response).await.success(), response);
}

#[tokio::test]
async fn only_a_number_of_days_is_taken_and_a_change_is_on_the_audit_trail() {
    let world = World::start().await;
    let account = world.account(0).await;
    for days in [json!(-1), json!(3651), json!(1.5), json!("7"), json!(true), json!(null)] {
        keep_for(&world, &account, days).await.refused(400, "invalid_request");
    }
    let request = world.http.patch(format!("{}/user/privacy", world.base_url)).bearer_auth(&account.key);
    Answer::to(request.header("content-type", "application/json").body("{}")).await.refused(400, "invalid_request");
    for days in [json!(30), json!(0), json!(3650)] {
        keep_for(&world, &account, days).await.success();
    }
    let changes = "select jsonb_agg(details -> 'after' -> 'response_retention_days' order by id)
                     from gateway.audit_logs where action = 'privacy.update'";
    assert_eq!(world.value(changes).await, json!([0, 3650]));
}

#[tokio::test]
async fn responses_go_with_their_account_and_one_that_ends_later_is_not_kept() {
    let wire = wires().next().expect("a wire");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    let root = respond(&world, wire, &account, "Root.", json!({})).await;
    let gate = world.platform.providers.control().gate();
    let (mine, body) = (Account { ..account_of(&account) }, wire.say("Late.", &behind(&root)));
    let request = world.call(wire, &mine.key, &body);
    let late = tokio::spawn(Answer::to(request));
    gate.wait_for(1).await;
    let request = world.http.delete(format!("{}/user/account", world.base_url)).bearer_auth(&account.key);
    let request = request.header("content-type", "application/json").body(r#"{"confirmation":"DELETE_ACCOUNT"}"#);
    Answer::to(request).await.success();
    gate.release();
    assert_eq!(late.await.expect("no panic").status, 200);
    world.settled().await;
    let left =
        "select (select count(*) from gateway.stored_responses) + (select count(*) from gateway.response_threads)
                     + (select count(*) from gateway.response_accounts)";
    assert_eq!(world.value(left).await, json!(0));
    assert!(!is_anywhere(&world, &root).await);
    world.assert_ledger_clean().await;
}

fn account_of(account: &Account) -> Account {
    Account { id: account.id, key_id: account.key_id, key: account.key.clone() }
}
