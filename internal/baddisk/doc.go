// Package baddisk puts a failing disk under SQLite: a VFS over the system's own whose
// reads, writes and syncs fail by chance, whose failed writes may be torn, and which
// can lose its power.
//
// It remembers which sectors were written and not synced. When the power is cut each
// of them keeps its new content or gets its old one back, by chance, as a disk with a
// cache of its own may do it: a kill of the process alone loses nothing, because the
// system's cache outlives it. A sync that failed leaves its sectors unsynced for good
// unless they are written again, as Linux does.
//
// It does not model folders: files made or deleted are so at once. Memory shared
// between processes (-shm) is not a file to it: SQLite makes it anew after a crash.
// It is for tests: the program under test is built with the tag torture.
package baddisk
