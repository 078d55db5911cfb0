//! The mail with a code to sign in with: at once, by the same outbox, which does not hold the code.

use local::mailbox::Fault;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::people::Person;
use tests::watch::poll;
use tests::world::World;

use super::{cron, later, states};

async fn ask(world: &World, person: &Person) -> Answer {
    world.visit("/auth/register", &json!({"email": person.email})).await
}

/// What the outbox holds.
async fn rows(world: &World) -> Value {
    world.value("select jsonb_agg(to_jsonb(n)) from gateway.notifications n").await
}

/// Waits until it is noted that a mail is to be sent again.
async fn noted(world: &World) {
    let waiting = "select count(*) from gateway.notifications where state = 'sending' and error is not null";
    poll("the note", || async { world.value(waiting).await == json!(1) }).await;
}

#[tokio::test]
async fn a_code_that_resend_does_not_take_at_once_is_sent_by_the_cron_job_and_opens() {
    let world = World::start().await;
    let person = Person::new();
    world.platform.mailbox.fail([Fault::Refuse(503, "service_unavailable")]);
    ask(&world, &person).await.refused(503, "mail_unavailable");
    noted(&world).await;
    let held = rows(&world).await.to_string();
    later(&world).await;
    assert_eq!(cron(&world).await["sent"], 1);
    let code = world.mailed_code(&person.email);
    assert!(!held.contains(&format!("\"{code}\"")), "{held}");
    world.visit("/auth/verify", &json!({"email": person.email, "code": code})).await.success();
}

#[tokio::test]
async fn a_code_whose_answer_was_lost_arrives_once() {
    let world = World::start().await;
    let person = Person::new();
    world.platform.mailbox.fail([Fault::LoseAnswer]);
    ask(&world, &person).await.refused(503, "mail_unavailable");
    noted(&world).await;
    later(&world).await;
    assert_eq!(cron(&world).await["sent"], 1);
    assert_eq!(world.platform.mailbox.messages().len(), 1);
    let code = world.mailed_code(&person.email);
    world.visit("/auth/verify", &json!({"email": person.email, "code": code})).await.success();
}

#[tokio::test]
async fn a_code_that_is_replaced_or_too_old_is_not_sent() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    let person = Person::new();
    world.platform.mailbox.fail([Fault::Refuse(500, "internal_server_error")]);
    ask(&world, &person).await.refused(503, "mail_unavailable");
    ask(&world, &person).await.success();
    poll("the notes", || async { states(&world).await == json!({"sent": 1, "suppressed": 1}) }).await;
    let other = Person::new();
    world.platform.mailbox.fail([Fault::Refuse(500, "internal_server_error")]);
    ask(&world, &other).await.refused(503, "mail_unavailable");
    noted(&world).await;
    world.set_clock("2090-03-01 12:11Z").await;
    later(&world).await;
    assert_eq!(cron(&world).await, json!({"sent": 0, "failed": 0, "waiting": 0}));
    assert_eq!(states(&world).await, json!({"sent": 1, "suppressed": 1, "failed": 1}));
    assert_eq!(world.platform.mailbox.messages().len(), 1);
    // A day later nothing is left of an address that may be nobody's.
    world.set_clock("2090-03-03 12:00Z").await;
    ask(&world, &Person::new()).await.success();
    poll("the note", || async { states(&world).await == json!({"sent": 1}) }).await;
}

#[tokio::test]
async fn an_address_that_returned_mail_is_refused_and_that_counts_as_an_attempt() {
    let world = World::start().await;
    let person = Person::new();
    let sql = format!(
        "insert into gateway.mail_suppressions (address_hash, reason, created_at)
           values (gateway.proof_hash('email', '{}'), 'bounced', gateway.now())",
        person.email
    );
    world.sql(&sql).await;
    for _ in 0..4 {
        assert_eq!(ask(&world, &person).await.refused(409, "mail_not_possible")["param"], "email");
    }
    ask(&world, &person).await.refused(429, "too_many_attempts");
    assert!(world.platform.mailbox.messages().is_empty());
}
