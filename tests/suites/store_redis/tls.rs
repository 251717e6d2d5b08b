//! TLS.

use super::*;

#[test]
fn tls_is_spoken_with_an_authority_of_ones_own() -> Result<()> {
    let Some(authority) = TestAuthority::make()? else {
        return Ok(());
    };
    let port = free_port()?.to_string();
    let file = |name| authority.path(name).display().to_string();
    let (certificate, key, ca) = (file("server.pem"), file("server.key"), file("ca.pem"));
    let settings = [
        "--tls-port",
        &port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &ca,
        "--tls-auth-clients",
        "no",
    ];
    let Ok(Some(_server)) = RedisServer::start(&settings) else {
        skip("redis-server speaks no TLS");
        return Ok(());
    };
    let fleet = Fleet::on(format!("rediss://127.0.0.1:{port}"))?;
    let trusting = |args: &[&str]| {
        let mut command = fleet.command(args);
        command.env("SSL_CERT_FILE", &ca);
        Running::start(&mut command)
    };
    // Over TLS go calls, and what the server pushes.
    let waiting = trusting(&["-v", "signal", "wait", "--agent", "b"])?;
    waiting.says("never seen")?;
    let send = ["signal", "send", "--from", "a", "--to", "b", "--type", "t"];
    assert_eq!(trusting(&send)?.end()?.exit, 0);
    assert_eq!(waiting.end()?.exit, 0);
    // Nobody is trusted without being named, and the certificate has to fit the address.
    let elsewhere = Fleet::on(format!("rediss://localhost:{port}"))?;
    let mut wrong_name = elsewhere.command(&["--json", "store", "info"]);
    wrong_name.env("SSL_CERT_FILE", &ca);
    for refused in [
        Running::start(&mut fleet.command(&["--json", "store", "info"]))?,
        Running::start(&mut wrong_name)?,
    ] {
        let refused = refused.end()?;
        assert_eq!(refused.exit, 3, "{refused:?}");
        let error = refused.document()?;
        assert!(
            error["error"]["message"]
                .as_str()
                .is_some_and(|message| message.contains("certificate")),
            "{error}"
        );
        assert!(
            error["error"]["hint"]
                .as_str()
                .is_some_and(|hint| hint.contains("SSL_CERT_FILE")),
            "{error}"
        );
    }
    Ok(())
}
