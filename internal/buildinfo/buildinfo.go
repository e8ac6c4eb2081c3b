// Package buildinfo tells what this program was built from. It knows nothing of settings.
package buildinfo

import "runtime/debug"

const revisionLen = 12 // of a revision's letters

// Version is the module's version and, behind a space, the first letters of the
// revision, as the Go tool left them in the program: "(devel)" when it left none.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			version += " " + s.Value[:min(len(s.Value), revisionLen)]
		}
	}
	return version
}
