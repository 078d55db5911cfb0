//! What the database holds of something that it should not.

use crate::world::World;

impl World {
    /// Whether any row of any table holds this text.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn is_stored(&self, text: &str) -> bool {
        let tables =
            "select jsonb_agg(relname) from pg_class where relnamespace = 'gateway'::regnamespace and relkind = 'r'";
        let tables: Vec<String> = serde_json::from_value(self.value(tables).await).expect("tables");
        for table in tables {
            let found = format!("select exists (select from gateway.{table} t where strpos(t::text, '{text}') > 0)");
            if self.value(&found).await == true {
                return true;
            }
        }
        false
    }
}
