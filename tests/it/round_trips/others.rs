//! Every endpoint that is not a completion asks the database once at most.

use serde_json::json;
use shared::route::Auth;
use tests::answer::Answer;
use tests::watch::Watch;
use tests::world::{World, hello, send};

use crate::samples::{operations, request, told};

/// Endpoints that ask Stripe: the database is asked once before and once after. The cron job asks as often as there are events.
/// And one that does what a cron job does.
const ASKS_STRIPE: [(&str, usize); 17] = [
    ("subscription_checkout", 2),
    ("subscription_change", 2),
    ("subscription_cancel", 2),
    ("subscription_resume", 2),
    ("stripe_checkout_sessions", 2),
    ("stripe_payment_intents", 2),
    ("stripe_refund", 2),
    ("user_payment_refund", 2),
    ("user_auto_topup", 2),
    ("cron_reconcile_payments", usize::MAX),
    // Who may, and what time has brought.
    ("admin_notification_process", 2),
    // One for each provider's list.
    ("admin_refresh_models", usize::MAX),
    ("cron_sync_models", usize::MAX),
    // What webhooks are told is claimed a few at a time, and each is noted by itself.
    ("cron_webhooks", usize::MAX),
    ("cron_alerts", usize::MAX),
    ("user_webhook_test", usize::MAX),
    ("user_webhook_replay", usize::MAX),
];

#[tokio::test]
async fn every_other_endpoint_makes_one_database_call_at_most() {
    let world = World::start().await;
    let watch = Watch::new(&world);
    for (route, operation) in operations() {
        let name = format!("{} {}", operation.method, route.paths[0]);
        let response = send(request(&world, route, operation).await).await;
        let (status, text) = (response.status().as_u16(), response.text().await.expect("a body"));
        assert_eq!(status, told(route, operation).0, "{name}: {text}");
        // Mail goes behind the answer, of this request or of one before.
        let is_of_mail =
            |function: &String| ["claim_notifications", "finish_notifications"].contains(&function.as_str());
        let mut asked = watch.functions();
        asked.retain(|function| !is_of_mail(function));
        let most = ASKS_STRIPE.iter().find(|(asks, _)| *asks == route.name).map_or(1, |(_, most)| *most);
        assert!(asked.len() <= most, "{name}: {asked:?}");
        // Who a caller is, only the database knows.
        if matches!(operation.auth, Auth::User | Auth::Admin) {
            assert!(!asked.is_empty(), "{name}");
        }
        watch.clear();
    }
}

#[tokio::test]
async fn what_the_database_has_refused_is_not_asked_of_it_again() {
    let world = World::start().await;
    let (account, poor) = (world.account(1_000_000_000).await, world.account(0).await);
    let watch = Watch::new(&world);
    let nowhere = uuid::Uuid::now_v7();
    let unknown = hello(&json!({ "model": "test/unknown" }));
    for (request, function, status) in [
        (world.chat(&account.key, &unknown), "begin_request", 404),
        // Who has nothing cannot pay for a prompt that is counted, either.
        (world.chat(&poor.key, &hello(&json!({}))), "begin_request", 402),
        (world.get(&format!("/user/activity/log/{nowhere}"), &account.key), "get_request", 404),
        (world.get(&format!("/v1/chat/sessions/{nowhere}"), &account.key), "get_chat_session", 404),
    ] {
        watch.clear();
        assert_eq!(Answer::to(request).await.status, status, "{function}");
        // What is counted of refusals, and mail, goes behind the answer.
        let asked = watch.functions();
        let asks: Vec<_> = asked.iter().filter(|name| [function, "check_caller"].contains(&name.as_str())).collect();
        assert_eq!(asks, [function]);
    }
}
