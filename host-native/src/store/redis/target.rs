//! Which servers an address means, and connections to them.

use std::fmt;
use std::sync::{Arc, Once};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection, SendError};
use redis::cluster::{ClusterClient, ClusterConfig};
use redis::cluster_async::ClusterConnection;
use redis::io::tcp::TcpSettings;
use redis::sentinel::{Sentinel, SentinelNodeConnectionInfo};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, ErrorKind, IntoConnectionInfo as _,
    Pipeline, ProtocolVersion, PushInfo, RedisConnectionInfo, RedisFuture, RedisResult, TlsMode,
    Value,
};

use crate::store::{StoreError, StoreErrorKind, StoreUrl};

/// How long a connection may take to be made.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an answer may take.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// What an address means.
#[derive(Clone)]
pub(super) struct Target {
    servers: Servers,
    /// The database number.
    pub(super) db: i64,
}

#[derive(Clone)]
enum Servers {
    /// One server.
    Single(Box<ConnectionInfo>),
    /// The master of a service that Sentinels watch.
    Sentinel {
        sentinels: Vec<ConnectionInfo>,
        service: String,
        /// How to speak with the master.
        node: Box<SentinelNodeConnectionInfo>,
    },
    /// A Cluster: some of its nodes.
    Cluster(Vec<ConnectionInfo>),
}

/// A connection over which any number of calls go at once.
#[derive(Clone)]
pub(super) enum Connection {
    /// To one server.
    Single(MultiplexedConnection),
    /// To a Cluster.
    Cluster(ClusterConnection),
}

/// Takes a message that the server pushes; must not block.
pub(super) type OnPush = Arc<dyn Fn(PushInfo) + Send + Sync>;

impl Target {
    /// Reads an address.
    pub(super) fn parse(url: &StoreUrl) -> Result<Self, StoreError> {
        install_tls();
        let refuse = |happened: String| {
            StoreError::new(StoreErrorKind::Usage, format!("use the store {url}"), happened).hint(
                "an address is written such as redis://user:password@host:6379/0, \
                 redis+sentinel://host:26379,host:26379/service or redis+cluster://host:7000,host:7001",
            )
        };
        let (servers, db) = match url {
            StoreUrl::Sqlite(_) => return Err(refuse("it is no Redis server".into())),
            StoreUrl::Redis(text) => {
                let node = node(text).map_err(refuse)?;
                let db = node.redis_settings().db();
                (Servers::Single(Box::new(node)), db)
            }
            StoreUrl::Sentinel(text) => sentinel(text).map_err(refuse)?,
            StoreUrl::Cluster(text) => {
                let (nodes, rest) = nodes(text).map_err(refuse)?;
                if !matches!(rest, "" | "0") {
                    return Err(refuse("a Cluster has database 0 only".into()));
                }
                (Servers::Cluster(nodes), 0)
            }
        };
        Ok(Self { servers, db })
    }

    /// Whether it is a Cluster, which holds Muster's own layout only.
    pub(super) const fn is_cluster(&self) -> bool {
        matches!(self.servers, Servers::Cluster(_))
    }

    /// Whether Sentinels say which server is the master.
    pub(super) const fn has_sentinels(&self) -> bool {
        matches!(self.servers, Servers::Sentinel { .. })
    }

    /// A new connection for calls.
    pub(super) async fn connect(&self) -> RedisResult<Connection> {
        let Servers::Cluster(nodes) = &self.servers else {
            let config = config().set_response_timeout(Some(ANSWER_TIMEOUT));
            return self.open(&config, false).await.map(Connection::Single);
        };
        let config = ClusterConfig::new()
            .set_connection_timeout(CONNECT_TIMEOUT)
            .set_response_timeout(ANSWER_TIMEOUT);
        let client = ClusterClient::builder(nodes.iter().cloned())
            .tcp_settings(tcp())
            .build()?;
        let connection = client.get_async_connection_with_config(config).await?;
        Ok(Connection::Cluster(connection))
    }

    /// A new connection to which the server pushes messages. In a Cluster it is to
    /// the first node that answers: every node passes on what is published.
    pub(super) async fn connect_pushed(
        &self,
        on_push: OnPush,
    ) -> RedisResult<MultiplexedConnection> {
        let config = config()
            .set_response_timeout(Some(ANSWER_TIMEOUT))
            .set_push_sender(move |info| -> Result<(), SendError> {
                on_push(info);
                Ok(())
            });
        self.open(&config, true).await
    }

