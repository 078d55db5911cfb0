//! Whatever happens between the cron job and Resend, each mail goes once.

use local::mailbox::Fault;
use serde_json::json;
use tests::answer::Answer;
use tests::world::World;
use tokio::net::TcpListener;

use super::{cron, later, queued, recipients, states};

#[tokio::test]
async fn a_batch_whose_answer_was_lost_is_sent_again_and_arrives_once() {
    let world = World::start().await;
    queued(&world, 3).await;
    world.platform.mailbox.fail([Fault::LoseAnswer]);
    assert_eq!(cron(&world).await, json!({"sent": 0, "failed": 0, "waiting": 3}));
    assert_eq!(recipients(&world).len(), 3);
    // New ones are another batch.
    queued(&world, 1).await;
    later(&world).await;
    assert_eq!(cron(&world).await, json!({"sent": 4, "failed": 0, "waiting": 0}));
    let all = recipients(&world);
    let mut once = all.clone();
    once.dedup();
    assert_eq!((all.len(), once.len()), (4, 4));
    assert_eq!(states(&world).await, json!({"sent": 4}));
}

#[tokio::test]
async fn a_function_that_died_after_its_claim_loses_nothing_and_what_is_a_day_old_is_left_alone() {
    let world = World::start().await;
    queued(&world, 2).await;
    world.value("select public.claim_notifications()").await;
    assert_eq!(cron(&world).await["sent"], 0);
    later(&world).await;
    assert_eq!(cron(&world).await["sent"], 2);
    queued(&world, 1).await;
    world.value("select public.claim_notifications()").await;
    later(&world).await;
    world.sql("update gateway.notifications set first_tried_at = first_tried_at - interval '1 day' where state = 'sending'").await;
    assert_eq!(cron(&world).await["sent"], 0);
    assert_eq!(states(&world).await, json!({"sent": 2, "unknown": 1}));
}

#[tokio::test]
async fn what_resend_refuses_for_now_is_sent_later() {
    let world = World::start().await;
    queued(&world, 2).await;
    let faults = [
        Fault::Refuse(409, "concurrent_idempotent_requests"),
        Fault::Refuse(429, "daily_quota_exceeded"),
        Fault::Refuse(503, "service_unavailable"),
        Fault::Refuse(403, "invalid_api_key"),
    ];
    let times = faults.len();
    world.platform.mailbox.fail(faults);
    for _ in 0..times {
        assert_eq!(cron(&world).await["waiting"], 2);
        later(&world).await;
    }
    // A limit that is over in a second is waited for.
    world.platform.mailbox.fail([Fault::Refuse(429, "rate_limit_exceeded")]);
    assert_eq!(cron(&world).await["sent"], 2);
    assert_eq!(recipients(&world).len(), 2);
}

#[tokio::test]
async fn what_resend_does_not_answer_is_sent_later() {
    let world = World::start().await;
    queued(&world, 2).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let breaks_off = format!("http://{}", listener.local_addr().expect("an address"));
    let accepts = tokio::spawn(async move {
        loop {
            // Whoever has connected is left without an answer.
            drop(listener.accept().await);
        }
    });
    let asked = async |url: &str| {
        let gateway = world.another_gateway_with(&[("RESEND_BASE_URL", url)]).await;
        let request = world.http.get(format!("{gateway}/api/cron/notifications"));
        Answer::to(request.bearer_auth(world.platform.cron_secret())).await.success()
    };
    assert_eq!(asked(&breaks_off).await, json!({"sent": 0, "failed": 0, "waiting": 2}));
    accepts.abort();
    let _ = accepts.await;
    later(&world).await;
    // Nobody listens there any more.
    assert_eq!(asked(&breaks_off).await, json!({"sent": 0, "failed": 0, "waiting": 2}));
    later(&world).await;
    assert_eq!(cron(&world).await, json!({"sent": 2, "failed": 0, "waiting": 0}));
    assert_eq!(recipients(&world).len(), 2);
}

#[tokio::test]
async fn a_bad_address_among_a_hundred_and_a_batch_that_is_refused_cost_no_other_mail() {
    let world = World::start().await;
    let all = queued(&world, 100).await;
    world.change_account(&all[50], "email = 'nobody'").await;
    assert_eq!(cron(&world).await, json!({"sent": 99, "failed": 1, "waiting": 0}));
    assert_eq!(world.platform.mailbox.requests(), 1);
    // Refused as a whole, each goes by itself.
    queued(&world, 3).await;
    world.platform.mailbox.fail([Fault::Refuse(422, "validation_error")]);
    assert_eq!(cron(&world).await, json!({"sent": 3, "failed": 0, "waiting": 0}));
    assert_eq!(states(&world).await, json!({"sent": 102, "failed": 1}));
}
