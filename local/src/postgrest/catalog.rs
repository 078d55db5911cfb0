//! The functions that PostgREST exposes, and which of them a request means.
use super::answer::Answer;
use crate::database::pool::quoted;
use axum::http::StatusCode;
use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, PoisonError, RwLock},
};
use tokio_postgres::Client;

/// Reads the functions of schema `public`. Left out are those that the original cannot call or that this stand-in does not
/// need: procedures, triggers, variadic parameters, and parameters without a name, but for a single one that takes JSON.
const FUNCTIONS: &str = "
    select p.proname::text,
           p.provolatile = 'v',
           case when p.proretset then 'set'
                when p.prorettype = 'void'::regtype then 'void'
                when p.prorettype in ('json'::regtype, 'jsonb'::regtype) then 'json'
                else 'value' end,
           p.pronargs - p.pronargdefaults,
           p.proargnames,
           p.proargmodes::text[],
           array(select format_type(u.type, null)
                 from unnest(p.proargtypes::oid[]) with ordinality u(type, position) order by u.position)
    from pg_catalog.pg_proc p
    where p.pronamespace = 'public'::regnamespace
      and p.prokind = 'f'
      and p.provariadic = 0
      and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)";

/// The time that each role's statements have. PostgREST knows the settings of its roles since it read the schema, too.
const TIMEOUTS: &str = "
    select r.rolname::text, split_part(setting, '=', 2)
    from pg_catalog.pg_db_role_setting s join pg_catalog.pg_roles r on r.oid = s.setrole, unnest(s.setconfig) as setting
    where s.setdatabase = 0 and setting like 'statement_timeout=%'";

/// What a function gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Returns {
    Void,
    /// One `json` or `jsonb`.
    Json,
    /// One value or row of another type.
    Value,
    Set,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    /// As SQL.
    type_name: String,
    required: bool,
}

/// A function of schema `public`.
#[derive(Debug)]
pub(super) struct Function {
    name: String,
    parameters: Vec<Parameter>,
    /// The type of its only parameter, which has no name: it takes the body as it comes
    /// (<https://docs.postgrest.org/en/v13/references/api/functions.html#functions-with-a-single-unnamed-parameter>).
    whole: Option<String>,
    /// A function that is not runs in a read-only transaction.
    pub volatile: bool,
    pub returns: Returns,
    /// The statements worded so far: one for every set of arguments that it is called with.
    worded: RwLock<HashMap<Arguments, Arc<str>>>,
}

/// What is known of the database.
#[derive(Default)]
pub(super) struct Catalog {
    /// All functions, by name.
    functions: HashMap<String, Vec<Arc<Function>>>,
    /// By role.
    timeouts: HashMap<String, String>,
}

impl Catalog {
    pub(super) async fn read(client: &Client) -> Result<Catalog, tokio_postgres::Error> {
        let mut catalog = Catalog::default();
        for row in client.query(FUNCTIONS, &[]).await? {
            let name: String = row.try_get(0)?;
            let required: i16 = row.try_get(3)?;
            let names: Vec<String> = row.try_get::<_, Option<_>>(4)?.unwrap_or_default();
            let modes: Option<Vec<String>> = row.try_get(5)?;
            let types: Vec<String> = row.try_get(6)?;
            let inputs = names.into_iter().enumerate().filter(|(position, _)| {
                let mode = modes.as_ref().and_then(|modes| modes.get(*position));
                mode.is_none_or(|mode| mode == "i" || mode == "b")
            });
            let parameters: Vec<Parameter> = inputs
                .zip(types.iter())
                .enumerate()
                .map(|(position, ((_, name), type_name))| Parameter {
                    name,
                    type_name: type_name.clone(),
                    required: i16::try_from(position).is_ok_and(|position| position < required),
                })
                .collect();
            let is_unnamed =
                parameters.len() != types.len() || parameters.iter().any(|parameter| parameter.name.is_empty());
            let whole = match types.as_slice() {
                [only] if is_unnamed && ["json", "jsonb"].contains(&only.as_str()) => Some(only.clone()),
                _ if is_unnamed => continue,
                _ => None,
            };
            let parameters = if is_unnamed { Vec::new() } else { parameters };
            let returns = match row.try_get(2)? {
                "void" => Returns::Void,
                "json" => Returns::Json,
                "set" => Returns::Set,
                _ => Returns::Value,
            };
            let function = Function {
                name: name.clone(),
                parameters,
                whole,
                volatile: row.try_get(1)?,
                returns,
                worded: RwLock::default(),
            };
            catalog.functions.entry(name).or_default().push(Arc::new(function));
        }
        for row in client.query(TIMEOUTS, &[]).await? {
            catalog.timeouts.insert(row.try_get(0)?, row.try_get(1)?);
        }
        Ok(catalog)
    }

    /// The `statement_timeout` of a role that has one of its own.
    pub(super) fn timeout(&self, role: &str) -> Option<&str> {
        self.timeouts.get(role).map(String::as_str)
    }

