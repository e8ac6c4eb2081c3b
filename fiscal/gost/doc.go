// Package gost has the public GOST primitives that TB-GOST-1 is made of:
// Streebog-256, HMAC and KDF over it, Kuznyechik with CMAC and CTR.
//
// It is our own only because no maintained Go module of them can be reached from
// where this project is built; github.com/tarantool/go-gostcrypto is the one to
// switch to when it can.
package gost
