// Package features holds the feature files: what an operator (server), a register
// (emulator) and the two together (pair) do, in sentences that conformance/steps
// plays. A file NAME.ru.feature says the same as NAME.feature in Russian.
//
// It holds no step: the sentences are in conformance/steps, their list in
// docs/steps.md.
package features

import (
	"embed"
	"io/fs"
)

//go:embed server emulator pair
var files embed.FS

// FS gives the feature files in their folders.
func FS() fs.FS { return files }
