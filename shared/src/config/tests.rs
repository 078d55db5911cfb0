//! What the environment may say.

use super::*;

fn config(vars: &[(&str, &str)]) -> Config {
    Config::from_lookup(|name| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
}

#[test]
fn a_missing_variable_is_one_line_that_names_it_and_the_remedy() {
    let missing = config(&[]).peppers.err().expect("no pepper").to_string();
    assert!(missing.starts_with("API_KEY_PEPPER is not set: make one with"), "{missing}");
    assert!(!missing.contains('\n'));
}

#[test]
fn the_names_of_both_integrations_are_understood() {
    let both = [("KV_REST_API_URL", "https://x.upstash.io/"), ("KV_REST_API_TOKEN", "t")];
    assert_eq!(config(&both).upstash.expect("settings").url, "https://x.upstash.io");
    let secret = [("SUPABASE_URL", "https://x.supabase.co"), ("SUPABASE_SECRET_KEY", "sb_secret_1")];
    assert!(matches!(config(&secret).supabase.expect("settings").key, SupabaseKey::Secret(_)));
    let jwt = [("SUPABASE_URL", "https://x.supabase.co"), ("SUPABASE_SERVICE_ROLE_KEY", "a.b.c")];
    assert!(matches!(config(&jwt).supabase.expect("settings").key, SupabaseKey::ServiceRole(_)));
}

#[test]
fn others_are_waited_for_as_long_as_the_variables_say() {
    let stores = [
        ("SUPABASE_URL", "https://x.supabase.co"),
        ("SUPABASE_SECRET_KEY", "sb_secret_1"),
        ("KV_REST_API_URL", "https://x.upstash.io/"),
        ("KV_REST_API_TOKEN", "t"),
    ];
    let waits = |config: Config| {
        let supabase = config.supabase.expect("settings").timeout;
        [supabase, config.upstash.expect("settings").timeout, config.provider_silence].map(|wait| wait.as_millis())
    };
    assert_eq!(waits(config(&stores)), [3_000, 300, 60_000]);
    let names = ["DATABASE_TIMEOUT_MS", "REDIS_TIMEOUT_MS", "PROVIDER_TIMEOUT_MS"];
    let own = [stores.to_vec(), names.map(|name| (name, "1500")).to_vec()].concat();
    assert_eq!(waits(config(&own)), [1_500; 3]);
}

#[test]
fn the_newest_pepper_comes_first() {
    let long = "0123456789abcdef0123456789abcdef";
    let ring = format!("1:{long},3:{long},2:{long}");
    let peppers = config(&[("API_KEY_PEPPERS", &ring)]).peppers.expect("a ring");
    assert_eq!(peppers.iter().map(|p| p.version).collect::<Vec<_>>(), [3, 2, 1]);
}

/// The lines about what must not be so.
fn malformed(variables: &[(&str, &str)]) -> Vec<String> {
    config(variables).malformed.iter().map(ToString::to_string).collect()
}

#[test]
fn what_the_process_runs_by_is_sound_or_named_with_what_it_may_be() {
    assert_eq!(malformed(&[]), [""; 0]);
    let cases = [
        ("CALL_MAX_SECONDS", &["abc", "0", "-1", "1.5", "86401", "60s"][..], "from 1 to 86400; without it 600"),
        ("PROVIDER_TIMEOUT_MS", &["0", "3s", "-5", "1e3"], "milliseconds from 1 to 3600000; without it 60000"),
        ("KEEP_ALIVE_MS", &["0", "x"], "milliseconds from 1"),
        ("REQUESTS_KEPT_DAYS", &["0", "89", "36501", "-400", "400d", "4e2"], "days from 90 to 36500"),
        ("FRONTEND_URL", &["nope", "example.com", "ftp://example.com", "https://"], "an http(s) URL"),
        ("OPENROUTER_BASE_URL", &["nope"], "an http(s) URL"),
        ("RUST_LOG", &["loud", "shared=loud"], "a level (error, warn"),
        ("PORT", &["http", "70000"], "from 0 to 65535"),
        ("VERCEL_ENV", &["prod"], "one of production, preview, development"),
        ("PRICING_MARKUP_PERCENT", &["-1", "5%", "x", "1.001", "9901"], "percent from 0 to 9900"),
    ];
    for (variable, values, allowed) in cases {
        for value in values {
            let lines = malformed(&[(variable, value)]);
            assert!(lines[0].starts_with(&format!("{variable} is `{value}`: it must be")), "{lines:?}");
            assert!(lines.len() == 1 && lines[0].contains(allowed), "{lines:?}");
        }
    }
    assert_eq!(malformed(&[("PORT", "http"), ("RUST_LOG", "loud")]).len(), 2);
}

#[test]
fn what_some_endpoints_need_is_theirs_to_refuse() {
    let stores = [
        ("SUPABASE_URL", "https://x.supabase.co"),
        ("SUPABASE_SECRET_KEY", "sb_secret_1"),
        ("KV_REST_API_URL", "https://x.upstash.io/"),
        ("KV_REST_API_TOKEN", "t"),
    ];
    for (variable, value) in [
        ("DATABASE_TIMEOUT_MS", "3s"),
        ("REDIS_TIMEOUT_MS", "-5"),
        ("SUPABASE_URL", "nope"),
        ("KV_REST_API_URL", "nope"),
    ] {
        let mut variables = stores.to_vec();
        variables.retain(|(name, _)| *name != variable);
        let config = config(&[&variables[..], &[(variable, value)]].concat());
        let lines: Vec<String> =
            [config.supabase.err(), config.upstash.err()].into_iter().flatten().map(|it| it.to_string()).collect();
        assert!(lines.len() == 1 && lines[0].starts_with(&format!("{variable} is `{value}`: it must be")), "{lines:?}");
        assert!(config.malformed.is_empty());
    }
}

#[test]
fn the_markup_says_its_unit_and_is_exact() {
    for (text, basis_points) in [("0", 10_000), ("5", 10_500), ("5.5", 10_550), ("0.01", 10_001), ("100", 20_000)] {
        assert_eq!(config(&[("PRICING_MARKUP_PERCENT", text)]).markup_basis_points, basis_points);
    }
    assert_eq!(config(&[]).markup_basis_points, 10_000);
    let lines = malformed(&[("PRICING_MARKUP", "1.0")]);
    assert!(lines[0].contains("PRICING_MARKUP_PERCENT"), "{lines:?}");
}

#[test]
fn the_list_names_every_variable_that_is_read() {
    let read = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let note = |name: &str| {
        read.borrow_mut().insert(name.to_owned());
        // So that nothing stays unread for want of another.
        match name {
            "SUPABASE_URL" | "UPSTASH_REDIS_REST_URL" => Some("https://x.example".to_owned()),
            "SUPABASE_SECRET_KEY" => Some("sb_secret_1".to_owned()),
            "STRIPE_SECRET_KEY" => Some("sk_test_1".to_owned()),
            "UPSTASH_REDIS_REST_TOKEN" | "RESEND_API_KEY" | "PRIVY_APP_ID" => Some("t".to_owned()),
            "FROM_EMAIL" => Some("a@b.example".to_owned()),
            _ => None,
        }
    };
    let _ = Config::from_lookup(note);
    // Alternatives are asked for where the first is not there.
    let _ = Config::from_lookup(|name| note(name).filter(|_| false));
    let _ = Config::from_lookup(|name| match name {
        "KV_REST_API_URL" => note("UPSTASH_REDIS_REST_URL"),
        name => note(name).filter(|_| false),
    });
    let read = read.into_inner();
    let listed: std::collections::BTreeSet<String> = variables::all()
        .filter(|variable| variable.group != variables::Group::Local)
        .map(|variable| variable.name.to_owned())
        .chain(variables::REFUSED.iter().map(|(name, ..)| (*name).to_owned()))
        .chain(IN_LOWER_CASE.map(ToOwned::to_owned))
        .collect();
    assert_eq!(read, listed);
}

#[test]
fn a_preview_keeps_its_counters_apart() {
    let preview = config(&[("VERCEL_ENV", "preview"), ("VERCEL_GIT_COMMIT_REF", "feature/x")]);
    assert_eq!(preview.redis_prefix, "preview:feature/x:");
    assert_eq!(preview.key_environment(), KeyEnvironment::Test);
    assert!(preview.makes_keys_of(KeyEnvironment::Test) && !preview.makes_keys_of(KeyEnvironment::Live));
    assert_eq!(config(&[("VERCEL_ENV", "production")]).key_environment(), KeyEnvironment::Live);
}

#[test]
fn webhooks_go_into_a_private_network_on_a_developers_machine_alone() {
    let hosts = |environment: &str| {
        config(&[("VERCEL_ENV", environment), ("WEBHOOK_LOCAL_HOSTS", "localhost, Dev.example,")]).webhook_hosts
    };
    assert_eq!(hosts("development"), ["localhost", "dev.example"]);
    for environment in ["production", "preview", ""] {
        assert_eq!(hosts(environment), [""; 0], "{environment}");
    }
}
