//! What must stay a secret, from when it comes into being, and where each may be all the same.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shared::api_key::hash;
use shared::config::Pepper;
use shared::key_environment::KeyEnvironment;
use shared::sign_in::code::hash_for;

/// Variables of a deployment that are no secret.
const OPEN: [&str; 10] = [
    "VERCEL_ENV",
    "RUST_LOG",
    "APP_NAME",
    "FROM_EMAIL",
    "WEBHOOK_LOCAL_HOSTS",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "PRIVY_APP_ID",
    "DATABASE_TIMEOUT_MS",
    "REDIS_TIMEOUT_MS",
    "PROVIDER_TIMEOUT_MS",
];
/// Characters of an API key behind its prefix.
const KEY_LENGTH: usize = 43;
/// How a Fernet token begins until 2038: with its version and the time.
const FERNET: &str = "gAAAAAB";

/// What a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An API key, or the part of it behind the prefix.
    ApiKey,
    /// What the database knows an API key by.
    KeyHash,
    /// The gateway's key or a user's own at a provider.
    ProviderKey(String),
    /// The end of a user's own key, which its owner is shown, and no one else.
    Tail,
    /// A part of a token that people sign in with.
    Token,
    /// What the database knows a mailed code by.
    CodeHash,
    /// What deliveries to a user's webhook are signed with.
    WebhookSecret,
    /// Something of a user's, encrypted.
    Fernet,
    /// A secret of the deployment's.
    Setting,
    /// What callers and models say.
    Words,
}

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In an answer of the gateway's.
    Answer,
    /// In one that everybody is given: the catalog, the documentation. It is full of numbers of its own.
    PublicAnswer,
    /// In a line of the log.
    Log,
    /// In a mail.
    Mail,
    /// In a row of this table.
    Table(String),
    /// In Redis.
    Redis,
    /// In a request to this provider.
    Provider(String),
    /// In a trace.
    Trace,
    /// In the trace of a call whose key lets what is said be told.
    ToldTrace,
}

impl Kind {
    fn may_be_in(&self, place: &Place) -> bool {
        match (self, place) {
            (Self::ProviderKey(of), Place::Provider(to)) => of == to,
            (Self::KeyHash, Place::Table(name)) => ["api_keys", "former_secrets"].contains(&name.as_str()),
            (Self::CodeHash, Place::Table(name)) => name == "sign_in_codes",
            (Self::Fernet, Place::Table(name)) => {
                ["provider_keys", "chat_sessions", "chat_messages", "stored_responses", "webhook_secrets"]
                    .contains(&name.as_str())
            }
            // A month of the audit trail is a table of its own.
            // The mail that tells its owner which key was refused waits among the notifications.
            (Self::Tail, Place::Table(name)) => {
                ["provider_keys", "notifications"].contains(&name.as_str()) || name.starts_with("audit_logs")
            }
            // Which answers may show the end of a key, whoever asks for them sees to.
            (Self::Tail, Place::Answer | Place::Provider(_) | Place::Mail) => true,
            (Self::KeyHash, Place::Redis) | (Self::Words, Place::Answer | Place::Provider(_) | Place::ToldTrace) => {
                true
            }
            _ => false,
        }
    }
}

/// Some text, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Piece {
    /// Where.
    pub place: Place,
    /// Of what, for people.
    pub what: String,
    /// The text.
    pub text: String,
}

/// All secrets of one life.
pub struct Secrets {
    peppers: Vec<Pepper>,
    known: BTreeMap<String, Kind>,
    codes: BTreeSet<String>,
}

impl Secrets {
    /// Those of a deployment.
    pub fn of_deployment(variables: &[(&str, &str)]) -> Self {
        let value = |wanted: &str| variables.iter().find(|(name, _)| *name == wanted).map_or("", |(_, value)| *value);
        let ring = value("API_KEY_PEPPERS").split(',').filter_map(|entry| Some(entry.split_once(':')?.1));
        let peppers =
            ring.chain([value("API_KEY_PEPPER")]).map(|secret| Pepper { version: 1, secret: secret.to_owned() });
        let mut secrets = Self { peppers: peppers.collect(), known: BTreeMap::new(), codes: BTreeSet::new() };
        secrets.settings(variables);
        // As it is sent to Privy.
        let basic = STANDARD.encode(format!("{}:{}", value("PRIVY_APP_ID"), value("PRIVY_APP_SECRET")));
        secrets.add(basic.trim_end_matches('='), Kind::Setting);
        secrets
    }

