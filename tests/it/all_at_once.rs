//! Every kind of act at once, on a few accounts, in an order that nobody chose; and what must hold all the same.

use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::people::Person;
use tests::world::{World, hello};
use uuid::Uuid;

/// Who acts at the same time, and how often in each phase.
const ACTORS: u64 = 8;
const ACTS: u64 = 20;
/// Moments of the phases: hours are summed up in the second one, and trials have lapsed in the third.
const PHASES: [&str; 3] = ["2090-03-01 10:30Z", "2090-03-01 11:30Z", "2090-03-05 12:30Z"];

/// Numbers that are the same every time, though not what comes of them.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).expect("a number")).expect("a number")
    }
}

/// What the actors know: everyone may use everything.
struct Scene {
    world: World,
    gateways: [String; 2],
    people: Vec<Person>,
    /// Each key with its id.
    keys: Mutex<Vec<(String, Uuid)>>,
    accounts: Mutex<Vec<Uuid>>,
    administrators: Vec<String>,
}

impl Scene {
    async fn start(world: World) -> Self {
        world.set_clock(PHASES[0]).await;
        let gateways = [world.base_url.clone(), world.another_gateway().await];
        let people: Vec<Person> = (0..4).map(|_| Person::new()).collect();
        let (mut keys, mut accounts, mut administrators) = (Vec::new(), Vec::new(), Vec::new());
        // One of them is left alone, so that there is always somebody who may.
        administrators.push(world.administrator().await.key);
        for _ in 0..2 {
            let account = world.administrator().await;
            keys.push((account.key.clone(), account.key_id));
            accounts.push(account.id);
            administrators.push(account.key);
        }
        for _ in 0..2 {
            let account = world.account(100_000_000).await;
            keys.push((account.key, account.key_id));
            accounts.push(account.id);
        }
        Self { world, gateways, people, keys: Mutex::new(keys), accounts: Mutex::new(accounts), administrators }
    }

    fn key(&self, dice: &mut Dice) -> (String, Uuid) {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        // The newest more often than all the dead ones.
        let recent = keys.len().min(12);
        keys[keys.len() - 1 - dice.below(recent)].clone()
    }

    fn account(&self, dice: &mut Dice) -> Uuid {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts[dice.below(accounts.len())]
    }

    fn learn_key(&self, secret: &Value, id: &Value) {
        if let (Some(secret), Some(id)) = (secret.as_str(), id.as_str()) {
            let known = (secret.to_owned(), id.parse().expect("an id"));
            self.keys.lock().unwrap_or_else(PoisonError::into_inner).push(known);
        }
    }

    /// Learns what an answer shows, if it is a success.
    fn learn(&self, answer: &Answer) {
        if answer.status != 200 {
            return;
        }
        let told = answer.success();
        let id = if told["key"]["id"].is_null() { &told["id"] } else { &told["key"]["id"] };
        self.learn_key(&told["api_key"], id);
        for rotated in told["data"].as_array().into_iter().flatten() {
            self.learn_key(&rotated["api_key"], &rotated["key"]["id"]);
        }
        if let Some(id) = told["account"]["id"].as_str() {
            let id = id.parse().expect("an id");
            let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            if !accounts.contains(&id) {
                accounts.push(id);
            }
        }
    }

