//! What suites share: hosts, fixtures, a fake place of collection, logs of bad input, tools, the surface of the core.

pub mod artefacts;
pub mod bad_input;
pub mod binary;
pub mod bridge_cases;
pub mod fleet;
pub mod fleet_store;
pub mod hosts;
pub mod ingest;
pub mod peer;
pub mod peer_agents;
pub mod plugin;
pub mod redis_server;
pub mod surface;
pub mod tcp_proxy;
pub mod test_authority;
pub mod tool;