    /// Finds the one function of that name that takes exactly these arguments, or the body as a whole.
    pub(super) fn find(&self, name: &str, arguments: &Arguments) -> Result<Arc<Function>, Answer> {
        let named = self.functions.get(name).map(Vec::as_slice).unwrap_or_default();
        let fitting: Vec<&Arc<Function>> = named.iter().filter(|function| function.takes(arguments)).collect();
        match fitting.as_slice() {
            [function] => Ok(Arc::clone(function)),
            [] => match named.iter().find(|function| function.whole.is_some()) {
                Some(function) => Ok(Arc::clone(function)),
                None => Err(not_found(name, arguments, named)),
            },
            _ => {
                let candidates: Vec<String> = fitting.iter().map(|function| function.signature()).collect();
                let message =
                    format!("Could not choose the best candidate function between: {}", candidates.join(", "));
                let hint = "Try renaming the parameters or the function itself in the database so function \
                            overloading can be resolved";
                Err(Answer::error(StatusCode::MULTIPLE_CHOICES, "PGRST203", &message, None, Some(hint)))
            }
        }
    }
}

fn not_found(name: &str, arguments: &Arguments, named: &[Arc<Function>]) -> Answer {
    let given: Vec<&str> = arguments.0.iter().map(String::as_str).collect();
    let list = given.join(", ");
    let (short, long) = match given.len() {
        0 => (" without parameters".to_owned(), " without parameters".to_owned()),
        1 => (format!("({list})"), format!(" with parameter {list}")),
        _ => (format!("({list})"), format!(" with parameters {list}")),
    };
    let message = format!("Could not find the function public.{name}{short} in the schema cache");
    let details = format!(
        "Searched for the function public.{name}{long} or with a single unnamed json/jsonb parameter, but no matches \
         were found in the schema cache."
    );
    let hint = named.first().map(|function| {
        let mut names: Vec<&str> = function.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        names.sort_unstable();
        format!("Perhaps you meant to call the function public.{name}({})", names.join(", "))
    });
    Answer::error(StatusCode::NOT_FOUND, "PGRST202", &message, Some(&details), hint.as_deref())
}

impl Function {
    fn takes(&self, arguments: &Arguments) -> bool {
        if self.whole.is_some() {
            return false;
        }
        let known = |name: &String| self.parameters.iter().any(|parameter| parameter.name == *name);
        arguments.0.iter().all(known)
            && self.parameters.iter().all(|parameter| !parameter.required || arguments.0.contains(&parameter.name))
    }

    fn signature(&self) -> String {
        let parameters: Vec<String> =
            self.parameters.iter().map(|parameter| format!("{} => {}", parameter.name, parameter.type_name)).collect();
        format!("public.{}({})", self.name, parameters.join(", "))
    }

    /// The statement that calls this function and makes the answer's JSON (column 1), and whether it takes the
    /// arguments as one JSON object (`$1`). Like the original it leaves their conversion to `json_to_record`, so that
    /// JSON becomes SQL by Postgres's own rules.
    pub(super) fn sql(&self, arguments: &Arguments) -> (Arc<str>, bool) {
        let nothing = Arguments::default();
        let arguments = if self.whole.is_some() { &nothing } else { arguments };
        // Whether any arguments are given is whether there is a JSON object to read them from.
        let takes_json = self.whole.is_some() || !arguments.0.is_empty();
        let worded = self.worded.read().unwrap_or_else(PoisonError::into_inner).get(arguments).map(Arc::clone);
        let sql = worded.unwrap_or_else(|| {
            let sql: Arc<str> = self.word(arguments).into();
            let mut worded = self.worded.write().unwrap_or_else(PoisonError::into_inner);
            worded.insert(arguments.clone(), Arc::clone(&sql));
            sql
        });
        (sql, takes_json)
    }

    fn word(&self, arguments: &Arguments) -> String {
        let given = || self.parameters.iter().filter(|parameter| arguments.0.contains(&parameter.name));
        let named: Vec<String> = given().map(|parameter| format!("{0} => a.{0}", quoted(&parameter.name))).collect();
        let record: Vec<String> =
            given().map(|parameter| format!("{} {}", quoted(&parameter.name), parameter.type_name)).collect();
        let handed_on = match &self.whole {
            Some(type_name) => format!("$1::text::{type_name}"),
            None => named.join(", "),
        };
        let call = format!("public.{}({handed_on})", quoted(&self.name));
        // Read behind the call, which may have set it.
        let headers = "nullif(current_setting('response.headers', true), '')";
        let source = if record.is_empty() {
            "(select) as a".to_owned()
        } else {
            format!("json_to_record($1::text::json) as a({})", record.join(", "))
        };
        match self.returns {
            Returns::Void => format!("select {call}, {headers} from {source}"),
            Returns::Json => format!("select coalesce({call}::text, 'null'), {headers} from {source}"),
            Returns::Value => {
                format!("select coalesce(to_json({call})::text, 'null'), {headers} from {source}")
            }
            Returns::Set => {
                format!("select coalesce(json_agg(r), '[]')::text, {headers} from {source}, lateral {call} as r")
            }
        }
    }
}

/// The names of the arguments in a request's JSON object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Arguments(BTreeSet<String>);

impl Arguments {
    /// Reads the names; the values are for Postgres.
    pub(super) fn parse(body: &str) -> serde_json::Result<Arguments> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = BTreeSet<String>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of named arguments")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut names = BTreeSet::new();
                while let Some((name, IgnoredAny)) = map.next_entry()? {
                    names.insert(name);
                }
                Ok(names)
            }
        }
        let mut json = serde_json::Deserializer::from_str(body);
        let names = de::Deserializer::deserialize_map(&mut json, Names)?;
        json.end()?;
        Ok(Arguments(names))
    }
}
