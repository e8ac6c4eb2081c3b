// Package intake is the operator's TCP side: it reads messages, checks them, keeps
// documents and answers, as transport.md section 14 lays down.
//
// The way of a document is frame → document → verdict → store → confirmation: the
// frame (session and container header), the document (signs, fields, ФЛК), the
// verdict (what the history of the drive and the settings make of it), and a
// confirmation that is stored durably with the document before it is sent.
//
// The package does not know where things are kept (server/store), what a
// confirmation holds (server/ack) or what rules say (fiscal/flk, server/flk).
package intake
