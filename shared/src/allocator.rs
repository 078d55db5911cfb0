//! The memory allocator of every program here.
//!
//! A call allocates some hundred times, among that the buffers of six HTTP exchanges. glibc keeps blocks above a kilobyte in lists that it
//! searches and merges; mimalloc has free lists by size up to the largest of them.

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
