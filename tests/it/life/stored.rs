//! What the stores hold at a moment, as text: what is there today may be gone at the end.

use serde_json::Value;
use shared::traces::names;

use super::Life;
use super::secrets::{Kind, Piece, Place};

impl Life {
    /// Keeps every row of every table, and everything in Redis.
    pub async fn look_into_the_stores(&mut self) {
        let tables = "select jsonb_agg(relname) from pg_class
                      where relnamespace = 'gateway'::regnamespace and relkind in ('r', 'p')";
        let tables: Vec<String> = serde_json::from_value(self.world.value(tables).await).expect("tables");
        for table in tables {
            let rows = format!("select coalesce(jsonb_agg(to_jsonb(t)), '[]') from gateway.{table} t");
            for row in self.world.value(&rows).await.as_array().expect("rows") {
                if let Some(token) = row["ciphertext"].as_str() {
                    self.secrets.add(token, Kind::Fernet);
                }
                let place = Place::Table(table.clone());
                self.pieces.push(Piece { place, what: "a row".to_owned(), text: row.to_string() });
            }
        }
        for text in self.world.platform.upstash.contents().expect("Redis in process") {
            self.pieces.push(Piece { place: Place::Redis, what: "a key with its value".to_owned(), text });
        }
    }

    /// Every mail; one with a code without the one code that its text and its HTML hold.
    pub fn mails(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for mail in self.world.platform.mailbox.messages() {
            let [email] = &mail.to[..] else { panic!("one recipient: {:?}", mail.to) };
            let mut bodies = [mail.text.expect("a text"), mail.html.expect("HTML")];
            if mail.subject.contains("code to sign in") {
                let mut numbers = bodies[0].split(|c: char| !c.is_ascii_digit());
                let code = numbers.find(|number| number.len() == 6).expect("a code").to_owned();
                self.secrets.code(email, &code);
                bodies = bodies.map(|body| body.replacen(&code, "", 1));
            }
            for text in bodies.into_iter().chain([mail.subject, mail.from]) {
                pieces.push(Piece { place: Place::Mail, what: format!("to {email}"), text });
            }
        }
        pieces
    }

    /// The traces that were sent.
    pub fn traces(&self) -> Vec<Piece> {
        let piece = |text: String| {
            let place = if text.contains(names::INPUT) { Place::ToldTrace } else { Place::Trace };
            Piece { place, what: "a trace".to_owned(), text }
        };
        self.receiver.traces().into_iter().map(|trace| piece(trace.body.to_string())).collect()
    }

    /// What the providers were sent.
    pub fn sent(&self) -> Vec<Piece> {
        let requests = self.world.platform.providers.control().requests();
        let piece = |provider: &str, what: &str, text: String| Piece {
            place: Place::Provider(provider.to_owned()),
            what: what.to_owned(),
            text,
        };
        let mut pieces = Vec::new();
        for request in requests {
            let headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            pieces.push(piece(request.provider, "headers", headers.join("\n")));
            pieces.push(piece(request.provider, "body", Value::to_string(&request.body)));
        }
        pieces
    }
}
