//! A way to a server that a test can cut or stop.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Passes bytes between its port and a server's.
#[derive(Debug)]
pub struct TcpProxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Rises when the connections so far are to be silent: nothing passes, nobody is told.
    silent_before: u64,
    /// Whether new connections are refused.
    closed: bool,
    next: u64,
    open: Vec<TcpStream>,
}

impl TcpProxy {
    /// A way to a port of this machine.
    ///
    /// # Errors
    ///
    /// There is no free port.
    pub fn to(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let proxy = Self {
            port: listener.local_addr()?.port(),
            state: Arc::default(),
        };
        let state = Arc::clone(&proxy.state);
        let target = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        // The thread ends with the process of the test.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A server that is away closes the connection.
                let _ = accept(&state, client, target);
            }
        });
        Ok(proxy)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends all connections.
    pub fn cut(&self) {
        for stream in self.lock().open.drain(..) {
            // An error says that it has ended.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets nothing through any more over the connections that there are, without
    /// ending them: both sides believe that the other is silent.
    pub fn silence(&self) {
        let mut state = self.lock();
        state.silent_before = state.next;
    }

    /// Whether new connections are refused.
    pub fn close(&self, closed: bool) {
        self.lock().closed = closed;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(state: &Arc<Mutex<State>>, client: TcpStream, target: SocketAddr) -> io::Result<()> {
    if lock(state).closed {
        return client.shutdown(Shutdown::Both);
    }
    let server = TcpStream::connect_timeout(&target, Duration::from_secs(5))?;
    let number = {
        let mut state = lock(state);
        state.open.push(client.try_clone()?);
        state.open.push(server.try_clone()?);
        state.next += 1;
        state.next
    };
    for (from, to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
        let state = Arc::clone(state);
        thread::spawn(move || pass(&state, number, from, to));
    }
    Ok(())
}

fn pass(state: &Mutex<State>, number: u64, mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let is_silent = number <= lock(state).silent_before;
        if !is_silent && to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    // An error says that it has ended.
    let _ = to.shutdown(Shutdown::Both);
}
