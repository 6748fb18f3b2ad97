//! est-ca behind TLS: est-ca-server ADDRESS DIRECTORY.
//!
//! The directory holds, all in PEM, `server.crt` and `server.key` for TLS, `ca.crt` and `ca.key` to sign with, and
//! the one `password`, which any user name goes with. If `clients.crt` is there, TLS wants a certificate signed by it.

use std::{env, fs::File, io::BufReader, path::Path, sync::Arc};

use axum_server::tls_rustls::RustlsConfig;
use est_ca::auth::{AuthBackend, Principal};
use est_ca::ca::{serial::InMemorySerialStore, CertProfile, Issuer};
use est_ca::est::server::EstServer;
use rustls::server::AllowAnyAuthenticatedClient;
use rustls::{Certificate, PrivateKey, RootCertStore, ServerConfig};

struct Password(String);

impl AuthBackend for Password {
    /// Who is refused gets to hear what he sent, as from a careless server.
    fn verify_bootstrap(&self, user: &str, password: &str) -> Result<Principal, String> {
        if password == self.0 {
            return Ok(Principal::new(user));
        }
        Err(format!("{user} does not have the password {password}"))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = env::args().collect();
    let [_, address, directory] = arguments.as_slice() else { panic!("est-ca-server ADDRESS DIRECTORY") };
    let directory = Path::new(directory);
    let password = std::fs::read_to_string(directory.join("password")).expect("password");
    let serials = Arc::new(InMemorySerialStore::new());
    let profile = CertProfile::client_auth_for_days(7);
    let issuer = Issuer::load_pem(directory.join("ca.crt"), directory.join("ca.key"), profile, serials).expect("CA");
    let router = EstServer::new(issuer, Arc::new(Password(password))).router();
    axum_server::bind_rustls(address.parse().expect("ADDRESS"), tls(directory))
        .serve(router.into_make_service())
        .await
        .expect("serving");
}

fn tls(directory: &Path) -> RustlsConfig {
    let plain = ServerConfig::builder().with_safe_defaults();
    let clients = directory.join("clients.crt");
    let config = if clients.exists() {
        let mut roots = RootCertStore::empty();
        certificates(&clients).iter().for_each(|root| roots.add(root).expect("clients.crt"));
        plain.with_client_cert_verifier(Arc::new(AllowAnyAuthenticatedClient::new(roots)))
    } else {
        plain.with_no_client_auth()
    };
    let key = rustls_pemfile::pkcs8_private_keys(&mut reader(&directory.join("server.key"))).expect("server.key");
    let key = PrivateKey(key.into_iter().next().expect("server.key"));
    let config = config.with_single_cert(certificates(&directory.join("server.crt")), key).expect("server.crt");
    RustlsConfig::from_config(Arc::new(config))
}

fn certificates(path: &Path) -> Vec<Certificate> {
    rustls_pemfile::certs(&mut reader(path)).expect("certificates").into_iter().map(Certificate).collect()
}

fn reader(path: &Path) -> BufReader<File> {
    BufReader::new(File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}
