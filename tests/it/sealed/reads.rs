//! What the gateway asks a second time when a store has closed the connection: functions whose names say that they read.

use std::collections::BTreeSet;

use shared::supabase::only_reads;
use tests::world::World;

/// Those that write all the same, and why twice is as good as once.
const READS_THAT_WRITE: &[(&str, &str)] = &[
    ("check_ledger_by_itself", "looks at the next accounts and keeps how far it came: a second step is a step further"),
    ("list_open_payments", "ends what is over and forgets what is old; what it lists is not handed out"),
    ("get_account_plan", CREDIT),
    ("get_balance", CREDIT),
    ("get_plan_usage", CREDIT),
    ("get_customer", NAME),
    ("list_auto_topups", NAME),
    ("get_activity_stats", SUMS),
    ("get_environment_usage", SUMS),
    ("get_monitor", SUMS),
    ("get_platform_metrics", SUMS),
    ("get_platform_monitor", SUMS),
    ("get_platform_usage", SUMS),
    ("get_report", SUMS),
    ("get_transaction_analytics", SUMS),
    ("list_key_usage", SUMS),
];
const SUMS: &str = "adds what has ended since to the sums, each call once: the second time finds nothing";
const CREDIT: &str =
    "gives a plan's credit that is due and ends what has expired, each once, behind the account's lock";
const NAME: &str = "gives the deployment its name, where it has none yet";

/// Begins every function of an endpoint. It notes when a key was last used, which a second time changes nothing about.
const AUTHENTICATE: &str = "authenticate";

struct Function {
    schema: String,
    name: String,
    /// Without comments, in lower case, each run of white space as one space.
    source: String,
}

impl Function {
    fn new((schema, name, source): (String, String, String)) -> Self {
        let code: Vec<&str> = source.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
        let source = code.join(" ").split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        Self { schema, name, source }
    }

    fn writes(&self) -> bool {
        ["insert into ", "update gateway.", "delete from ", "merge into ", "nextval("]
            .iter()
            .any(|write| self.source.contains(write))
    }
}

/// The functions that write, or call one that does.
fn writers(functions: &[Function]) -> BTreeSet<&str> {
    let known = || functions.iter().filter(|function| function.name != AUTHENTICATE);
    let mut writers: BTreeSet<&str> = known().filter(|function| function.writes()).map(|f| f.name.as_str()).collect();
    loop {
        let before = writers.len();
        let calls: Vec<String> = writers.iter().map(|name| format!("gateway.{name}(")).collect();
        writers.extend(
            known()
                .filter(|function| calls.iter().any(|call| function.source.contains(call)))
                .map(|function| function.name.as_str()),
        );
        if writers.len() == before {
            return writers;
        }
    }
}

#[tokio::test]
async fn what_is_named_as_a_read_reads_or_can_be_done_twice() {
    let world = World::start().await;
    let sql =
        "select jsonb_agg(jsonb_build_array(p.pronamespace::regnamespace::text, p.proname, pg_get_functiondef(p.oid)))
               from pg_proc p where p.pronamespace::regnamespace::text in ('public', 'gateway') and p.prokind = 'f'";
    let functions: Vec<(String, String, String)> = serde_json::from_value(world.value(sql).await).expect("functions");
    let functions: Vec<Function> = functions.into_iter().map(Function::new).collect();
    let writers = writers(&functions);
    let found: BTreeSet<&str> = functions
        .iter()
        .filter(|function| function.schema == "public" && only_reads(&function.name))
        .map(|function| function.name.as_str())
        .filter(|name| writers.contains(name))
        .collect();
    assert_eq!(found, READS_THAT_WRITE.iter().map(|(name, _)| *name).collect());
}

#[test]
fn a_function_that_writes_through_another_is_found_out() {
    let function = |name: &str, source: &str| Function::new(("gateway".to_owned(), name.to_owned(), source.to_owned()));
    let functions = [
        function("reads", "select gateway.also_reads() -- delete from t"),
        function("writes", "begin\n  DELETE\n  from gateway.t;"),
        function("calls", "perform gateway.writes();"),
        function("calls_it", "return gateway.calls(1);"),
        function(AUTHENTICATE, "update gateway.api_keys set used_at = now()"),
        function("asks", "perform gateway.authenticate(caller);"),
    ];
    assert_eq!(writers(&functions), BTreeSet::from(["calls", "calls_it", "writes"]));
}
