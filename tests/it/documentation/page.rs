//! The page at /docs, as far as it can be told without a browser (tests/browser opens it in one).

use tests::answer::Answer;
use tests::world::World;

#[tokio::test]
async fn the_page_takes_everything_from_here_and_allows_nothing_else() {
    let world = World::start().await;
    let get = |path: &str| Answer::to(world.http.get(format!("{}{path}", world.base_url)));
    let page = get("/docs").await;
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("script-src 'self';"), "{policy}");
    assert!(!page.text.contains("http:") && !page.text.contains("https:"), "{}", page.text);
    let links = page.text.split(['"', '\'']).filter(|part| part.starts_with("/docs/"));
    let mut found = 0;
    for link in links {
        let asset = get(link).await;
        assert_eq!(asset.status, 200, "{link}");
        let kind = asset.headers["content-type"].to_str().expect("text").to_owned();
        let wanted = if link.ends_with(".css") { "text/css" } else { "text/javascript" };
        assert_eq!(kind, wanted, "{link}");
        found += 1;
    }
    assert_eq!(found, 3, "a style sheet and two scripts");
}

#[tokio::test]
async fn a_file_that_the_page_has_not_is_not_found() {
    let world = World::start().await;
    for file in ["nothing.js", "..%2fCargo.toml", "%2e%2e%2fpage.html", "swagger-ui.css%00"] {
        Answer::to(world.http.get(format!("{}/docs/{file}", world.base_url))).await.refused(404, "not_found");
    }
}
