//! What an act has caused to be told is told right behind it: its mail and its webhooks.

use crate::app::App;
use crate::{mail, webhooks};

/// Whether acts of this process have queued anything that nobody has begun to send.
pub fn is_due(app: &App) -> bool {
    app.supabase_if_configured().is_some_and(|supabase| supabase.queued().is_any())
}

/// Sends what acts of this process have queued. Whatever goes wrong, the cron jobs send it.
pub async fn send(app: &App) {
    let Some(queued) = app.supabase_if_configured().map(|supabase| supabase.queued()) else { return };
    let (has_mail, receivers) = (queued.take_mail(), queued.take_webhooks());
    let mail = async {
        if has_mail {
            mail::due::send_after_act(app).await;
        }
    };
    let webhooks = async {
        if let Some(receivers) = receivers {
            webhooks::outbox::send_after_act(app, receivers).await;
        }
    };
    tokio::join!(mail, webhooks);
}
