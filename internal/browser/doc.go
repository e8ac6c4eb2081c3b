// Package browser drives Debian's chromium in tests, in the words of a person: fill
// a field by its label, press a button by its name, see a text.
//
// One browser serves a test binary, each test has a tab with cookies of its own. An
// error on the console, a thing the content policy refused and a request to anywhere
// but this machine fail the test. Check looks at a page as a reader with a screen
// reader, a keyboard or a small phone would. It is for tests alone and knows no page
// of the cabinet.
package browser
