//! Waiting for the bell of another process: by inotify on Linux, elsewhere by
//! looking often.

use std::path::Path;
use std::time::Duration;

/// How often a bell is looked at that cannot be waited for: a wake-up takes half of
/// that on average.
const LOOK_EVERY: Duration = Duration::from_millis(4);

/// Waits for writes to a bell.
#[derive(Debug)]
pub(super) struct Ear {
    #[cfg(target_os = "linux")]
    inotify: Option<inotify::Inotify>,
}

impl Ear {
    /// Begins to listen to the file at `path`; writes from now on are heard.
    #[cfg_attr(not(target_os = "linux"), expect(unused_variables))]
    pub(super) fn open(path: &Path) -> Self {
        Self {
            // The system may have no watch left; looking often works always.
            #[cfg(target_os = "linux")]
            inotify: inotify::Inotify::open(path).ok(),
        }
    }

    /// Listens by looking often, whatever the system has.
    #[cfg(test)]
    pub(super) fn looking() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            inotify: None,
        }
    }

    /// Waits until the bell may have been rung since the last call. Cancelling it
    /// loses nothing.
    pub(super) async fn heard(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(inotify) = &mut self.inotify
            && inotify.heard().await.is_ok()
        {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(target_os = "linux")]
mod inotify {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
    use rustix::io::Errno;
    use tokio::io::unix::AsyncFd;

    #[derive(Debug)]
    pub(super) struct Inotify(AsyncFd<OwnedFd>);

    impl Inotify {
        pub(super) fn open(path: &Path) -> io::Result<Self> {
            let inotify = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
            add_watch(&inotify, path, WatchFlags::MODIFY)?;
            #[expect(
                deprecated,
                reason = "unsound for types that may change their descriptor; an owned one does not"
            )]
            AsyncFd::new(inotify).map(Self)
        }

        pub(super) async fn heard(&mut self) -> io::Result<()> {
            let mut ready = self.0.readable_mut().await?;
            let mut events = [0_u8; 4096];
            // What the events say is not looked at: there is one watch.
            loop {
                match rustix::io::read(ready.get_inner(), &mut events) {
                    Ok(0) | Err(Errno::AGAIN) => break,
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            ready.clear_ready();
            Ok(())
        }
    }
}
