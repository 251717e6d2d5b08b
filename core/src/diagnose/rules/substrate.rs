//! The virtual machine, its node and its core pods.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;

use crate::diagnose::case::Case;
use crate::diagnose::layer::Layer;
use crate::diagnose::verdict::{Exhibit, Judgement};

/// States in which a pod does its work, or has done it.
const RUNNING: [&str; 3] = ["Running", "Completed", "Succeeded"];

pub(super) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let Some(substrate) = case.evidence.substrate.get() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let exhibit = |text: String| vec![Exhibit::of("substrate", text)];
    let vm = substrate.text("vm");
    let error = substrate.text("error");
    let silent = vm.is_none() && error.is_none();
    if silent && substrate.at("node_ready").is_none() && substrate.at("pods").is_none() {
        return vec![Judgement::CannotTell {
            layer: Layer::Substrate,
            why: "the evidence says nothing of machine, node or pods".to_string(),
        }];
    }
    let refused = error.is_some_and(|error| {
        let error = error.to_ascii_lowercase();
        error.contains("refused") || error.ends_with("eof") || error.contains("eof ")
    });
    if vm.is_some_and(|vm| !vm.eq_ignore_ascii_case("running")) || refused {
        let vm = vm.unwrap_or("unknown");
        let mut text = format!("virtual machine: {vm}");
        if let Some(error) = error {
            text.push_str("; ");
            text.push_str(error);
        }
        found.push(case.find("substrate.vm_down", exhibit(text)));
    }
    if substrate.flag("node_ready") == Some(false) {
        let text = "the node is not ready".to_string();
        found.push(case.find("substrate.node_not_ready", exhibit(text)));
    }
    if let Some(pods) = substrate.at("pods").and_then(|pods| pods.as_object()) {
        let broken: Vec<String> = pods
            .iter()
            .filter_map(|(name, state)| {
                let state = state.as_str().unwrap_or("unknown");
                (!RUNNING.contains(&state)).then(|| format!("{name}: {state}"))
            })
            .collect();
        if !broken.is_empty() {
            found.push(case.find("substrate.pod_not_running", exhibit(broken.join(", "))));
        }
    }
    found
}
