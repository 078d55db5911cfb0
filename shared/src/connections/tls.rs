//! TLS to other servers: the authorities that this machine trusts, which are read once a process.
//!
//! The HTTP client would read them again for each client that is built, all 150 of them.

use std::sync::OnceLock;

use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt as _;

/// The settings of every HTTP client in this process. What a server has once agreed on is resumed by all of them.
///
/// # Errors
/// When the authorities cannot be read.
pub fn settings() -> Result<ClientConfig, rustls::Error> {
    static SETTINGS: OnceLock<ClientConfig> = OnceLock::new();
    if let Some(settings) = SETTINGS.get() {
        return Ok(settings.clone());
    }
    // This fails when a crypto provider is installed already, and that one serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut settings = ClientConfig::with_platform_verifier()?;
    settings.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(SETTINGS.get_or_init(|| settings).clone())
}