    /// The variables of a deployment, keyrings key by key.
    pub fn settings(&mut self, variables: &[(&str, &str)]) {
        for (name, value) in variables.iter().filter(|(name, _)| is_secret(name)) {
            let provider = name.strip_suffix("_API_KEY").map(str::to_ascii_lowercase);
            let kind = match provider.filter(|provider| local::provider::NAMES.contains(&provider.as_str())) {
                Some(provider) => Kind::ProviderKey(provider),
                None => Kind::Setting,
            };
            for secret in value.split(',').map(|entry| entry.split_once(':').map_or(entry, |(_, secret)| secret)) {
                self.add(secret.trim_end_matches(['=', '\u{7}']), kind.clone());
            }
        }
    }

    /// How many there are of a kind.
    pub fn count(&self, kind: &Kind) -> usize {
        self.known.values().filter(|known| *known == kind).count()
    }

    /// Takes a secret in; false if it was there.
    pub fn add(&mut self, secret: &str, kind: Kind) -> bool {
        assert!(secret.len() >= 4, "{kind:?} is too short to be looked for: {secret:?}");
        self.known.insert(secret.to_owned(), kind).is_none()
    }

    /// An API key with all that follows from it; false if it was there.
    pub fn api_key(&mut self, key: &str) -> bool {
        for pepper in self.peppers.clone() {
            self.add(&hash(key, &pepper), Kind::KeyHash);
        }
        self.add(&key[key.len().saturating_sub(KEY_LENGTH)..], Kind::ApiKey);
        self.add(key, Kind::ApiKey)
    }

    /// A user's own key at a provider.
    pub fn provider_key(&mut self, provider: &str, key: &str) {
        self.add(key, Kind::ProviderKey(provider.to_owned()));
    }

    /// A token, of which all but the head is its user's alone.
    pub fn token(&mut self, token: &str) {
        for part in token.split('.').skip(1) {
            self.add(part, Kind::Token);
        }
    }

    /// A code that was mailed to an address.
    pub fn code(&mut self, email: &str, code: &str) {
        for pepper in self.peppers.clone() {
            self.add(&hash_for(email, code, &pepper), Kind::CodeHash);
        }
        // A round number stands in many places.
        if !code.ends_with("000") {
            self.codes.insert(code.to_owned());
        }
    }

    /// What somebody said: any three words of it in a row.
    pub fn words(&mut self, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        for phrase in words.windows(3) {
            self.add(&phrase.join(" "), Kind::Words);
        }
    }

    /// What is in this text and must not be there: of which kind, and what exactly.
    pub fn found_in(&self, Piece { place, what, text }: &Piece) -> Vec<(String, String)> {
        let known = self.known.iter().filter(|(secret, kind)| text.contains(secret.as_str()) && !kind.may_be_in(place));
        let mut found: Vec<(String, &str)> =
            known.map(|(secret, kind)| (format!("{kind:?}"), secret.as_str())).collect();
        let lines = text.replace("\\n", " ");
        if *place != Place::PublicAnswer {
            let codes = numbers(&lines).filter(|number| self.codes.contains(*number));
            found.extend(codes.map(|code| ("Code".to_owned(), code)));
        }
        // Whatever nobody has been told of.
        found.extend(key_in(text).map(|key| ("a whole API key".to_owned(), key)));
        if text.contains(FERNET) && !Kind::Fernet.may_be_in(place) {
            found.push(("a Fernet token".to_owned(), FERNET));
        }
        found.into_iter().map(|(kind, secret)| (kind, format!("{secret} in {what}: {text}"))).collect()
    }
}

/// Whether a variable of a deployment is a secret: every one is that is not known to be none.
pub fn is_secret(variable: &str) -> bool {
    !variable.ends_with("_URL") && !OPEN.contains(&variable)
}

/// The numbers of six digits that stand in a text by themselves, decimals left out.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    words.filter(|word| word.len() >= 6).filter_map(|word| {
        let number = word.split('.').next().unwrap_or_default();
        (number.len() == 6 && number.bytes().all(|digit| digit.is_ascii_digit())).then_some(number)
    })
}

/// An API key in a text.
fn key_in(text: &str) -> Option<&str> {
    let prefixes = KeyEnvironment::ALL.iter().flat_map(|environment| text.match_indices(environment.prefix()));
    let keys = prefixes.filter_map(|(at, prefix)| text.get(at..at + prefix.len() + KEY_LENGTH));
    keys.into_iter().find(|key| key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'))
}