    /// A request of whoever's turn it is.
    fn act(&self, dice: &mut Dice) -> (RequestBuilder, String) {
        let (key, key_id) = self.key(dice);
        let admin = self.administrators[dice.below(self.administrators.len())].clone();
        let (account, person) = (self.account(dice), &self.people[dice.below(self.people.len())]);
        let number = dice.below(1000);
        let odd = number % 2 == 1;
        let own = format!("/user/api-keys/{key_id}");
        let user = format!("/admin/users/{account}");
        let cron = self.world.platform.variables()["CRON_SECRET"].clone();
        let mut by_privy = self.world.tokens(person);
        by_privy["issue_key"] = json!(odd);
        let roles = ["admin", "admin", "user", "helper"];
        let grace = json!({"grace_period_hours": if odd { 0 } else { 24 }});
        let (method, path, key, body) = match dice.below(26) {
            0..=2 => ("POST", "/auth/privy", "", by_privy),
            3 => ("POST", "/auth/verify", "", json!({"email": person.email, "code": "123456"})),
            4..=8 => ("POST", "/v1/chat/completions", &*key, hello(&json!({"max_tokens": 20}))),
            9 => ("POST", "/user/api-keys", &*key, json!({"name": "another", "scopes": ["*"]})),
            10 => ("POST", &*format!("{own}/rotate"), &*key, grace),
            11 => ("POST", "/user/api-keys/rotate", &*key, json!({"environment": "test", "grace_period_hours": 24})),
            12 => ("PATCH", &*own, &*key, json!({"spend_limit": {"amount": 1 + number, "period": "day"}})),
            13 => ("PUT", &*format!("/user/rate-limits/{key_id}"), &*key, json!({"burst": 1 + number % 5})),
            14 if number < 300 => ("DELETE", &*own, &*key, Value::Null),
            15 if number < 400 => ("DELETE", "/user/account", &*key, json!({"confirmation": "DELETE_ACCOUNT"})),
            16 => {
                let gift = json!({"account_id": account, "amount": 0.01, "expires_at": "2090-03-02T00:00:00Z"});
                ("POST", "/admin/add_credits", &*admin, gift)
            }
            17 => ("POST", "/admin/add_credits", &*admin, json!({"email": person.email, "amount": 0.01})),
            18 => ("POST", "/admin/roles/assign", &*admin, json!({"account_id": account, "role": roles[number % 4]})),
            19 => ("PATCH", &*user, &*admin, json!({"disabled": number < 300, "username": "Renamed"})),
            20 => ("POST", "/admin/limit", &*admin, json!({"account_id": account, "limits": {"burst": 100 + number}})),
            21 => ("POST", "/admin/create", &*admin, json!({"email": person.email, "credits": 0.01})),
            22 if odd => ("DELETE", "/admin/roles/helper", &*admin, Value::Null),
            22 => {
                ("POST", "/admin/roles", &*admin, json!({"name": "helper", "permissions": ["inference", "keys:read"]}))
            }
            23 if odd => ("DELETE", "/user/provider-keys?provider=openrouter", &*key, Value::Null),
            23 => {
                let own = json!({"provider": "openrouter", "api_key": "sk-nobody-0123456789"});
                ("POST", "/user/provider-keys", &*key, own)
            }
            24 if odd => ("GET", "/api/cron/rollups", &*cron, Value::Null),
            24 => ("GET", "/api/cron/sweep-holds", &*cron, Value::Null),
            _ => ("GET", "/user/monitor", &*key, Value::Null),
        };
        let url = format!("{}{path}", self.gateways[usize::from(odd)]);
        let mut request = self.world.http.request(method.parse().expect("a method"), url);
        if !key.is_empty() {
            request = request.bearer_auth(key);
        }
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        if number.is_multiple_of(3) {
            request = request.header("idempotency-key", format!("k{}", number % 7));
        }
        (request, format!("{method} {path} {body}"))
    }

    /// Acts, and gives what was answered to everything that is no fault of the caller's.
    async fn play(&self, seed: u64) -> Vec<String> {
        let (mut dice, mut broken) = (Dice(seed * 7919 + 17), Vec::new());
        for _ in 0..ACTS {
            let (request, what) = self.act(&mut dice);
            let answer = Answer::to(request).await;
            if answer.status >= 500 {
                broken.push(format!("{what}: {} {}", answer.status, answer.text));
            }
            self.learn(&answer);
        }
        broken
    }
}

