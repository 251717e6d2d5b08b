//! The systems that Muster is compared with, in a Python environment of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// A system that can give the same report.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// A slow peer is run this often at most.
    pub(crate) most_runs: usize,
    python: PathBuf,
    script: &'static str,
}

impl Peer {
    /// The whole-process command that reports on the log of a home folder.
    pub(crate) fn command(&self, home: &Path) -> Command {
        let mut command = Command::new(&self.python);
        command
            .args(["-c", self.script])
            .arg(home.join("telemetry").join("usage.jsonl"));
        command.env("ATTUNE_HOME", home);
        command
    }
}

/// The peers that can be installed here; what is missing is said.
pub(crate) fn available() -> Result<Vec<Peer>> {
    let venv = std::env::var_os("MUSTER_BENCH_VENV")
        .map(PathBuf::from)
        .context("MUSTER_BENCH_VENV must name a folder for the peers: use `cargo xtask bench`")?;
    let python = venv.join("bin").join("python");
    if !python.exists() {
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&venv)
            .status();
        if !made.is_ok_and(|status| status.success()) {
            println!("SKIPPED: no peers, `python3 -m venv` does not work here");
            return Ok(Vec::new());
        }
    }
    let mut peers = Vec::new();
    for (name, package, import, most_runs, script) in PEERS {
        if install(&python, package, import) {
            peers.push(Peer {
                name,
                most_runs,
                python: python.clone(),
                script,
            });
        } else {
            println!("SKIPPED: {name}, pip cannot install {package}");
        }
    }
    Ok(peers)
}

fn install(python: &Path, package: &str, import: &str) -> bool {
    let quiet = |arguments: &[&str]| {
        let mut command = Command::new(python);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if quiet(&["-c", &format!("import {import}")]) {
        return true;
    }
    eprintln!("installing {package} from PyPI ...");
    quiet(&["-m", "pip", "install", "--quiet", package])
}

/// Name, package, module, most runs, script; the log is `sys.argv[1]`.
const PEERS: [(&str, &str, &str, usize, &str); 3] = [
    ("duckdb 2.0", "duckdb==2.0.0", "duckdb", 100, DUCKDB),
    ("polars 2.1", "polars==2.1.0", "polars", 100, POLARS),
    ("attune 16.4", "attune-ai==16.4.0", "attune", 1, ATTUNE),
];

const DUCKDB: &str = r"
import sys, duckdb
print(duckdb.sql(f'''
select tier, workflow, model, provider, day, count(*), sum(cost), sum(tin), sum(tout), sum(hit) from (
  select upper(tier) tier, workflow, model, provider, ts::date as day, cost,
         tokens.input tin, tokens.output tout, cache.hit::int hit
  from read_json('{sys.argv[1]}', format='newline_delimited', columns={{
    ts:'TIMESTAMP', workflow:'VARCHAR', tier:'VARCHAR', model:'VARCHAR', provider:'VARCHAR', cost:'DOUBLE',
    tokens:'STRUCT(input BIGINT, output BIGINT)', cache:'STRUCT(hit BOOLEAN)'}}))
group by grouping sets ((tier), (workflow), (model), (provider), (day), ())''').fetchall())
";

const POLARS: &str = r"
import sys, polars as pl
schema = {'ts': pl.String, 'workflow': pl.String, 'tier': pl.String, 'model': pl.String,
          'provider': pl.String, 'cost': pl.Float64,
          'tokens': pl.Struct({'input': pl.Int64, 'output': pl.Int64}),
          'cache': pl.Struct({'hit': pl.Boolean})}
u = pl.read_ndjson(sys.argv[1], schema=schema).with_columns(
    day=pl.col('ts').str.slice(0, 10), tier=pl.col('tier').str.to_uppercase(),
    tin=pl.col('tokens').struct.field('input'), tout=pl.col('tokens').struct.field('output'),
    hit=pl.col('cache').struct.field('hit'))
sums = [pl.len(), pl.col('cost').sum(), pl.col('tin').sum(), pl.col('tout').sum(), pl.col('hit').sum()]
sums[0] = sums[0].alias('calls')
print(u.select(sums).rows())
for by in ('tier', 'workflow', 'model', 'provider', 'day'):
    print(u.group_by(by).agg(sums).rows())
";

const ATTUNE: &str = r"
import argparse
from attune.telemetry import cli
cli.cmd_telemetry_show(argparse.Namespace(limit=20, days=None))
cli.cmd_telemetry_savings(argparse.Namespace(days=30))
";
