//! What each kind of mail says. Of its row's payload and of nothing else, so that a mail that is sent again is the same to the byte.
//!
//! The list below is THE list of kinds: what is not in it has no words and is never sent. Preferences, the documentation, and the
//! tests of every mail's looks are derived from it or held to it.
//!
//! - `access`: keys, sign-ins and webhooks. `end_users`: their budgets. `money`: payments, credit and usage. `plans`: plans, trials and auto top-up.

mod access;
mod end_users;
mod money;
mod plans;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Deserialize;

use super::letter::Letter;
use crate::money::Nanos;

/// A kind of mail.
#[derive(Debug)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// Whether an account may switch it off. Of money that moves and of security everybody hears.
    pub optional: bool,
    /// When it is sent.
    pub when: &'static str,
}

/// What a row's payload says, in words. `site` is where its reader goes.
trait Says {
    fn says(self, site: &str) -> Letter;
}

macro_rules! kinds {
    ($($name:literal $variant:ident($told:ty) $is_optional:ident: $when:literal;)+) => {
        /// Every kind of mail.
        pub const KINDS: &[Kind] = &[$(Kind { name: $name, optional: kinds!(@ $is_optional), when: $when }),+];

        /// What rows of the outbox hold, by their kind.
        #[derive(Deserialize)]
        #[serde(tag = "kind", content = "payload")]
        enum Told {
            $(#[serde(rename = $name)] $variant($told)),+
        }

        impl Says for Told {
            fn says(self, site: &str) -> Letter {
                match self {
                    $(Self::$variant(told) => told.says(site)),+
                }
            }
        }
    };
    (@ optional) => { true };
    (@ always) => { false };
}

kinds! {
    "receipt" Receipt(money::Receipt) always: "a payment has arrived: for credit, for a plan, or by auto top-up";
    "payment_failed" PaymentFailed(money::PaymentFailed) always: "a payment was declined";
    "refund" Refund(money::Refund) always: "a payment was refunded";
    "dispute" Dispute(money::Dispute) always: "a bank disputes a payment";
    "low_balance" LowBalance(money::LowBalance) optional: "the balance has fallen below $10, or what `PATCH /user/notifications/thresholds` says; again only after it was a quarter above that";
    "out_of_credits" OutOfCredits(money::OutOfCredits) optional: "there is no credit left, or a call was refused for want of it; again only after there was some";
    "credits_expiring" CreditsExpiring(money::CreditsExpiring) optional: "credit lapses in a week; not that of a trial or of a plan's month";
    "referral_reward" ReferralReward(money::ReferralReward) optional: "a recommendation was rewarded";
    "usage_report" UsageReport(money::UsageReport) optional: "a month is over in which something was used, or a report was asked for";
    "trial_ending" TrialEnding(plans::TrialEnding) optional: "a trial ends in a day, and nothing was paid yet";
    "trial_ended" TrialEnded(plans::TrialEnded) optional: "a trial has ended, and nothing was paid yet";
    "plan_started" PlanStarted(plans::PlanStarted) always: "a plan begins";
    "plan_changed" PlanChanged(plans::PlanChanged) always: "a plan was exchanged for another one";
    "plan_payment_failed" PlanPaymentFailed(plans::PlanPaymentFailed) always: "the payment of a plan's next period was declined: its limits stay for a week";
    "plan_renewing" PlanRenewing(plans::PlanRenewing) always: "a plan renews for another year in a week";
    "plan_ending" PlanEnding(plans::PlanEnding) always: "a plan was cancelled and ends with its period";
    "plan_ended" PlanEnded(plans::PlanEnded) always: "a plan has ended";
    "auto_topup_paused" AutoTopupPaused(plans::AutoTopupPaused) always: "an auto top-up was declined: it is tried again later";
    "auto_topup_off" AutoTopupOff(plans::AutoTopupOff) always: "auto top-up is off, since the card's bank asks for its owner each time, declines for good, or disputes";
    "key_created" KeyCreated(access::KeyCreated) always: "API keys were made; one mail for all of ten minutes";
    "key_rotated" KeyRotated(access::KeyRotated) always: "API keys were given new secrets; one mail for all of ten minutes";
    "key_expiring" KeyExpiring(access::KeyExpiring) optional: "an API key expires in a week, and in a day";
    "spend_limit" SpendLimit(access::SpendLimit) optional: "an API key has used 80 % of its spend limit, and all of it; each once a period";
    "end_user_budget" EndUserBudget(end_users::EndUserBudget) optional: "an end user has used 80 % of its budget, and all of it; each once a period, and one mail for all of an hour";
    "spend_alert" SpendAlert(money::SpendAlert) always: "an account has spent as much in a day or month as it wanted to be told of; once in each";
    "provider_key_refused" ProviderKeyRefused(access::ProviderKeyRefused) always: "a provider refuses the account's own key";
    "new_sign_in" NewSignIn(access::NewSignIn) always: "somebody signed in from a network that was not seen for 90 days";
    "sign_in_code" SignInCode(access::SignInCode) always: "a code to sign in with was asked for";
    "webhook_disabled" WebhookDisabled(access::WebhookDisabled) always: "a webhook was switched off, since it has taken nothing for days or wants no more";
    "test" Test(access::Test) always: "a test was asked for";
}

/// Dollars with at least two decimals.
fn dollars(amount: Nanos) -> String {
    let plain = amount.to_string();
    let (sign, plain) = plain.strip_prefix('-').map_or(("", plain.as_str()), |plain| ("-", plain));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    format!("{sign}${whole}.{fraction:0<2}")
}

/// A moment in UTC, to the minute.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The mail that a row of the outbox stands for.
///
/// # Errors
/// When the row does not hold what its kind needs.
pub fn letter(kind: &str, payload: &serde_json::Value, site: &str) -> Result<Letter, serde_json::Error> {
    let told: Told = serde_json::from_value(serde_json::json!({ "kind": kind, "payload": payload }))?;
    Ok(told.says(site))
}
