//! Which Postgres to use: a given one, an installed one, or the embedded one.
use super::{DatabaseError, find::find, user::can_serve};
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Where the database comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A running server, by URL. It is used as it is and never stopped.
    Url(String),
    /// An installed server, by the folder of its programs. It is spawned.
    Installed(PathBuf),
    /// The Postgres inside this program. One connection only.
    Embedded,
}

impl Source {
    /// Chooses a source. `GATEWAY_DATABASE` (`embedded` or `installed`) forces one; else `DATABASE_URL`; else an
    /// installed Postgres that can serve `dir`; else the embedded one.
    ///
    /// `env` looks up an environment variable; `dir` is the folder that the data will live in, if it is to last.
    pub fn detect(env: impl Fn(&str) -> Option<String>, dir: Option<&Path>) -> Result<Source, DatabaseError> {
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        match set("GATEWAY_DATABASE").as_deref() {
            Some("embedded") => return Ok(Source::Embedded),
            Some("installed") => {
                let bin = find(&set).ok_or(DatabaseError::NotInstalled)?;
                return Ok(Source::Installed(bin));
            }
            Some(other) => return Err(DatabaseError::UnknownChoice(other.to_owned())),
            None => {}
        }
        if let Some(url) = set("DATABASE_URL") {
            return Ok(Source::Url(url));
        }
        if let Some(bin) = find(&set)
            && dir.is_none_or(can_serve)
        {
            return Ok(Source::Installed(bin));
        }
        if cfg!(feature = "embedded") { Ok(Source::Embedded) } else { Err(DatabaseError::NoEmbedded) }
    }
}

impl fmt::Display for Source {
    /// One line for humans; a URL's password is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Url(url) => match url.parse::<tokio_postgres::Config>() {
                Ok(config) => {
                    let hosts: Vec<String> = config
                        .get_hosts()
                        .iter()
                        .map(|host| match host {
                            tokio_postgres::config::Host::Tcp(name) => name.clone(),
                            #[cfg(unix)]
                            tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
                        })
                        .collect();
                    let name = config.get_dbname().unwrap_or("postgres");
                    write!(f, "DATABASE_URL (database {name} at {})", hosts.join(", "))
                }
                Err(_) => f.write_str("DATABASE_URL"),
            },
            Source::Installed(bin) => write!(f, "the Postgres installed in {}", bin.display()),
            Source::Embedded => f.write_str("the embedded Postgres (one connection)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(pairs: &[(&str, &str)]) -> Result<Source, DatabaseError> {
        let env = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Source::detect(env, None)
    }

    #[test]
    fn the_choice_is_forced_before_the_url_is_looked_at() {
        let url = ("DATABASE_URL", "postgres://db.example/x");
        let forced = detect(&[("GATEWAY_DATABASE", "embedded"), url]).expect("a source");
        assert_eq!(forced, Source::Embedded);
        let given = detect(&[url]).expect("a source");
        assert_eq!(given, Source::Url(url.1.to_owned()));
        assert!(matches!(detect(&[("GATEWAY_DATABASE", "mysql")]), Err(DatabaseError::UnknownChoice(_))));
    }

    #[test]
    fn a_pg_bin_without_programs_is_no_installed_postgres() {
        let empty = tempfile::tempdir().expect("a folder");
        let bin = empty.path().display().to_string();
        assert!(matches!(
            detect(&[("GATEWAY_DATABASE", "installed"), ("PG_BIN", &bin)]),
            Err(DatabaseError::NotInstalled)
        ));
    }

    #[test]
    fn a_password_is_never_shown() {
        let shown = Source::Url("postgres://me:hunter2@db.example/shop".to_owned()).to_string();
        assert!(shown.contains("shop") && shown.contains("db.example"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
