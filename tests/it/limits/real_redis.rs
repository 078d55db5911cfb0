//! The limiter on a real redis-server: it decides there as it does on the stand-in.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use local::upstash::{Engine, Upstash, spawn_redis_server};
use reqwest::header::HeaderMap;
use serde_json::json;
use shared::app::{App, SharedApp};
use shared::config::Config;
use shared::limits::{AttemptOutcome, Lease, ProviderReport, Speed};
use tests::world::{World, hello};
use uuid::Uuid;

use super::instances::{LIMIT, assert_limit};
use super::limited;

const SKIPPED: &str = "the limiter is not tried on a real redis-server";
/// Steps of the compared sequence.
const STEPS: usize = 400;
const PROVIDERS: [&str; 3] = ["openrouter", "portkey", "chutes"];

#[tokio::test(flavor = "multi_thread")]
async fn on_a_real_redis_two_gateways_together_admit_no_more_than_the_limit() {
    let Some(server) = spawn_redis_server() else { return tests::skipped(SKIPPED) };
    for limit in ["requests_per_minute", "concurrency"] {
        let world = World::with(Engine::Redis(server.url()), &[]).await;
        let gateways = [world.base_url.clone(), world.another_gateway().await];
        // The sliding windows let another request in after six seconds at the earliest.
        let account = limited(&world, json!({ limit: LIMIT })).await;
        assert_limit(&world, &gateways, &account, &hello(&json!({ "max_tokens": 100 })), limit).await;
    }
}

/// The product's limiter over one engine.
struct Limiter {
    app: SharedApp,
    running: Vec<(Uuid, Lease)>,
    upstash: Upstash,
}

/// Knuth's MMIX generator: a fixed sequence.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// What one step asks of a limiter.
enum Step {
    /// A call of this key under these limits, which reserves so many tokens.
    Admit { call_id: Uuid, key: usize, limits: String, tokens: u64 },
    /// The end of a running call, chosen by this number, with its tokens and how its provider did.
    Release { chosen: usize, tokens: u64, report: ProviderReport },
}

impl Step {
    /// Three keys, the first two of one account, whose limits change now and then.
    fn draw(random: &mut Random) -> Self {
        if random.below(3) == 0 {
            let provider = PROVIDERS[random.below(3) as usize];
            let report = ProviderReport {
                provider,
                model: random.below(2) as usize,
                key: (provider == PROVIDERS[0] && random.below(2) == 0).then_some(0),
                outcome: match random.below(24) {
                    0..3 => AttemptOutcome::Answered,
                    3 => AttemptOutcome::Refused,
                    4 => AttemptOutcome::Limited,
                    _ => AttemptOutcome::Failed,
                },
                speed: (random.below(2) == 0)
                    .then(|| Speed { first_ms: random.below(900), per_second: random.below(300) }),
            };
            return Self::Release { chosen: random.below(1_000) as usize, tokens: random.below(400), report };
        }
        let key = random.below(3) as usize;
        let account = Uuid::from_u128(if key < 2 { 1 } else { 2 });
        let (requests, at_a_time) = (30 + 5 * random.below(3), 6 + random.below(3));
        let tokens_a_minute = if key == 0 { 3_000 + 500 * random.below(2) } else { 90_000 };
        let limits = format!(
            "account={account} key=key{key} requests_per_minute={requests}/{} burst=100000/100000 \
             requests_per_hour=500/600 requests_per_day=1000/1000 tokens_per_minute={tokens_a_minute}/90000 \
             tokens_per_day=90000/90000 concurrency={at_a_time}/12",
            requests + 20
        );
        let call_id = Uuid::from_u128(u128::from(random.below(u64::MAX)) << 32 | u128::from(random.below(1 << 31)));
        Self::Admit { call_id, key, limits, tokens: random.below(300) }
    }
}

impl Limiter {
    async fn start(engine: Engine) -> Self {
        let upstash = Upstash::start(engine, "token").await.expect("the stand-in starts");
        let url = upstash.url();
        let config = Config::from_lookup(|name| match name {
            "UPSTASH_REDIS_REST_URL" => Some(url.clone()),
            "UPSTASH_REDIS_REST_TOKEN" => Some("token".to_owned()),
            "REDIS_TIMEOUT_MS" => Some("30000".to_owned()),
            _ => None,
        });
        Self { app: App::new(config, shared::routes::ROUTES).expect("an app"), running: Vec::new(), upstash }
    }

