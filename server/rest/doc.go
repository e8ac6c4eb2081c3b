// Package rest is /api/v1: what an operator's clients and their programs reach the
// same data by as in the cabinet (operator.md section 8.3), and the public answer
// about a receipt.
//
// It decides nothing: who asks is told by server/integration (keys) and
// server/account (sessions), what they may see by server/access, and the data come
// from the services the pages use. The OpenAPI document is made from this code.
// The bench's own API, which knows no clients, is server/api.
package rest
