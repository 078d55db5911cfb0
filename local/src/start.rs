//! `cargo run`: the whole platform, ready to be used.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use local::data_dir::DataDir;
use local::database::{Database, Source};
use local::environment;
use local::platform::{Platform, PlatformError, ReadyKeys, passed_on};
use local::schema::Layout;
use local::secrets::Secrets;
use local::stand_in_routes;
use local::upstash::Engine;
use shared::config::Config;
use shared::config::variables::{FRONTEND_URL, PORT};
use shared::serve::{logs, stopped};
use tokio::net::TcpListener;

/// Where and on what the local gateway runs.
#[derive(Args)]
pub struct Options {
    /// The port, in place of the one that PORT says; 0 for any that is free.
    #[arg(long)]
    port: Option<u16>,
    /// Forgets everything from earlier runs in the directory of --dir.
    #[arg(long)]
    fresh: bool,
    /// Where data and secrets are kept.
    #[arg(long, default_value = ".local")]
    dir: PathBuf,
}

/// Runs until ctrl-c. A start that fails is one line on stderr.
pub fn run(options: &Options) -> ExitCode {
    if let Err(error) = environment::load() {
        eprintln!(".env cannot be read: {error}");
        return ExitCode::FAILURE;
    }
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let read_here = |name: &str| name == PORT.name || passed_on().any(|own| own == name);
    let config = Config::from_lookup(|name| read_here(name).then(|| env(name))?);
    if !config.malformed.is_empty() {
        config.malformed.iter().for_each(|malformed| eprintln!("{malformed}"));
        return ExitCode::FAILURE;
    }
    logs::start(logs::Format::Readable, &config.log_levels);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the async runtime cannot be built: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(serve(options, options.port.unwrap_or(config.port))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: &Options, port: u16) -> Result<(), PlatformError> {
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        std::io::Error::new(error.kind(), format!("port {port} is taken; use --port 0 for any: {error}"))
    })?;
    let base_url = format!("http://{}", listener.local_addr()?);
    // Nothing is deleted before it is certain that no running gateway uses it.
    let dir = DataDir::hold(&options.dir)?;
    if options.fresh {
        dir.forget()?;
    }
    let secrets = Secrets::kept_in(dir.path())?;
    let data = dir.path().join("database");
    let source = Source::detect(env, Some(&data))?;
    let described = source.to_string();
    let database = start_database(source, &data).await?;
    let engine = Engine::detect(env);
    let redis = if engine == Engine::InProcess { "in process" } else { "REDIS_URL" };
    // Links in mail and in referrals lead here, whichever port this is, unless they are told to lead elsewhere.
    let here = |name: &str| env(name).or_else(|| (name == FRONTEND_URL.name).then(|| base_url.clone()));
    let mut platform = Platform::start(database, engine, secrets, here).await?;
    platform.stand_in_for_others();
    stand_in_routes::assign(&platform.database, &platform.real_providers()).await?;
    let keys = platform.ready_keys().await?;
    shared::deployment::report(&*platform.gateway()?).await;
    // The stand-ins count tokens; their vocabulary is read before the first call has to wait for it.
    tokio::task::spawn_blocking(bpe_openai::o200k_base);
    announce(&base_url, &keys, &described, redis, &platform);
    let served = tokio::select! {
        served = platform.serve(listener, stopped()) => served,
        // Without its database it could answer nothing but 503: whoever started it should hear why.
        ended = platform.database.ended() => Err(ended.into()),
    };
    platform.database.stop().await;
    served
}

async fn start_database(source: Source, data: &Path) -> Result<Database, PlatformError> {
    let database = Database::start(source, Some(data)).await?;
    database.apply(&Layout::of_repository().for_local()?).await?;
    Ok(database)
}

fn announce(base_url: &str, keys: &ReadyKeys, database: &str, redis: &str, platform: &Platform) {
    let ReadyKeys { api_key, admin_key } = keys;
    let real_providers = platform.real_providers();
    let providers = if real_providers.is_empty() {
        "stand-ins, whose answers are made up".to_owned()
    } else {
        format!("{}; stand-ins answer nothing but test/… models", real_providers.join(", "))
    };
    let sign_in = if platform.is_privy_stand_in() {
        format!("{base_url}/_local/privy has the codes of a stand-in of Privy; with ?email=you@example.com, tokens")
    } else {
        "with the Privy app of PRIVY_APP_ID".to_owned()
    };
    let payments = if platform.is_stripe_stand_in() {
        format!("a stand-in of Stripe, where nothing is paid: {base_url}/_local/stripe")
    } else {
        "with the Stripe account of STRIPE_SECRET_KEY".to_owned()
    };
    let ready = serde_json::json!({
        "base_url": base_url, "api_key": api_key, "admin_key": admin_key, "cron_secret": platform.cron_secret(),
        "stripe_url": platform.stripe.url(), "stripe_key": platform.stripe.key(),
        "stripe_secret": platform.stripe.webhook_secret() });
    let text = format!(
        "The gateway listens at {base_url}\n\
         \x20 console    {base_url}/console, by a key below, a mailed code or Privy\n\
         \x20 database   {database}\n\
         \x20 redis      {redis}\n\
         \x20 providers  {providers}\n\
         \x20 inside     {base_url}/_local\n\
         \x20 mail       {base_url}/_local/mail\n\
         \x20 sign-in    {sign_in}\n\
         \x20 payments   {payments}\n\
         \x20 user key   {api_key}\n\
         \x20 admin key  {admin_key}\n\
         Try it:\n\
         \x20 curl {base_url}/v1/chat/completions -H 'authorization: Bearer {api_key}' \
         -d '{{\"model\":\"openai/gpt-4o-mini\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello\"}}]}}'\n\
         ready {ready}\n"
    );
    // Nobody reading is no reason not to serve.
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
