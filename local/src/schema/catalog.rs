//! What a database holds, as text that can be compared.
use crate::database::{Database, DatabaseError};
use std::{collections::BTreeMap, fmt};

/// What is asked of the database's own tables.
const OBJECTS: &str = include_str!("catalog.sql");

/// Every thing of a database and how it is defined.
#[derive(Debug, PartialEq, Eq)]
pub struct Catalog(pub(super) BTreeMap<Object, String>);

/// A thing of a database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Such as `table`, `column`, `function`; also `privileges` and `comment`, whose names begin with the kind they are of.
    pub kind: String,
    /// Qualified by its schema; a function's with its arguments.
    pub name: String,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

impl Catalog {
    /// Reads a database.
    pub async fn read(database: &Database) -> Result<Catalog, DatabaseError> {
        let mut lease = database.pool().acquire().await?;
        lease.connection.act_as_owner().await?;
        let client = &lease.connection.client;
        client.batch_execute("begin; set local search_path = ''").await?;
        let rows = client.query(OBJECTS, &[]).await?;
        client.batch_execute("commit").await?;
        let mut objects = BTreeMap::new();
        for row in rows {
            let object = Object { kind: row.try_get(0)?, name: row.try_get(1)? };
            objects.insert(object, row.try_get(2)?);
        }
        lease.release();
        Ok(Catalog(objects))
    }

    /// How many things of a kind there are.
    #[must_use]
    pub fn count(&self, kind: &str) -> usize {
        self.0.keys().filter(|object| object.kind == kind).count()
    }
}
