//! TLS as `sslmode` asks for it, by rustls. Where libpq would want `~/.postgresql/root.crt`, the system's
//! certificate authorities do as well.
//!
//! <https://www.postgresql.org/docs/current/libpq-ssl.html>

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Error, SslMode};

#[derive(Clone)]
pub(super) struct Security {
    pub(super) mode: SslMode,
    pub(super) root: Option<PathBuf>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

impl Security {
    pub(super) fn first(&self) -> postgres::config::SslMode {
        match self.mode {
            SslMode::Disable | SslMode::Allow => postgres::config::SslMode::Disable,
            SslMode::Prefer => postgres::config::SslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => postgres::config::SslMode::Require,
        }
    }

    /// What to try when the first way failed.
    pub(super) fn second(&self) -> Option<postgres::config::SslMode> {
        match self.mode {
            SslMode::Allow => Some(postgres::config::SslMode::Require),
            SslMode::Prefer => Some(postgres::config::SslMode::Disable),
            SslMode::Disable | SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => None,
        }
    }

    /// Whether the other way could end better: the server may want, or not want, encryption for this role.
    pub(super) fn worth_another(&self, error: &Error) -> bool {
        match error {
            Error::Authentication { reason, .. } => reason.contains("pg_hba.conf"),
            Error::Tls { .. } => true,
            Error::Target(_)
            | Error::NoSuchHost { .. }
            | Error::Refused { .. }
            | Error::NoSocket { .. }
            | Error::Unreachable { .. }
            | Error::Timeout { .. }
            | Error::PasswordMissing { .. }
            | Error::NoDatabase { .. }
            | Error::Busy { .. }
            | Error::Server { .. } => false,
        }
    }

    pub(super) fn connector(&self, to: &str) -> Result<MakeRustlsConnect, Error> {
        let failed = |reason: String| Error::Tls { to: to.to_owned(), reason, no_tls: false };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = self.verifier(&provider).map_err(failed)?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| failed(e.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let key = PrivateKeyDer::from_pem_file(key).map_err(|e| failed(unreadable(key, &e)))?;
                let chain = certificates(certificate).map_err(failed)?;
                builder.with_client_auth_cert(chain, key).map_err(|e| failed(e.to_string()))?
            }
            _ => builder.with_no_client_auth(),
        };
        // Servers from 17 on refuse a direct handshake without it.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(MakeRustlsConnect::new(config))
    }

    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, String> {
        let anyone = Verifier { inner: None, provider: Arc::clone(provider), any_name: true };
        let any_name = match self.mode {
            // With a root certificate at hand, `require` means `verify-ca`, for compatibility: so says the manual.
            SslMode::Require if self.root.is_none() => return Ok(Arc::new(anyone)),
            SslMode::Disable | SslMode::Allow | SslMode::Prefer => return Ok(Arc::new(anyone)),
            SslMode::Require | SslMode::VerifyCa => true,
            SslMode::VerifyFull => false,
        };
        let roots = Arc::new(self.roots()?);
        let inner = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Arc::new(Verifier { inner: Some(inner), provider: Arc::clone(provider), any_name }))
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        match &self.root {
            Some(file) if file.as_os_str() != "system" => {
                for certificate in certificates(file)? {
                    roots.add(certificate).map_err(|e| format!("`{}`: {e}", file.display()))?;
                }
            }
            _ => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
        }
        if roots.is_empty() {
            return Err("there are no certificate authorities to verify the server with".to_owned());
        }
        Ok(roots)
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|e: rustls::pki_types::pem::Error| unreadable(file, &e))
}

fn unreadable(file: &Path, error: &rustls::pki_types::pem::Error) -> String {
    format!("cannot read `{}`: {error}", file.display())
}

/// Verifies as much as the mode asks for.
#[derive(Debug)]
struct Verifier {
    /// None: any certificate will do.
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    any_name: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(inner) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        // The chain is verified before the name, so a wrong name means that the chain is good.
        match inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.any_name => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
