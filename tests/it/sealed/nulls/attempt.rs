//! A call of a function that is undone, so that what it would have changed can be told.

use serde_json::Value;

use super::Scene;

impl Scene {
    /// Runs a function and undoes what it did. Answers what it answered, if it raised nothing, and whether anything has
    /// changed but the audit trail and what counts attempts.
    pub(super) async fn attempt(&self, function: &str, arguments: &Value) -> (Option<Value>, bool) {
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
        // These take their arguments as they come, in one object.
        let handed_on = match function {
            "begin_request" | "finish_request" => format!("''{}''", arguments.to_string().replace('\'', "''''")),
            _ => named.join(", "),
        };
        let tried = self.world.value(&format!("select gateway.attempt('select public.{function}({handed_on})')")).await;
        (tried.get("answer").cloned(), tried["changed"] == true)
    }
}

/// What tries a statement: everything stored, before and after, and an end that undoes it.
pub(super) const ATTEMPT: &str = r#"
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
