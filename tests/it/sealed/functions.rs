//! Who may run which function, and how each begins.

use serde_json::{Value, json};
use shared::route::Auth;
use shared::routes::ROUTES;
use tests::world::World;

/// Functions of the API that do not begin with `gateway.authenticate`, and why.
const WITHOUT_AUTHENTICATE: &[(&str, &str)] = &[
    ("begin_request", "makes the same checks on rows that it has locked; its refusals are values"),
    ("finish_request", "is about a call that was admitted, whoever's key it was and whatever became of that"),
    ("record_refusal", "puts on record that authenticate refused a key"),
    ("note_refusals", "counts refused calls, whoever's they were, as an instance of the gateway tells them"),
    ("list_outdated_provider_keys", "housekeeping; its route wants the cron secret"),
    ("renew_provider_key", "the same key under a newer version of the keyring; changes nothing that anyone can see"),
    ("sign_in_with_privy", "is how a caller gets a key; the gateway has verified the tokens"),
    ("record_failed_sign_in", "puts on record that the gateway refused tokens"),
    ("request_code", "is how a caller gets a key: keeps a code for an address"),
    ("verify_code", "is how a caller gets a key; checks the code"),
    ("exchange_auth_code", "is how an app gets a key; checks the code and the answer to its challenge"),
    ("sweep_holds", "housekeeping; its route wants the cron secret"),
    ("apply_retention", "housekeeping; its route wants the cron secret"),
    ("list_outdated_responses", "for the cron job that seals responses under a newer key"),
    ("renew_responses", "for the cron job that seals responses under a newer key"),
    ("list_outdated_chats", "for the cron job that seals chats under a newer key"),
    ("renew_chats", "for the cron job that seals chats under a newer key"),
    ("roll_up_usage", "housekeeping; its route wants the cron secret"),
    ("health", "says whether the database takes writes and fits the deployment that asks"),
    ("list_models", "the public catalog"),
    ("get_model", "the public catalog"),
    ("list_providers", "the public catalog"),
    ("list_openrouter_models", "the public catalog"),
    ("count_openrouter_models", "the public catalog"),
    ("get_openrouter_model", "the public catalog"),
    ("get_model_endpoints", "the public catalog"),
    ("list_openrouter_providers", "the public catalog"),
    ("list_zdr_endpoints", "the public catalog"),
    ("list_developer_models", "the public catalog"),
    ("apply_provider_list", "reads a provider's own list; its routes want the cron secret, or have asked check_caller"),
    ("get_ranking", "the public rankings"),
    ("list_plans", "what is for sale, for everybody"),
    ("get_plan", "what is for sale, for everybody"),
    (
        "apply_stripe_event",
        "is about a payment of whoever it is of; its route wants Stripe's signature, or the cron secret",
    ),
    ("finish_refund", "notes what Stripe answered to a refund that begin_refund or begin_own_refund has allowed"),
    ("queue_due_mail", "housekeeping; its route wants the cron secret, or has asked check_caller"),
    ("claim_notifications", "sends mail; its routes want the cron secret, or have asked check_caller"),
    ("finish_notifications", "notes what became of mail that claim_notifications has handed out"),
    ("take_resend_event", "is about an address; its route wants Resend's signature"),
    ("unsubscribe", "is asked for by a link that the gateway has made, and checks"),
    ("claim_webhook_deliveries", "sends what is due; its routes want the cron secret, or have asked for a delivery"),
    ("finish_webhook_delivery", "notes what became of what claim_webhook_deliveries has handed out"),
    ("emit_daily_usage", "housekeeping; its route wants the cron secret"),
    ("look_at_spending", "for the cron job that tells accounts of what they have spent"),
    ("check_ledger_by_itself", "for the cron job that tells the operator what is wrong"),
    ("raise_alerts", "for the cron job that tells the operator what is wrong"),
    ("claim_alerts", "for the cron job that tells the operator what is wrong"),
    ("finish_alert", "for the cron job that tells the operator what is wrong"),
    ("list_outdated_webhook_secrets", "for the cron job that seals secrets under a newer key"),
    ("renew_webhook_secrets", "for the cron job that seals secrets under a newer key"),
    (
        "begin_auto_topup",
        "is asked for by the settle of a call, or by the cron job, and charges what its account has agreed to",
    ),
    ("settle_auto_topup", "notes what Stripe answered to an attempt that begin_auto_topup has begun"),
    ("list_auto_topups", "housekeeping; its route wants the cron secret"),
    (
        "claim_stripe_tasks",
        "tells Stripe what the books already hold; by the cron job, and after an account's deletion",
    ),
    ("finish_stripe_task", "notes that Stripe has heard of a task that was claimed"),
    ("begin_warned_refund", "refunds what a bank warns of; its route wants Stripe's signature, or the cron secret"),
    ("misses_refunds", "says whether refunds were not told of; its route wants Stripe's signature, or the cron secret"),
    ("describe_deployment", "serves no endpoint: the command line's, for whoever holds the service key"),
    ("release_referrals", "housekeeping; its route wants the cron secret"),
    ("list_open_payments", "housekeeping; its route wants the cron secret"),
    ("create_admin", "serves no endpoint: the command line's, for whoever holds the service key"),
];

