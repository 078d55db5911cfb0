//! THE table: every endpoint file, its paths, its methods with their handlers, who may call them, and its limits.
//!
//! All else about routing is derived from it: the router of each function, `api/`, the binaries, vercel.json, the
//! service card. **To add an endpoint**: write its handler under `endpoints/`, add its entry here, and run
//! `cargo run -- routes --write`. An entry is
//!
//! ```text
//! /// One sentence: what it does.
//! name at "/path/{param}" | "/alias" { GET handler::path: Auth "scope", POST … } max 300 needs [Database] cron "0 * * * *";
//! ```
//!
//! - The first path names the file: `/models/{provider}/{*model}` is `api/models/[provider]/[model].rs`, and `/` is
//!   `api/root.rs`. `{*param}` takes the rest of the path, slashes included; only the last segment can.
//! - `max`: `maxDuration` on Vercel, in seconds ([`DEFAULT_MAX`] unless given). `cron`: when Vercel calls it.
//! - `needs`: settings without which the start of the function logs an error, besides those that the auth needs.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodFilter, MethodRouter, on};
use tower::util::MapRequestLayer;

use crate::app::SharedApp;
use crate::config::{Config, Missing};
use crate::endpoints::{account, admin, catalog, cron, inference, public};
use crate::serve::Invocation;

/// `maxDuration` of a function that does not say, in seconds.
const DEFAULT_MAX: u64 = 60;

/// The longest `maxDuration` that Vercel gives on every plan.
pub const LONGEST: Duration = Duration::from_secs(300);

/// The name of the file that serves the whole table.
pub const INDEX: &str = "index";

/// One function: a file under `api/`.
#[derive(Debug)]
pub struct Route {
    /// Its router function in this module.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Where it answers, as axum patterns; the first one names its file.
    pub paths: &'static [&'static str],
    /// What it answers there.
    pub operations: &'static [Operation],
    /// How long the platform lets it run.
    pub max_duration: Duration,
    /// When Vercel's cron calls it.
    pub cron: Option<&'static str>,
    /// Settings it cannot do without, besides those that its auth needs.
    pub needs: &'static [Need],
}

/// One method of a route. In the extensions of every request it answers, so that whoever checks the caller goes by
/// the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The HTTP method.
    pub method: &'static str,
    /// Who may call it.
    pub auth: Auth,
    /// The scope that the caller's key must have.
    pub scope: Option<&'static str>,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Anyone.
    Public,
    /// Whoever has an API key.
    User,
    /// Whoever has an API key whose role may administer.
    Admin,
    /// Whoever knows the cron secret.
    Cron,
}

/// A setting that a route cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Supabase.
    Database,
    /// Upstash.
    Redis,
    /// The pepper under which API keys are hashed.
    Pepper,
    /// The secret of cron callers.
    CronSecret,
}