    /// Takes a step and says what came of it, times apart.
    async fn step(&mut self, step: &Step) -> String {
        match step {
            Step::Admit { call_id, key, limits, tokens } => {
                let key_hash = format!("key{key}");
                let lease_time = Duration::from_secs(600);
                let mut request = self
                    .app
                    .limiter
                    .request(&key_hash, *call_id, *tokens, lease_time, ("m", &PROVIDERS))
                    .with_speeds(true)
                    .with_further(&[("another model", &PROVIDERS)])
                    .with_session(Some(&key_hash), &["openrouter#1"]);
                request.first().await;
                match request.confirm(limits).await {
                    Ok(mut lease) => {
                        let mut headers = HeaderMap::new();
                        lease.status.write(&mut headers);
                        let mut told = format!("admitted, {}, {:?}", figures(&headers), lease.cached_at);
                        for model in 0..2 {
                            lease.turn_to(model);
                            told += &format!(", avoid {:?}, {:?}", lease.avoid, lease.speeds);
                        }
                        lease.turn_to(0);
                        self.running.push((*call_id, lease));
                        told
                    }
                    Err(refused) => {
                        let wait = refused.retry_after.expect("a time to wait");
                        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(2 * 86_400), "{wait:?}");
                        let headers = refused.headers.as_deref().cloned().unwrap_or_default();
                        format!("{refused} {:?}, {}", refused.details, figures(&headers))
                    }
                }
            }
            Step::Release { chosen, tokens, report } => {
                if self.running.is_empty() {
                    return "nothing runs".to_owned();
                }
                let (call_id, lease) = self.running.swap_remove(chosen % self.running.len());
                let waiting = lease.release(*tokens, std::slice::from_ref(report), Some(report.provider), None).await;
                let routes = PROVIDERS.map(|provider| (provider, "m"));
                let measured = self.app.limiter.measured(&routes).await;
                format!("released {call_id}, {waiting} in the outbox, {measured:?}")
            }
        }
    }
}

/// The headers' figures that are no times.
fn figures(headers: &HeaderMap) -> String {
    assert!(!headers.contains_key("x-ratelimit-degraded"), "{headers:?}");
    let names = ["limit-requests", "remaining-requests", "limit-tokens", "remaining-tokens"];
    let figure = |name: &str| headers[&format!("x-ratelimit-{name}")].to_str().expect("text").to_owned();
    names.map(|name| format!("{name} {}", figure(name))).join(", ")
}

fn minute() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() / 60
}

#[tokio::test]
async fn a_real_redis_and_the_stand_in_decide_the_same() {
    let Some(server) = spawn_redis_server() else { return tests::skipped(SKIPPED) };
    // Both go by the wall clock: within one minute their windows are the same, so a run that a minute's end falls into
    // is repeated.
    for _ in 0..10 {
        let mut limiters = [Limiter::start(Engine::InProcess).await, Limiter::start(Engine::Redis(server.url())).await];
        limiters[1].upstash.execute(&["FLUSHDB"]).await.expect("FLUSHDB");
        let mut random = Random(4);
        let (began, mut told) = (minute(), Vec::new());
        for turn in 0..STEPS {
            let step = Step::draw(&mut random);
            let [ours, theirs] = &mut limiters;
            told.push((turn, ours.step(&step).await, theirs.step(&step).await));
        }
        if minute() != began {
            continue;
        }
        for (turn, ours, theirs) in &told {
            assert_eq!(ours, theirs, "step {turn}");
        }
        // The sequence is worth comparing only if it has come to every kind of verdict.
        for verdict in ["admitted", "requests per minute", "concurrency_exceeded", "tokens per minute", "avoid [\""] {
            let times = told.iter().filter(|(_, ours, _)| ours.contains(verdict)).count();
            assert!(times > 0, "no step of {STEPS} was told {verdict}");
        }
        return;
    }
    panic!("no run within a minute");
}
