// Package page is the frame of the cabinet: layout, design, forms, sessions and the
// headers that protect them. Areas of the cabinet (packages beside it) mount their
// pages on it.
//
// It knows who asks (server/account) and nothing about registers or receipts.
package page