/// What is never true, each as a count.
const NEVER: [(&str, &str); 12] = [
    ("a secret is current and former", "gateway.api_keys join gateway.former_secrets using (key_hash)"),
    ("a hold is left", "gateway.holds where state = 'open'"),
    (
        "an account that was deleted says whose it was, or can be used",
        "gateway.accounts a where deleted_at is not null and (
           email is not null or username is not null or role <> 'user' or has_provider_keys or disabled_at is null
           or exists (select from gateway.identities where account_id = a.id)
           or exists (select from gateway.provider_keys where account_id = a.id)
           or exists (select from gateway.api_keys where account_id = a.id and revoked_at is null))",
    ),
    (
        "an account's own provider keys are not known",
        "gateway.accounts a
         where has_provider_keys <> exists (select from gateway.provider_keys where account_id = a.id)",
    ),
    (
        "an account has two primary keys or too many",
        "(select from gateway.api_keys group by account_id
          having count(*) filter (where is_primary) > 1 or count(*) filter (where revoked_at is null) > 101) as accounts",
    ),
    (
        "a key counts other requests than there were",
        "gateway.api_keys k
         where requests_used <> (select count(*) from gateway.requests where key_id = k.id)",
    ),
    (
        "an account counts other requests than there were",
        "gateway.accounts a where month_requests <> (select count(*) from gateway.requests where account_id = a.id)",
    ),
    (
        "a total differs from the requests",
        "gateway.accounts a
         where gateway.used_ever(a.id) -> 'requests' <> to_jsonb((
                 select count(*) from gateway.requests where account_id = a.id))
            or gateway.used_ever(a.id) -> 'cost' <> to_jsonb((
                 select gateway.dollars(coalesce(sum(cost), 0)::bigint) from gateway.requests where account_id = a.id))",
    ),
    (
        "a total differs from its hours",
        "gateway.usage_totals t
         where requests <> (select coalesce(sum(requests), 0) from gateway.usage_hours where account_id = t.account_id)
            or cost <> (select coalesce(sum(cost), 0) from gateway.usage_hours where account_id = t.account_id)",
    ),
    (
        "a person has had two trials",
        "(select from gateway.credit_grants where source = 'trial' having count(*) > 4) as trials",
    ),
    (
        "somebody became an administrator by nobody's act",
        "gateway.accounts a where role = 'admin' and email not like '%@test.example' and not exists (
           select from gateway.audit_logs where action = 'role.assign' and target_account_id = a.id and target_id = 'admin')",
    ),
    (
        "nobody can administer",
        "(select from gateway.accounts where role = 'admin' and disabled_at is null having count(*) = 0) as administrators",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_at_once_nothing_breaks_and_the_books_are_right() {
    let Some(world) = World::concurrent("everything at once").await else { return };
    let scene = Scene::start(world).await;
    for (phase, at) in PHASES.into_iter().enumerate() {
        scene.world.set_clock(at).await;
        for person in &scene.people {
            scene.world.keep_code(&person.email, "123456").await;
        }
        let seed = u64::try_from(phase).expect("a number") * ACTORS;
        let broken = join_all((1..=ACTORS).map(|actor| scene.play(seed + actor))).await.concat();
        assert!(broken.is_empty(), "{broken:#?}");
        scene.world.settled().await;
        scene.world.assert_ledger_clean().await;
        for (what, of) in NEVER {
            assert_eq!(scene.world.value(&format!("select count(*) from {of}")).await, json!(0), "{what} ({at})");
        }
    }
    // It was not all refused.
    let happened = scene.world.value("select jsonb_agg(distinct action) from gateway.audit_logs").await;
    for action in ["sign_in", "key.create", "credits.change", "role.assign"] {
        assert!(happened.as_array().expect("actions").contains(&json!(action)), "no {action}: {happened}");
    }
    assert!(scene.world.value("select count(*) from gateway.requests").await.as_i64() > Some(0));
}
