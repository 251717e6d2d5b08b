//! Signals, heartbeats, approvals, streams and scores through the binary, as agents
//! and people meet them: every case on every store.

mod approval;
mod doctor;
mod feedback;
mod heartbeat;
mod signal;
mod store;
mod stream;

/// Makes a test of each case for each store.
macro_rules! on_each_store {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[test]
                fn $case() -> anyhow::Result<()> {
                    super::$case(&muster_tests::fleet::Fleet::on_sqlite()?)
                }
            )+
        }

        mod redis {
            $(
                #[test]
                fn $case() -> anyhow::Result<()> {
                    let server = muster_tests::redis_server::RedisServer::start(&[])?;
                    // Without the program a line has said that this case is skipped.
                    let Some(server) = server else { return Ok(()) };
                    super::$case(&muster_tests::fleet::Fleet::on(server.url())?)
                }
            )+
        }
    };
}
use on_each_store;

/// A time on the first of the month, at a second after noon.
fn at(second: u32) -> String {
    let (minute, second) = (second / 60, second % 60);
    format!("2026-11-20T12:{minute:02}:{second:02}Z")
}
