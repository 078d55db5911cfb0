//! Every page for people that the program itself has, with all that it is drawn with: nothing depends on a platform that serves files.

use shared::endpoints::docs::guides::GUIDES;
use tests::answer::Answer;
use tests::world::World;

#[tokio::test]
async fn every_page_has_its_icon_and_all_that_it_is_drawn_with_from_the_program() {
    let world = World::start().await;
    let account = world.account(0).await;
    let app = world.platform.gateway().expect("a gateway");
    let unsubscribe = shared::mail::unsubscribe::link(&app, account.id, "usage_report").expect("a pepper");
    let unsubscribe = unsubscribe[unsubscribe.find("/notifications/").expect("a link")..].to_owned();
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let mut pages = vec![
        "/".to_owned(),
        "/docs".to_owned(),
        "/docs/guides".to_owned(),
        "/console".to_owned(),
        format!("/auth?code_challenge={challenge}&callback_url=https%3A%2F%2Fapp.example%2F"),
        unsubscribe,
    ];
    pages.extend(GUIDES.iter().map(|guide| format!("/docs/guides/{}", guide.name)));
    for path in pages {
        let page = Answer::to(world.http.get(format!("{}{path}", world.base_url)).header("accept", "text/html")).await;
        assert_eq!(page.status, 200, "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("img-src 'self'"), "{path} may not show its icon: {policy}");
        let drawn_with: Vec<&str> = tags(&page.text).filter_map(drawn_with).collect();
        let icons = drawn_with.iter().filter(|file| file.ends_with(".svg")).count();
        assert!(icons > 0, "{path} has no icon: {drawn_with:?}");
        for file in drawn_with {
            let asked = world.http.get(format!("{}{file}", world.base_url));
            let there = Answer::to(asked).await;
            let wanted = match file.rsplit('.').next() {
                Some("svg") => "image/svg+xml",
                Some("css") => "text/css",
                _ => "text/javascript",
            };
            assert_eq!(there.status, 200, "{path} has {file}");
            assert!(there.header("content-type").starts_with(wanted), "{file}: {}", there.header("content-type"));
        }
    }
}

fn tags(page: &str) -> impl Iterator<Item = &str> {
    page.split('<').skip(1).filter_map(|rest| rest.split('>').next())
}

/// The file that a tag has fetched with the page.
fn drawn_with(tag: &str) -> Option<&str> {
    let attribute = match tag.split(' ').next()? {
        "link" if ["\"icon\"", "\"stylesheet\"", "\"modulepreload\""].iter().any(|kind| tag.contains(kind)) => {
            "href=\""
        }
        "script" | "img" => "src=\"",
        _ => return None,
    };
    tag.split_once(attribute)?.1.split('"').next()
}
