//! Where traces of calls are sent, and of which calls: OpenTelemetry's own variables.
//!
//! Source: opentelemetry.io/docs/specs/otel, "OpenTelemetry Protocol Exporter" and "Environment Variable Specification".

use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;

use super::read::Reader;
use super::{Misconfigured, Setting, variables};

/// Where traces go.
#[derive(Clone, Debug)]
pub struct TraceSettings {
    /// Where spans are posted.
    pub address: Url,
    /// What the receiver wants to see with them.
    pub headers: HeaderMap,
    /// What the service is called there.
    pub service: String,
    /// Which calls are traced.
    pub sampler: Sampler,
}

/// Which calls are traced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// A call that comes with a trace is traced if its caller's part of it is.
    pub goes_by_caller: bool,
    /// The part of the other calls, or of all: from 0 to 1.
    pub part: f64,
}

/// Reads them. A receiver that is described wrongly keeps no call from being served.
pub(super) fn traces<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<TraceSettings> {
    let endpoint = variables::OTEL_EXPORTER_OTLP_ENDPOINT;
    let (sampler, headers) = (sampler(reader), headers(reader));
    let service = reader.text_or_default(&variables::OTEL_SERVICE_NAME);
    reader.text(&endpoint).ok_or(Misconfigured::missing(endpoint, "is not set", "set it to a receiver's address"))?;
    let address = reader.url(&endpoint)?;
    let address = Url::parse(&format!("{address}/v1/traces")).map_err(|_| Misconfigured::unusable(endpoint))?;
    Ok(TraceSettings { address, headers: headers?, service, sampler: sampler? })
}

fn sampler<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<Sampler> {
    let word = reader.choice(&variables::OTEL_TRACES_SAMPLER)?;
    let argument = reader.text_or_default(&variables::OTEL_TRACES_SAMPLER_ARG);
    let part = argument.parse().ok().filter(|part| (0.0..=1.0).contains(part)).ok_or_else(|| {
        let problem = format!("is `{argument}`");
        Misconfigured::malformed(
            variables::OTEL_TRACES_SAMPLER_ARG.name,
            problem,
            "it must be a number from 0 to 1, such as 0.1 for a tenth of the calls; without it 1 holds",
        )
    })?;
    let (goes_by_caller, kind) = match word.strip_prefix("parentbased_") {
        Some(kind) => (true, kind),
        None => (false, word.as_str()),
    };
    let part = match kind {
        "always_on" => 1.0,
        "always_off" => 0.0,
        _ => part,
    };
    Ok(Sampler { goes_by_caller, part })
}

/// `name=value` pairs with commas between them, values percent-encoded. What is wrong with them is said without them: they hold keys.
fn headers<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<HeaderMap> {
    let variable = variables::OTEL_EXPORTER_OTLP_HEADERS;
    let text = reader.text(&variable).unwrap_or_default();
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let headers: Option<HeaderMap> = pairs.map(header).collect();
    headers.ok_or_else(|| {
        Misconfigured::malformed(
            variable.name,
            "is malformed",
            "write it as `name=value`, several with commas between them",
        )
    })
}

fn header(pair: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = pair.split_once('=')?;
    let mut value = HeaderValue::from_bytes(&decoded(value.trim())?).ok()?;
    value.set_sensitive(true);
    Some((name.trim().parse().ok()?, value))
}

/// A text without its percent-encoding (RFC 3986, 2.1).
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        bytes.extend(hex::decode(code).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example:4318/base/");

    fn read(variables: &[(&str, &str)]) -> Setting<TraceSettings> {
        traces(&Reader::new(|name: &str| {
            variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned())
        }))
    }

    #[test]
    fn what_the_variables_of_opentelemetry_say_holds() {
        let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b%3D, x-team = ops ,");
        let settings = read(&[ENDPOINT, headers]).expect("settings");
        assert_eq!(settings.address.as_str(), "https://otel.example:4318/base/v1/traces");
        let header = |name: &str| settings.headers[name].to_str().expect("a text").to_owned();
        assert_eq!((header("api-key"), header("x-team")), ("a b=".to_owned(), "ops".to_owned()));
        assert!(settings.headers["api-key"].is_sensitive());
        assert_eq!(
            (settings.service.as_str(), settings.sampler),
            ("gateway", Sampler { goes_by_caller: true, part: 1.0 })
        );
        for (word, argument, goes_by_caller, part) in [
            ("always_on", "0.1", false, 1.0),
            ("always_off", "1", false, 0.0),
            ("traceidratio", "0.25", false, 0.25),
            ("parentbased_always_off", "1", true, 0.0),
            ("parentbased_traceidratio", "1e-3", true, 0.001),
        ] {
            let sampler = [ENDPOINT, ("OTEL_TRACES_SAMPLER", word), ("OTEL_TRACES_SAMPLER_ARG", argument)];
            assert_eq!(read(&sampler).expect("settings").sampler, Sampler { goes_by_caller, part }, "{word}");
        }
    }

    #[test]
    fn nothing_is_traced_without_a_receiver_and_what_is_malformed_is_named_without_its_secrets() {
        assert!(read(&[]).is_err_and(|missing| missing.is_missing()));
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "secret"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "key=secret%zz"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a key=secret"),
            ("OTEL_TRACES_SAMPLER", "sometimes"),
            ("OTEL_TRACES_SAMPLER_ARG", "2"),
            ("OTEL_TRACES_SAMPLER_ARG", "NaN"),
        ] {
            let malformed = read(&[(name, value), ENDPOINT]).expect_err(name);
            let told = malformed.to_string();
            assert!(!malformed.is_missing() && told.starts_with(name) && !told.contains("secret"), "{told}");
        }
    }
}
