// Package link is the register's exchange with its operator (the KKT client of
// transport.md 7.1): it takes containers from the drive's queue, sends them over
// TCP and brings confirmations back.
//
// It never looks inside a container and judges no confirmation: the drive does.
// It makes no documents (package kkt) and is not the operator's side (package
// server).
package link
