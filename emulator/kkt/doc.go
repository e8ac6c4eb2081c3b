// Package kkt is a software cash register (контрольно-кассовая техника, ККТ): it
// turns registrations, shifts, receipts and corrections into documents of the
// fiscal data formats 1.05, 1.1 and 1.2 and has a fiscal drive make them.
//
// It fills what the formats demand, refuses what the law or the formats forbid
// with a Refusal in Russian, and prints. It does not number or sign documents and
// keeps no counters: that is the drive's work (package fn, reached through
// fnport). It opens no connection: sending to the operator is package link's.
package kkt
