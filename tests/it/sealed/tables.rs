//! The tables: unreachable, and evidence stays.

use serde_json::json;
use tests::world::World;

#[tokio::test]
async fn no_table_can_be_touched_by_a_role_of_the_api() {
    let world = World::start().await;
    let touched = "select coalesce(jsonb_agg(role || ' ' || c.oid::regclass), '[]')
         from pg_class c, unnest(array['anon', 'authenticated', 'service_role']) as role
         where relnamespace = 'gateway'::regnamespace and (
           relkind in ('r', 'p', 'v', 'm') and has_table_privilege(
             role, c.oid, 'select, insert, update, delete, truncate, references, trigger')
           or relkind in ('r', 'p', 'v', 'm') and has_any_column_privilege(
             role, c.oid, 'select, insert, update, references')
           or relkind = 'S' and has_sequence_privilege(role, c.oid, 'usage, select, update'))";
    assert_eq!(world.value(touched).await, json!([]));
    for table in ["accounts", "api_keys", "credit_transactions", "credit_transactions_id_seq"] {
        for role in ["anon", "authenticated", "service_role"] {
            let sql = format!("set local role {role}; select from gateway.{table}");
            let refused = world.platform.database.execute(&sql).await.expect_err(&sql);
            assert!(format!("{refused:?}").contains("42501"), "{sql}: {refused:?}");
        }
    }
    for role in ["anon", "authenticated", "service_role"] {
        let usage = format!("select has_schema_privilege('{role}', 'gateway', 'usage, create')");
        assert_eq!(world.value(&usage).await, json!(false), "{role}");
        let create = format!("select has_schema_privilege('{role}', 'public', 'create')");
        assert_eq!(world.value(&create).await, json!(false), "{role}");
    }
    let anyone = "select count(*) from pg_class, aclexplode(relacl) as entry
                  where relnamespace = 'gateway'::regnamespace and entry.grantee <> relowner";
    assert_eq!(world.value(anyone).await, json!(0), "a privilege on a table");
    let in_public = "select count(*) from pg_class where relnamespace = 'public'::regnamespace";
    assert_eq!(world.value(in_public).await, json!(0), "a table in the exposed schema");
}

#[tokio::test]
async fn row_level_security_is_on_for_every_table_and_no_policy_opens_it() {
    let world = World::start().await;
    let open = "select coalesce(jsonb_agg(relname), '[]') from pg_class
                where relnamespace = 'gateway'::regnamespace and relkind in ('r', 'p') and not relrowsecurity";
    assert_eq!(world.value(open).await, json!([]));
    assert_eq!(world.value("select count(*) from pg_policy").await, json!(0));
}

#[tokio::test]
async fn the_ledger_and_the_audit_log_refuse_every_change() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world
        .sql(&format!(
            "select gateway.audit('{{}}', '{0}', '{1}', 'test', '{0}', null, '{{}}')",
            account.id, account.key_id
        ))
        .await;
    for table in ["credit_transactions", "audit_logs"] {
        let rows = format!("select jsonb_agg(t order by id) from gateway.{table} t");
        let before = world.value(&rows).await;
        assert_eq!(before.as_array().map(Vec::len), Some(1));
        for change in ["update gateway.TABLE set created_at = now()", "delete from gateway.TABLE"] {
            let change = change.replace("TABLE", table);
            let error = world.platform.database.execute(&change).await.expect_err(&change);
            assert!(format!("{error:?}").contains("append-only"), "{change}: {error:?}");
        }
        assert_eq!(world.value(&rows).await, before);
    }
}