/// Functions of both schemas, as `p`.
const FUNCTIONS: &str =
    "pg_proc p join pg_namespace n on n.oid = p.pronamespace and n.nspname in ('public', 'gateway')";

async fn names(world: &World, condition: &str) -> Value {
    let sql = format!(
        "select coalesce(jsonb_agg(n.nspname || '.' || p.proname order by 1), '[]') from {FUNCTIONS} where {condition}"
    );
    world.value(&sql).await
}

#[tokio::test]
async fn nobody_but_the_service_may_run_a_function() {
    let world = World::start().await;
    for role in ["anon", "authenticated"] {
        let allowed = format!("has_function_privilege('{role}', p.oid, 'execute')");
        assert_eq!(names(&world, &allowed).await, json!([]), "{role}");
    }
    // A function without an access list is everybody's.
    let public = "p.proacl is null or exists (select from aclexplode(p.proacl) as entry where entry.grantee = 0)";
    assert_eq!(names(&world, public).await, json!([]));
    let closed = "n.nspname = 'public' and not has_function_privilege('service_role', p.oid, 'execute')";
    assert_eq!(names(&world, closed).await, json!([]), "a function that nobody can call");
    let inner = "n.nspname = 'gateway' and has_function_privilege('service_role', p.oid, 'execute')";
    assert_eq!(names(&world, inner).await, json!([]), "an inner function that can be called by itself");
}

#[tokio::test]
async fn a_function_that_is_made_later_is_nobodys_until_it_is_granted() {
    let world = World::start().await;
    for schema in ["public", "gateway"] {
        let made = format!("create function {schema}.made_later() returns integer language sql as 'select 1'");
        world.sql(&made).await;
    }
    for role in ["anon", "authenticated"] {
        let allowed = format!("p.proname = 'made_later' and has_function_privilege('{role}', p.oid, 'execute')");
        assert_eq!(names(&world, &allowed).await, json!([]), "{role}");
    }
}

#[tokio::test]
async fn every_function_looks_up_names_nowhere_but_where_it_says() {
    let world = World::start().await;
    // A body that was parsed when it was made has its names already, and an aggregate has none.
    let loose =
        "p.prosqlbody is null and p.prokind <> 'a' and not coalesce(p.proconfig @> array['search_path=\"\"'], false)";
    let doors = format!("n.nspname = 'public' and {loose}");
    assert_eq!(names(&world, &doors).await, json!([]));
    // An inner function may do without a setting of its own, which each of its calls would pay for, if nothing but those
    // doors leads to it: nobody may call it, and nothing but a function does.
    let reached = format!(
        "n.nspname = 'gateway' and {loose} and (
           p.prolang <> (select oid from pg_language where lanname = 'plpgsql')
           or p.prorettype in ('trigger'::regtype, 'event_trigger'::regtype)
           or exists (select from aclexplode(p.proacl) as entry where entry.grantee <> p.proowner)
           or exists (select from pg_depend d where d.refobjid = p.oid and d.refclassid = 'pg_proc'::regclass
                        and d.classid <> 'pg_proc'::regclass))"
    );
    assert_eq!(names(&world, &reached).await, json!([]));
    // Its tables are named in full all the same.
    let unqualified = world
        .value(&format!(
            "select coalesce(jsonb_agg(p.proname), '[]') from {FUNCTIONS} where n.nspname = 'gateway' and {loose}
               and exists (select from pg_class c where c.relnamespace = n.oid and c.relkind in ('r', 'p')
                             and p.prosrc ~ ('(from|join|into|update)\\s+' || c.relname || '\\M'))"
        ))
        .await;
    assert_eq!(unqualified, json!([]));
    let not_definer = "n.nspname = 'public' and not p.prosecdef";
    assert_eq!(names(&world, not_definer).await, json!([]));
    let definer = "n.nspname = 'gateway' and p.prosecdef";
    assert_eq!(names(&world, definer).await, json!([]));
}

