//! THE table: every endpoint file, its paths, its methods with their handlers, who may call them, and its limits.
//!
//! All else about routing is derived from it: the router of each function, `api/`, the binaries, vercel.json, the
//! service card. **To add an endpoint**: write its handler under `endpoints/`, add its entry here, and run
//! `cargo run -- routes --write`. An entry is
//!
//! ```text
//! /// One sentence: what it does.
//! name at "/path/{param}" | "/alias" { GET handler::path: Auth "scope", POST … } speaks Format max 300 needs [Database] cron "0 * * * *";
//! ```
//!
//! - The first path names the file: `/models/{provider}/{*model}` is `api/models/[provider]/[model].rs`, and `/` is
//!   `api/root.rs`. `{*param}` takes the rest of the path, slashes included; only the last segment can.
//! - `speaks`: the wire format of an inference endpoint.
//! - `max`: `maxDuration` on Vercel, in seconds ([`DEFAULT_MAX`] unless given). `cron`: when Vercel calls it.
//! - `needs`: settings without which the start of the function logs an error, besides those that the auth needs.

mod declare;
mod mount;
mod needs;
#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::Router;
use axum::routing::{MethodFilter, on};

use crate::app::SharedApp;
use crate::endpoints::{
    account, admin, admin_catalog, admin_coupons, api_keys, catalog, chats, console, coupons, cron, docs, inference,
    notifications, openrouter, payments, plans, platform, provider_keys, public, ranking, referrals, responses,
    sign_in, subscriptions, trials, usage, webhooks,
};
use crate::formats::format::Format;
use crate::route::{Auth, DEFAULT_MAX, Need, Operation, Route};
use declare::routes;
use mount::mount;
pub(crate) use needs::{served_by, unusable_settings};

