//! What time does: periods end, drafts are sent, declined cards are tried again, pages expire. In the order in which it happens.

use serde_json::{Value, json};

use super::objects::Objects;
use super::subscriptions::{self, item, update};
use super::{checkout, events, invoices};

const DAY: i64 = 24 * 3600;
/// How long after each decline the card is tried again; then the subscription ends, or is left unpaid.
const RETRIES: [i64; 3] = [3 * DAY, 5 * DAY, 7 * DAY];

/// Something that happens to a subscription.
enum Due {
    /// Its period ends.
    Period,
    /// Its invoice is no draft any more.
    Draft,
    /// Its card is tried again.
    Retry,
}

/// Sets the clock forward. What was to happen meanwhile has happened.
pub(super) fn advance(objects: &mut Objects, seconds: i64) {
    let end = objects.now() + seconds;
    while let Some((at, id, due)) = next(objects).filter(|(at, ..)| *at <= end) {
        objects.set_clock(at);
        happen(objects, &id, &due);
    }
    objects.set_clock(end);
    checkout::expire_old(objects);
}

/// What comes first.
fn next(objects: &Objects) -> Option<(i64, String, Due)> {
    let running = objects.of_kind("subscription").filter(|one| one["status"] != "canceled");
    let due = running.flat_map(|one| {
        let id = one["id"].as_str().unwrap_or_default();
        let waits = one["waits"]["at"]
            .as_i64()
            .map(|at| (at, id.to_owned(), if one["waits"]["what"] == "draft" { Due::Draft } else { Due::Retry }));
        let ends = item(one)["current_period_end"].as_i64().map(|at| (at, id.to_owned(), Due::Period));
        waits.into_iter().chain(ends)
    });
    due.min_by_key(|(at, ..)| *at)
}

fn happen(objects: &mut Objects, id: &str, due: &Due) {
    let Some(subscription) = objects.find(id).cloned() else { return };
    match due {
        Due::Period if subscription["cancel_at_period_end"] == true => {
            let _ = subscriptions::cancel_now(objects, id, "cancellation_requested");
        }
        Due::Period => subscriptions::turn(objects, &subscription),
        Due::Draft | Due::Retry => try_again(objects, id),
    }
}

/// Tries the card on the invoice that waits.
pub(super) fn try_again(objects: &mut Objects, id: &str) {
    let Some(subscription) = objects.find(id).cloned() else { return };
    let invoice = subscription["waits"]["invoice"].as_str().unwrap_or_default().to_owned();
    let tried = usize::try_from(subscription["waits"]["tried"].as_i64().unwrap_or_default()).unwrap_or_default();
    let card = subscription["pays_with"].as_str().unwrap_or_default();
    if invoices::pay(objects, &invoice, card).is_ok() {
        objects.change(id, &json!({"waits": null}));
        if subscription["status"] != "active" {
            update(objects, id, &json!({"status": "active"}));
        }
        invoices::tell_paid(objects, &invoice);
        return;
    }
    let now = objects.now();
    match RETRIES.get(tried) {
        Some(pause) => {
            objects.change(&invoice, &json!({"next_payment_attempt": now + pause}));
            let waits = json!({"what": "retry", "invoice": invoice, "at": now + pause, "tried": tried + 1});
            objects.change(id, &json!({ "waits": waits }));
            if subscription["status"] != "past_due" {
                update(objects, id, &json!({"status": "past_due"}));
            }
        }
        None => give_up(objects, id, &invoice),
    }
}

fn give_up(objects: &mut Objects, id: &str, invoice: &str) {
    objects.change(id, &json!({"waits": null}));
    if objects.leaves_unpaid {
        update(objects, id, &json!({"status": "unpaid"}));
        return;
    }
    let _ = subscriptions::cancel_now(objects, id, "payment_failed");
    let lost: Value = objects.change(invoice, &json!({"status": "uncollectible", "next_payment_attempt": null}));
    events::tell(objects, "invoice.marked_uncollectible", &lost);
}
