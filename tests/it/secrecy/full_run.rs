//! Searched for after a full run: no answer, log line, mail, table, counter or provider holds what it must not.

use std::collections::BTreeMap;

use serde_json::json;

use crate::life::Life;
use crate::life::secrets::{Kind, Piece, Place};

#[tokio::test]
async fn no_answer_log_line_mail_or_table_holds_a_usable_key_or_a_provider_key() {
    let mut life = Life::start("trace").await;
    life.calls().await;
    let person = life.sign_ins().await;
    life.keys(&person).await;
    life.own_keys(&person).await;
    let admin = life.administration(&person).await;
    life.routes(&person, &admin).await;
    life.misconfigured().await;
    let leave = json!({"confirmation": "DELETE_ACCOUNT"});
    life.ask("DELETE", "/user/account", Some(&person.key), &leave).await.success();
    life.ask("GET", "/user/profile", Some(&person.key), &json!(null)).await.refused(401, "api_key_revoked");
    life.look_into_the_stores().await;

    let mut pieces = std::mem::take(&mut life.pieces);
    pieces.extend(life.mails());
    pieces.extend(life.sent());
    pieces.extend(life.traces());
    let line = |text: String| Piece { place: Place::Log, what: "a line".to_owned(), text };
    pieces.extend(life.output().await.into_iter().map(line));
    // What is there many times is searched once.
    pieces.sort_unstable();
    pieces.dedup();
    let mut out = BTreeMap::new();
    for piece in &pieces {
        for (kind, found) in life.secrets.found_in(piece) {
            out.entry((&piece.place, kind)).or_insert((0, found)).0 += 1;
        }
    }
    assert!(out.is_empty(), "secrets are out; where, of which kind, how many, and one of them: {out:#?}");

    // This test looks at something.
    for (place, least) in [
        ("Answer", 400),
        ("PublicAnswer", 10),
        ("Log", 1_000),
        ("Mail", 8),
        ("Redis", 40),
        ("Table", 400),
        ("Provider", 30),
        ("Trace", 30),
    ] {
        let seen = pieces.iter().filter(|piece| format!("{:?}", piece.place).starts_with(place)).count();
        assert!(seen >= least, "{place}: {seen}");
    }
    let told = pieces.iter().filter(|piece| piece.place == Place::ToldTrace).count();
    assert_eq!(told, 2, "what was said is in the traces of two calls, whose key says so, and of no others");
    for library in ["hyper", "reqwest", "rustls"] {
        let written = format!("\"target\":\"{library}");
        assert!(pieces.iter().any(|piece| piece.text.contains(&written)), "no line of {library}");
    }
    let kinds = [Kind::ApiKey, Kind::KeyHash, Kind::Fernet, Kind::Token, Kind::CodeHash, Kind::Words];
    for (kind, least) in kinds.into_iter().zip([140, 140, 10, 8, 8, 20]) {
        assert!(life.secrets.count(&kind) >= least, "{kind:?}: {}", life.secrets.count(&kind));
    }
}
