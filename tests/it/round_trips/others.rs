//! Every endpoint that is not a completion asks the database once at most.

use shared::route::Auth;
use tests::watch::Watch;
use tests::world::{World, send};

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
