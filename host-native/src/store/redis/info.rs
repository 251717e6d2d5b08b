//! What the server is and what an accepted write survives there.

use std::collections::BTreeMap;

use muster_core::Timestamp;

use super::RedisStore;
use super::foreign::TRUSTED_MS;
use crate::store::{Durability, StoreInfo, StoreResult};

impl RedisStore {
    pub(super) async fn describe(&self, _now: Timestamp) -> StoreResult<StoreInfo> {
        let text = self
            .shared
            .link
            .command("ask about the server", &redis::cmd("INFO"))
            .await?
            .text_of_a_node()?;
        let info: BTreeMap<&str, &str> = text
            .lines()
            .filter_map(|line| line.trim_end().split_once(':'))
            .collect();
        let told = |name: &str| info.get(name).copied().unwrap_or_default();
        let mut notes = Vec::new();
        let durability = self.durability(told("aof_enabled"), &mut notes).await;
        if told("role") == "slave" {
            notes.push(
                "this server is a replica and takes no writes: name its master, or use redis+sentinel://"
                    .into(),
            );
        }
        let policy = told("maxmemory_policy");
        if told("maxmemory") != "0" && !matches!(policy, "" | "noeviction") {
            notes.push(format!(
                "when its memory is full the server drops keys ({policy}), accepted signals among them: \
                 CONFIG SET maxmemory-policy noeviction"
            ));
        }
        let mut observed_since = None;
        if self.shared.link.target.is_cluster() {
            notes.push(
                "in a Cluster Muster keeps a layout of its own: agents of attune are not seen there, \
                 because their keys lie in different slots"
                    .into(),
            );
        } else if self.shared.options.foreign {
            let age = self.mark_age_ms().await?;
            if (0..=TRUSTED_MS).contains(&age) {
                observed_since = self.watched_since().await?;
            } else {
                notes.push(
                    "nobody watches for agents that write without Muster: run `muster store watch`, \
                     or each command looks through the key space once"
                        .into(),
                );
            }
        }
        Ok(StoreInfo {
            backend: "redis",
            location: self.shared.link.location.clone(),
            version: told("redis_version").to_owned(),
            durability,
            observed_since,
            notes,
        })
    }

    async fn watched_since(&self) -> StoreResult<Option<Timestamp>> {
        let mut get = redis::cmd("GET");
        get.arg("muster:signal:since");
        let since = self
            .shared
            .link
            .command("read the watch", &get)
            .await?
            .number_if_any()?;
        Ok(since.and_then(|us| Timestamp::from_micros(us).ok()))
    }

    async fn durability(&self, aof_enabled: &str, notes: &mut Vec<String>) -> Durability {
        if aof_enabled != "1" {
            notes.push(
                "the server keeps no append-only file: accepted writes are lost when it ends; \
                 CONFIG SET appendonly yes, and appendfsync always for no loss at all"
                    .into(),
            );
            return Durability::Memory;
        }
        let mut get = redis::cmd("CONFIG");
        get.arg("GET").arg("appendfsync");
        // Some servers let nobody look.
        let flag = match self
            .shared
            .link
            .command("read the server's settings", &get)
            .await
        {
            Ok(reply) => reply
                .pairs()
                .ok()
                .and_then(|pairs| pairs.into_iter().next()),
            Err(_) => None,
        };
        let Some(Ok(fsync)) = flag.map(|(_, value)| value.text()) else {
            notes.push("the server does not tell how often it writes to its disk".into());
            return Durability::Unknown;
        };
        if fsync == "always" {
            return Durability::Disk;
        }
        notes.push(format!(
            "the server writes to its disk with appendfsync {fsync}: the last second may be lost; \
             CONFIG SET appendfsync always prevents it"
        ));
        Durability::Seconds
    }
}
