//! Windows visited stride by stride, in either order, by one worker and by several.

mod crash;
mod keys;
mod once;
mod rewritten;
mod shown;
mod snapshot;
mod splitting;
mod vacuum;
mod workers;
mod writers;
