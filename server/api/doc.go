// Package api shows what the store holds as plain JSON over HTTP: totals, drives,
// documents (decoded, tag by tag, raw), exchanges, incidents and quarantine. It
// only reads.
//
// It has no users and no rights and belongs on a loopback address of a test bench;
// it is neither the cabinet nor the integration API of an operator. Personal data
// is left out of decoded documents unless Options.ShowPersonal is set. Raw bytes
// are what the bench is for and are shown by default; they hold the personal data
// of every document that was not encrypted. Options.HideRaw leaves them out.
package api
