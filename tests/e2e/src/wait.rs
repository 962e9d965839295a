//! Waiting for something that another process does.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

/// Asks `probe` again and again until it gives a value. After `limit` it is an error that names `what` was awaited.
/// An error of the probe itself ends the wait at once.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = probe().await? {
            return Ok(value);
        }
        if Instant::now() > deadline {
            bail!("{what} did not come within {} s", limit.as_secs());
        }
        sleep(Duration::from_millis(200)).await;
    }
}
