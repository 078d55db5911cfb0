//! Cron jobs that send mail at the same time.

use futures_util::future::join_all;
use serde_json::json;
use tests::answer::Answer;
use tests::watch::poll;
use tests::world::World;

use super::{cron, later, queued, recipients, states};

#[tokio::test(flavor = "multi_thread")]
async fn cron_jobs_at_once_send_each_mail_once() {
    let Some(world) = World::concurrent("cron jobs that send mail at once").await else { return };
    queued(&world, 90).await;
    let done = join_all((0..8).map(|_| cron(&world))).await;
    let sent: i64 = done.iter().filter_map(|done| done["sent"].as_i64()).sum();
    let mut once = recipients(&world);
    once.dedup();
    assert_eq!((sent, once.len(), states(&world).await), (90, 90, json!({"sent": 90})));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_somebody_takes_up_again_is_passed_by() {
    let Some(world) = World::concurrent("a batch that two take up again at once").await else { return };
    queued(&world, 3).await;
    world.value("select public.claim_notifications()").await;
    later(&world).await;
    let held = world.locked_rows("select from gateway.notifications where state = 'sending'").await;
    let nothing = Answer::to(world.get("/api/cron/notifications", world.platform.cron_secret()));
    assert_eq!(tests::certain("a cron job that waits for nobody", nothing).await.success()["sent"], 0);
    drop(held);
    poll("the rows' lock to end", || async { cron(&world).await["sent"] == 3 }).await;
    assert_eq!((recipients(&world).len(), states(&world).await), (3, json!({"sent": 3})));
}
