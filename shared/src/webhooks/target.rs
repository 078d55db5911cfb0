//! Which addresses a webhook may have: https ones on the public internet. What a name stands for is looked at when it is connected to
//! (`client`), since by then it may stand for something else.

use std::net::IpAddr;

use reqwest::Url;

use super::address::is_public;

/// The longest address, in bytes.
pub const LONGEST: usize = 2048;
/// Ends of names that no public server has (RFC 6761, RFC 6762, RFC 8375, and what clouds name their insides).
const INNER_NAMES: [&str; 7] = ["localhost", "local", "internal", "intranet", "lan", "home.arpa", "localdomain"];

/// Reads an address that a webhook may have. `local` are hosts that may be anywhere, and by http: a developer's own.
///
/// # Errors
/// What is wrong with it, as the end of a sentence that begins with its name.
pub fn read(url: &str, local: &[String]) -> Result<Url, &'static str> {
    if url.len() > LONGEST {
        return Err("is at most 2048 bytes long");
    }
    let url = Url::parse(url).map_err(|_| "is a URL, such as https://example.com/webhooks")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has no name and no password in it: deliveries are signed");
    }
    if url.fragment().is_some() {
        return Err("has no fragment: `#` and what is behind it is not sent");
    }
    if url.host_str().is_some_and(|host| is_local(host, local)) && matches!(url.scheme(), "http" | "https") {
        return Ok(url);
    }
    if url.scheme() != "https" {
        return Err("begins with https://");
    }
    // 443 is what `None` stands for.
    if url.port().is_some_and(|port| port < 1024) {
        return Err("has the port 443, or one from 1024 up");
    }
    match url.host_str() {
        None => Err("has a host"),
        Some(host) if is_outside(host) => Ok(url),
        Some(_) => Err("is a server's on the public internet"),
    }
}

/// Whether a host is one of a developer's own.
pub(super) fn is_local(host: &str, local: &[String]) -> bool {
    local.iter().any(|own| own == host)
}

/// Whether a host, as a URL has it, may be on the public internet: every spelling of an address of IPv4, decimal, octal or hex, is
/// its usual one by now.
fn is_outside(host: &str) -> bool {
    match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(address) => is_public(address),
        Err(_) => {
            let name = host.trim_end_matches('.');
            let within = |end: &&str| name == *end || name.strip_suffix(*end).is_some_and(|rest| rest.ends_with('.'));
            name.contains('.') && !INNER_NAMES.iter().any(within)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_a_public_server_is_taken_in_whatever_spelling() {
        for url in [
            "https://example.com",
            "https://example.com:443/a?b=c",
            "https://hooks.example.com:8443/x",
            "https://hooks.example.com:1024/",
            "https://1.1.1.1/",
            "https://[2606:4700:4700::1111]/",
            "https://xn--bcher-kva.example/",
            "https://bücher.example/",
            "HTTPS://EXAMPLE.COM/",
        ] {
            assert!(read(url, &[]).is_ok(), "{url}");
        }
        for url in [
            "",
            "example.com",
            "http://example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "https://",
            "https:///x",
            "gopher://example.com/",
            "https://user@example.com/",
            "https://user:pass@example.com/",
            "https://example.com/#a",
            "https://example.com:22/",
            "https://example.com:80/",
            "https://example.com:6/",
            "https://example.com:1023/",
            // Loopback, in every spelling.
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://127.0.0.1./",
            "https://2130706433/",
            "https://017700000001/",
            "https://0x7f000001/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://0x7f.1/",
            "https://①②⑦.⓪.⓪.①/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[0:0:0:0:0:0:0:1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[::127.0.0.1]/",
            // What is not loopback and not public.
            "https://0/",
            "https://0.0.0.0/",
            "https://[::]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://2852039166/",
            "https://0xa9fea9fe/",
            "https://metadata.google.internal/",
            "https://100.100.100.200/",
            "https://168.63.129.16/",
            "https://[fd00:ec2::254]/",
            "https://[fe80::1]/",
            "https://10.0.0.1/",
            "https://167772161/",
            "https://192.168.1.1/",
            "https://172.16.0.1/",
            "https://100.64.0.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[ff02::1]/",
            "https://[2002:7f00:1::]/",
            "https://[2001:db8::1]/",
            "https://printer.local/",
            "https://db.lan/",
            "https://intranet/",
            "https://a.home.arpa/",
            "https://host.docker.internal/",
        ] {
            assert!(read(url, &[]).is_err(), "{url}");
        }
        assert!(read(&format!("https://example.com/{}", "a".repeat(LONGEST)), &[]).is_err());
    }

    #[test]
    fn a_developers_own_host_is_taken_by_its_name_alone() {
        let local = ["localhost".to_owned()];
        for (url, taken) in [
            ("http://localhost:3000/x", true),
            ("https://localhost/x", true),
            ("http://localhost:22/x", true),
            ("ftp://localhost/x", false),
            ("http://127.0.0.1:3000/x", false),
            ("http://localhost.example.com/x", false),
            ("http://a.localhost/x", false),
            ("http://notlocalhost/x", false),
        ] {
            assert_eq!(read(url, &local).is_ok(), taken, "{url}");
        }
    }
}
