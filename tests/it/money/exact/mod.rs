//! Whatever happens in whatever order, the books balance and every call has cost what it should have.

mod events;

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};
use shared::app::SharedApp;
use tests::facts::facts;
use tests::rows;
use tests::world::{Account, Route, World};
use tokio::runtime::Runtime;
use uuid::Uuid;

use events::{Begin, Event, Finish, SLOTS, event};

/// A call as the test knows it.
#[derive(Clone, Debug)]
struct Call {
    id: Uuid,
    begun: Option<(Begin, i64)>,
    /// What its settle brings back of the hold.
    facts: Value,
    /// A crash has lost the hold: the call may be settled, or begun again.
    lost: bool,
    /// The first settle, which is the one that counts.
    finished: Option<Finish>,
}

struct Run<'a> {
    world: &'a World,
    app: SharedApp,
    account: Account,
    model: String,
    slots: Vec<Option<Call>>,
    /// What each call should have cost.
    expected: HashMap<Uuid, i64>,
}

/// The cost, worked out here on its own: the sum in units of 10⁻¹⁰ nano-dollars, rounded up.
fn cost(begin: &Begin, usage: (u64, u64, u64)) -> i64 {
    let (prompt, cached, completion) = usage;
    // The model has a context of 128 000 tokens, more than any bound here, and writes 16 384 a choice.
    let (prompt, completion) = (prompt.min(128_000), completion.min(16_384 * begin.choices));
    let cached = cached.min(prompt);
    let (p, c, o) = begin.prices;
    let sum = i128::from(prompt - cached) * i128::from(p)
        + i128::from(cached) * i128::from(c)
        + i128::from(completion) * i128::from(o);
    let scaled = sum * i128::from(begin.markup);
    let unit = 10_000_000_000_i128;
    i64::try_from(scaled / unit + i128::from(scaled % unit > 0)).expect("small")
}

fn expected(begin: &Begin, held: i64, finish: &Finish) -> i64 {
    if matches!(finish.outcome, "failed" | "refused") {
        return 0;
    }
    match finish.usage {
        _ if finish.charge_hold => held,
        Some(usage) if finish.estimated => cost(begin, usage).min(held),
        Some(usage) => cost(begin, usage),
        None => held,
    }
}

