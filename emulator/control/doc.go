// Package control is the interactive register: an HTTP port with JSON by which a
// person or a test registers, trades, breaks and inspects an emulated register.
//
// It is a control port for a test bench, meant for the loopback interface: it has no
// passwords. Its description in OpenAPI 3.1 is served at /openapi.json. It is not the
// operator's API (package server/api).
package control
