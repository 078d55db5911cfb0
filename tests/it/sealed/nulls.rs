//! SQL's null is neither true nor false, so a check that meets one may pass: no function of the API goes on without what it
//! needs.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::world::{Account, World};
use uuid::Uuid;

use crate::payments::facts::Bought;
use crate::samples::chats::kept_chat;
use crate::samples::coupons::coupon;
use crate::samples::payments::{paid, subscribed};
use crate::samples::referrals::somebodys_code;
use crate::samples::responses::stored_response;

/// A call of a function that does what it is for.
struct Sample {
    function: &'static str,
    arguments: Value,
    /// Arguments, and members of arguments, that may be null: each says something by it.
    nullable: &'static [&'static str],
    /// Values that are out of range, by where they are.
    wrong: Vec<(&'static str, Value)>,
}

fn sample(function: &'static str, arguments: Value, nullable: &'static [&'static str]) -> Sample {
    Sample { function, arguments, nullable, wrong: Vec::new() }
}

/// What the samples are about.
struct Scene {
    world: World,
    admin: Account,
    user: Account,
    spare: Account,
    chat: Uuid,
    response: Uuid,
    /// A payment of the user's that was begun, and one that was paid.
    payment: Uuid,
    paid: Uuid,
    /// A coupon of the user's: its id and its code.
    coupon: (Uuid, String),
    /// The code of somebody who was here before.
    recommended_by: String,
    subscription: String,
}

const HOUR: &str = "2026-01-01T00:00:00Z";

impl Scene {
    async fn start() -> Self {
        Self::on(World::start().await).await
    }

    async fn on(world: World) -> Self {
        let admin = world.administrator().await;
        let user = world.account(1_000_000_000).await;
        let spare = world.another_key(&user, "inference").await;
        world
            .sql(&format!(
                "insert into gateway.roles (name, permissions) values ('helper', '{{inference}}'), ('unused', '{{inference}}');
                 update gateway.api_keys set rate_limits = '{{\"requests_per_minute\": 1}}' where id = '{}';
                 update gateway.accounts set username = 'somebody', plan = 'team' where id = '{}'",
                spare.key_id, user.id
            ))
            .await;
        world.own_key(user.id, "chutes", "secret").await;
        let chat = kept_chat(&world, &user).await;
        let response = stored_response(&world, &user).await;
        let payment = Bought::new(&world, &user, 1_000, 1_000, 0).await.id;
        let paid = paid(&world, &user).await;
        let coupon = coupon(&world, &user).await;
        let recommended_by = somebodys_code(&world).await;
        let subscription = subscribed(&world, &user).await;
        world
            .sql(&format!("insert into gateway.identities values ('wallet', '0x1', '{}', gateway.now())", user.id))
            .await;
        Self { world, admin, user, spare, chat, response, payment, paid, subscription, coupon, recommended_by }
    }

    fn caller(&self, account: &Account) -> Value {
        json!({"key_hashes": [self.world.hash(&account.key)], "ip": "192.0.2.1", "user_agent": "test", "request_id": "r"})
    }

    /// Every function of the API that takes an argument.
    fn samples(&self) -> Vec<Sample> {
        let (admin, user) = (self.caller(&self.admin), self.caller(&self.user));
        let (id, spare) = (self.user.id, self.spare.key_id);
        let stored = |hash: &str| json!({"hash": hash, "prefix": "gw_live_", "last_four": "abcd", "name": "new", "environment": "live"});
        let call = json!({"call_id": Uuid::now_v7(), "model": tests::world::MODEL, "providers": ["openrouter"],
            "allowed": ["openrouter"], "prompt_bound": 50, "images": 0, "tools": false, "modalities": [], "choices": 1,
            "output_limit": 100, "hold_seconds": 60, "markup": 10_000});
        let below = |names: [&'static str; 5]| names.into_iter().map(|name| (name, json!(-1)));
        let begin = Sample {
            wrong: below(["call.prompt_bound", "call.images", "call.choices", "call.markup", "call.output_limit"])
                .chain([
                    ("call.choices", json!(0)),
                    ("call.hold_seconds", json!(0)),
                    ("call.modalities", json!("text")),
                ])
                .collect(),
            ..sample("begin_request", json!({"caller": user, "call": call}), &["call.output_limit", "call.tools"])
        };
        let finish = Sample {
            wrong: vec![("settlement.outcome", json!("free"))],
            ..sample(
                "finish_request",
                json!({"settlement": {"call_id": Uuid::now_v7(), "outcome": "completed", "provider": "openrouter"}}),
                &["settlement.provider"],
            )
        };
        let privy = Sample {
            wrong: vec![
                ("request.proofs", json!([])),
                ("request.proofs", json!([{"kind": "privy"}])),
                ("request.proofs", json!([{"kind": null, "value": "did:privy:1"}])),
            ],
            ..sample(
                "sign_in_with_privy",
                json!({"caller": {"ip": "192.0.2.1"}, "key": stored("privy"), "request": {
                    "proofs": [{"kind": "privy", "value": "did:privy:1"}], "referral_code": null, "issue_key": true}}),
                &["request.referral_code", "caller.ip", "key.name"],
            )
        };
        let credits = Sample {
            wrong: vec![("request.amount", json!(0))],
            ..sample(
                "add_credits",
                json!({"caller": admin, "idempotency": null,
                       "request": {"account_id": id, "amount": -1_000_000, "reason": "test", "expires_at": null}}),
                &["idempotency", "request.reason", "request.expires_at"],
            )
        };
        let page = |query: Value| {
            let mut query = query;
            query["limit"] = json!(2);
            query
        };
        vec![
            begin,
            finish,
            privy,
            credits,
            sample("record_refusal", json!({"caller": user, "code": "ip_not_allowed"}), &[]),
            sample("check_ledger", json!({"caller": admin, "so_far": null}), &["so_far"]),
            sample("get_profile", json!({"caller": user}), &[]),
            sample(
                "update_profile",
                json!({"caller": user, "request": {"username": "another"}}),
                &["request.username"],
            ),
            sample("delete_account", json!({"caller": user}), &[]),
            sample("get_balance", json!({"caller": user}), &[]),
            sample("list_credit_transactions", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample(
                "set_provider_key",
                json!({"caller": user, "request": {"provider": "chutes", "name": null, "last_four": "abcd",
                       "ciphertext": "c", "version": 1}}),
                &["request.name"],
            ),
            sample("list_provider_keys", json!({"caller": user}), &[]),
            sample("delete_provider_key", json!({"caller": user, "provider": "chutes"}), &[]),
            sample("list_outdated_provider_keys", json!({"versions": [1], "after": {}}), &[]),
            sample(
                "renew_provider_key",
                json!({"account_id": id, "provider": "chutes", "outdated": "c", "ciphertext": "d", "version": 2}),
                &[],
            ),
            sample(
                "create_chat_session",
                json!({"caller": user, "request": {"id": Uuid::now_v7(), "title": {"ciphertext": "c", "version": 1}}}),
                &["request.title"],
            ),
            sample("list_chat_sessions", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample("get_chat_session", json!({"caller": user, "target": self.chat, "query": page(json!({}))}), &[]),
            sample(
                "update_chat_session",
                json!({"caller": user, "target": self.chat, "request": {"model": "m"}}),
                &["request.model"],
            ),
            sample("delete_chat_session", json!({"caller": user, "target": self.chat}), &[]),
            sample(
                "add_chat_message",
                json!({"caller": user, "target": self.chat, "request": {"role": "user", "content": {"ciphertext": "c", "version": 1},
                       "terms": [1], "bound": 5, "tokens": 5, "images": 0, "modalities": ["image"]}}),
                &[],
            ),
            sample("search_chats", json!({"caller": user, "query": page(json!({"terms": [[1]]}))}), &[]),
            sample("get_chat_stats", json!({"caller": user}), &[]),
            sample("get_privacy", json!({"caller": user}), &[]),
            sample(
                "update_privacy",
                json!({"caller": user, "request": {"chat_retention_days": 7, "response_retention_days": 7}}),
                &["request.chat_retention_days"],
            ),
            sample("list_outdated_chats", json!({"versions": [1], "after": {}}), &[]),
            sample("renew_chats", json!({"renewed": {"sessions": [], "messages": []}}), &[]),
            sample("get_response", json!({"caller": user, "target": self.response}), &[]),
            sample("check_response", json!({"caller": user, "target": self.response}), &[]),
            sample("delete_response", json!({"caller": user, "target": self.response}), &[]),
            sample("list_outdated_responses", json!({"versions": [1], "after": {}}), &[]),
            sample("renew_responses", json!({"renewed": {"responses": []}}), &[]),
            sample("check_caller", json!({"caller": user, "scope": "inference"}), &[]),
            sample("get_limits", json!({"caller": user}), &[]),
            sample("list_rate_limits", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample(
                "set_rate_limits",
                json!({"caller": user, "target": spare, "rate_limits": {"burst": 3}}),
                &["rate_limits.burst"],
            ),
            sample(
                "list_api_keys",
                json!({"caller": user, "query": page(json!({"status": "all"}))}),
                &["query.status"],
            ),
            sample("get_api_key", json!({"caller": user, "target": spare}), &[]),
            sample(
                "create_api_key",
                json!({"caller": user, "stored": stored("created"), "settings": {"name": "new"}, "idempotency": null}),
                &["idempotency", "settings.name"],
            ),
            sample(
                "update_api_key",
                json!({"caller": user, "target": spare, "settings": {"name": "other", "max_requests": 3}}),
                &["settings.name", "settings.max_requests"],
            ),
            sample("revoke_api_key", json!({"caller": user, "target": spare}), &[]),
            sample(
                "rotate_api_key",
                json!({"caller": user, "target": spare, "grace_period_hours": 1,
                       "candidates": {"live": stored("rotated")}}),
                &[],
            ),
            sample(
                "rotate_api_keys",
                json!({"caller": user, "environment": "live", "grace_period_hours": 1,
                       "candidates": [stored("first"), stored("second")]}),
                &[],
            ),
            sample("get_monitor", json!({"caller": user}), &[]),
            sample("get_environment_usage", json!({"caller": user, "query": {"from": HOUR}}), &["query", "query.from"]),
            sample("get_activity_stats", json!({"caller": user, "query": {"from": HOUR}}), &["query", "query.from"]),
            sample("list_key_usage", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample("list_activity", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample("list_models", json!({"query": page(json!({}))}), &[]),
            sample("list_developer_models", json!({"query": page(json!({"developer": "test"}))}), &[]),
            sample("get_model", json!({"model_id": tests::world::MODEL}), &[]),
            sample(
                "record_failed_sign_in",
                json!({"caller": {"ip": "192.0.2.1"}, "method": "privy", "reason": "token_expired"}),
                &["caller.ip"],
            ),
            sample(
                "request_code",
                json!({"caller": {"ip": "192.0.2.1"},
                       "request": {"email": "ann@test.example", "code_hash": "hash", "referral_code": null}}),
                &["request.referral_code", "caller.ip"],
            ),
            sample(
                "verify_code",
                json!({"caller": {"ip": "192.0.2.1"}, "key": stored("verified"),
                       "request": {"email": "ben@test.example", "code_hashes": ["hash"]}}),
                &["caller.ip", "key.name"],
            ),
            sample("list_users", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample("list_role_users", json!({"caller": admin, "name": "user", "query": page(json!({}))}), &[]),
            sample("get_user", json!({"caller": admin, "account_id": id}), &[]),
            sample(
                "change_user",
                json!({"caller": admin, "account_id": id, "request": {"username": "third", "disabled": true}}),
                &["request.username", "request.disabled"],
            ),
            sample(
                "create_account",
                json!({"caller": admin, "key": stored("account"), "idempotency": null, "request": {
                    "email": "new@test.example", "username": null, "role": null, "credits": null, "plan": null}}),
                &["idempotency", "request.username", "request.role", "request.credits", "request.plan"],
            ),
            sample(
                "create_admin",
                json!({"request": {"email": "root@test.example"}, "key": stored("administrator")}),
                &[],
            ),
            sample("list_roles", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample(
                "create_role",
                json!({"caller": admin, "request": {"name": "new", "permissions": ["inference"]}}),
                &[],
            ),
            sample(
                "change_role",
                json!({"caller": admin, "name": "helper", "request": {"permissions": ["models:read"]}}),
                &[],
            ),
            sample("delete_role", json!({"caller": admin, "name": "unused"}), &[]),
            sample("assign_role", json!({"caller": admin, "request": {"account_id": id, "role": "helper"}}), &[]),
            sample(
                "set_account_limits",
                json!({"caller": admin, "request": {"account_id": id, "limits": {"burst": 5}}}),
                &[],
            ),
            sample(
                "assign_plan",
                json!({"caller": admin, "request": {"account_id": id, "plan": "dev", "ends_at": null}}),
                &["request.plan", "request.ends_at"],
            ),
            sample("list_audit_logs", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample("list_key_audit_logs", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample("health", json!({"peppers": {"1": "fingerprint"}}), &["peppers", "peppers.1"]),
            sample("list_credit_packages", json!({"caller": user, "query": {"fee": 0}}), &[]),
            sample("list_payments", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample("get_payment", json!({"caller": user, "target": self.payment}), &[]),
            sample(
                "begin_payment",
                json!({"caller": user, "idempotency": null, "request": {
                    "id": Uuid::now_v7(), "kind": "checkout", "amount": 500, "package": null, "fee": 0, "livemode": false, "coupon": null}}),
                &["idempotency", "request.package", "request.coupon"],
            ),
            sample(
                "attach_payment",
                json!({"caller": user, "target": self.payment, "seen": {"session": "cs_1", "customer": "cus_1"}}),
                &["seen.customer"],
            ),
            Sample {
                wrong: vec![("seen.payment", json!(Uuid::new_v4()))],
                ..sample(
                    "confirm_payment",
                    json!({"caller": user, "target": self.payment, "seen": {"payment": self.payment, "status": "paid",
                           "amount": 1000, "paid": 1000, "currency": "usd", "livemode": false, "intent": null}}),
                    // Without these it is a mismatch, which is kept.
                    &["seen.intent", "seen.amount", "seen.paid", "seen.currency"],
                )
            },
            sample(
                "begin_refund",
                json!({"caller": admin, "idempotency": null, "request": {
                    "id": Uuid::now_v7(), "payment_id": self.paid, "amount": 100, "reason": null, "force": null}}),
                &["idempotency", "request.amount", "request.reason", "request.force"],
            ),
            sample(
                "begin_own_refund",
                json!({"caller": user, "target": self.paid, "id": Uuid::now_v7(), "idempotency": null}),
                &["idempotency"],
            ),
            sample("finish_refund", json!({"refund": Uuid::new_v4(), "seen": null}), &["refund", "seen"]),
            sample(
                "apply_stripe_event",
                json!({"event": {"id": "evt_1", "type": "test", "created": HOUR, "livemode": false, "object_id": null, "seen": null}}),
                &["event.object_id", "event.seen"],
            ),
            sample(
                "redeem_coupon",
                json!({"caller": user, "code": self.coupon.1, "idempotency": null}),
                &["idempotency"],
            ),
            sample("list_available_coupons", json!({"caller": user}), &[]),
            sample("list_coupon_history", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample(
                "create_coupons",
                json!({"caller": admin, "idempotency": null, "codes": ["NEW-ONE"], "request": {
                    "kind": "credit", "amount": 100, "max_bonus": null, "max_redemptions": null, "promotion": null}}),
                &["idempotency", "request.max_bonus", "request.max_redemptions", "request.promotion"],
            ),
            sample("list_coupons", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample("get_coupon", json!({"caller": admin, "coupon_id": self.coupon.0}), &[]),
            sample(
                "change_coupon",
                json!({"caller": admin, "coupon_id": self.coupon.0, "request": {"valid_until": null}}),
                &["request.valid_until"],
            ),
            sample("delete_coupon", json!({"caller": admin, "coupon_id": self.coupon.0}), &[]),
            sample("get_coupon_analytics", json!({"caller": admin, "coupon_id": self.coupon.0}), &[]),
            sample("get_coupon_stats", json!({"caller": admin}), &[]),
            sample("list_promotions", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample(
                "set_promotion",
                json!({"caller": admin, "promotion": "spring", "request": {"budget": null, "per_day": null, "active": null}}),
                &["request.budget", "request.per_day", "request.active"],
            ),
            sample("list_plans", json!({"query": {"sold": true}}), &["query", "query.sold"]),
            sample("get_plan", json!({"plan": "dev"}), &[]),
            sample("get_account_plan", json!({"caller": user}), &[]),
            sample("get_plan_usage", json!({"caller": user}), &[]),
            sample("get_plan_entitlements", json!({"caller": user}), &[]),
            sample(
                "begin_subscription",
                json!({"caller": admin, "idempotency": null,
                       "request": {"id": Uuid::now_v7(), "plan": "dev", "months": 12, "livemode": false}}),
                &["idempotency"],
            ),
            sample(
                "set_customer",
                json!({"caller": user, "request": {"customer": "cus_another", "livemode": false}}),
                &[],
            ),
            sample("get_customer", json!({"caller": user, "request": {"livemode": false}}), &[]),
            sample(
                "begin_subscription_change",
                json!({"caller": user, "request": {"change": "upgrade", "subscription": null, "plan": "team", "months": 1}}),
                &["request.subscription"],
            ),
            Sample {
                wrong: vec![("seen.subscription", json!("sub_another"))],
                ..sample(
                    "finish_subscription_change",
                    json!({"caller": user, "subscription": self.subscription, "seen": {
                        "subscription": self.subscription, "customer": "cus_9", "item": null, "price": null, "status": "active",
                        "begun_at": HOUR, "period_start": HOUR, "period_end": "2026-02-01T00:00:00Z", "cancel_at": null,
                        "ended_at": null, "livemode": false, "observed_at": "2100-01-01T00:00:00Z"}}),
                    // Without an answer the change was refused.
                    &["seen", "seen.item", "seen.price", "seen.cancel_at", "seen.ended_at"],
                )
            },
            sample("get_trial", json!({"caller": user}), &[]),
            sample("start_trial", json!({"caller": user, "idempotency": null}), &["idempotency"]),
            sample(
                "get_trial_analytics",
                json!({"caller": admin, "query": {"from": HOUR, "to": "2026-02-01T00:00:00Z"}}),
                &["query", "query.from", "query.to"],
            ),
            sample("make_referral_code", json!({"caller": user, "code": "K7MW2QXR"}), &[]),
            sample("validate_referral", json!({"caller": user, "code": self.recommended_by}), &[]),
            sample("apply_referral", json!({"caller": admin, "code": self.recommended_by}), &[]),
            sample("release_own_referrals", json!({"caller": user}), &[]),
            sample("list_referrals", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample("list_all_referrals", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample("list_open_payments", json!({"query": page(json!({}))}), &[]),
            sample("sweep_holds", json!({"after": null}), &["after"]),
            sample("roll_up_usage", json!({"after": null, "kept_days": null}), &["after", "kept_days"]),
        ]
    }

    /// Runs a function and undoes what it did. Answers what it answered, if it raised nothing, and whether anything has
    /// changed but the audit trail and what counts attempts.
    async fn attempt(&self, function: &str, arguments: &Value) -> (Option<Value>, bool) {
        let named: Vec<String> = arguments
            .as_object()
            .expect("arguments")
            .iter()
            .map(|(name, value)| match value {
                Value::Null => format!("{name} => null"),
                Value::String(text) => format!("{name} => ''{text}''"),
                Value::Number(number) => format!("{name} => {number}"),
                json => format!("{name} => ''{}''::jsonb", json.to_string().replace('\'', "''''")),
            })
            .collect();
        let tried = self
            .world
            .value(&format!("select gateway.attempt('select public.{function}({})')", named.join(", ")))
            .await;
        (tried.get("answer").cloned(), tried["changed"] == true)
    }
}

/// What tries a statement: everything stored, before and after, and an end that undoes it.
const ATTEMPT: &str = r#"
create function gateway.everything() returns text language plpgsql as $$
declare
  name text;
  rows text;
  everything text := '';
begin
  for name in
    select relname from pg_class where relnamespace = 'gateway'::regnamespace and relkind in ('r', 'p')
      and not relispartition and relname not in ('audit_logs', 'attempts') order by relname
  loop
    execute format('select string_agg((to_jsonb(t) - ''refused_code'' - ''refused_at'')::text, '','' order by to_jsonb(t)::text)
                    from gateway.%I t', name) into rows;
    everything := everything || name || md5(coalesce(rows, ''));
  end loop;
  return everything;
end $$;
create function gateway.attempt(statement text) returns jsonb language plpgsql as $$
declare
  before constant text := gateway.everything();
  answer jsonb;
  outcome text;
begin
  execute statement into answer;
  raise exception sqlstate 'UNDO1' using message = jsonb_build_object(
    'answer', coalesce(answer, '{}'), 'changed', before <> gateway.everything())::text;
exception
  when sqlstate 'UNDO1' then get stacked diagnostics outcome = message_text; return outcome::jsonb;
  when others then return jsonb_build_object('error', sqlerrm);
end $$;
"#;

/// The arguments with another value at a place such as `call.choices`; at a place without a dot, the argument itself.
fn with(arguments: &Value, place: &str, value: Value) -> Value {
    let mut changed = arguments.clone();
    *changed.pointer_mut(&format!("/{}", place.replace('.', "/"))).expect(place) = value;
    changed
}

/// Every argument, and every member of those that are objects.
fn places(arguments: &Value) -> Vec<String> {
    let mut places = Vec::new();
    for (name, value) in arguments.as_object().expect("arguments") {
        places.push(name.clone());
        places.extend(value.as_object().into_iter().flatten().map(|(member, _)| format!("{name}.{member}")));
    }
    places
}

#[tokio::test]
async fn a_function_without_what_it_needs_changes_nothing_and_answers_nothing() {
    let Some(world) = World::catching("functions without what they need").await else { return };
    let scene = Scene::on(world).await;
    scene.world.sql(ATTEMPT).await;
    scene
        .world
        .sql(
            "insert into gateway.sign_in_codes (email_hash, code_hash, expires_at)
               values (gateway.proof_hash('email', 'ben@test.example'), 'hash', gateway.now() + interval '5 minutes')",
        )
        .await;
    // Whom the caller is may be unknown; what is known of where it calls from is for the record.
    let of_the_caller = ["caller.ip", "caller.user_agent", "caller.request_id"];
    let mut open = Vec::new();
    for sample in scene.samples() {
        let name = sample.function;
        let (answer, _) = scene.attempt(name, &sample.arguments).await;
        let answer = answer.unwrap_or_else(|| panic!("{name} does nothing with what it needs"));
        assert!(answer.get("refused").is_none(), "{name}: {answer}");
        let missing = places(&sample.arguments);
        let missing = missing.iter().filter(|place| !of_the_caller.contains(&place.as_str()));
        let missing = missing.filter(|place| !sample.nullable.contains(&place.as_str()));
        let nulls = missing.map(|place| (place.as_str(), Value::Null));
        for (place, value) in nulls.chain(sample.wrong.iter().map(|(place, value)| (*place, value.clone()))) {
            let (answer, changed) = scene.attempt(name, &with(&sample.arguments, place, value.clone())).await;
            let refused = answer.as_ref().is_none_or(|answer| answer.get("refused").is_some());
            if changed || !refused {
                open.push(format!("{name} with {place} {value}: changed {changed}, answered {}", json!(answer)));
            }
        }
    }
    // What only looks something up by a null finds nothing, and what is only for the record may lack it.
    let harmless = [
        "record_refusal with",
        "record_failed_sign_in with",
        "list_outdated_provider_keys with",
        "list_outdated_chats with",
        "list_outdated_responses with",
        "renew_provider_key with",
    ];
    open.retain(|case| !(harmless.iter().any(|name| case.starts_with(name)) && case.contains("changed false")));
    assert!(open.is_empty(), "{}", open.join("\n"));
}

#[tokio::test]
async fn every_function_that_takes_an_argument_is_tried() {
    let scene = Scene::start().await;
    let functions = "select jsonb_object_agg(proname, to_jsonb(proargnames)) from pg_proc
                     where pronamespace = 'public'::regnamespace and pronargs > 0";
    let functions = scene.world.value(functions).await;
    let samples = scene.samples();
    let known: BTreeSet<&str> = samples.iter().map(|sample| sample.function).collect();
    let all: BTreeSet<&str> = functions.as_object().expect("functions").keys().map(String::as_str).collect();
    assert_eq!(known, all);
    for sample in &samples {
        let arguments: BTreeSet<&str> =
            sample.arguments.as_object().expect("arguments").keys().map(String::as_str).collect();
        let takes =
            functions[sample.function].as_array().expect("names").iter().map(|name| name.as_str().expect("a name"));
        assert_eq!(arguments, takes.collect(), "{}", sample.function);
    }
}

#[tokio::test]
async fn a_settlement_that_lacks_what_it_is_charged_by_is_charged_its_hold() {
    let scene = Scene::start().await;
    let app = scene.world.platform.gateway().expect("an app");
    let supabase = app.supabase().expect("configured");
    // Any other price may be missing: then it is that of the prompt or the completion.
    for lost in ["price", "price/prompt", "price/completion", "price/request", "markup"] {
        let call_id = Uuid::now_v7();
        let call = json!({"call_id": call_id, "model": tests::world::MODEL, "providers": ["openrouter"], "allowed": [],
            "prompt_bound": 50, "images": 0, "tools": false, "modalities": [], "choices": 1, "output_limit": 100,
            "hold_seconds": 60, "markup": 10_000});
        let begun: Value = supabase
            .rpc("begin_request", &json!({"caller": scene.caller(&scene.user), "call": call}))
            .await
            .expect("a hold");
        let mut facts = tests::facts::facts(&begun, "openrouter");
        *facts.pointer_mut(&format!("/{lost}")).expect(lost) = Value::Null;
        let settlement = json!({"call_id": call_id, "outcome": "completed", "provider": "openrouter", "request_id": "r",
            "usage": {"prompt": 10, "completion": 20}, "hold": facts});
        let settled: Value =
            supabase.rpc("finish_request", &json!({ "settlement": settlement })).await.expect("a settle");
        assert_eq!(settled["cost"], begun["held"], "{lost}");
    }
    scene.world.assert_ledger_clean().await;
}