impl Run<'_> {
    async fn rpc(&self, function: &'static str, arguments: Value) -> Value {
        self.app.supabase().expect("configured").rpc(function, &arguments).await.expect("an answer")
    }

    async fn apply(&mut self, event: &Event) -> Result<(), TestCaseError> {
        match event {
            Event::Grant { source, nanos, expires_in } => {
                let expires_in = expires_in.map(|seconds| format!("{seconds} seconds"));
                self.world.grant(self.account.id, *nanos, source, expires_in.as_deref()).await;
            }
            Event::Refund { nanos } => {
                let id = self.account.id;
                self.world
                    .sql(&format!(
                        "do $$ declare account gateway.accounts; purchase bigint; begin
                           select * into account from gateway.accounts where id = '{id}' for update;
                           select max(id) into purchase from gateway.credit_grants
                             where account_id = '{id}' and source = 'purchase';
                           if purchase is not null then
                             perform gateway.money_back(account, array[purchase], {nanos}, gateway.now());
                           end if;
                         end $$"
                    ))
                    .await;
            }
            Event::Sweep => {
                self.rpc("sweep_holds", json!({})).await;
            }
            Event::Crash { slot } => self.crash(*slot).await,
            Event::Clock { seconds } => {
                self.world
                    .sql(&format!("update gateway.test_clock set ahead = ahead + interval '{seconds} seconds'"))
                    .await;
            }
            Event::Begin(begin) => self.begin(begin).await?,
            Event::Finish(finish) => self.finish(finish).await?,
        }
        Ok(())
    }

    async fn begin(&mut self, begin: &Begin) -> Result<(), TestCaseError> {
        let over = self.slots[begin.slot].as_ref().is_some_and(|call| call.begun.is_some() && call.finished.is_some());
        if self.slots[begin.slot].is_none() || (over && begin.anew) {
            self.slots[begin.slot] =
                Some(Call { id: Uuid::now_v7(), begun: None, facts: Value::Null, lost: false, finished: None });
        }
        let mut call = self.slots[begin.slot].clone().expect("set above");
        let (prompt, cached, completion) = begin.prices;
        let route = Route { prompt, cached, completion, ..Route::new("openrouter", "standin/normal") };
        self.world.model(&self.model, &[route]).await;
        let answer = self
            .rpc(
                "begin_request",
                rows::asked(&json!({
                    "caller": {"key_hashes": [self.world.hash(&self.account.key)]},
                    "call": {"call_id": call.id, "model": self.model, "providers": ["openrouter"], "allowed": [],
                             "prompt_bound": begin.prompt_bound, "images": 0, "tools": false, "modalities": [],
                             "choices": begin.choices, "output_limit": begin.output_limit, "hold_seconds": 60,
                             "markup": begin.markup},
                })),
            )
            .await;
        let refusal = answer["refused"]["code"].as_str();
        if call.begun.is_some() && !call.lost {
            // Whatever else speaks against it, a call does not begin twice.
            prop_assert!(refusal.is_some(), "{}", answer);
            return Ok(());
        }
        match (refusal, &call.finished) {
            (None, None) => {
                call.begun = Some((begin.clone(), answer["held"].as_i64().expect("an amount")));
                call.facts = facts(&answer, "openrouter");
                call.lost = false;
            }
            (Some("call_finished"), Some(finish)) if call.begun.is_none() => {
                // Settled at once with what had come before.
                let held = self.held_by(call.id).await;
                self.expected.insert(call.id, expected(begin, held, finish));
                call.begun = Some((begin.clone(), held));
            }
            (Some(_), _) => {}
            (None, Some(_)) => prop_assert!(false, "a finished call was let in: {}", answer),
        }
        self.slots[begin.slot] = Some(call);
        Ok(())
    }

    /// As if the server had crashed before the begin was written to the disk. A hold that was swept is older than that.
    async fn crash(&mut self, slot: usize) {
        let Some(call) = self.slots[slot].as_mut().filter(|call| call.begun.is_some() && call.finished.is_none())
        else {
            return;
        };
        let open = format!("gateway.holds where call_id = '{}' and state = 'open'", call.id);
        let lost = self.world.value(&format!("select count(*) from {open}")).await;
        self.world
            .sql(&format!(
                "update gateway.accounts a set held = held - amount, month_requests = month_requests - 1
                   from (select account_id, amount from {open}) as lost where a.id = lost.account_id;
                 delete from {open}"
            ))
            .await;
        call.lost |= lost == json!(1);
    }

    /// What a settled call had reserved; 0 for one that left no record because it was never sent.
    async fn held_by(&self, call: Uuid) -> i64 {
        let held = format!("select coalesce((select held from gateway.requests where call_id = '{call}'), 0)");
        self.world.value(&held).await.as_i64().expect("an amount")
    }

    async fn finish(&mut self, finish: &Finish) -> Result<(), TestCaseError> {
        let Some(mut call) = self.slots[finish.slot].clone() else { return Ok(()) };
        let usage = finish
            .usage
            .map(|(prompt, cached, completion)| json!({"prompt": prompt, "cached": cached, "completion": completion}));
        let answer = self
            .rpc(
                "finish_request",
                rows::settled(&json!({
                    "call_id": call.id, "outcome": finish.outcome, "provider": "openrouter", "usage": usage,
                    "estimated": finish.estimated, "charge_hold": finish.charge_hold, "hold": call.facts})),
            )
            .await;
        if call.finished.is_none() {
            if let Some((begin, held)) = &call.begun {
                let expected = expected(begin, *held, finish);
                prop_assert_eq!(&answer["cost"], &json!(expected));
                self.expected.insert(call.id, expected);
            }
            call.finished = Some(finish.clone());
            self.slots[finish.slot] = Some(call);
        }
        Ok(())
    }

    async fn check(&self) -> Result<(), TestCaseError> {
        let id = self.account.id;
        let report = self.world.value("select gateway.ledger_check()").await;
        prop_assert_eq!(&report["ok"], &json!(true), "{}", report);
        let charged = format!("select coalesce(sum(cost), 0) from gateway.requests where account_id = '{id}'");
        prop_assert_eq!(self.world.value(&charged).await, json!(self.expected.values().sum::<i64>()));
        Ok(())
    }
}

/// Puts the database's one clock into the test's hands.
async fn take_the_clock(world: &World) {
    world
        .sql(
            "create table gateway.test_clock (ahead interval not null);
             insert into gateway.test_clock values ('0');
             create or replace function gateway.now() returns timestamptz language sql volatile set search_path = ''
             as $$ select clock_timestamp() + ahead from gateway.test_clock $$;",
        )
        .await;
}

#[test]
fn the_books_balance_after_every_event_and_each_call_costs_what_it_should() {
    let runtime = Runtime::new().expect("a runtime");
    let world = runtime.block_on(World::start());
    let app = world.platform.gateway().expect("an app");
    runtime.block_on(take_the_clock(&world));
    let cases = 48;
    let mut runner =
        TestRunner::new(Config { cases, max_shrink_iters: 200, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&vec(event(), 1..40), |events| {
        runtime.block_on(async {
            let account = world.account(1_000_000_000).await;
            let model = format!("test/{}", account.id);
            let (slots, expected) = (vec![None; SLOTS], HashMap::new());
            let mut run = Run { world: &world, app: app.clone(), account, model, slots, expected };
            for event in &events {
                run.apply(event).await?;
                run.check().await?;
            }
            Ok(())
        })
    });
    // The world must go within its runtime.
    runtime.block_on(async move { drop(world) });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
