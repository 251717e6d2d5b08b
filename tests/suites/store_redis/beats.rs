//! Many beats at once.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn beats_that_come_at_once_are_all_kept() -> Result<()> {
    let Some(server) = server(&[])? else {
        return Ok(());
    };
    let store = open(&server.url()).await?;
    let began = now();
    let mut beats = JoinSet::new();
    for agent in 0..300_u32 {
        for turn in 0..4_i64 {
            let store = store.clone();
            beats.spawn(async move {
                let mut beat = beat(&format!("agent-{agent:03}"), "running");
                // What one of them says holds for the others that come later.
                beat.display_name = (turn == 0).then(|| format!("Agent {agent}"));
                store.beat(began.saturating_add_us(turn), &beat).await
            });
        }
    }
    while let Some(written) = beats.join_next().await {
        written??;
    }
    let fleet = store.fleet(began).await?;
    assert_eq!((fleet.items.len(), fleet.malformed.len()), (300, 0));
    for row in &fleet.items {
        assert_eq!(row.arrivals.len(), 4, "{row:?}");
    }
    store
        .beat(began.saturating_add_us(9), &beat("agent-007", "running"))
        .await?;
    let last = store
        .agent(began, "agent-007")
        .await?
        .context("not there")?;
    assert_eq!(last.beat.display_name.as_deref(), Some("Agent 7"));
    Ok(())
}