/// Declares the table; see the top of the module.
macro_rules! routes {
    (@route $name:ident [$($summary:literal)+] [$($path:literal)+]
        [$($method:ident $auth:ident $($scope:literal)?),+] [$($max:literal)?] [$($($need:ident),+)?] [$($cron:literal)?]
    ) => {
        Route {
            name: stringify!($name),
            summary: concat!($($summary),+).trim_ascii(),
            paths: &[$($path),+],
            operations: &[$(Operation {
                method: stringify!($method),
                auth: Auth::$auth,
                scope: [$(Some($scope),)? None][0],
            }),+],
            max_duration: Duration::from_secs([$($max,)? DEFAULT_MAX][0]),
            cron: [$(Some($cron),)? None][0],
            needs: &[$($(Need::$need),+)?],
        }
    };
    ($(
        $(#[doc = $summary:literal])+
        $name:ident at $($path:literal)|+ { $($method:ident $handler:path: $auth:ident $($scope:literal)?),+ }
        $(max $max:literal)? $(needs [$($need:ident),+])? $(cron $cron:literal)?;
    )+) => {
        /// The table without its handlers, so that whoever reads it does not link them.
        pub static ROUTES: &[Route] = &[$(
            routes!(@route $name [$($summary)+] [$($path)+] [$($method $auth $($scope)?),+] [$($max)?]
                [$($($need),+)?] [$($cron)?])
        ),+];

        $(
            $(#[doc = $summary])+
            pub fn $name() -> Router<SharedApp> {
                static ROUTE: Route = routes!(@route $name [$($summary)+] [$($path)+] [$($method $auth $($scope)?),+]
                    [$($max)?] [$($($need),+)?] [$($cron)?]);
                let handlers = [$(on(MethodFilter::$method, $handler)),+];
                mount(&ROUTE, handlers)
            }
        )+

        /// The whole table, for the single-function layout and the local platform.
        pub fn all() -> Router<SharedApp> {
            Router::new()$(.merge($name()))+
        }
    };
}

routes! {
    /// The service card: what this is, and where everything else is.
    root at "/" { GET public::root::show: Public };
    /// Whether the gateway and its stores are well.
    health at "/health" { GET public::health::show: Public } needs [Database, Redis];
    /// Answers pong and counts.
    ping at "/ping" { GET public::ping::answer: Public };
    /// How many pings there were.
    ping_stats at "/ping/stats" { GET public::ping::stats: Public };
    /// The catalog of models, page by page.
    models at "/models" | "/catalog/models" { GET catalog::models::list: Public } needs [Database];
    /// How many models each provider serves, and for how much.
    models_providers at "/models/providers" | "/catalog/models/providers" { GET catalog::providers::list: Public } needs [Database];
    /// One model with its routes and prices.
    model at "/models/{provider}/{*model}" | "/catalog/models/{provider}/{*model}" { GET catalog::model::show: Public } needs [Database];
    /// The catalog as OpenAI's clients read it.
    v1_models at "/v1/models" { GET catalog::models::list_all: Public } needs [Database];
    /// One model, by its id.
    v1_model at "/v1/models/{*id}" { GET catalog::model::show_by_id: Public } needs [Database];
    /// OpenAI chat, streamed or not.
    v1_chat_completions at "/v1/chat/completions" {
        POST inference::chat_completions::create: User "inference"
    } max 300 needs [Redis];
    /// Credits, what is reserved and what is available.
    user_balance at "/user/balance" { GET account::balance::show: User "billing:read" };
    /// The ledger, newest first.
    user_credit_transactions at "/user/credit-transactions" {
        GET account::credit_transactions::list: User "billing:read"
    };
    /// A new account with its primary key.
    admin_create at "/admin/create" { POST admin::create::create: Admin "admin:users" };
    /// Gives an account credit, or takes unspent credit back.
    admin_add_credits at "/admin/add_credits" { POST admin::add_credits::change: Admin "admin:credits" };
    /// Every invariant of the ledger, over all accounts.
    admin_ledger_check at "/admin/ledger/check" { GET admin::ledger_check::show: Admin "admin:ledger" };
    /// Releases what dead functions left behind.
    cron_sweep_holds at "/api/cron/sweep-holds" { GET cron::sweep_holds::sweep: Cron } needs [Redis] cron "*/5 * * * *";
}

impl Route {
    /// The file's path under `api/`, without `.rs`; also the function's path under `/api`.
    #[must_use]
    pub fn file(&self) -> String {
        let first = self.paths.first().copied().unwrap_or_default();
        let path = first.strip_prefix("/api").unwrap_or(first).trim_start_matches('/');
        // `api/index.rs` serves the whole table.
        if path.is_empty() { "root".to_owned() } else { path.replace("{*", "{").replace('{', "[").replace('}', "]") }
    }

    /// Where the router answers: at each public path, at the same under `/api`, and under its file's path.
    fn mounts(&self) -> Vec<String> {
        let mut mounts: Vec<String> = Vec::new();
        let mut add = |path: String| {
            let same = |other: &String| other.replace("{*", "{") == path.replace("{*", "{");
            if !mounts.iter().any(same) {
                mounts.push(path);
            }
        };
        for path in self.paths {
            add((*path).to_owned());
            if !path.starts_with("/api/") {
                add(format!("/api{}", path.trim_end_matches('/')));
            }
        }
        add(format!("/api/{}", self.file().replace('[', "{").replace(']', "}")));
        mounts
    }

    /// Every setting it cannot do without.
    fn all_needs(&self) -> impl Iterator<Item = Need> {
        let by_auth = self.operations.iter().flat_map(|operation| match operation.auth {
            Auth::Public => &[][..],
            Auth::User | Auth::Admin => &[Need::Database, Need::Pepper],
            Auth::Cron => &[Need::Database, Need::CronSecret],
        });
        by_auth.chain(self.needs).copied()
    }
}

/// One handler a method at every path of the route. Each request learns its operation and its limit on the way.
fn mount<const N: usize>(route: &'static Route, handlers: [MethodRouter<SharedApp>; N]) -> Router<SharedApp> {
    let mut methods = MethodRouter::new();
    for (operation, handler) in route.operations.iter().zip(handlers) {
        methods = methods.merge(handler.route_layer(MapRequestLayer::new(move |mut request: Request| {
            request.extensions_mut().insert(*operation);
            if let Some(invocation) = request.extensions_mut().get_mut::<Invocation>() {
                invocation.limit(route.max_duration);
            }
            request
        })));
    }
    route.mounts().iter().fold(Router::new(), |router, path| router.route(path, methods.clone()))
}

/// What the configuration lacks for the function `file`, once each.
pub(crate) fn missing_settings<'a>(file: &str, config: &'a Config) -> Vec<&'a Missing> {
    let mut missing: Vec<&Missing> = Vec::new();
    for need in ROUTES.iter().filter(|route| file == INDEX || route.file() == file).flat_map(Route::all_needs) {
        let lack = match need {
            Need::Database => config.supabase.as_ref().err(),
            Need::Redis => config.upstash.as_ref().err(),
            Need::Pepper => config.peppers.as_ref().err(),
            Need::CronSecret => config.cron_secret.as_ref().err(),
        };
        missing.extend(lack.filter(|lack| !missing.contains(lack)));
    }
    missing
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::extract::{Extension, Path};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::app::App;
    use crate::serve::application;

    static MODEL: Route = Route {
        name: "model",
        summary: "A model.",
        paths: &["/models/{provider}/{*model}", "/catalog/models/{provider}/{*model}"],
        operations: &[Operation { method: "GET", auth: Auth::User, scope: Some("models:read") }],
        max_duration: Duration::from_secs(10),
        cron: None,
        needs: &[],
    };

    fn config() -> Config {
        Config::from_lookup(|_| None)
    }

    #[test]
    fn the_whole_table_is_one_router_and_no_two_files_are_the_same() {
        let _: Router<SharedApp> = all();
        let mut files: Vec<String> = ROUTES.iter().map(Route::file).collect();
        let count = files.len();
        files.sort();
        files.dedup();
        assert_eq!(files.len(), count);
        assert!(!files.iter().any(|file| file == INDEX));
        assert!(ROUTES.iter().all(|route| route.max_duration <= LONGEST && !route.summary.is_empty()));
    }

    #[test]
    fn the_first_path_names_the_file() {
        assert_eq!(MODEL.file(), "models/[provider]/[model]");
        assert_eq!(
            MODEL.mounts(),
            [
                "/models/{provider}/{*model}",
                "/api/models/{provider}/{*model}",
                "/catalog/models/{provider}/{*model}",
                "/api/catalog/models/{provider}/{*model}",
            ]
        );
        let root = &ROUTES[0];
        assert_eq!(
            (root.file().as_str(), root.mounts()),
            ("root", ["/", "/api", "/api/root"].map(String::from).to_vec())
        );
    }

    #[tokio::test]
    async fn a_parameter_reaches_its_handler_decoded_once_however_it_travels() {
        let show = |Path((provider, model)): Path<(String, String)>, Extension(operation): Extension<Operation>| async move {
            format!("{provider} {model} {}", operation.scope.unwrap_or_default())
        };
        let router = mount(&MODEL, [on(MethodFilter::GET, show)]);
        let service = application(router, App::new(config()).expect("an app"));
        let cases = [
            ("/models/openrouter/openai/gpt-4o", "openai/gpt-4o"),
            ("/models/openrouter/openai%2Fgpt-4o", "openai/gpt-4o"),
            ("/api/models/openrouter/openai%2Fgpt-4o", "openai/gpt-4o"),
            ("/catalog/models/openrouter/a%252Fb", "a%2Fb"),
            ("/api/models/[provider]/[model]?provider=openrouter&model=openai/gpt-4o", "openai/gpt-4o"),
            ("/api/models/[provider]/[model]?provider=openrouter&model=openai%2Fgpt-4o:free", "openai/gpt-4o:free"),
            ("/api/models/%5Bprovider%5D/%5Bmodel%5D?model=a%252Fb&provider=openrouter", "a%2Fb"),
        ];
        for (uri, model) in cases {
            let request = Request::builder().uri(uri).body(Body::empty()).expect("a request");
            let response = service.clone().oneshot(request).await.expect("infallible");
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            assert_eq!(body, format!("openrouter {model} models:read"), "{uri}");
        }
    }

    #[test]
    fn a_function_names_only_the_settings_it_needs() {
        let config = config();
        assert!(missing_settings("ping", &config).is_empty());
        let lacking: Vec<String> = missing_settings("health", &config).iter().map(ToString::to_string).collect();
        assert!(
            lacking[0].starts_with("SUPABASE_URL") && lacking[1].starts_with("UPSTASH_REDIS_REST_URL"),
            "{lacking:?}"
        );
        assert!(missing_settings(INDEX, &config).len() >= lacking.len());
    }
}
