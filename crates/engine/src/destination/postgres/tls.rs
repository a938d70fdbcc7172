//! Encrypted connections: rustls, with the certificates that the operating system trusts or with given ones.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres_rustls::MakeRustlsConnect;

/// A TLS client that checks certificate and name of the server. The error is the reason in words.
pub(super) fn verifying(root_certificate: Option<&Path>) -> Result<MakeRustlsConnect, String> {
    let config = match root_certificate {
        Some(file) => client()?.with_root_certificates(certificates_in(file)?),
        None => client()?
            .with_platform_verifier()
            .map_err(|error| format!("the system's certificates cannot be used: {error}"))?,
    };
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

/// The provider is named, because a process may have none installed, or several compiled in.
fn client() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, String> {
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))
}

fn certificates_in(file: &Path) -> Result<RootCertStore, String> {
    let refused = |reason: &dyn std::fmt::Display| {
        format!(
            "the root certificate {} cannot be used: {reason}",
            file.display()
        )
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| refused(&error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| refused(&error))?;
        roots.add(certificate).map_err(|error| refused(&error))?;
    }
    if roots.is_empty() {
        return Err(refused(&"it holds no certificate in PEM form"));
    }
    Ok(roots)
}
