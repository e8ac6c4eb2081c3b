// Package ffd is the dictionary of the fiscal data formats (ФФД 1.0, 1.05, 1.1,
// 1.2): which requisites exist, of what kind and length, what the tax service
// calls them, and which document carries which. It reads documents into trees,
// turns them into JSON and back, and prints receipts.
//
// The facts are data (data/*.csv, from order ЕД-7-20/662@ and the sources that
// docs/sources.md names). The package does not judge a document: that is
// fiscal/flk for one document and server/flk for a drive's history.
package ffd
