//! The guides: every one can be read as a page and as text, leads to nothing that is not there, and fetches nothing from elsewhere.

use std::collections::BTreeSet;

use shared::endpoints::docs::guides::GUIDES;
use tests::answer::Answer;
use tests::world::World;

#[tokio::test]
async fn every_guide_leads_to_what_is_there_and_is_found_by_programs() {
    let world = World::start().await;
    let get =
        |path: &str| Answer::to(world.http.get(format!("{}{path}", world.base_url)).header("accept", "text/html"));
    let mut pages = vec!["/docs/guides".to_owned()];
    pages.extend(GUIDES.iter().map(|guide| format!("/docs/guides/{}", guide.name)));
    let mut places = BTreeSet::new();
    for path in &pages {
        let page = get(path).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        for inline in ["{{", "<style", "style=", "onclick", "<script>", "src=\"http"] {
            assert!(!page.text.contains(inline), "{path} has {inline}");
        }
        let links = page.text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let own = links.filter(|link| link.starts_with(['/', '#']));
        places.extend(own.map(|link| if link.starts_with('#') { format!("{path}{link}") } else { link.to_owned() }));
    }
    for place in places {
        let (path, anchor) = place.split_once('#').unwrap_or((&place, ""));
        // The console is a folder of files, and its own tests look at it.
        if path.starts_with("/console") {
            continue;
        }
        let there = get(path).await;
        assert_eq!(there.status, 200, "{place}");
        assert!(anchor.is_empty() || there.text.contains(&format!("id=\"{anchor}\"")), "{place} leads nowhere");
    }
    let list = get("/llms.txt").await.text;
    let full = get("/llms-full.txt").await.text;
    assert!(list.starts_with("# ") && list.contains("\n> "), "{list}");
    for guide in GUIDES {
        let source = format!("/docs/guides/{}.md", guide.name);
        assert!(list.contains(&format!("]({source})")), "{source} is not in llms.txt");
        let text = get(&source).await;
        assert_eq!((text.header("content-type"), text.text.as_str()), ("text/markdown; charset=utf-8", guide.source));
        assert!(full.contains(guide.source), "{source} is not in llms-full.txt");
    }
    let index = get("/docs/guides.json").await;
    let sections: Vec<[String; 5]> = serde_json::from_str(&index.text).expect("a list of sections");
    assert!(GUIDES.iter().all(|guide| sections.iter().any(|[name, ..]| name == guide.name)));
    for name in ["nothing", "README", "quick-start.html", "..%2f..%2fCargo.toml", "keys.md.md"] {
        get(&format!("/docs/guides/{name}")).await.refused(404, "not_found");
    }
}
