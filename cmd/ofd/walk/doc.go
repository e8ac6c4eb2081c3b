// Package walk goes through the cabinet with a real browser, as its people do: a new
// user from the registration form to the buyer's letter, then the main pages of the
// demo's chain as a reader with a screen reader, a keyboard, a phone and a printer
// meets them. It holds tests alone, because it needs the server, the emulator and
// the program, and is no part of any program. Screenshots go to var/screens.
package walk
