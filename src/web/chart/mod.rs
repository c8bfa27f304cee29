//! Charts as SVG, drawn here: panels below one another on one time axis, with the holds as bands through all of them.
//!
//! Plots are stretched to whatever room there is, texts are not: places along the axis are told in percent, and what is
//! drawn in a plot's own units doesn't scale its strokes. No styles stand in the markup, which the page's policy forbids.

mod panel;
mod scale;

pub(super) use panel::{Chart, Hold, Line, Panel, draw};
pub(super) use scale::{Scale, TimeAxis};