    /// Connects to the one server, to the master, or to the first node that answers.
    async fn open(
        &self,
        config: &AsyncConnectionConfig,
        pushed: bool,
    ) -> RedisResult<MultiplexedConnection> {
        match &self.servers {
            Servers::Single(node) => connect((**node).clone(), config, pushed).await,
            Servers::Sentinel {
                sentinels,
                service,
                node,
            } => {
                let mut sentinel = Sentinel::build(sentinels.clone())?;
                let master = sentinel.async_master_for(service, Some(node)).await?;
                connect(master.get_connection_info().clone(), config, pushed).await
            }
            Servers::Cluster(nodes) => {
                let mut last = (ErrorKind::InvalidClientConfig, "no node is named").into();
                for node in nodes {
                    match connect(node.clone(), config, pushed).await {
                        Ok(connection) => return Ok(connection),
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Addresses hold passwords.
        f.write_str(match self.servers {
            Servers::Single(_) => "one server",
            Servers::Sentinel { .. } => "a service of Sentinels",
            Servers::Cluster(_) => "a Cluster",
        })
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Single(connection) => connection.req_packed_command(cmd),
            Self::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Single(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Single(connection) => connection.get_db(),
            Self::Cluster(_) => 0,
        }
    }
}

/// Names the provider of TLS once; without it a build that holds two would panic.
fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error says that the process has chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

async fn connect(
    node: ConnectionInfo,
    config: &AsyncConnectionConfig,
    pushed: bool,
) -> RedisResult<MultiplexedConnection> {
    let node = if pushed {
        let settings = node.redis_settings().clone();
        node.set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3))
    } else {
        node
    };
    Client::open(node)?
        .get_multiplexed_async_connection_with_config(config)
        .await
}

fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_TIMEOUT))
}

fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

/// The server that a URL names.
fn node(url: &str) -> Result<ConnectionInfo, String> {
    let info = url.into_connection_info().map_err(|error| {
        let said = error.to_string();
        // Behind it stands the library's name for the sort of error.
        match said.split(" - ").next().unwrap_or_default() {
            "Redis URL did not parse" => {
                "host and port cannot be read; a port is a number up to 65535".into()
            }
            "Invalid database number" => {
                "what stands behind host and slash is the number of a database, such as 0".into()
            }
            other => other.to_owned(),
        }
    })?;
    Ok(info.set_tcp_settings(tcp()))
}

/// The servers of `SCHEME://USER:PASSWORD@HOST:PORT,HOST:PORT/REST`, and the rest
/// without its slashes.
fn nodes(url: &str) -> Result<(Vec<ConnectionInfo>, &str), String> {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let scheme = scheme.split('+').next().unwrap_or_default();
    let (user, rest) = match rest.rsplit_once('@') {
        Some((user, rest)) => (format!("{user}@"), rest),
        None => (String::new(), rest),
    };
    let (hosts, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let nodes = hosts
        .split(',')
        .map(|host| node(&format!("{scheme}://{user}{host}")))
        .collect::<Result<_, _>>()?;
    Ok((nodes, rest.trim_matches('/')))
}

/// `redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/SERVICE/DB`: user and
/// password are the master's, Sentinels are asked without.
fn sentinel(url: &str) -> Result<(Servers, i64), String> {
    let (nodes, rest) = nodes(url)?;
    let (service, db) = rest.split_once('/').unwrap_or((rest, "0"));
    if service.is_empty() {
        return Err("the name of the service is missing after the hosts".into());
    }
    let db = db
        .parse()
        .map_err(|_| format!("{db} is no number of a database"))?;
    let master = nodes
        .first()
        .map(|node| node.redis_settings().clone().set_db(db))
        .unwrap_or_default();
    let mut node = SentinelNodeConnectionInfo::default()
        .set_redis_connection_info(master)
        .set_tcp_settings(tcp());
    if url.starts_with("rediss") {
        node = node.set_tls_mode(TlsMode::Secure);
    }
    let servers = Servers::Sentinel {
        sentinels: nodes
            .into_iter()
            .map(|node| node.set_redis_settings(RedisConnectionInfo::default()))
            .collect(),
        service: service.into(),
        node: Box::new(node),
    };
    Ok((servers, db))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Result<Target, StoreError> {
        Target::parse(&StoreUrl::parse(url).unwrap())
    }

    #[test]
    fn addresses_name_servers_and_databases() {
        for (url, what, db) in [
            ("redis://localhost", "one server", 0),
            ("rediss://ann:secret@h:7000/3", "one server", 3),
            (
                "redis+sentinel://:p@a:1,b:2/main",
                "a service of Sentinels",
                0,
            ),
            ("redis+sentinel://a:1/main/4", "a service of Sentinels", 4),
            ("redis+cluster://a:1,b:2", "a Cluster", 0),
        ] {
            let target = target(url).unwrap();
            assert_eq!(
                (format!("{target:?}").as_str(), target.db),
                (what, db),
                "{url}"
            );
        }
    }

    #[test]
    fn what_names_none_is_wrong_usage() {
        for url in [
            "redis://h/x",
            "redis://h:99999",
            "redis+sentinel://a:1",
            "redis+sentinel://a:1/main/x",
            "redis+cluster://a:1/3",
        ] {
            let error = target(url).unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Usage, "{url}: {error}");
        }
    }
}
