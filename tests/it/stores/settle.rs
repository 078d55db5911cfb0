//! A database that cannot be used when a call is settled.

use local::postgrest::Fault;
use serde_json::json;
use tests::watch::Watch;
use tests::world::{World, hello, nanos, read, send};

use super::{CREDIT, waiting_settles};

#[tokio::test]
async fn a_settle_is_tried_again_and_charged_once() {
    let world = World::start().await;
    let mut spent = 0;
    let account = world.account(CREDIT).await;
    let watch = Watch::new(&world);
    for (fault, times) in [
        (Fault::Refuse, 1),
        // Committed, but we did not hear of it.
        (Fault::DropAnswer, 1),
        (Fault::DropAnswer, 2),
        (Fault::Raise("40P01".to_owned()), 2),
        (Fault::Answer { status: 401, content_type: "text/html".to_owned(), body: "<html>".to_owned() }, 1),
    ] {
        let case = format!("{fault:?}");
        watch.clear();
        world.platform.postgrest.control().fail(Some("finish_request"), Some(times), fault);
        let (status, answer) = read(send(world.chat(&account.key, &hello(&json!({})))).await).await;
        assert_eq!(status, 200, "{case}: {answer}");
        spent += nanos(&answer["usage"]["cost"]);
        tests::watch::poll("the settle", || async { watch.functions().len() >= times + 2 }).await;
        world.settled().await;
        let settles = watch.functions().iter().filter(|function| *function == "finish_request").count();
        assert_eq!(settles, times + 1, "{case}");
        assert_eq!(world.money(account.id).await, (CREDIT - spent, 0, 0), "{case}");
        assert_eq!(waiting_settles(&world).await, 0, "{case}");
    }
    world.assert_ledger_clean().await;
}