#[tokio::test]
async fn no_function_that_locks_waits_for_ever() {
    let world = World::start().await;
    let patient = "n.nspname = 'public' and p.provolatile = 'v'
                   and not coalesce(array_to_string(p.proconfig, ' ') like '%lock_timeout=%', false)";
    assert_eq!(names(&world, patient).await, json!([]));
}
/// Checks the caller of any endpoint, for the scope that it is told.
const OF_ANY_SCOPE: &str = "check_caller";

/// Name, first argument and source of each function of the API.
async fn api(world: &World) -> Vec<(String, String, String)> {
    let sql = "select jsonb_agg(jsonb_build_array(p.proname, coalesce(p.proargnames[1], '') || ' ' ||
                 coalesce(format_type(p.proargtypes[0], null), ''), p.prosrc) order by p.proname)
               from pg_proc p where p.pronamespace = 'public'::regnamespace";
    serde_json::from_value(world.value(sql).await).expect("functions")
}

/// The scope that a function asks for before it does anything, if it does.
fn first_of_all(source: &str) -> Option<String> {
    let code: Vec<&str> = source.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let code = code.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    let begins = ["declare session gateway.session := ", "begin perform "];
    let call = begins.iter().find_map(|begins| code.strip_prefix(begins))?;
    let scope = call.strip_prefix("gateway.authenticate(caller, '")?;
    scope.split_once("')").map(|(scope, _)| scope.to_owned())
}

#[tokio::test]
async fn every_function_of_an_endpoint_begins_with_authenticate() {
    let world = World::start().await;
    let functions = api(&world).await;
    let mut scopes = Vec::new();
    for (name, first_argument, source) in &functions {
        if WITHOUT_AUTHENTICATE.iter().any(|(known, _)| known == name) {
            assert!(!source.contains("gateway.authenticate("), "{name} needs no exception");
            continue;
        }
        assert_eq!(first_argument, "caller jsonb", "{name}");
        if name == OF_ANY_SCOPE {
            assert!(source.contains("session gateway.session := gateway.authenticate(caller, scope);"));
            continue;
        }
        scopes.push(first_of_all(source).unwrap_or_else(|| panic!("{name} does something before it knows its caller")));
    }
    for (name, _) in WITHOUT_AUTHENTICATE {
        assert!(functions.iter().any(|(known, ..)| known == name), "{name} is gone");
    }
    // What the functions ask for is what the route table says.
    let operations = || ROUTES.iter().flat_map(|route| route.operations);
    for operation in operations().filter(|operation| matches!(operation.auth, Auth::User | Auth::Admin)) {
        let scope = operation.scope.expect("a scope");
        assert!(scope == "inference" || scopes.iter().any(|asked| asked == scope), "no function asks for {scope}");
    }
    for scope in scopes {
        assert!(operations().any(|operation| operation.scope == Some(&scope)), "no route names {scope}");
    }
}

#[test]
fn a_function_that_acts_first_is_found_out() {
    let declared =
        "\ndeclare\n  session gateway.session := gateway.authenticate(caller, 'a:b'); -- who\n  x int;\nbegin";
    assert_eq!(first_of_all(declared).as_deref(), Some("a:b"));
    assert_eq!(first_of_all("\nbegin\n  perform gateway.authenticate(caller, 'c');").as_deref(), Some("c"));
    for late in [
        "declare x int := gateway.f(); session gateway.session := gateway.authenticate(caller, 'a'); begin",
        "begin delete from t; perform gateway.authenticate(caller, 'a');",
        "begin -- perform gateway.authenticate(caller, 'a');\n return 1;",
        "select 1",
    ] {
        assert_eq!(first_of_all(late), None, "{late}");
    }
}
