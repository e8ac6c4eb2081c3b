// Package gost has the public GOST primitives that TB-GOST-1 is made of: the hash
// Streebog-256 with HMAC and a key derivation over it, and the block cipher
// Kuznyechik with CMAC and counter mode.
//
// It is our own only because no maintained Go module of them can be reached from
// where this project is built; github.com/tarantool/go-gostcrypto is the one to
// switch to when it can. It is made for a test bench: table lookups by secret
// bytes are fast and leak timing, so it must not guard real keys. It knows
// nothing of fiscal documents; see fiscal/sign.
package gost