routes! {
    /// The service card: what this is, and where everything else is.
    root at "/" { GET public::root::show: Public };
    /// Whether the gateway and its stores are well.
    health at "/health" { GET public::health::show: Public } needs [Database, Redis];
    /// Answers pong and counts.
    ping at "/ping" { GET public::ping::answer: Public };
    /// How many pings there were.
    ping_stats at "/ping/stats" { GET public::ping::stats: Public };
    /// The API in OpenAPI 3.1.
    openapi_json at "/openapi.json" { GET docs::document::show: Public };
    /// The API's documentation, rendered.
    docs_page at "/docs" { GET docs::page::show: Public };
    /// The guides' index: how to do what one wants to do.
    docs_guides at "/docs/guides" { GET docs::guides::home: Public };
    /// A guide, as a page or, with `.md` behind its name, as Markdown.
    docs_guide at "/docs/guides/{guide}" { GET docs::guides::show: Public };
    /// What is documented, for programs that read it: the guides' list (llmstxt.org).
    llms_txt at "/llms.txt" { GET docs::llms::list: Public };
    /// All guides in one text, for programs that read it.
    llms_full_txt at "/llms-full.txt" { GET docs::llms::full: Public };
    /// What the documentation's pages are rendered with.
    docs_asset at "/docs/{file}" { GET docs::assets::show: Public };
    /// The console: a page for people, which uses this API and nothing else.
    console at "/console" { GET console::page::show: Public };
    /// What the console consists of.
    console_file at "/console/{*file}" { GET console::file::show: Public };
    /// The catalog of models, page by page.
    models at "/models" | "/catalog/models" { GET catalog::models::list: Public } needs [Database];
    /// How many models each provider serves, and for how much.
    models_providers at "/models/providers" | "/catalog/models/providers" { GET catalog::providers::list: Public } needs [Database];
    /// A developer's models.
    models_developer at "/models/developers/{name}" | "/catalog/models/developers/{name}" {
        GET catalog::developer::list: Public
    } needs [Database];
    /// One model with its routes and prices.
    model at "/models/{provider}/{*model}" | "/catalog/models/{provider}/{*model}" { GET catalog::model::show: Public } needs [Database];
    /// The models that are used most.
    ranking_models at "/ranking/models" { GET ranking::models::list: Public } needs [Database];
    /// The apps that are used most.
    ranking_apps at "/ranking/apps" { GET ranking::apps::list: Public } needs [Database];
    /// The catalog as OpenAI's clients read it.
    v1_models at "/v1/models" { GET catalog::models::list_all: Public } needs [Database];
    /// How many models there are.
    v1_models_count at "/v1/models/count" { GET openrouter::models::count: Public } needs [Database];
    /// The models that the calling key may use.
    v1_models_user at "/v1/models/user" { GET openrouter::models::of_key: User "self" };
    /// The models that make vectors of texts.
    v1_embeddings_models at "/v1/embeddings/models" { GET openrouter::models::of_embeddings: Public } needs [Database];
    /// One model, as OpenRouter's clients read it.
    v1_one_model at "/v1/model/{*id}" { GET openrouter::models::show: Public } needs [Database];
    /// The routes whose provider keeps nothing.
    v1_endpoints_zdr at "/v1/endpoints/zdr" { GET openrouter::zdr::list: Public } needs [Database];
    /// Who serves models.
    v1_providers at "/v1/providers" { GET openrouter::providers::list: Public } needs [Database];
    /// One model, by its id.
    v1_model at "/v1/models/{*id}" { GET catalog::model::show_by_id: Public } needs [Database];
    /// Signs in with tokens of Privy; shows the page at which a user agrees to a key for an app.
    auth at "/auth" | "/auth/privy" {
        POST sign_in::privy::create: Public, GET openrouter::consent::show: Public
    } needs [Database, Pepper, Privy];
    /// The ways to sign in at this deployment.
    auth_methods at "/auth/methods" { GET sign_in::methods::show: Public };
    /// Mails a code to sign in with.
    auth_register at "/auth/register" { POST sign_in::register::create: Public } needs [Database, Pepper, Mail];
    /// Signs in with a code that was mailed, and issues a key.
    auth_verify at "/auth/verify" { POST sign_in::verify::create: Public } needs [Database, Pepper];
    /// OpenAI chat, streamed or not.
    v1_chat_completions at "/v1/chat/completions" {
        POST inference::chat_completions::create: User "inference"
    } speaks Chat max 300 needs [Redis];
    /// Legacy text completions, streamed or not.
    v1_completions at "/v1/completions" {
        POST inference::completions::create: User "inference"
    } speaks Completions max 300 needs [Redis];
    /// Vectors of texts.
    v1_embeddings at "/v1/embeddings" {
        POST inference::embeddings::create: User "inference"
    } speaks Embeddings max 120 needs [Redis];
    /// Documents by how well they answer a query.
    v1_rerank at "/v1/rerank" {
        POST inference::rerank::create: User "inference"
    } speaks Rerank max 120 needs [Redis];
    /// Images, streamed or not.
    images_generate at "/images/generate" | "/v1/images/generations" {
        POST inference::images::create: User "inference"
    } speaks ImageGeneration max 300 needs [Redis];
    /// Images that are changed, streamed or not.
    v1_images_edits at "/v1/images/edits" {
        POST inference::image_edits::create: User "inference"
    } speaks ImageEdit max 300 needs [Redis];
    /// The text of what is spoken, streamed or not.
    v1_audio_transcriptions at "/v1/audio/transcriptions" {
        POST inference::transcriptions::create: User "inference"
    } speaks Transcription max 300 needs [Redis];
    /// The same in English.
    v1_audio_translations at "/v1/audio/translations" {
        POST inference::transcriptions::translate: User "inference"
    } speaks Translation max 300 needs [Redis];
    /// A text that is spoken.
    v1_audio_speech at "/v1/audio/speech" {
        POST inference::speech::create: User "inference"
    } speaks Speech max 300 needs [Redis];
    /// Chats that are kept: new ones and all of them.
    v1_chat_sessions at "/v1/chat/sessions" {
        POST chats::sessions::create: User "chat:write", GET chats::sessions::list: User "chat:read"
    } needs [EncryptionKeys];
    /// One chat with its messages: reads it, changes its title, deletes it.
    v1_chat_session at "/v1/chat/sessions/{id}" {
        GET chats::session::show: User "chat:read", PATCH chats::session::change: User "chat:write",
        DELETE chats::session::delete: User "chat:write"
    } needs [EncryptionKeys];
    /// Puts a message into a chat.
    v1_chat_session_messages at "/v1/chat/sessions/{id}/messages" {
        POST chats::messages::add: User "chat:write"
    } needs [EncryptionKeys];
    /// A whole chat as a file.
    v1_chat_session_export at "/v1/chat/sessions/{id}/export" {
        GET chats::export::show: User "chat:read"
    } max 60 needs [EncryptionKeys];
    /// Messages by their words.
    v1_chat_search at "/v1/chat/search" { POST chats::search::find: User "chat:read" } needs [EncryptionKeys];
    /// How much is kept of chats.
    v1_chat_stats at "/v1/chat/stats" { GET chats::stats::show: User "chat:read" };
    /// Anthropic's Messages, streamed or not.
    v1_messages at "/v1/messages" {
        POST inference::messages::create: User "inference"
    } speaks Messages max 300 needs [Redis];
    /// OpenAI's Responses, streamed or not.
    v1_responses at "/v1/responses" {
        POST inference::responses::create: User "inference"
    } speaks Responses max 300 needs [Redis];
    /// One stored response: reads it, deletes it.
    v1_response at "/v1/responses/{id}" {
        GET responses::one::show: User "chat:read", DELETE responses::one::delete: User "chat:write"
    } needs [EncryptionKeys];
    /// What a stored response was asked.
    v1_response_input_items at "/v1/responses/{id}/input_items" {
        GET responses::input_items::list: User "chat:read"
    } needs [EncryptionKeys];
    /// Says that a response which is there cannot be cancelled.
    v1_response_cancel at "/v1/responses/{id}/cancel" {
        POST responses::cancel::cancel: User "chat:write"
    } needs [EncryptionKeys];
    /// How many tokens a message's prompt has, for free.
    v1_messages_count_tokens at "/v1/messages/count_tokens" {
        POST inference::count_tokens::count: User "inference"
    } speaks Messages needs [Redis];
    /// What the calling key is, may spend and has spent.
    v1_key at "/v1/key" | "/v1/auth/key" { GET openrouter::key::show: User "self" };
    /// All credit of the account, and what is used of it.
    v1_credits at "/v1/credits" { GET openrouter::credits::show: User "billing:read" };
    /// One call: what it used, what it cost and how long it took.
    v1_generation at "/v1/generation" { GET openrouter::generation::show: User "self" };
    /// What was said in one call, where it is kept.
    v1_generation_content at "/v1/generation/content" { GET openrouter::content::show: User "chat:read" };
    /// What was used in the last thirty days.
    v1_activity at "/v1/activity" { GET openrouter::activity::list: User "usage:read" };
    /// Keys that a backend makes for its own customers.
    v1_keys at "/v1/keys" {
        POST openrouter::keys::create: User "keys:write", GET openrouter::keys::list: User "keys:read"
    };
    /// One of them: shows it, changes it, revokes it.
    v1_key_of_account at "/v1/keys/{hash}" {
        GET openrouter::key_of_account::show: User "keys:read", PATCH openrouter::key_of_account::change: User "keys:write",
        DELETE openrouter::key_of_account::delete: User "keys:write"
    };
    /// Own keys at the providers.
    v1_byok at "/v1/byok" {
        POST openrouter::byok::create: User "keys:write", GET openrouter::byok::list: User "keys:read"
    } needs [EncryptionKeys];
    /// One of them: shows it, changes it, forgets it.
    v1_byok_key at "/v1/byok/{id}" {
        GET openrouter::byok_key::show: User "keys:read", PATCH openrouter::byok_key::change: User "keys:write",
        DELETE openrouter::byok_key::delete: User "keys:write"
    } needs [EncryptionKeys];
    /// An app gets the key that its user has agreed to.
    v1_auth_keys at "/v1/auth/keys" { POST openrouter::exchange::create: Public } needs [Database, Pepper];
    /// A user agrees to a key for an app.
    v1_auth_keys_code at "/v1/auth/keys/code" { POST openrouter::auth_code::create: User "keys:write" };
    /// Credits, what is reserved and what is available.
    user_balance at "/user/balance" { GET account::balance::show: User "billing:read" };
    /// The ledger, newest first.
    user_credit_transactions at "/user/credit-transactions" {
        GET account::credit_transactions::list: User "billing:read"
    };
    /// A month of an account's money, as JSON or as a page to be printed.
    user_statement at "/user/statement" { GET account::statement::show: User "billing:read" };
    /// Own keys at the providers.
    user_provider_keys at "/user/provider-keys" {
        POST provider_keys::collection::set: User "keys:write",
        GET provider_keys::collection::list: User "keys:read",
        DELETE provider_keys::collection::delete: User "keys:write"
    } needs [EncryptionKeys];
    /// One of them: shows it, changes it, forgets it.
    user_provider_key at "/user/provider-keys/{id}" {
        GET provider_keys::one::show: User "keys:read",
        PATCH provider_keys::one::change: User "keys:write",
        DELETE provider_keys::one::delete: User "keys:write"
    } needs [EncryptionKeys];
    /// Whom the account makes calls for, and what each may spend.
    user_end_users at "/user/end-users" {
        GET account::end_users::list: User "usage:read",
        PUT account::end_users::set: User "account:write",
        DELETE account::end_users::delete: User "account:write"
    };
    /// What an account says of itself.
    user_profile at "/user/profile" {
        GET account::profile::show: User "account:read",
        PATCH account::profile::update: User "account:write"
    };
    /// Forgets cached answers.
    user_cache at "/user/cache" { DELETE account::cache::purge: User "inference" } needs [Redis];
    /// What is kept of an account, and for how long.
    user_privacy at "/user/privacy" {
        GET account::privacy::show: User "account:read", PATCH account::privacy::update: User "account:write"
    };
    /// Deletes the account.
    user_account at "/user/account" { DELETE account::deletion::delete: User "account:write" };
    /// Usage at a glance.
    user_monitor at "/user/monitor" { GET usage::monitor::show: User "usage:read" };
    /// Usage by the environment of the key.
    user_environment_usage at "/user/environment-usage" { GET usage::environments::show: User "usage:read" };
    /// Requests one by one, as a file for spreadsheets.
    user_activity_export at "/user/activity/export" { GET usage::export::show: User "usage:read" } max 300;
    /// Usage in groups, as JSON or CSV.
    v1_report at "/v1/report" { GET usage::report::show: User "usage:read" };
    /// Usage by day, model, provider and key.
    user_activity_stats at "/user/activity/stats" { GET usage::activity_stats::show: User "usage:read" };
    /// Requests one by one, newest first.
    user_activity_log at "/user/activity/log" { GET usage::activity_log::list: User "usage:read" };
    /// One of them, with its attempts and what each part of it cost.
    user_activity_request at "/user/activity/log/{request}" { GET usage::request::show: User "usage:read" };
    /// What each key used.
    user_api_keys_usage at "/user/api-keys/usage" { GET usage::api_keys::list: User "usage:read" };
    /// API keys: new ones, each shown once, and all of them.
    user_api_keys at "/user/api-keys" {
        POST api_keys::collection::create: User "keys:write", GET api_keys::collection::list: User "keys:read"
    };
    /// New secrets for all keys of an environment.
    user_api_keys_rotate at "/user/api-keys/rotate" { POST api_keys::rotate_all::rotate: User "keys:write" };
    /// One key: reads it, changes its settings, revokes it.
    user_api_key at "/user/api-keys/{id}" {
        GET api_keys::one::show: User "keys:read", PATCH api_keys::one::change: User "keys:write",
        DELETE api_keys::one::revoke: User "keys:write"
    };
    /// A new secret for a key.
    user_api_key_rotate at "/user/api-keys/{id}/rotate" { POST api_keys::rotate::rotate: User "keys:write" };
    /// Every limit of the calling key, and what is left.
    user_limits at "/user/limits" { GET account::limits::show: User "usage:read" } needs [Redis];
    /// The rate limits of every key.
    user_rate_limits at "/user/rate-limits" { GET account::rate_limits::list: User "keys:read" };
    /// Lowers a key's rate limits.
    user_rate_limit at "/user/rate-limits/{key_id}" { PUT account::rate_limit::replace: User "keys:write" };
    /// What credit is sold in besides free amounts.
    stripe_credit_packages at "/api/stripe/credit-packages" { GET payments::packages::list: User "billing:read" };
    /// A page of Stripe's at which credit is paid.
    stripe_checkout_sessions at "/api/stripe/checkout-session" {
        POST payments::checkout_session::create: User "billing:write"
    } needs [Stripe];
    /// How the payment of such a page stands; credits it if it is paid.
    stripe_checkout_session at "/api/stripe/checkout-session/{session}" {
        GET payments::checkout_session::show: User "billing:read"
    } needs [Stripe];
    /// A payment for a page of one's own.
    stripe_payment_intents at "/api/stripe/payment-intent" {
        POST payments::payment_intent::create: User "billing:write"
    } needs [Stripe];
    /// How such a payment stands; credits it if it is paid.
    stripe_payment_intent at "/api/stripe/payment-intent/{intent}" {
        GET payments::payment_intent::show: User "billing:read"
    } needs [Stripe];
    /// What was bought, newest first.
    stripe_payments at "/api/stripe/payments" { GET payments::history::list: User "billing:read" };
    /// One payment, with its receipt.
    stripe_payment at "/api/stripe/payments/{id}" { GET payments::history::show: User "billing:read" };
    /// Returns what is unspent of a payment that is not a day old.
    user_payment_refund at "/user/payments/{id}/refund" { POST payments::own_refund::create: User "billing:write" } needs [Stripe];
    /// Credit that is bought by itself: what is agreed to, and how it stands.
    user_auto_topup at "/user/auto-topup" {
        GET payments::auto_topup::show: User "billing:read", PUT payments::auto_topup::set: User "billing:write"
    } needs [Stripe];
    /// Credit for a code.
    coupons_redeem at "/coupons/redeem" { POST coupons::redeem::create: User "billing:write" };
    /// Coupons that the caller may use now.
    coupons_available at "/coupons/available" { GET coupons::available::list: User "billing:read" };
    /// Coupons that the caller has used, newest first.
    coupons_history at "/coupons/history" { GET coupons::history::list: User "billing:read" };
    /// The caller's code to recommend the gateway by.
    referral_code at "/referral/code" { GET referrals::code::show: User "billing:read" };
    /// Whether somebody else's code is one.
    referral_validate at "/referral/validate" { POST referrals::code::validate: User "billing:read" };
    /// Says who recommended the gateway to the caller.
    referral_apply at "/referral/apply" { POST referrals::apply::create: User "billing:write" };
    /// What the caller's recommendations have brought; gives what is due.
    referral_stats at "/referral/stats" { GET referrals::stats::show: User "billing:read" };
    /// The caller's recommendations, newest first.
    referral_history at "/referral/history" { GET referrals::history::list: User "billing:read" };
    /// Which mail the account gets.
    user_notification_preferences at "/user/notifications/preferences" {
        GET notifications::preferences::show: User "account:read",
        PATCH notifications::preferences::change: User "account:write"
    };
    /// From what spending on the account is told.
    user_notification_thresholds at "/user/notifications/thresholds" {
        GET notifications::thresholds::show: User "account:read",
        PATCH notifications::thresholds::change: User "account:write"
    };
    /// Mails the account, to see whether mail reaches it.
    user_notification_test at "/user/notifications/test" {
        POST notifications::request::test: User "account:write"
    } needs [Mail];
    /// Mails what was used this month.
    user_usage_report at "/user/notifications/send-usage-report" {
        POST notifications::request::usage_report: User "account:write"
    } needs [Mail];
    /// Webhooks of one's own: new ones, each with a secret that is shown once, and all of them.
    user_webhooks at "/user/webhooks" {
        POST webhooks::collection::create: User "account:write", GET webhooks::collection::list: User "account:read"
    } needs [EncryptionKeys];
    /// One webhook: reads it, changes it, switches it on or off, deletes it.
    user_webhook at "/user/webhooks/{id}" {
        GET webhooks::one::show: User "account:read", PATCH webhooks::one::change: User "account:write",
        DELETE webhooks::one::delete: User "account:write"
    };
    /// A new secret for a webhook.
    user_webhook_rotate at "/user/webhooks/{id}/rotate-secret" {
        POST webhooks::rotate::rotate: User "account:write"
    } needs [EncryptionKeys];
    /// Sends a webhook a test.
    user_webhook_test at "/user/webhooks/{id}/test" { POST webhooks::attempt::test: User "account:write" } needs [EncryptionKeys];
    /// What a webhook was told, newest first.
    user_webhook_deliveries at "/user/webhooks/{id}/deliveries" { GET webhooks::deliveries::list: User "account:read" };
    /// Sends a delivery again.
    user_webhook_replay at "/user/webhooks/{id}/deliveries/{delivery_id}/replay" {
        POST webhooks::attempt::replay: User "account:write"
    } needs [EncryptionKeys];
    /// Switches a kind of mail off, by the link in it.
    unsubscribe at "/notifications/unsubscribe" {
        GET notifications::unsubscribe::show: Public, POST notifications::unsubscribe::switch_off: Public
    } needs [Database, Pepper];
    /// What Resend tells of addresses that take no mail.
    resend_webhook at "/api/resend/webhook" { POST notifications::webhook::take: Public } needs [Database, ResendWebhook];
    /// How the outbox of mail stands.
    admin_notification_stats at "/admin/notifications/stats" {
        GET notifications::administration::stats: Admin "admin:notifications"
    };
    /// Sends the mail that is due, at once.
    admin_notification_process at "/admin/notifications/process" {
        POST notifications::administration::process: Admin "admin:notifications"
    } needs [Mail];
    /// What Stripe tells of payments, refunds and disputes.
    stripe_webhook at "/api/stripe/webhook" { POST payments::webhook::take: Public } needs [Database, Stripe, StripeWebhook];
    /// Refunds a payment.
    stripe_refund at "/api/stripe/refund" { POST payments::refund::create: Admin "admin:refunds" } needs [Stripe];
    /// Plans: what each allows and costs.
    plans at "/plans" { GET plans::all::list: Public } needs [Database];
    /// One plan.
    plan at "/plans/{id}" { GET plans::all::show: Public } needs [Database];
    /// Plans that can be subscribed to.
    subscription_plans at "/subscription/plans" { GET plans::all::list_sold: Public } needs [Database];
    /// Which plan is in force for the account, why, and until when.
    user_plan at "/user/plan" { GET plans::own::show: User "billing:read" };
    /// What is used of it this month.
    user_plan_usage at "/user/plan/usage" { GET plans::own::usage: User "usage:read" };
    /// What it allows.
    user_plan_entitlements at "/user/plan/entitlements" { GET plans::own::entitlements: User "billing:read" };
    /// A page of Stripe's at which a plan is bought.
    subscription_checkout at "/subscription/checkout" { POST subscriptions::checkout::create: User "billing:write" } needs [Stripe];
    /// A page of Stripe's at which cards, invoices and the plan are managed.
    subscription_portal at "/subscription/portal" { POST subscriptions::portal::create: User "billing:write" } needs [Stripe];
    /// Changes to a dearer plan, or a longer interval, now.
    subscription_change at "/subscription/change" { POST subscriptions::change::become_another: User "billing:write" } needs [Stripe];
    /// Lets the plan end with its period.
    subscription_cancel at "/subscription/cancel" { POST subscriptions::change::cancel: User "billing:write" } needs [Stripe];
    /// Lets it go on after all.
    subscription_resume at "/subscription/resume" { POST subscriptions::change::resume: User "billing:write" } needs [Stripe];
    /// The account's trial: whether it can be begun, and what is left of it.
    trial_status at "/trial/status" { GET trials::own::show: User "billing:read" };
    /// Begins the trial of an account that came without one.
    trial_start at "/trial/start" { POST trials::own::start: User "billing:write" };
    /// What trials came to.
    admin_trial_analytics at "/admin/trial/analytics" { GET admin::trial_analytics::show: Admin "admin:trials" };
    /// How the platform runs: now, in a window, and in the one before it.
    admin_monitor at "/admin/monitor" { GET platform::monitor::show: Admin "admin:monitor" } needs [Redis];
    /// The platform's usage by day, model and provider.
    admin_usage at "/admin/usage" { GET platform::usage::show: Admin "admin:usage" };
    /// The movements of all accounts' credit.
    admin_transaction_analytics at "/admin/transaction-analytics" { GET platform::transactions::show: Admin "admin:usage" };
    /// What all accounts have and owe.
    admin_balance at "/admin/balance" { GET platform::balance::show: Admin "admin:usage" };
    /// Finds requests among those of all accounts.
    admin_requests at "/admin/requests" { GET platform::requests::list: Admin "admin:requests" };
    /// What all accounts have bought, with its refunds and disputes.
    admin_payments at "/admin/payments" { GET platform::payments::list: Admin "admin:payments" };
    /// One request of any account: whose it was, its attempts, its cost in parts.
    admin_request at "/admin/requests/{request}" { GET platform::request::show: Admin "admin:requests" };
    /// Counters and gauges for Prometheus.
    admin_metrics at "/admin/metrics" { GET platform::metrics::show: Admin "admin:metrics" } needs [Redis];
    /// A new account with its primary key.
    admin_create at "/admin/create" { POST admin::create::create: Admin "admin:users" };
    /// Gives an account credit, or takes unspent credit back.
    admin_add_credits at "/admin/add_credits" { POST admin::add_credits::change: Admin "admin:credits" };
    /// Coupons: makes them, one or many, and lists them.
    admin_coupons at "/admin/coupons" {
        POST admin_coupons::collection::create: Admin "admin:coupons",
        GET admin_coupons::collection::list: Admin "admin:coupons"
    };
    /// All coupons together, and the promotions' budgets.
    admin_coupon_stats at "/admin/coupons/stats" { GET admin_coupons::statistics::of_all: Admin "admin:coupons" };
    /// One coupon: reads it, changes its limits, ends it.
    admin_coupon at "/admin/coupons/{id}" {
        GET admin_coupons::one::show: Admin "admin:coupons", PATCH admin_coupons::one::change: Admin "admin:coupons",
        DELETE admin_coupons::one::delete: Admin "admin:coupons"
    };
    /// What a coupon has brought.
    admin_coupon_analytics at "/admin/coupons/{id}/analytics" {
        GET admin_coupons::statistics::of_one: Admin "admin:coupons"
    };
    /// The budgets that coupons draw on.
    admin_promotions at "/admin/promotions" { GET admin_coupons::promotions::list: Admin "admin:coupons" };
    /// Makes a promotion, or changes its budget.
    admin_promotion at "/admin/promotions/{id}" { PUT admin_coupons::promotions::set: Admin "admin:coupons" };
    /// All recommendations, with why one earns nothing.
    admin_referrals at "/admin/referrals" { GET referrals::administration::list: Admin "admin:coupons" };
    /// Every invariant of the ledger, over all accounts.
    admin_ledger_check at "/admin/ledger/check" { GET admin::ledger_check::show: Admin "admin:ledger" };
    /// Accounts, newest first.
    admin_users at "/admin/users" { GET admin::users::list: Admin "admin:users" };
    /// One account: what it is and has; its name, and whether it is disabled.
    admin_user at "/admin/users/{id}" {
        GET admin::user::show: Admin "admin:users", PATCH admin::user::change: Admin "admin:users"
    };
    /// An account's own limits in place of its plan's.
    admin_limit at "/admin/limit" { POST admin::limit::set: Admin "admin:limits" };
    /// Gives an account a plan, or takes it away.
    admin_assign_plan at "/admin/assign-plan" { POST admin::assign_plan::assign: Admin "admin:plans" };
    /// The catalog: all models, and new ones.
    admin_models at "/admin/models" {
        GET admin_catalog::models::list: Admin "admin:models", POST admin_catalog::models::create: Admin "admin:models"
    };
    /// One model: reads it, changes it, disables it.
    admin_model at "/admin/models/{*id}" {
        GET admin_catalog::model::show: Admin "admin:models", PATCH admin_catalog::model::change: Admin "admin:models"
    };
    /// How providers serve models, and for how much.
    admin_routes at "/admin/routes" {
        GET admin_catalog::routes::list: Admin "admin:models", PUT admin_catalog::routes::set: Admin "admin:models"
    };
    /// Further names of models.
    admin_aliases at "/admin/aliases" { GET admin_catalog::aliases::list: Admin "admin:models" };
    /// One of them: has it mean a model, deletes it.
    admin_alias at "/admin/aliases/{*alias}" {
        PUT admin_catalog::aliases::set: Admin "admin:models", DELETE admin_catalog::aliases::delete: Admin "admin:models"
    };
    /// Reads every provider's own list of models now.
    admin_refresh_models at "/admin/refresh-models" { POST admin_catalog::lists::refresh: Admin "admin:models" } max 60;
    /// How the catalog stands to these lists, and what of them waits.
    admin_catalog_status at "/admin/catalog-status" { GET admin_catalog::lists::status: Admin "admin:models" };
    /// Takes a price that waits, or does not.
    admin_price_change at "/admin/price-changes/{id}" { POST admin_catalog::lists::decide: Admin "admin:models" };
    /// What plans make of prices.
    admin_plans at "/admin/plans" { GET admin_catalog::plans::list: Admin "admin:plans" };
    /// What a plan makes of prices from now on.
    admin_plan at "/admin/plans/{id}" { PATCH admin_catalog::plans::change: Admin "admin:plans" };
    /// Roles and what they may do.
    admin_roles at "/admin/roles" {
        GET admin::roles::list: Admin "admin:roles", POST admin::roles::create: Admin "admin:roles"
    };
    /// Gives an account another role.
    admin_assign_role at "/admin/roles/assign" { POST admin::assign_role::assign: Admin "admin:roles" };
    /// A role of one's own making.
    admin_role at "/admin/roles/{name}" {
        PUT admin::role::change: Admin "admin:roles", DELETE admin::role::delete: Admin "admin:roles"
    };
    /// Who has a role, newest first.
    admin_role_users at "/admin/roles/{name}/users" { GET admin::role_users::list: Admin "admin:roles" };
    /// What the operator was told of, newest first.
    admin_alerts at "/admin/rate-limits/alerts" { GET admin::alerts::list: Admin "admin:limits" };
    /// How the limiter stands, and which limits hold.
    admin_limit_system at "/admin/rate-limits/system" { GET admin::alerts::system: Admin "admin:limits" } needs [Redis];
    /// The audit trail, newest first.
    admin_audit_logs at "/admin/audit-logs" { GET admin::audit_logs::list: Admin "admin:audit" };
    /// What happened to the account's keys and sign-ins, newest first.
    user_key_audit_logs at "/user/api-keys/audit-logs" { GET account::key_audit_logs::list: User "keys:read" };
    /// Settles calls whose function died: open holds, and settlements in the outbox.
    cron_sweep_holds at "/api/cron/sweep-holds" { GET cron::sweep_holds::sweep: Cron } needs [Redis] cron "*/5 * * * *";
    /// Forgets what is past its account's retention.
    cron_retention at "/api/cron/retention" { GET cron::retention::forget: Cron } cron "23 * * * *";
    /// Finds out about payments that no webhook has told of, and asks for refunds that were not asked for.
    cron_reconcile_payments at "/api/cron/reconcile-payments" { GET cron::reconcile_payments::reconcile: Cron } cron "11,41 * * * *";
    /// Sends the mail that is due.
    cron_notifications at "/api/cron/notifications" { GET cron::notifications::send: Cron } cron "*/5 * * * *";
    /// Tells users' webhooks what is due.
    cron_webhooks at "/api/cron/webhooks" { GET cron::webhooks::send: Cron } needs [EncryptionKeys] cron "*/5 * * * *";
    /// Looks for what the operator should be told at once.
    cron_alerts at "/api/cron/alerts" { GET cron::alerts::watch: Cron } needs [Redis] cron "*/5 * * * *";
    /// Sums up the hours that are over.
    cron_rollups at "/api/cron/rollups" { GET cron::rollups::roll_up: Cron } cron "7 * * * *";
    /// Reads providers' own lists of models.
    cron_sync_models at "/api/cron/sync-models" { GET cron::sync_models::sync: Cron } max 60 cron "37 */6 * * *";
}
