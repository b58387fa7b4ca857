//! A network of its own for each test, and the kernel's programs in it.
//!
//! ```text
//!   test ─┬─ holder: scripts/in-netns sh -c '... cat'     makes the namespaces, waits for EOF
//!         ├─ nsenter: tun-up                              Lab::run
//!         ├─ nsenter: strata serve -v                     Lab::spawn
//!         └─ nsenter: ping -c 5 192.0.2.2                 Lab::run
//! ```
//!
//! A test begins with a [`Lab`], or ends there: where namespaces or `/dev/net/tun` are not to be
//! had it is skipped with a line on stderr. `STRATA_REQUIRE_KERNEL_TESTS=1` makes that a failure.
//!
//! ```no_run
//! use kernel_tests::Lab;
//!
//! let Some(lab) = Lab::new() else { return };
//! let serve = lab.serve("-v");
//! lab.run("ping -c 1 192.0.2.2");
//! assert_eq!(serve.stop().status, 0);
//! ```
//!
//! Whatever a test leaves running or lying about in its lab is gone when the lab is: its pipe to
//! the holder closes, the holder ends, and the kernel ends every process of the namespace. That
//! holds for a test that is killed, too.

#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test's expectations: what is not so ends the test"
)]

mod build;
pub mod console;
pub mod injector;
mod lab;
pub mod links;
mod process;
mod soak;

pub use build::project_folder;
pub use lab::Lab;
pub use process::{Output, Process};
pub use soak::{BAD_LINK, long_transfer, lossy_transfer};
