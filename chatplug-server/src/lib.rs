//! The chatplug program: configuration, HTTP routes, browser simulator and command line.
