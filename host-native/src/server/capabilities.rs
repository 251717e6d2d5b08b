//! What this server is and can do.

use muster_core::view::{CapabilitiesView, PriceView, SettingsView};

use super::{Shared, acts, views};
use crate::files::LogSelection;

/// What the page may ask for.
pub(super) fn capabilities(shared: &Shared) -> CapabilitiesView {
    // Without an account there are no bills to ask for.
    let is_there = |name: &&str| shared.settings.account.is_some() || !name.starts_with("cost");
    CapabilitiesView {
        engine: "http",
        version: env!("CARGO_PKG_VERSION"),
        views: views::names().into_iter().filter(is_there).collect(),
        acts: if shared.settings.read_only {
            Vec::new()
        } else {
            acts::NAMES.into_iter().filter(is_there).collect()
        },
        live: true,
        read_only: shared.settings.read_only,
        token: (!shared.settings.read_only).then(|| shared.token.clone()),
        responder: shared.settings.responder.clone(),
    }
}

/// What this server runs with.
pub(super) fn settings(shared: &Shared) -> SettingsView {
    let settings = &shared.settings;
    let home = match &settings.query.selection {
        LogSelection::Places(places) => places.home.as_ref(),
        LogSelection::Files(..) | LogSelection::Decoded(_) => None,
    };
    let display = |path: &std::path::PathBuf| path.display().to_string();
    let table = settings.config.price_table();
    let of_files = |model: &str| settings.config.prices.iter().any(|own| own.model == model);
    let prices = table.entries().map(|(model, from, price)| PriceView {
        model: model.to_owned(),
        from: from.map(|day| day.to_string()),
        input_per_million_usd: price.input.usd_per_million(),
        output_per_million_usd: price.output.usd_per_million(),
        source: if of_files(model) {
            "settings"
        } else {
            "builtin"
        },
    });
    SettingsView {
        version: env!("CARGO_PKG_VERSION"),
        address: settings.address.to_string(),
        project_root: display(&settings.project_root),
        home: home.map(display),
        store: shared.keeper.view(),
        read_only: settings.read_only,
        trusted_hosts: settings.trusted_hosts.clone(),
        runs_retention_days: settings.runs_retention_days,
        specs_roots: settings.specs_roots.iter().map(display).collect(),
        files: settings.config.files.iter().map(display).collect(),
        liveness: settings.config.liveness.options().into(),
        prices: prices.collect(),
        budget_month_usd: settings.config.month_budget,
    }
}
