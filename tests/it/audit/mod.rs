//! The audit trail: what is put on it, who finds what there, and that it stays.

mod acts;
mod append_only;
mod own;
mod refused_keys;
mod search;

use serde_json::Value;
use tests::answer::Answer;
use tests::world::World;

/// The entries of a page.
fn entries(page: &Value) -> Vec<Value> {
    assert_eq!(page["object"], "list");
    page["data"].as_array().expect("data").clone()
}

/// Every entry that a search finds, page by page; `between` happens after each page.
async fn all_pages(world: &World, path: &str, key: &str, limit: usize, mut between: impl AsyncFnMut()) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let page = Answer::to(world.get(&format!("{path}{separator}limit={limit}{cursor}"), key)).await.success();
        let data = entries(&page);
        found.extend(data.iter().cloned());
        assert!(found.len() < 10_000, "the pages never end");
        let Some(next) = page["next_cursor"].as_str() else {
            assert_eq!(page["has_more"], false, "{path}");
            return found;
        };
        assert_eq!((data.len(), &page["has_more"]), (limit, &Value::Bool(true)), "{path}");
        cursor = format!("&cursor={next}");
        between().await;
    }
}
