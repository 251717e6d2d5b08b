//! The virtual machine, its node and its core pods.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Piece;
use super::command::{Output, run};
use crate::gateway::Profile;

pub(crate) async fn collect(profile: &Profile) -> Option<Piece> {
    if !profile.wants("substrate") || (profile.namespace.is_none() && profile.vm_command.is_empty())
    {
        return None;
    }
    Some(("substrate".to_owned(), look(profile).await))
}

async fn look(profile: &Profile) -> Result<Value, String> {
    let limit = profile.limit;
    let mut state = Map::new();
    if !profile.vm_command.is_empty() {
        let shown = run(&profile.vm_command, limit).await?;
        let vm = parse_vm(&shown)
            .ok_or_else(|| format!("{}: {}", profile.vm_command.join(" "), shown.complaint()))?;
        state.insert("vm".to_owned(), json!(vm));
    }
    if let Some(namespace) = &profile.namespace {
        let of_pods = ["get", "pods", "--namespace", namespace.as_str()];
        let (nodes, pods) =
            tokio::join!(kubectl(&["get", "nodes"], limit), kubectl(&of_pods, limit));
        match (nodes, pods) {
            (Ok(nodes), Ok(pods)) => {
                state.insert("node_ready".to_owned(), json!(nodes_ready(&nodes)));
                state.insert("pods".to_owned(), pod_states(&pods, &profile.pods));
                state.insert("error".to_owned(), Value::Null);
            }
            (Err(why), _) | (_, Err(why)) => {
                let told = why.to_ascii_lowercase();
                let is_down = told.contains("refused") || told.contains("eof");
                let vm_stopped = state
                    .get("vm")
                    .and_then(Value::as_str)
                    .is_some_and(|vm| !vm.eq_ignore_ascii_case("running"));
                // Any other failure says nothing of the cluster.
                if !is_down && !vm_stopped {
                    return Err(why);
                }
                state.insert("error".to_owned(), json!(why));
            }
        }
    }
    Ok(Value::Object(state))
}

async fn kubectl(what: &[&str], limit: Duration) -> Result<Value, String> {
    let mut command = vec!["kubectl"];
    command.extend(what);
    command.extend(["--output", "json", "--request-timeout", "5s"]);
    let shown = run(&command, limit).await?;
    if shown.exit != Some(0) {
        return Err(format!("kubectl: {}", shown.complaint()));
    }
    serde_json::from_str(&shown.stdout).map_err(|_| "kubectl: it prints no JSON".to_owned())
}

/// The state of the machine: of a JSON document, of its first line, or in words.
fn parse_vm(shown: &Output) -> Option<String> {
    let first = shown.stdout.lines().find(|line| !line.trim().is_empty());
    for text in [shown.stdout.as_str(), first.unwrap_or_default()] {
        if let Ok(document) = serde_json::from_str::<Value>(text) {
            let status = document.get("status").or_else(|| document.get("state"));
            return Some(match status.and_then(Value::as_str) {
                Some(status) => status.to_ascii_lowercase(),
                // `colima status --json` names no state of a machine that runs.
                None => "running".to_owned(),
            });
        }
    }
    let said = format!("{}{}", shown.stdout, shown.stderr).to_ascii_lowercase();
    // `colima list --json` prints nothing where there is no machine.
    let stopped = said.contains("not running") || (shown.exit == Some(0) && said.trim().is_empty());
    stopped.then(|| "stopped".to_owned())
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn nodes_ready(nodes: &Value) -> bool {
    let mut all = items(nodes).peekable();
    all.peek().is_some()
        && all.all(|node| {
            let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
            conditions
                .into_iter()
                .flatten()
                .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
        })
}

/// The states of the core pods; a container that waits says more than the phase.
fn pod_states(pods: &Value, core: &[String]) -> Value {
    let state = |name: &String| {
        let Some(pod) = items(pods).find(|pod| pod.pointer("/metadata/name") == Some(&json!(name)))
        else {
            return "absent".to_owned();
        };
        let containers = pod
            .pointer("/status/containerStatuses")
            .and_then(Value::as_array);
        let waiting = containers.into_iter().flatten().find_map(|container| {
            container
                .pointer("/state/waiting/reason")
                .and_then(Value::as_str)
        });
        let phase = pod.pointer("/status/phase").and_then(Value::as_str);
        waiting.or(phase).unwrap_or("unknown").to_owned()
    };
    Value::Object(
        core.iter()
            .map(|name| (name.clone(), json!(state(name))))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(stdout: &str, stderr: &str, exit: i32) -> Output {
        Output {
            stdout: stdout.into(),
            stderr: stderr.into(),
            exit: Some(exit),
        }
    }

    #[test]
    fn machines_tell_their_state_in_several_ways() {
        for (shown, vm) in [
            (
                said(
                    "{\"name\":\"default\",\"status\":\"Running\"}\n{\"name\":\"x\",\"status\":\"Stopped\"}\n",
                    "",
                    0,
                ),
                Some("running"),
            ),
            (said("{\"driver\":\"vz\"}", "", 0), Some("running")),
            (
                said("", "level=fatal msg=\"colima is not running\"", 1),
                Some("stopped"),
            ),
            (said("", "", 0), Some("stopped")),
            (said("", "unknown flag", 1), None),
        ] {
            assert_eq!(parse_vm(&shown).as_deref(), vm, "{shown:?}");
        }
    }

    #[test]
    fn nodes_and_pods_are_read() {
        let nodes =
            json!({"items": [{"status": {"conditions": [{"type": "Ready", "status": "True"}]}}]});
        assert!(nodes_ready(&nodes) && !nodes_ready(&json!({"items": []})));
        let pods = json!({"items": [
            {"metadata": {"name": "redis-0"}, "status": {"phase": "Running", "containerStatuses": [
                {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}},
            {"metadata": {"name": "inngest-0"}, "status": {"phase": "Running"}}]});
        let core = ["redis-0", "inngest-0", "x"].map(str::to_owned);
        assert_eq!(
            pod_states(&pods, &core),
            json!({"redis-0": "CrashLoopBackOff", "inngest-0": "Running", "x": "absent"})
        );
    }
}
