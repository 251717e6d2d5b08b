//! `muster demo`: a simulated fleet with the dashboard open.

use std::net::{Ipv4Addr, SocketAddr};

use clap::Args;
use muster_core::Usd;

use super::logs::LogArgs;
use super::ops::{Ops, show_page};
use super::session::runtime;
use super::{Context, values};
use crate::config::{AttuneProgram, Config};
use crate::demo::{Demo, INTERVAL_S, STALE_S, evidence};
use crate::error::{Answer, Failure};
use crate::server::{self, Settings};

/// How often the simulated gateway is looked at.
const DIAGNOSIS_MINUTES: u64 = 5;

/// Show the dashboard of a simulated fleet, until interrupted
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster demo\n\n\
        A dozen agents work in a temporary folder that goes at the end: approvals\n\
        arrive, one agent dies, a day becomes dear, the gateway has a hung tool call.\n\
        Nothing of yours is read or written.")]
pub(crate) struct Demonstration {
    /// The port to listen on; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8765)]
    port: u16,
    /// Do not open the page in the browser
    #[arg(long)]
    no_open: bool,
    /// Let the agents do so many times as much
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100), hide = true)]
    speed: u32,
}

impl Demonstration {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let demo = runtime()?.block_on(Demo::prepare(context.clock))?;
        let settings = self.settings(context, &demo)?;
        let folder = demo.folder().display().to_string();
        server::run(settings, |address| {
            demo.start(context.clock, self.speed)?;
            self.announce(context, address, &folder)
        })?;
        Ok(Answer::Yes)
    }

    fn settings(&self, context: &Context, demo: &Demo) -> Result<Settings, Failure> {
        let home = demo.home();
        let project = demo.project();
        std::fs::create_dir_all(&project)
            .map_err(|error| Failure::output(&project.display().to_string(), &error))?;
        let logs = LogArgs::of_folders(Some(home), Some(project.clone())).without_index();
        let (mut query, _) = Ops::query(&logs, context)?;
        query.strict = false;
        let mut config = Config::default();
        config.liveness.interval_us = Some(INTERVAL_S * 1_000_000);
        config.liveness.stale_us = Some(STALE_S * 1_000_000);
        config.commands = demo.commands();
        config.attune = Some(AttuneProgram::Off);
        config.diagnosis.every_minutes = Some(DIAGNOSIS_MINUTES);
        config.alerts = Demo::alerts();
        config.month_budget = Some(Usd::from_nanos(90_000_000_000));
        Ok(Settings {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)),
            trusted_hosts: Vec::new(),
            query,
            clock: context.clock,
            config,
            store: demo.store(),
            foreign: false,
            read_only: false,
            sweep: true,
            specs_candidates: Some(true),
            specs_roots: vec![project.join("docs/specs")],
            project_root: project
                .canonicalize()
                .map_err(|error| Failure::output(&project.display().to_string(), &error))?,
            runs_retention_days: 30,
            responder: values::user(),
            ratings: Some(demo.ratings()),
            spool: Some(demo.spool()),
            state: Some(demo.folder().join("ops")),
            account: None,
            evidence: Some(evidence),
        })
    }

    fn announce(
        &self,
        context: &Context,
        address: SocketAddr,
        folder: &str,
    ) -> Result<(), Failure> {
        let url = format!("http://{address}/");
        if context.json {
            context.print(&format!("{{\"address\":\"{url}\"}}\n"))?;
        } else {
            context.print(&format!(
                "The page: {url}\nThe fleet: muster --store {folder}/muster.db heartbeat list\nCtrl-C ends it.\n"
            ))?;
        }
        if !self.no_open {
            show_page(context, &url);
        }
        Ok(())
    }
}
