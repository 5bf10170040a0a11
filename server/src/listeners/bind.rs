//! Binds the addresses of a setting, all or none.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use super::holder::{self, Holder};
use crate::config::Bind;
use crate::limits::{LISTEN_BACKLOG, PORT_TRIES};

/// The sockets of one setting.
#[derive(Debug)]
pub struct Bound {
    /// One socket an address.
    pub sockets: Vec<TcpListener>,
    /// The address to show.
    pub address: SocketAddr,
    /// Every bound address.
    pub addresses: Vec<SocketAddr>,
}

impl Bound {
    /// Returns the URL to show. An address that stands for "all" is shown as loopback, which reaches it too.
    #[must_use]
    pub fn url(&self) -> String {
        let port = self.address.port();
        match self.address {
            SocketAddr::V4(address) if address.ip().is_unspecified() => format!("http://127.0.0.1:{port}"),
            SocketAddr::V6(address) if address.ip().is_unspecified() => format!("http://[::1]:{port}"),
            address => format!("http://{address}"),
        }
    }
}

/// Why an address cannot be bound; exit code 2.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Somebody else listens there.
    #[error(
        "port {} is taken: {address} is in use{}\nhint: stop the other program or move telltale with --{setting} \
         (env {}), such as --{setting} 0 for any free port", address.port(), held_by(.holder.as_ref()),
        crate::config::setting::env_name(.setting)
    )]
    Taken {
        /// The setting that moves it.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// Who has it, when the system tells.
        holder: Option<Holder>,
    },
    /// The system refuses for another reason.
    #[error("cannot bind {address}: {error}\nhint: the setting is --{setting} (env {})",
        crate::config::setting::env_name(.setting))]
    Refused {
        /// The setting that names it.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: Error,
    },
}

/// Writes who holds a port.
fn held_by(holder: Option<&Holder>) -> String {
    holder.map(|holder| format!(" by {holder}")).unwrap_or_default()
}

/// Binds every address of `bind`; must run inside the runtime.
///
/// With port 0 every address gets the same free port. A machine without IPv6 gets 127.0.0.1 alone.
///
/// # Errors
/// The first address that cannot be bound.
pub fn bind(setting: &'static str, bind: &Bind) -> Result<Bound, BindError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match bind_once(bind) {
            Ok(bound) => return Ok(bound),
            // The port that was free in one family is not in the other: take another one.
            Err((_, error)) if bind.port() == 0 && error.kind() == ErrorKind::AddrInUse && tries < PORT_TRIES => {}
            Err((address, error)) if error.kind() == ErrorKind::AddrInUse => {
                return Err(BindError::Taken { setting, address, holder: holder::of_port(address.port()) });
            }
            Err((address, error)) => return Err(BindError::Refused { setting, address, error }),
        }
    }
}

/// Binds once, with the port that the first address got.
fn bind_once(bind: &Bind) -> Result<Bound, (SocketAddr, Error)> {
    let mut sockets: Vec<TcpListener> = Vec::new();
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for mut address in bind.addresses() {
        if let Some(first) = addresses.first() {
            address.set_port(first.port());
        }
        match listen(address) {
            Ok((socket, bound)) => {
                sockets.push(socket);
                addresses.push(bound);
            }
            Err(error) if !addresses.is_empty() && is_absent_family(&error) => {
                tracing::warn!(%address, %error, "IPv6 loopback is not available, listening on 127.0.0.1 alone");
            }
            Err(error) => return Err((address, error)),
        }
    }
    let none = || Error::from(ErrorKind::AddrNotAvailable);
    let address =
        addresses.first().copied().ok_or_else(|| (SocketAddr::from(([127, 0, 0, 1], bind.port())), none()))?;
    Ok(Bound { sockets, address, addresses })
}

/// Opens one listening socket.
fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // On Windows this would allow to steal a port; elsewhere it only skips TIME_WAIT.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(LISTEN_BACKLOG)?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

/// Says whether the machine has no such address family.
fn is_absent_family(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::AddrNotAvailable | ErrorKind::Unsupported)
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}
