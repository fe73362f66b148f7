//! Ports that fail on purpose, at the call and in the way that a test names; and ports whose calls a test watches, to do
//! something of its own at an exact moment (kill the process, say).
//!
//! ```
//! # use chatplug_core::{ports::*, testkit::{MemoryMessenger, wrap::{Fault, FaultPlan, Faulty}}};
//! # use std::sync::Arc;
//! let plan = FaultPlan::new()
//!     .fail("send", 2, Fault::lost_answer())                          // handed over, and nobody is told
//!     .fail("send", 3, Fault::error(|| SendError::OutsideWindow));    // refused
//! let messenger: Arc<dyn Messenger> = Arc::new(Faulty::new(Arc::new(MemoryMessenger::new()), &plan));
//! # let _ = messenger;
//! ```
//!
//! A plan counts calls by method, over all ports that share it: "the second `commit`" is the second one anywhere.

mod faulty;
mod plan;
mod watched;

pub use faulty::{Faulty, PlannedError};
pub use plan::{Call, Fault, FaultPlan, Gate};
pub use watched::{Moment, Watch, Watched};
